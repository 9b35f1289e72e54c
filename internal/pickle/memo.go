package pickle

import "unsafe"

// scanLimit is the size up to which a table is searched entry by entry.
const scanLimit = 16

// maxSpare is how many keys a map may have held to be kept for the next pickle.
const maxSpare = 1 << 12

// A table numbers keys. Most pickles have a handful, which a scan finds faster than a
// map.
type table[K comparable] struct {
	entries []entry[K]
	index   map[K]uint32
	spare   map[K]uint32 // an empty map for the next pickle that needs one
}

type entry[K comparable] struct {
	key  K
	slot uint32
}

func (t *table[K]) get(k K) (uint32, bool) {
	if t.index != nil {
		slot, ok := t.index[k]
		return slot, ok
	}
	for i := range t.entries {
		if t.entries[i].key == k {
			return t.entries[i].slot, true
		}
	}
	return 0, false
}

func (t *table[K]) put(k K, slot uint32) {
	if t.index != nil {
		t.index[k] = slot
		return
	}
	t.entries = append(t.entries, entry[K]{k, slot})
	if len(t.entries) <= scanLimit {
		return
	}
	t.index, t.spare = t.spare, nil
	if t.index == nil {
		t.index = make(map[K]uint32, 4*scanLimit)
	}
	for _, e := range t.entries {
		t.index[e.key] = e.slot
	}
}

func (t *table[K]) reset() {
	clear(t.entries)
	t.entries = t.entries[:0]
	if t.index != nil && len(t.index) <= maxSpare {
		clear(t.index)
		t.spare = t.index
	}
	t.index = nil
}

// refKind distinguishes objects of different types at one address.
type refKind uint8

const (
	refNone refKind = iota // an object that nothing can refer to again
	refList
	refTuple
	refBytes
	refShortBytes // bytes of at most one byte, by content
	refByteArray
	refStrings
	refPointer
	refZone
	refBuiltins // the str "builtins" that built-in functions share
)

// A ref is the identity of a value other than a string or a global.
type ref struct {
	kind refKind
	ptr  any // a pointer, so that the value stays alive and comparing is cheap
	n    int
}

// sliceRef is the identity of a slice. An empty one has none.
func sliceRef[E any](kind refKind, s []E) ref {
	if len(s) == 0 {
		return ref{}
	}
	return ref{kind, unsafe.SliceData(s), len(s)}
}

func bytesRef(b []byte) ref {
	switch len(b) {
	case 0:
		return ref{kind: refShortBytes, n: -1}
	case 1:
		return ref{kind: refShortBytes, n: int(b[0])}
	}
	return sliceRef(refBytes, b)
}
