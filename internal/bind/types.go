package bind

import (
	"encoding"
	"math/big"
	"reflect"
	"slices"

	"github.com/rqgo/rq/internal/py"
)

var errorType = reflect.TypeFor[error]()

// pythonPointers are the types that are a Python value only behind a pointer.
var pythonPointers = []reflect.Type{
	reflect.TypeFor[*big.Int](), reflect.TypeFor[*py.Dict](), reflect.TypeFor[*py.OrderedDict](), reflect.TypeFor[*py.DefaultDict](),
	reflect.TypeFor[*py.Set](), reflect.TypeFor[*py.FrozenSet](), reflect.TypeFor[*py.Object](),
}

// isOptional reports whether a parameter of type t may be left out. A pointer may,
// unless Go holds the Python value by pointer: nobody expects a nil *big.Int.
func isOptional(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer && !slices.Contains(pythonPointers, t)
}

// takesKwargs reports whether a last parameter of type t takes **kwargs. A map of empty
// structs is a set.
func takesKwargs(t reflect.Type) bool {
	return t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && t.Elem() != reflect.TypeFor[struct{}]()
}

// takesKeywords reports whether a last parameter of type t is a struct of
// keywords.
func takesKeywords(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if tag, ok := t.Field(i).Tag.Lookup("rq"); ok && tag != "-" {
			return true
		}
	}
	return false
}

// fromPython reports whether py.Assign can ever assign to a t. It does not look into
// structs, whose fields are optional. seen has the enclosing types, because a slice
// type can contain itself.
func fromPython(t reflect.Type, seen []reflect.Type) bool {
	if slices.Contains(seen, t) || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return true
	}
	seen = append(slices.Clip(seen), t)
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return false
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Map:
		return fromPython(t.Key(), seen) && fromPython(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return fromPython(t.Elem(), seen)
	}
	return true
}

// toPython reports whether py.From can ever convert a t. An error type is refused: it
// is an error result in the wrong place. Another interface may hold anything.
func toPython(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		return false
	}
	return !t.Implements(errorType)
}
