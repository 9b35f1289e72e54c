package py

import (
	"reflect"
	"strings"
)

func (a *assigner) assignStruct(dst reflect.Value, src any) error {
	items, ok := attributes(src)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	if err := a.enter(dst, src, len(items)); err != nil {
		return err
	}
	defer a.leave()
	fields := fieldsOf(dst.Type())
	chosen := chooseItems(fields, items)
	for i, it := range chosen {
		if it == nil {
			continue
		}
		fv := allocField(dst, fields[i].index)
		if err := a.assign(fv, it.Value); err != nil {
			return Under(err, "."+fields[i].name)
		}
	}
	return nil
}

// attributes returns what names the fields of a struct: the items of a dict, or
// the attributes of an instance. One with __slots__ has those in the second
// half of a pair.
func attributes(src any) ([]Item, bool) {
	if d, ok := dictOf(src); ok {
		return d.Items(), true
	}
	o, ok := src.(*Object)
	if !ok {
		return nil, false
	}
	if d, ok := dictOf(o.State); ok {
		return d.Items(), true
	}
	pair, ok := o.State.(Tuple)
	if !ok || len(pair) != 2 {
		return nil, false
	}
	plain, _ := dictOf(pair[0])
	slots, ok := dictOf(pair[1])
	return append(append([]Item(nil), plain.Items()...), slots.Items()...), ok
}

// chooseItems returns the item for each field, or nil. An item named exactly
// like the field wins over one in another case.
func chooseItems(fields []field, items []Item) []*Item {
	chosen := make([]*Item, len(fields))
	for i := range items {
		name, ok := items[i].Key.(string)
		if !ok {
			continue
		}
		if f := exactField(fields, name); f >= 0 {
			chosen[f] = &items[i]
			continue
		}
		for f := range fields {
			if chosen[f] == nil && strings.EqualFold(fields[f].name, name) {
				chosen[f] = &items[i]
				break
			}
		}
	}
	return chosen
}

func exactField(fields []field, name string) int {
	for i := range fields {
		if fields[i].name == name {
			return i
		}
	}
	return -1
}

// allocField is FieldByIndex, and allocates the embedded pointers on the way.
func allocField(rv reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				rv.Set(reflect.New(rv.Type().Elem()))
			}
			rv = rv.Elem()
		}
		rv = rv.Field(x)
	}
	return rv
}
