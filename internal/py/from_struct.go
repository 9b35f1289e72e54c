package py

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// A field is one item of the dict that a struct becomes.
type field struct {
	name      string
	index     []int // as reflect.Value.FieldByIndex takes it
	omitEmpty bool
	omitZero  bool
	tagged    bool
}

// structFields caches fieldsOf, by reflect.Type.
var structFields sync.Map

func fromStruct(rv reflect.Value) (any, error) {
	fields := fieldsOf(rv.Type())
	d := &Dict{items: make([]Item, 0, len(fields))}
	for i := range fields {
		f := &fields[i]
		fv, ok := fieldByIndex(rv, f.index)
		if !ok || f.omitEmpty && isEmpty(fv) || f.omitZero && isZero(fv) {
			continue
		}
		if err := d.Set(f.name, fv.Interface()); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// fieldByIndex is FieldByIndex, and false behind an embedded nil pointer.
func fieldByIndex(rv reflect.Value, index []int) (reflect.Value, bool) {
	for i, x := range index {
		if i > 0 && rv.Kind() == reflect.Pointer {
			if rv.IsNil() {
				return reflect.Value{}, false
			}
			rv = rv.Elem()
		}
		rv = rv.Field(x)
	}
	return rv, true
}

// isEmpty is what omitempty means to encoding/json.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// isZero is what omitzero means to encoding/json.
func isZero(v reflect.Value) bool {
	if v.Kind() == reflect.Interface || v.Kind() == reflect.Pointer {
		return v.IsNil()
	}
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// fieldsOf returns the fields of a struct type in order, promoted ones at the
// place of the embedded struct.
func fieldsOf(t reflect.Type) []field {
	cached, _ := structFields.Load(t)
	if fields, ok := cached.([]field); ok {
		return fields
	}
	all := appendFields(nil, t, nil, nil)
	byName := make(map[string][]field, len(all))
	for _, f := range all {
		byName[f.name] = append(byName[f.name], f)
	}
	out := slices.DeleteFunc(all, func(f field) bool {
		best, ok := dominant(byName[f.name])
		return !ok || !slices.Equal(best.index, f.index)
	})
	structFields.Store(t, out)
	return out
}

// appendFields walks t and what it embeds. The types on the way there are in
// seen: a struct can embed a pointer to itself.
func appendFields(out []field, t reflect.Type, index []int, seen []reflect.Type) []field {
	if slices.Contains(seen, t) {
		return out
	}
	seen = append(slices.Clip(seen), t)
	for i := range t.NumField() {
		sf := t.Field(i)
		f, ok := fieldTag(sf)
		if !ok {
			continue
		}
		f.index = append(slices.Clip(index), i)
		if et, embeds := embedded(sf); embeds && !f.tagged {
			out = appendFields(out, et, f.index, seen)
		} else if sf.IsExported() {
			out = append(out, f)
		}
	}
	return out
}

// embedded returns the struct type whose fields sf promotes. The fields behind
// an unexported pointer are left out, as they could be read but not assigned.
func embedded(sf reflect.StructField) (reflect.Type, bool) {
	if !sf.Anonymous {
		return nil, false
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer && sf.IsExported() {
		t = t.Elem()
	}
	return t, t.Kind() == reflect.Struct
}

// fieldTag reads the tag rq, or else json. It is false for a field that both
// packages skip.
func fieldTag(sf reflect.StructField) (field, bool) {
	tag, ok := sf.Tag.Lookup("rq")
	if !ok {
		tag = sf.Tag.Get("json")
	}
	name, opts, _ := strings.Cut(tag, ",")
	if tag == "-" || !sf.IsExported() && !sf.Anonymous {
		return field{}, false
	}
	f := field{name: name, tagged: name != ""}
	if !f.tagged {
		f.name = sf.Name
	}
	for opt := range strings.SplitSeq(opts, ",") {
		f.omitEmpty = f.omitEmpty || opt == "omitempty"
		f.omitZero = f.omitZero || opt == "omitzero"
	}
	return f, true
}

// dominant chooses among fields of one name by Go's rules for embedding: the
// least nested wins, then the tagged one, and a tie hides them all.
func dominant(fields []field) (field, bool) {
	rank := func(f field) int {
		r := 2 * len(f.index)
		if !f.tagged {
			r++
		}
		return r
	}
	best, ties := fields[0], 0
	for _, f := range fields[1:] {
		switch d := rank(f) - rank(best); {
		case d < 0:
			best, ties = f, 0
		case d == 0:
			ties++
		}
	}
	return best, ties == 0
}
