package py

import (
	"fmt"
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
	chosen, taken := chooseItems(fields, items)
	if taken == 0 && len(items) > 0 {
		return cannotUse(src, dst, noneTaken(fields, items))
	}
	for i, it := range chosen {
		if it == nil {
			continue
		}
		if err := a.assignField(dst, &fields[i], it.Value); err != nil {
			return err
		}
	}
	return nil
}

func (a *assigner) assignField(dst reflect.Value, f *field, v any) error {
	if err := a.assign(allocField(dst, f.index), v); err != nil {
		return Under(err, "."+f.name)
	}
	return nil
}

// assignFields assigns by position.
func (a *assigner) assignFields(dst reflect.Value, src any, values []any) error {
	fields := fieldsOf(dst.Type())
	if len(values) != len(fields) {
		return cannotUse(src, dst, fmt.Errorf("its pickle has %d values without names, which need a struct of as many fields; this one has %d",
			len(values), len(fields)))
	}
	if err := a.enter(dst, src, len(values)); err != nil {
		return err
	}
	defer a.leave()
	for i, v := range values {
		if err := a.assignField(dst, &fields[i], v); err != nil {
			return err
		}
	}
	return nil
}

// noneTaken is the reason when no item has a field. It names both sides.
func noneTaken(fields []field, items []Item) error {
	var have, want []string
	for _, it := range items[:min(len(items), mostNames+1)] {
		name, ok := it.Key.(string)
		if !ok {
			name = TypeName(it.Key)
		}
		have = append(have, name)
	}
	for _, f := range fields {
		want = append(want, f.name)
	}
	return fmt.Errorf("none of its names (%s) is a field (%s)", someNames(have), someNames(want))
}

// mostNames is how many names an error tells of either side.
const mostNames = 8

// someNames returns names for an error, or only the first ones.
func someNames(names []string) string {
	const longest = 60
	if len(names) == 0 {
		return "it has none"
	}
	var b strings.Builder
	for i, name := range names {
		if i == mostNames {
			return b.String() + ", ..."
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strings.ToValidUTF8(name[:min(len(name), longest)], ""))
	}
	return b.String()
}

// attributes returns what names the fields of a struct: the items of a dict, or
// the attributes of an instance. One with __slots__ has those in the second
// half of a pair, and a pydantic model has them under __dict__.
func attributes(src any) ([]Item, bool) {
	if d, ok := dictOf(src); ok {
		return d.Items(), true
	}
	o, ok := src.(*Object)
	if !ok {
		return nil, false
	}
	if d, ok := dictOf(o.State); ok {
		if fields, ok := modelFields(d); ok {
			return fields, true
		}
		return d.Items(), true
	}
	pair, ok := o.State.(Tuple)
	if !ok || len(pair) != 2 {
		return nil, false
	}
	plain, _ := dictOf(pair[0])
	slots, ok := dictOf(pair[1])
	return join(plain, slots), ok
}

// modelFields returns the fields of the pydantic model whose state d is, with
// those that its class does not declare. Versions 1 and 2 both have __dict__.
func modelFields(d *Dict) ([]Item, bool) {
	v, _ := d.Get("__dict__")
	fields, ok := dictOf(v)
	if !ok {
		return nil, false
	}
	v, _ = d.Get("__pydantic_extra__")
	extra, _ := dictOf(v)
	return join(fields, extra), true
}

func join(a, b *Dict) []Item { return append(append([]Item(nil), a.Items()...), b.Items()...) }

// chooseItems returns the item for each field, or nil, and how many there are.
// An item named exactly like the field wins over one in another case.
func chooseItems(fields []field, items []Item) (chosen []*Item, taken int) {
	chosen = make([]*Item, len(fields))
	for i := range items {
		name, ok := items[i].Key.(string)
		if !ok {
			continue
		}
		if f := fieldFor(fields, chosen, name); f >= 0 {
			chosen[f] = &items[i]
			taken++
		}
	}
	return chosen, taken
}

// fieldFor returns the index of the field that an item of this name is for.
func fieldFor(fields []field, chosen []*Item, name string) int {
	if f := exactField(fields, name); f >= 0 {
		return f
	}
	for f := range fields {
		if chosen[f] == nil && strings.EqualFold(fields[f].name, name) {
			return f
		}
	}
	return -1
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
