package py

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// Reasons for which an object does not fit. They say what to do.
var (
	errNoValue = errors.New("its pickle does not say which int, str, float, bool, list or dict it is; " +
		"send that from Python, as by int(v), str(v), list(v) or v.value, or take an any in Go, which holds a *PyObject")
	errNothingIn = errors.New("its pickle has nothing in it, so an empty list or dict of this class looks like any other object; " +
		"send list(v) or dict(v) from Python, or take an any in Go, which holds a *PyObject")
	errNoTime = errors.New("its pickle does not say which time it is; " +
		"send v.isoformat() from Python, or take an any in Go, which holds a *PyObject")
	errNoNames = errors.New("its pickle names no attributes; " +
		"send a dict from Python, or take an any in Go, which holds a *PyObject")
)

// assignObject gives dst the builtin value that o stands for, or the attributes
// of o when dst is a struct.
func (a *assigner) assignObject(dst reflect.Value, o *Object) error {
	switch {
	case dst.Type() == reflect.TypeFor[Object]():
		return assignPointee(dst, o)
	case dst.Kind() == reflect.Pointer:
		return a.assignPointer(dst, o)
	case hasFields(dst):
		if values, ok := o.positional(); ok {
			return a.assignFields(dst, o, values)
		}
		if o.hasState() && len(o.Items) == 0 {
			return a.assignStruct(dst, o)
		}
	}
	v, ok := o.value()
	if !ok {
		return cannotUse(o, dst, noValue(dst, o))
	}
	if err := hashable(o.Items); err != nil {
		return cannotUse(o, dst, err)
	}
	if d, ok := v.(*Dict); ok && len(o.Items) > 0 && dst.Type() == reflect.TypeFor[Dict]() {
		return a.assignDict(dst, o, d)
	}
	return a.assignValue(dst, o, v)
}

// hashable fails for keys that no dict of Python has. A Dict refuses them, but
// the items of an Object may be any, and a Go map takes pointers for keys.
func hashable(items []Item) error {
	for _, it := range items {
		switch it.Key.(type) {
		case []any, ByteArray, *Dict, *OrderedDict, *DefaultDict, *Set:
			return fmt.Errorf("%w of type %s", ErrUnhashable, TypeName(it.Key))
		}
	}
	return nil
}

// hasFields reports whether dst is a struct that takes attributes by name, and
// not one that means a single value, such as time.Time.
func hasFields(dst reflect.Value) bool {
	if dst.Kind() != reflect.Struct || reflect.PointerTo(dst.Type()).Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) {
		return false
	}
	return dst.Type().PkgPath() != reflect.TypeFor[Object]().PkgPath()
}

// noValue returns the reason for which o has no value for dst.
func noValue(dst reflect.Value, o *Object) error {
	switch {
	case dst.Type() == reflect.TypeFor[time.Time]():
		return errNoTime
	case hasFields(dst):
		return errNoNames
	case !o.hasState() && len(o.Args) == 0 && len(o.Appended) == 0 && len(o.Items) == 0:
		return errNothingIn
	}
	return errNoValue
}

// assignValue assigns v, which o stands for. An error about v itself names the
// class of o.
func (a *assigner) assignValue(dst reflect.Value, o *Object, v any) error {
	if err := a.enter(dst, o, 0); err != nil {
		return err
	}
	defer a.leave()
	if a.left -= madeText(o, v); a.left < 0 {
		return cannotUse(o, dst, errTooMany)
	}
	if list, ok := v.([]any); ok && len(o.Args) == 1 && takesSet(dst.Type()) {
		v = setOf(list)
	}
	err := a.assign(dst, v)
	var ae *AssignError
	if !errors.As(err, &ae) || ae.Path != "" {
		return err
	}
	out := *ae
	out.PyType = TypeName(o)
	if out.Reason == nil {
		out.Reason = errors.New("its value is of type " + TypeName(v))
	}
	return &out
}

// madeText returns how many elements the text in v counts as: none when it is
// in o, so that all who refer to o share it, and else what it takes in memory.
func madeText(o *Object, v any) int {
	const perElement = 16
	if text, ok := v.(string); ok && (len(o.Args) != 1 || o.Args[0] != v) {
		return len(text) / perElement
	}
	class, _ := o.Callable.(Global)
	list, _ := v.([]any)
	if !isNumPy(class) {
		return 0
	}
	n := 0
	for _, el := range list {
		text, _ := el.(string)
		n += len(text)
	}
	return n / perElement
}

// assignDict copies the items of a subclass of dict. The value of an Object
// has no index, and its keys may be any.
func (a *assigner) assignDict(dst reflect.Value, o *Object, d *Dict) error {
	var keys Keys
	out := new(Dict)
	for _, it := range d.items {
		if a.left -= 1 + keys.Cost(it.Key)/keyPerElement; a.left < 0 {
			return cannotUse(o, dst, errTooMany)
		}
		if err := out.SetKnown(&keys, it.Key, it.Value); err != nil {
			return cannotUse(o, dst, err)
		}
	}
	dst.Set(reflect.ValueOf(*out))
	return nil
}

// takesSet reports whether t is a map that is a set.
func takesSet(t reflect.Type) bool {
	return t.Kind() == reflect.Map && t.Elem() == reflect.TypeFor[struct{}]()
}

// setOf returns a Set whose Values are list. A subclass of set is called with
// its elements, each of them once, so they need not be looked up.
func setOf(list []any) *Set {
	items := make([]Item, len(list))
	for i, v := range list {
		items[i].Key = v
	}
	return &Set{elements{Dict{items: items}}}
}
