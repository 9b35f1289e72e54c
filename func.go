package rq

import (
	"context"
	"errors"
	"reflect"
	"strings"

	"github.com/rqgo/rq/internal/bind"
)

// A CallError is how a job fails whose arguments do not fit the function of
// Func. Its text, and its kind in the traceback, are those of Python's
// TypeError.
type CallError = bind.CallError

// boundFunc is the Handler of Func.
type boundFunc struct {
	f   *bind.Func
	err error // why there is no f
}

// Func returns a Handler that calls f as Python would: its parameters take the
// job's arguments, by position or by keyword. The names are those of the
// parameters, as in Python's def.
//
//	func add(a, b int) (int, error)
//
//	rq.Func(add, "a", "b") // add(2, 3), add(2, b=3), add(b=3, a=2)
//
// f is a func([ctx,] parameters...) ([result,] [error]). The context ends with
// the job's timeout, and CurrentJob finds the job in it; it has no name here.
// Values become Go values as in Job.Arg. A call that does not fit fails the job
// with a *CallError, and f is not called.
//
// A parameter that is a pointer may be left out, and is nil then, as for None.
// Types that hold a Python value by pointer must be given: *big.Int, *Dict,
// *Set, *PyObject and their like.
//
// Parameters that are left after the names are given by position only, as those
// before a "/" in Python. But at the end, in this order:
//
//   - a struct with fields tagged rq:"name" takes arguments by keyword only, as
//     after a "*". They may be left out unless tagged rq:"name,required";
//   - a map[string]T takes all other keyword arguments, as **kwargs does;
//   - ...T takes all other positional arguments, as *args does.
//
// A struct or map with a name is a parameter like others, for a dict.
//
// A method that Python put on the queue with its object gives f the object as
// first argument. A callback is given the arguments of its job. A wrong f or
// name is an *InvalidError where the Handlers are given, as to Sync.
func Func(f any, names ...string) Handler {
	if err := noJob(f); err != nil {
		return &boundFunc{err: err}
	}
	bound, err := bind.New(f, names)
	return &boundFunc{bound, err}
}

// noJob refuses a *Job as parameter, which Python has nothing to give for.
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
