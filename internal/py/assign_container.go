package py

import (
	"fmt"
	"math/big"
	"reflect"
	"strconv"
)

// dictOf returns the dict of a dict or of one of its subclasses.
func dictOf(src any) (*Dict, bool) {
	switch v := src.(type) {
	case *Dict:
		return v, true
	case *OrderedDict:
		if v != nil {
			return &v.Dict, true
		}
	case *DefaultDict:
		if v != nil {
			return &v.Dict, true
		}
	}
	return nil, false
}

// listOf returns the elements of a list or what iterates like one.
func listOf(src any) ([]any, bool) {
	switch v := src.(type) {
	case []any:
		return v, true
	case Tuple:
		return v, true
	case *Set:
		return v.Values(), true
	case *FrozenSet:
		return v.Values(), true
	}
	return nil, false
}

func (a *assigner) assignSlice(dst reflect.Value, src any) error {
	if b, ok := bytesOf(src); ok && dst.Type().Elem().Kind() == reflect.Uint8 {
		dst.SetBytes(b)
		return nil
	}
	if r, ok := src.(Range); ok {
		return a.assignRange(dst, r)
	}
	list, ok := listOf(src)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	if err := a.enter(dst, src, len(list)); err != nil {
		return err
	}
	defer a.leave()
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	if err := a.assignElements(out, list); err != nil {
		return err
	}
	dst.Set(out)
	return nil
}

func bytesOf(src any) ([]byte, bool) {
	switch b := src.(type) {
	case []byte:
		return b, true
	case ByteArray:
		return b, true
	}
	return nil, false
}

func (a *assigner) assignElements(dst reflect.Value, list []any) error {
	for i, v := range list {
		if err := a.assign(dst.Index(i), v); err != nil {
			return Under(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return nil
}

// assignRange expands a range, unless it is longer than Go should hold.
func (a *assigner) assignRange(dst reflect.Value, r Range) error {
	n := r.Len()
	if n.Cmp(big.NewInt(int64(a.left))) >= 0 {
		return cannotUse(r, dst, errTooMany)
	}
	list := make([]any, n.Int64())
	for i := range list {
		list[i] = r.Start + int64(i)*r.Step
	}
	return a.assignSlice(dst, list)
}

// Len returns the number of integers in the range, which is up to 2^64-1.
func (r Range) Len() *big.Int {
	start, stop, step := big.NewInt(r.Start), big.NewInt(r.Stop), big.NewInt(r.Step)
	span := new(big.Int).Sub(stop, start)
	if r.Step == 0 || span.Sign() != step.Sign() {
		return new(big.Int)
	}
	span.Abs(span).Sub(span, big.NewInt(1))
	return span.Quo(span, step.Abs(step)).Add(span, big.NewInt(1))
}

func (a *assigner) assignArray(dst reflect.Value, src any) error {
	list, ok := listOf(src)
	if b, isBytes := bytesOf(src); isBytes && dst.Type().Elem().Kind() == reflect.Uint8 {
		if list, ok = make([]any, len(b)), true; len(b) == dst.Len() {
			for i := range b {
				dst.Index(i).SetUint(uint64(b[i]))
			}
			return nil
		}
	}
	if !ok {
		return cannotUse(src, dst, nil)
	}
	if len(list) != dst.Len() {
		return cannotUse(src, dst, fmt.Errorf("its length is %d", len(list)))
	}
	if err := a.enter(dst, src, len(list)); err != nil {
		return err
	}
	defer a.leave()
	return a.assignElements(dst, list)
}

func (a *assigner) assignMap(dst reflect.Value, src any) error {
	items, ok := mapItems(dst, src)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	if err := a.enter(dst, src, len(items)); err != nil {
		return err
	}
	defer a.leave()
	t := dst.Type()
	out := reflect.MakeMapWithSize(t, len(items))
	for _, it := range items {
		k, v := reflect.New(t.Key()).Elem(), reflect.New(t.Elem()).Elem()
		if err := a.assign(k, it.Key); err != nil {
			return Under(err, "[key]")
		}
		if !k.Comparable() {
			return Under(cannotUse(it.Key, k, errNoKey), "[key]")
		}
		if err := a.assign(v, it.Value); err != nil {
			return Under(err, Step(it.Key))
		}
		if err := a.chargeKey(dst, src, k); err != nil {
			return err
		}
		out.SetMapIndex(k, v)
	}
	if out.Len() != len(items) {
		return cannotUse(src, dst, errSameKey)
	}
	dst.Set(out)
	return nil
}

// keyPerElement is how many bytes of a key count as an element: a Go map looks
// at the whole key again for each row of a table.
const keyPerElement = 1024

func (a *assigner) chargeKey(dst reflect.Value, src any, key reflect.Value) error {
	if key.Kind() == reflect.Interface {
		key = key.Elem()
	}
	n := 0
	if key.Kind() == reflect.String {
		n = key.Len()
	}
	if a.left -= n / keyPerElement; a.left < 0 {
		return cannotUse(src, dst, errTooMany)
	}
	return nil
}

// mapItems returns the items for a map: those of a dict, or the elements of a
// set for a map whose values are empty structs.
func mapItems(dst reflect.Value, src any) ([]Item, bool) {
	if d, ok := dictOf(src); ok {
		return d.Items(), true
	}
	list, ok := listOf(src)
	if !ok || !takesSet(dst.Type()) || isSequence(src) {
		return nil, false
	}
	items := make([]Item, len(list))
	for i, v := range list {
		items[i] = Item{Key: v, Value: new(Dict)}
	}
	return items, true
}

func isSequence(src any) bool {
	switch src.(type) {
	case []any, Tuple:
		return true
	}
	return false
}
