package py

import (
	"crypto/sha256"
	"math/big"
	"unsafe"
)

// largeKey is the size from which a key is large. A Dict stores a large str, bytes,
// Decimal or Path by its SHA-256, so that another lookup needs only the digest. A tuple
// or frozenset is large when its Cost is.
const largeKey = 256

// A digestKey stands for a large key.
type digestKey struct {
	kind keyKind
	sum  [sha256.Size]byte
}

// keyKind distinguishes keys of different types with the same content or address.
type keyKind byte

const (
	kindText keyKind = iota + 1
	kindBytes
	kindDecimal
	kindPath
	kindTuple
	kindFrozenSet
)

// textKey returns the key v with this text, or a digest when it is large.
func textKey(kind keyKind, text string, v any) any {
	if len(text) <= largeKey {
		return v
	}
	return digestKey{kind, sha256.Sum256(unsafe.Slice(unsafe.StringData(text), len(text)))}
}

// Keys remembers the hashes of large keys by their address, so that a key which many
// dicts and sets share is hashed once. The values must not change while it is in use.
// The zero Keys is ready to use; a nil one remembers nothing. It is not safe for
// concurrent use.
type Keys struct{ known map[keyRef]any }

// A keyRef is the address of a large key. The pointer keeps the key alive, so that no
// other key can get its address.
type keyRef struct {
	kind keyKind
	at   unsafe.Pointer
	n    int
}

// refOf returns the address of a key that may be large.
func refOf(v any) (keyRef, bool) {
	switch v := v.(type) {
	case string:
		return keyRef{kindText, unsafe.Pointer(unsafe.StringData(v)), len(v)}, len(v) > largeKey
	case []byte:
		return keyRef{kindBytes, unsafe.Pointer(unsafe.SliceData(v)), len(v)}, len(v) > largeKey
	case Decimal:
		return keyRef{kindDecimal, unsafe.Pointer(unsafe.StringData(string(v))), len(v)}, len(v) > largeKey
	case Path:
		return keyRef{kindPath, unsafe.Pointer(unsafe.StringData(string(v))), len(v)}, len(v) > largeKey
	case Tuple:
		return keyRef{kindTuple, unsafe.Pointer(unsafe.SliceData(v)), len(v)}, len(v) > 0
	case *FrozenSet:
		return keyRef{kindFrozenSet, unsafe.Pointer(v), 0}, v != nil
	}
	return keyRef{}, false
}

// hash is hashKey for a key that may have been hashed before.
func (k *Keys) hash(v any) (any, error) {
	ref, ok := refOf(v)
	if !ok || k == nil {
		return k.hashKey(v)
	}
	if h, ok := k.known[ref]; ok {
		return h, nil
	}
	h, err := k.hashKey(v)
	if err == nil && (ref.kind < kindTuple || k.Cost(v) > largeKey) {
		if k.known == nil {
			k.known = make(map[keyRef]any)
		}
		k.known[ref] = h
	}
	return h, err
}

// Cost returns roughly how many bytes must be read to use v as a key. A value that it
// contains several times counts each time. Large text or bytes, and keys that k
// remembers, cost nothing, because they are read only once.
func (k *Keys) Cost(v any) int {
	if ref, ok := refOf(v); ok && k != nil {
		if _, known := k.known[ref]; known || ref.kind < kindTuple {
			return 0
		}
	}
	budget := hashBudget
	return hashCost(v, 0, &budget)
}

func hashCost(v any, depth int, budget *int) int {
	if *budget--; *budget < 0 || depth > hashDepth {
		return 0
	}
	const each = 64
	cost := each
	switch v := v.(type) {
	case string:
		cost += sizeOf(len(v))
	case []byte:
		cost += sizeOf(len(v))
	case *big.Int:
		cost += v.BitLen() / 8
	case Global:
		cost += len(v.Module) + len(v.Name)
	case Tuple:
		for _, el := range v {
			cost += hashCost(el, depth+1, budget)
		}
	case *FrozenSet:
		if v == nil {
			break
		}
		for _, it := range v.d.Items() {
			cost += hashCost(it.Key, depth+1, budget)
		}
	}
	return cost
}

// sizeOf returns n bytes, or nothing when they are large.
func sizeOf(n int) int {
	if n > largeKey {
		return 0
	}
	return n
}
