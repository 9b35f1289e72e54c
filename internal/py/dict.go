package py

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/big"
	"slices"
	"strconv"
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
	h, err := hashKey(key)
	if err != nil {
		return nil, false
	}
	if i := d.find(h); i >= 0 {
		return d.items[i].Value, true
	}
	return nil, false
}

// Set puts value under key. It fails with ErrUnhashable when Python could not
// use key, and changes nothing then.
func (d *Dict) Set(key, value any) error {
	h, err := hashKey(key)
	if err != nil {
		return err
	}
	if i := d.find(h); i >= 0 {
		d.items[i].Value = value
		return nil
	}
	d.items = append(d.items, Item{key, value})
	if d.index != nil {
		d.index[h] = len(d.items) - 1
	} else if len(d.items) > scanLimit {
		return d.reindex()
	}
	return nil
}

// Delete removes key and reports whether it was there. It takes time
// proportional to the size of the Dict.
func (d *Dict) Delete(key any) bool {
	h, err := hashKey(key)
	if err != nil || d.Len() == 0 {
		return false
	}
	i := d.find(h)
	if i < 0 {
		return false
	}
	d.items = slices.Delete(d.items, i, i+1)
	d.index = nil
	if len(d.items) > scanLimit {
		_ = d.reindex() // cannot fail: every key was hashed before
	}
	return true
}

func (d *Dict) reindex() error {
	d.index = make(map[any]int, 2*len(d.items))
	for i, it := range d.items {
		h, err := hashKey(it.Key)
		if err != nil {
			return err
		}
		d.index[h] = i
	}
	return nil
}

func (d *Dict) find(h any) int {
	if d.index != nil {
		if i, ok := d.index[h]; ok {
			return i
		}
		return -1
	}
	for i, it := range d.items {
		if k, err := hashKey(it.Key); err == nil && k == h {
			return i
		}
	}
	return -1
}

// A Set is a Python set. It keeps the order of insertion, which Python's does
// not. The zero Set is empty and ready to use.
type Set struct{ elements }

// A FrozenSet is a Python frozenset, and can be a key or an element.
type FrozenSet struct{ elements }

type elements struct{ d Dict }

// NewSet returns a Set of values. The error is that of Add.
func NewSet(values ...any) (*Set, error) {
	s := new(Set)
	return s, s.addAll(values)
}

// NewFrozenSet returns a FrozenSet of values. The error is that of Add.
func NewFrozenSet(values ...any) (*FrozenSet, error) {
	s := new(FrozenSet)
	return s, s.addAll(values)
}

func (e *elements) addAll(values []any) error {
	for _, v := range values {
		if err := e.Add(v); err != nil {
			return err
		}
	}
	return nil
}

// Add puts v into the set. It fails with ErrUnhashable when Python could not
// hold v in a set.
func (e *elements) Add(v any) error { return e.d.Set(v, nil) }

// Contains reports whether v is in the set.
func (e *elements) Contains(v any) bool {
	_, ok := e.d.Get(v)
	return ok
}

// Len returns the number of elements.
func (e *elements) Len() int { return e.d.Len() }

// Values returns the elements in order of insertion.
func (e *elements) Values() []any {
	out := make([]any, 0, e.d.Len())
	for _, it := range e.d.Items() {
		out = append(out, it.Key)
	}
	return out
}

// ErrUnhashable is returned when a value cannot be the key of a dict or the
// element of a set, such as a list, or a tuple with a list inside.
var ErrUnhashable = errors.New("unhashable value")

// Keys of types that Go cannot compare, or compares otherwise than Python.
type (
	noneKey    struct{}
	bigKey     string
	bytesKey   string
	tupleKey   string
	frozenKey  string
	complexKey complex128
)

// hashKeyBudget bounds the work for one nested key: t = (t, t) forty levels
// deep would otherwise be 2^40 steps.
const hashKeyBudget = 4096

// hashKey returns a comparable value that is equal for keys equal in Python.
func hashKey(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return v, nil
	}
	budget := hashKeyBudget
	return hashNested(v, &budget)
}

func hashNested(v any, budget *int) (any, error) {
	if *budget--; *budget < 0 {
		return nil, fmt.Errorf("%w: more than %d nested values", ErrUnhashable, hashKeyBudget)
	}
	switch v := v.(type) {
	case nil:
		return noneKey{}, nil
	case string, int64, Decimal, Path, Date, TimeDelta, Global, Range:
		return v, nil
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
		if v.IsInt64() {
			return v.Int64(), nil
		}
		return bigKey(v.String()), nil
	case []byte:
		return bytesKey(v), nil
	case Tuple:
		s, err := hashAll(v, budget)
		return tupleKey(s), err
	case *FrozenSet:
		parts := make([]string, 0, v.Len())
		for _, el := range v.Values() {
			s, err := hashAll([]any{el}, budget)
			if err != nil {
				return nil, err
			}
			parts = append(parts, s)
		}
		slices.Sort(parts)
		return frozenKey(fmt.Sprint(parts)), nil
	}
	return hashOther(v)
}

func hashFloat(f float64) any {
	if f == math.Trunc(f) {
		if math.Abs(f) < 1<<63 {
			return int64(f)
		}
		if !math.IsInf(f, 0) {
			n, _ := big.NewFloat(f).Int(nil)
			return bigKey(n.String())
		}
	}
	return f
}

// hashAll renders the hash keys of values as one unambiguous string.
func hashAll(values []any, budget *int) (string, error) {
	var b []byte
	for _, v := range values {
		h, err := hashNested(v, budget)
		if err != nil {
			return "", err
		}
		text := fmt.Sprintf("%T:%v", h, h)
		b = strconv.AppendInt(b, int64(len(text)), 10)
		b = append(b, ':')
		b = append(b, text...)
	}
	return string(b), nil
}
