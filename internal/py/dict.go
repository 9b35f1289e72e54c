package py

import (
	"iter"
	"slices"
)

// An Item is one key and value of a Dict.
type Item struct {
	Key, Value any
}

// A Dict is a Python dict: it keeps the order of insertion and takes any
// hashable key. Keys are equal when Python's are, so 1, 1.0 and true are one
// key. The zero Dict is empty and ready to use. It is not safe for concurrent
// writes.
type Dict struct {
	items []Item
	index map[any]int // hash key to position; nil while small enough to scan
}

// An OrderedDict is a Python collections.OrderedDict.
type OrderedDict struct{ Dict }

// A DefaultDict is a Python collections.defaultdict. Factory is a Global or nil.
type DefaultDict struct {
	Dict
	Factory any
}

// scanLimit is the size up to which a Dict is searched item by item.
const scanLimit = 8

// noKeys remembers nothing, for keys that are used once.
var noKeys *Keys

// NewDict returns a Dict of items. A key that comes twice keeps its first
// place and its last value. The error is that of Set.
func NewDict(items ...Item) (*Dict, error) {
	d := &Dict{items: make([]Item, 0, len(items))}
	for _, it := range items {
		if err := d.Set(it.Key, it.Value); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Len returns the number of items. A nil Dict is empty.
func (d *Dict) Len() int {
	if d == nil {
		return 0
	}
	return len(d.items)
}

// Items returns the items in order. The slice is the Dict's own.
func (d *Dict) Items() []Item {
	if d == nil {
		return nil
	}
	return d.items
}

// All iterates over keys and values in order.
func (d *Dict) All() iter.Seq2[any, any] {
	return func(yield func(any, any) bool) {
		for _, it := range d.Items() {
			if !yield(it.Key, it.Value) {
				return
			}
		}
	}
}

// Get returns the value of key, and whether it is there.
func (d *Dict) Get(key any) (any, bool) {
	if d.Len() == 0 {
		return nil, false
	}
	h, err := noKeys.hash(key)
	if err != nil {
		return nil, false
	}
	if i := d.find(noKeys, key, h); i >= 0 {
		return d.items[i].Value, true
	}
	return nil, false
}

// Set puts value under key. It fails with ErrUnhashable when Python could not
// use key, and changes nothing then.
func (d *Dict) Set(key, value any) error { return d.SetKnown(noKeys, key, value) }

// SetKnown is Set for keys that many dicts share.
func (d *Dict) SetKnown(keys *Keys, key, value any) error {
	h, err := keys.hash(key)
	if err != nil {
		return err
	}
	if i := d.find(keys, key, h); i >= 0 {
		d.items[i].Value = value
		return nil
	}
	d.items = append(d.items, Item{key, value})
	if d.index != nil {
		d.index[h] = len(d.items) - 1
	} else if len(d.items) > scanLimit {
		return d.reindex(keys)
	}
	return nil
}

// Grow makes room for n more items.
func (d *Dict) Grow(n int) { d.items = slices.Grow(d.items, n) }

// Delete removes key and reports whether it was there. It takes time
// proportional to the size of the Dict.
func (d *Dict) Delete(key any) bool {
	h, err := noKeys.hash(key)
	if err != nil || d.Len() == 0 {
		return false
	}
	i := d.find(noKeys, key, h)
	if i < 0 {
		return false
	}
	d.items = slices.Delete(d.items, i, i+1)
	d.index = nil
	if len(d.items) > scanLimit {
		_ = d.reindex(noKeys) // cannot fail: every key was hashed before
	}
	return true
}

func (d *Dict) reindex(keys *Keys) error {
	d.index = make(map[any]int, 2*len(d.items))
	for i, it := range d.items {
		h, err := keys.hash(it.Key)
		if err != nil {
			return err
		}
		d.index[h] = i
	}
	return nil
}

// find returns the position of a key whose hash is h, or -1.
func (d *Dict) find(keys *Keys, key, h any) int {
	if d.index != nil {
		if i, ok := d.index[h]; ok {
			return i
		}
		return -1
	}
	text, isText := key.(string)
	for i, it := range d.items {
		if isText { // nothing but a str of its length equals a str
			if s, ok := it.Key.(string); !ok || len(s) != len(text) {
				continue
			}
		}
		if k, err := keys.hash(it.Key); err == nil && k == h {
			return i
		}
	}
	return -1
}
