package rq

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyrepr"
)

// A FuncCall is a call of a Python function, or of the Go handler with its name. A
// job carries these four values.
type FuncCall struct {
	// Func is the dotted path of the function, as in "tasks.add".
	Func string
	// Instance is nil, except for a method that Python enqueued with its object: Func
	// is then the name of the method, and Instance the object as a *PyObject.
	Instance any
	// Args are the positional arguments.
	Args Tuple
	// Kwargs are the keyword arguments in order; nil is none.
	Kwargs *Dict

	err error // from the arguments of Call
}

type keyword struct {
	name  string
	value any
}

// Kw returns a keyword argument for Call. Every name is passed to the function, even
// a name that RQ's enqueue takes for itself, such as ttl or description.
func Kw(name string, value any) any { return keyword{name, value} }

// Call returns the call of a function with args. Arguments made by Kw are keyword
// arguments. An argument is any Go value with a counterpart in Python: numbers,
// strings, bytes, slices, maps, structs, times, pointers to them, and the types of this
// package. An argument without a counterpart, or a keyword given twice, is refused when
// the job is created.
func Call(function string, args ...any) FuncCall {
	c := FuncCall{Func: function, Args: make(Tuple, 0, len(args)), Kwargs: new(Dict)}
	for _, a := range args {
		kw, ok := a.(keyword)
		if !ok {
			c.Args = append(c.Args, a)
			continue
		}
		if _, twice := c.Kwargs.Get(kw.name); twice {
			c.err = &InvalidError{"keyword", kw.name, "is given twice in a call of " + function}
		}
		_ = c.Kwargs.Set(kw.name, kw.value) // a string is hashable
	}
	return c
}

// String returns the call as RQ shows it: tasks.add(1, b=2), each argument cut
// at 75 characters (rq/utils.py get_call_string).
func (c FuncCall) String() string {
	return pyrepr.CallString(c.Func, c.Args, c.Kwargs, maxRepr)
}

// maxRepr is where RQ cuts each argument of a description (rq/job.py Job.get_call_string).
const maxRepr = 75

func (c *FuncCall) validate() error {
	if c.err != nil {
		return c.err
	}
	if c.Func == "" || !utf8.ValidString(c.Func) {
		return &InvalidError{"function", c.Func, "must be the dotted path of a function"}
	}
	for i, v := range c.Args {
		if misplaced(v) {
			return &InvalidError{"argument", i, "is a keyword argument or an option: pass keyword arguments to Call and options to Enqueue"}
		}
	}
	for name, v := range c.Kwargs.All() {
		if s, ok := name.(string); !ok || !utf8.ValidString(s) {
			return &InvalidError{"keyword", name, "must be text"}
		}
		if misplaced(v) {
			return &InvalidError{"keyword", name, "is an option: pass it to Enqueue"}
		}
	}
	return nil
}

// misplaced reports whether v is an option or a keyword argument in the wrong place.
// An option that is a struct would reach the function as a dict.
func misplaced(v any) bool {
	switch v.(type) {
	case keyword, option:
		return true
	}
	return false
}

// dumps returns the bytes of the call, in the form of rq/job.py Job.data.
func (c *FuncCall) dumps(s Serializer) ([]byte, error) {
	args, kwargs := c.Args, c.Kwargs
	if args == nil {
		args = Tuple{}
	}
	if kwargs == nil {
		kwargs = new(Dict)
	}
	data, err := dumps(s, "the call", Tuple{c.Func, c.Instance, args, kwargs})
	var unwritable *SerializeError
	if errors.As(err, &unwritable) {
		unwritable.Part += " of " + c.Func
	}
	return data, err
}

// callOf reads a call that dumps or Python wrote. Arguments may be a list or a tuple. A
// user's serializer may use Go maps and slices.
func callOf(v any) (*FuncCall, error) {
	parts, err := sequenceOf(v)
	if err != nil || len(parts) != 4 {
		return nil, fmt.Errorf("a call is a tuple of four, not %s", describe(v))
	}
	name, ok := parts[0].(string)
	if !ok {
		return nil, fmt.Errorf("the function's name is text, not %s", describe(parts[0]))
	}
	args, err := sequenceOf(parts[2])
	if err != nil {
		return nil, fmt.Errorf("the arguments are a tuple or a list, not %s", describe(parts[2]))
	}
	kwargs, ok := asDict(parts[3])
	if !ok {
		return nil, fmt.Errorf("the keyword arguments are a dict, not %s", describe(parts[3]))
	}
	return &FuncCall{Func: name, Instance: parts[1], Args: args, Kwargs: kwargs}, nil
}

// asDict returns v as a dict if it is one of any kind.
func asDict(v any) (*Dict, bool) {
	canonical, err := py.From(v)
	if err != nil {
		return nil, false
	}
	switch d := canonical.(type) {
	case *Dict:
		return d, true
	case *OrderedDict:
		return &d.Dict, true
	case *DefaultDict:
		return &d.Dict, true
	}
	return nil, false
}

func sequenceOf(v any) ([]any, error) {
	canonical, err := py.From(v)
	if err != nil {
		return nil, err
	}
	switch list := canonical.(type) {
	case Tuple:
		return list, nil
	case []any:
		return list, nil
	}
	return nil, errors.New("not a sequence")
}

// describe says what v is, as Python would, with the length of a sequence.
func describe(v any) string {
	if list, err := sequenceOf(v); err == nil {
		return fmt.Sprintf("a %s of %d", py.TypeName(v), len(list))
	}
	return "a value of type " + py.TypeName(v)
}
