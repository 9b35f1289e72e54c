package py

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"sync/atomic"
	"time"
)

// ErrUnhashable is returned when a value cannot be the key of a dict or the
// element of a set, such as a list, or a tuple with a list inside.
var ErrUnhashable = errors.New("unhashable value")

// Keys of types that Go cannot compare, or compares otherwise than Python.
type (
	noneKey    struct{}
	bigKey     string
	bytesKey   string
	nestedKey  string
	complexKey complex128
	instantKey int64
	nanKey     uint64
)

// nans numbers the NaNs among keys: no two of them are one key.
var nans atomic.Uint64

// hashKey returns a comparable value that is equal for keys equal in Python.
func (k *Keys) hashKey(key any) (any, error) {
	switch v := key.(type) {
	case nil:
		return noneKey{}, nil
	case string:
		return textKey(kindText, v, key), nil
	case Decimal:
		return textKey(kindDecimal, string(v), key), nil
	case Path:
		return textKey(kindPath, string(v), key), nil
	case int64, Date, TimeDelta, Global, Range, time.Duration:
		return key, nil
	case bool:
		if v {
			return int64(1), nil
		}
		return int64(0), nil
	case int:
		return int64(v), nil
	case float64:
		return hashFloat(v), nil
	case complex128:
		if imag(v) == 0 {
			return hashFloat(real(v)), nil
		}
		return complexKey(v), nil
	case *big.Int:
		return hashBig(v)
	case []byte:
		if len(v) > largeKey {
			return digestKey{kindBytes, sha256.Sum256(v)}, nil
		}
		return bytesKey(v), nil
	case *FrozenSet:
		if v == nil {
			break
		}
		h := hasher{budget: hashBudget, keys: k}
		nested, err := h.key(v, 0)
		return nestedKey(nested), err
	case Tuple:
		h := hasher{budget: hashBudget, keys: k}
		nested, err := h.key(v, 0)
		return nestedKey(nested), err
	}
	return hashOther(key)
}

// hashOther hashes the types whose equality is Go's own: instants compare by
// the moment they stand for, objects by identity.
func hashOther(v any) (any, error) {
	switch v := v.(type) {
	case time.Time:
		return instantKey(v.UnixMicro()), nil
	case *Object:
		if v != nil {
			return v, nil
		}
	case DateTime:
		if isComparable(v.TZ) {
			return v, nil
		}
	case TimeOfDay:
		if isComparable(v.TZ) {
			return v, nil
		}
	default:
		if reflect.ValueOf(v).Kind() == reflect.Array && isComparable(v) {
			return v, nil // uuid.UUID
		}
	}
	return nil, fmt.Errorf("%w of type %T", ErrUnhashable, v)
}

func isComparable(v any) bool { return v == nil || reflect.ValueOf(v).Comparable() }

func hashBig(n *big.Int) (any, error) {
	switch {
	case n == nil:
		return noneKey{}, nil
	case n.IsInt64():
		return n.Int64(), nil
	case n.Sign() < 0:
		return bigKey("-" + string(n.Bytes())), nil
	}
	return bigKey("+" + string(n.Bytes())), nil
}

func hashFloat(f float64) any {
	if f != f {
		return nanKey(nans.Add(1))
	}
	if f == math.Trunc(f) && !math.IsInf(f, 0) {
		if -(1<<63) <= f && f < 1<<63 {
			return int64(f)
		}
		n, _ := big.NewFloat(f).Int(nil)
		k, _ := hashBig(n) // n is not nil
		return k
	}
	return f
}

// The limits of one nested key: t = (t, t) forty levels deep would otherwise take 2^40
// steps.
const (
	hashBudget = 1 << 20
	hashDepth  = MaxDepth
)

// A hasher makes the key of a tuple or a frozenset.
type hasher struct {
	budget int
	keys   *Keys
}

// digestAbove is the length from which a key is kept as its SHA-256.
const digestAbove = 48

// key returns a short string that is equal for equal values only. Like hashKey it does
// not distinguish values that are equal in Python but have different types in Go.
func (h *hasher) key(v any, depth int) (string, error) {
	if h.budget--; h.budget < 0 || depth > hashDepth {
		return "", fmt.Errorf("%w: too many nested values", ErrUnhashable)
	}
	var b []byte
	switch v := v.(type) {
	case Tuple:
		b = append(b, 't')
		for _, el := range v {
			k, err := h.key(el, depth+1)
			if err != nil {
				return "", err
			}
			b = appendText(b, k)
		}
	case *FrozenSet:
		if v == nil {
			return "", fmt.Errorf("%w of type %T", ErrUnhashable, v)
		}
		keys := make([]string, 0, v.Len())
		for _, el := range v.Values() {
			k, err := h.key(el, depth+1)
			if err != nil {
				return "", err
			}
			keys = append(keys, k)
		}
		slices.Sort(keys)
		b = append(b, 'f')
		for _, k := range keys {
			b = appendText(b, k)
		}
	default:
		k, err := h.keys.hash(v)
		if err != nil {
			return "", err
		}
		b = appendLeaf(b, k)
	}
	if len(b) > digestAbove {
		sum := sha256.Sum256(b)
		return "#" + string(sum[:]), nil
	}
	return string(b), nil
}

// appendLeaf appends a key of hashKey so that different ones stay different.
func appendLeaf(b []byte, k any) []byte {
	switch k := k.(type) {
	case string:
		return append(append(b, 's'), k...)
	case bytesKey:
		return append(append(b, 'b'), k...)
	case digestKey:
		return append(append(b, '#', byte(k.kind)), k.sum[:]...)
	case int64:
		return binary.BigEndian.AppendUint64(append(b, 'i'), uint64(k))
	case float64:
		return binary.BigEndian.AppendUint64(append(b, 'd'), math.Float64bits(k))
	case DateTime:
		return fmt.Appendf(b, "D%d.%d.%d.%d.%d.%d.%d.%d.%T.%p", k.Year, k.Month, k.Day,
			k.Hour, k.Minute, k.Second, k.Microsecond, k.Fold, k.TZ, k.TZ)
	case TimeOfDay:
		return fmt.Appendf(b, "C%d.%d.%d.%d.%d.%T.%p", k.Hour, k.Minute, k.Second, k.Microsecond, k.Fold, k.TZ, k.TZ)
	case *Object:
		return fmt.Appendf(b, "O%p", k)
	}
	return fmt.Appendf(b, "%T:%#v", k, k)
}

// appendText appends k behind its length, so that a list of them is unambiguous.
func appendText(b []byte, k string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(k))), k...)
}
