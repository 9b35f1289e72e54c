package rq

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/rqgo/rq/internal/bind"
)

// A CallError is the error of a job whose arguments do not fit the function of Func.
// Its text and its type in the traceback are those of Python's TypeError.
type CallError = bind.CallError

// boundFunc is the Handler of Func.
type boundFunc struct {
	f   *bind.Func
	err error // why there is no f
}

// Func returns a Handler that calls f as Python would: its parameters take the job's
// arguments, by position or by keyword. The names are the parameters' names, as in
// Python's def.
//
//	func add(a, b int) (int, error)
//
//	rq.Func(add, "a", "b") // add(2, 3), add(2, b=3), add(b=3, a=2)
//
// f is a func([ctx,] parameters...) ([result,] [error]). The context ends at the job's
// timeout, and CurrentJob returns the job from it; ctx has no name in names. Values
// become Go values as in Job.Arg. A call that does not fit fails the job with a
// *CallError, and f is not called.
//
// A pointer parameter is optional: it is nil when it is left out or None. Types that
// hold a Python value by pointer are required: *big.Int, *Dict, *Set, *PyObject and the
// like.
//
// Parameters without a name are positional-only, like those before a "/" in Python,
// except for these at the end, in this order:
//
//   - a struct with fields tagged rq:"name" takes keyword-only arguments, like those
//     after a "*". They are optional unless tagged rq:"name,required";
//   - a map[string]T takes all other keyword arguments, as **kwargs does;
//   - ...T takes all other positional arguments, as *args does.
//
// A struct or map with a name is an ordinary parameter that takes a dict.
//
// For a method that Python enqueued with its object, f gets the object as its first
// argument. A callback gets the arguments of its job. A wrong f or name is an
// *InvalidError from the function that takes the Handlers, such as Sync.
func Func(f any, names ...string) Handler {
	if err := noJob(f); err != nil {
		return &boundFunc{err: err}
	}
	bound, err := bind.New(f, names)
	return &boundFunc{bound, err}
}

// noJob refuses a *Job parameter, for which Python has no value.
func noJob(f any) error {
	t := reflect.TypeOf(f)
	if t == nil || t.Kind() != reflect.Func {
		return nil // bind.New has words for it
	}
	for in := range t.Ins() {
		if in == reflect.TypeFor[*Job]() {
			return errors.New("takes a *Job: use HandlerFunc instead of Func, or CurrentJob")
		}
	}
	return nil
}

// Handle calls the function with the arguments of the job.
func (b *boundFunc) Handle(ctx context.Context, job *Job) (any, error) {
	if b.err != nil {
		return nil, b.err
	}
	call, err := job.readCall()
	if err != nil {
		return nil, err
	}
	args := call.Args
	if call.Instance != nil {
		args = append(Tuple{call.Instance}, args...)
	}
	return b.f.Call(ctx, lastPart(call.Func), args, call.Kwargs)
}

// lastPart returns the function's name without its module.
func lastPart(dotted string) string { return dotted[strings.LastIndexByte(dotted, '.')+1:] }
