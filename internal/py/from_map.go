package py

import (
	"cmp"
	"fmt"
	"math/big"
	"reflect"
	"slices"
)

// fromMap sorts the keys: numbers by value, text by its bytes.
func fromMap(rv reflect.Value) (any, error) {
	items := make([]Item, 0, rv.Len())
	for it := rv.MapRange(); it.Next(); {
		k, err := fromKey(it.Key(), 0)
		if err != nil {
			return nil, Under(err, "[key]")
		}
		items = append(items, Item{k, it.Value().Interface()})
	}
	slices.SortFunc(items, func(a, b Item) int { return compareKeys(a.Key, b.Key) })
	d, err := NewDict(items...)
	if err != nil {
		return nil, &FromError{Path: "[key]", GoType: rv.Type().Key().String(), Reason: err}
	}
	return d, nil
}

// fromKey converts the key of a map, all of it. Arrays become tuples, since a
// list cannot be a key.
func fromKey(rv reflect.Value, depth int) (any, error) {
	if depth > MaxDepth {
		return nil, &FromError{GoType: rv.Type().String(), Reason: ErrTooDeep}
	}
	for rv.Kind() == reflect.Interface && !rv.IsNil() {
		rv = rv.Elem()
	}
	v, err := From(rv.Interface())
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok || rv.Kind() != reflect.Array {
		return v, nil
	}
	tuple := make(Tuple, len(list))
	for i, el := range list {
		if el == nil {
			continue
		}
		if tuple[i], err = fromKey(reflect.ValueOf(el), depth+1); err != nil {
			return nil, err
		}
	}
	return tuple, nil
}

// compareKeys orders the keys of a Go map. Keys of several types, which only a
// map of interfaces has, come type by type.
func compareKeys(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return cmp.Compare(a, b)
		}
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
	case Tuple:
		if b, ok := b.(Tuple); ok {
			return slices.CompareFunc(a, b, compareKeys)
		}
	}
	if TypeName(a) == "int" && TypeName(b) == "int" {
		return toBig(a).Cmp(toBig(b))
	}
	return cmp.Or(cmp.Compare(TypeName(a), TypeName(b)), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
}

// toBig returns the value of an int64 or a *big.Int.
func toBig(v any) *big.Int {
	switch n := v.(type) {
	case int64:
		return big.NewInt(n)
	case *big.Int:
		return n
	}
	return new(big.Int)
}
