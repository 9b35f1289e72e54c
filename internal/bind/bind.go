// Package bind calls a Go function as Python calls its own: it matches positional and
// keyword arguments with parameters, converts the values, and reports a call that does
// not fit with the text of Python's TypeError.
package bind

import (
	"context"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// A Func is a Go function that can be called with Python's arguments. It is safe for
// concurrent use.
type Func struct {
	fn       reflect.Value
	takesCtx bool
	// frame is a struct with a field for each of Go's parameters but ctx, so
	// that one allocation has room for all.
	frame reflect.Type
	// params are the parameters in Python's order: first the positional ones, then the
	// keyword-only ones.
	params     []param
	positional int
	byName     map[string]int // index in params
	args       int            // the field of frame that takes *args, or -1
	kwargs     int            // the field of frame that takes **kwargs, or -1
	hasResult  bool
	hasError   bool
}

// A param is a parameter that takes one argument.
type param struct {
	name     string // "" for a positional-only parameter
	required bool
	index    []int // in frame; of length two for a field of the struct of keywords
}

// New returns fn, whose form is func([ctx,] params...) ([R,] [error]), as a Func. The
// names are the names of its parameters without ctx, for keyword arguments. Parameters
// without a name are positional-only, except for the last ones:
//
//   - a struct with fields that are tagged rq:"name" takes these keywords;
//   - a map[string]T takes all other keywords, as **kwargs does;
//   - ...T takes all other positional arguments, as *args does.
//
// A pointer parameter is optional, and nil when it is left out; see isOptional.
func New(fn any, names []string) (*Func, error) {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Func || v.IsNil() {
		return nil, fmt.Errorf("%T is not a function or is nil", fn)
	}
	f := &Func{fn: v, byName: map[string]int{}, args: -1, kwargs: -1}
	if err := f.addParams(names); err != nil {
		return nil, err
	}
	return f, f.checkResults()
}

func (f *Func) addParams(names []string) error {
	types, err := f.parameterTypes()
	if err != nil {
		return err
	}
	end := len(types)
	if f.fn.Type().IsVariadic() {
		end--
		f.args = end
	}
	if end > len(names) && takesKwargs(types[end-1]) {
		end--
		f.kwargs = end
	}
	keywords := -1
	if end > len(names) && takesKeywords(types[end-1]) {
		end--
		keywords = end
	}
	if len(names) > end {
		return fmt.Errorf("%s for %s", count(len(names), "name"), count(end, "parameter"))
	}
	f.positional = end
	for i, t := range types[:end] {
		p := param{required: !isOptional(t), index: []int{i}}
		if i < len(names) {
			p.name = names[i]
		}
		if err := f.addParam(p, i < len(names)); err != nil {
			return err
		}
	}
	if keywords >= 0 {
		return f.addKeywords(types[keywords], keywords)
	}
	return nil
}

// parameterTypes returns the types of the parameters without ctx.
func (f *Func) parameterTypes() ([]reflect.Type, error) {
	t := f.fn.Type()
	first := 0
	if t.NumIn() > 0 && t.In(0) == reflect.TypeFor[context.Context]() {
		first, f.takesCtx = 1, true
	}
	var types []reflect.Type
	var fields []reflect.StructField
	for i := first; i < t.NumIn(); i++ {
		if !fromPython(t.In(i), nil) {
			return nil, fmt.Errorf("parameter %d (%s) cannot come from Python", i+1, t.In(i))
		}
		types = append(types, t.In(i))
		fields = append(fields, reflect.StructField{Name: "P" + strconv.Itoa(i), Type: t.In(i)})
	}
	f.frame = reflect.StructOf(fields)
	return types, nil
}

func (f *Func) addParam(p param, named bool) error {
	if named {
		if !isIdentifier(p.name) {
			return fmt.Errorf("%q cannot be the name of a parameter", p.name)
		}
		if _, twice := f.byName[p.name]; twice {
			return fmt.Errorf("two parameters are called %q", p.name)
		}
		f.byName[p.name] = len(f.params)
	}
	f.params = append(f.params, p)
	return nil
}

// addKeywords adds the tagged fields of t, which is the given field of frame.
func (f *Func) addKeywords(t reflect.Type, at int) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		tag, ok := sf.Tag.Lookup("rq")
		if !ok || tag == "-" {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		if name == "" {
			name = sf.Name
		}
		if !sf.IsExported() || !fromPython(sf.Type, nil) {
			return fmt.Errorf("field %s (%s) of %s cannot come from Python", sf.Name, sf.Type, t)
		}
		if err := f.addParam(param{name, option == "required", []int{at, i}}, true); err != nil {
			return err
		}
	}
	return nil
}

func (f *Func) checkResults() error {
	t := f.fn.Type()
	n := t.NumOut()
	if n > 0 && t.Out(n-1) == errorType {
		f.hasError = true
		n--
	}
	if n > 1 {
		return fmt.Errorf("%d results: at most one result and an error are allowed", t.NumOut())
	}
	f.hasResult = n == 1
	if f.hasResult && !toPython(t.Out(0)) {
		return fmt.Errorf("result 1 (%s) cannot go to Python", t.Out(0))
	}
	return nil
}

// isIdentifier reports whether s can be the name of a parameter in Python, at least
// from a dict as in f(**{"from": 1}).
func isIdentifier(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsNumber(r)) {
			return false
		}
	}
	return s != ""
}
