package bind

import (
	"context"
	"reflect"

	"github.com/rqgo/rq/internal/py"
)

// A slot holds the argument of a call for one parameter.
type slot struct {
	value any
	given bool
}

// Call calls the function with Python's arguments and returns its results. The error is
// a *CallError when they do not fit, and the function is not called. The name is for
// that error.
func (f *Func) Call(ctx context.Context, name string, args []any, kwargs *py.Dict) (any, error) {
	var room [8]slot // more are allocated
	slots := append(room[:0], make([]slot, len(f.params))...)
	extra, problem := f.match(slots, args, kwargs)
	if problem != "" {
		return nil, &CallError{Func: name, Problem: problem}
	}
	frame := reflect.New(f.frame).Elem()
	for i, p := range f.params {
		if !slots[i].given {
			continue
		}
		if err := assign(frame.FieldByIndex(p.index), slots[i].value); err != nil {
			return nil, &CallError{name, "argument " + p.label(i), err}
		}
	}
	if err := f.fillArgs(frame, name, args); err != nil {
		return nil, err
	}
	if err := f.fillKwargs(frame, name, extra); err != nil {
		return nil, err
	}
	return f.invoke(ctx, frame)
}

// match fills the slots as Python does. It returns the keywords that match no
// parameter, or the error of the call. The checks are in Python's order, because a call
// can be wrong in more than one way.
func (f *Func) match(slots []slot, args []any, kwargs *py.Dict) (extra []py.Item, problem string) {
	for i, v := range args[:min(len(args), f.positional)] {
		slots[i] = slot{v, true}
	}
	for _, it := range kwargs.Items() {
		name, ok := it.Key.(string)
		if !ok {
			return nil, "keywords must be strings"
		}
		switch i, known := f.byName[name]; {
		case !known && f.kwargs < 0:
			return nil, "got an unexpected keyword argument '" + name + "'"
		case !known:
			extra = append(extra, it)
		case slots[i].given:
			return nil, "got multiple values for argument '" + name + "'"
		default:
			slots[i] = slot{it.Value, true}
		}
	}
	if len(args) > f.positional && f.args < 0 {
		return nil, f.tooMany(slots, len(args))
	}
	return extra, f.missing(slots)
}

// fillArgs passes the remaining positional arguments to the function.
func (f *Func) fillArgs(frame reflect.Value, name string, args []any) error {
	if f.args < 0 {
		return nil
	}
	rest := args[min(len(args), f.positional):]
	dst := frame.Field(f.args)
	dst.Set(reflect.MakeSlice(dst.Type(), len(rest), len(rest)))
	for i, v := range rest {
		if err := assign(dst.Index(i), v); err != nil {
			return &CallError{name, "argument " + place(f.positional+i), err}
		}
	}
	return nil
}

// fillKwargs passes the remaining keyword arguments to the function. As in Python the
// map is passed even when it is empty.
func (f *Func) fillKwargs(frame reflect.Value, name string, extra []py.Item) error {
	if f.kwargs < 0 {
		return nil
	}
	dst := frame.Field(f.kwargs)
	t := dst.Type()
	dst.Set(reflect.MakeMapWithSize(t, len(extra)))
	for _, it := range extra {
		v := reflect.New(t.Elem()).Elem()
		if err := assign(v, it.Value); err != nil {
			return &CallError{name, "argument '" + it.Key.(string) + "'", err}
		}
		dst.SetMapIndex(reflect.ValueOf(it.Key).Convert(t.Key()), v)
	}
	return nil
}

func assign(dst reflect.Value, src any) error { return py.Assign(dst.Addr().Interface(), src) }

// invoke calls the function with the values of frame.
func (f *Func) invoke(ctx context.Context, frame reflect.Value) (any, error) {
	in := make([]reflect.Value, 0, 1+frame.NumField())
	if f.takesCtx {
		in = append(in, interfaceValue(ctx))
	}
	for i := range frame.NumField() {
		in = append(in, frame.Field(i))
	}
	call := f.fn.Call
	if f.args >= 0 {
		call = f.fn.CallSlice
	}
	out := call(in)
	if f.hasError {
		if err, failed := out[len(out)-1].Interface().(error); failed {
			return nil, err
		}
	}
	if f.hasResult {
		return out[0].Interface(), nil
	}
	return nil, nil
}

// interfaceValue returns ctx as a value of the interface's type, nil or not.
func interfaceValue(ctx context.Context) reflect.Value { return reflect.ValueOf(&ctx).Elem() }
