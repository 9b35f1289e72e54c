package rq

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/rqgo/rq/internal/wire"
)

// A Handler runs a job in Go. Its result is the job's return value; an error or a panic
// fails the job. Func makes a Handler from an ordinary function, and HandlerFunc from a
// function that reads the job itself.
//
// Within a Handler, CurrentJob(ctx) returns job.
type Handler interface {
	Handle(ctx context.Context, job *Job) (any, error)
}

// A HandlerFunc is a Handler that reads the job's arguments itself or needs none, such
// as a callback.
type HandlerFunc func(ctx context.Context, job *Job) (any, error)

// Handle calls f.
func (f HandlerFunc) Handle(ctx context.Context, job *Job) (any, error) { return f(ctx, job) }

// Handlers maps the dotted names of Python functions to the Handlers that run them in
// Go, including callbacks.
type Handlers map[string]Handler

// A Middleware wraps a Handler, for example to log or to trace it.
type Middleware func(next Handler) Handler

// With returns the handlers, each wrapped in the middleware. The first is the
// outermost.
func (h Handlers) With(middleware ...Middleware) Handlers {
	out := maps.Clone(h)
	for name, handler := range out {
		if checkHandler(name, handler) != nil {
			continue // validate must find it
		}
		for _, m := range slices.Backward(middleware) {
			handler = m(handler)
		}
		out[name] = handler
	}
	return out
}

// validate returns an *InvalidError for each handler that can never run, in the order
// of their names.
func (h Handlers) validate() error {
	var bad []error
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if err := checkHandler(name, h[name]); err != nil {
			bad = append(bad, &InvalidError{"handler", name, err.Error()})
		}
	}
	return errors.Join(bad...)
}

func checkHandler(name string, h Handler) error {
	if name == "" {
		return errors.New("must have the name of a Python function")
	}
	switch h := h.(type) {
	case nil:
		return errors.New("must not be nil")
	case HandlerFunc:
		if h == nil {
			return errors.New("must not be nil")
		}
	case *boundFunc:
		return h.err
	}
	return nil
}

// run calls the handler of a job, or of one of its callbacks. A panic becomes a
// *PanicError.
func (h Handlers) run(ctx context.Context, name string, job *Job) (result any, err error) {
	handler, ok := h[name]
	if !ok {
		return nil, fmt.Errorf("%w for %s", ErrNoHandler, name)
	}
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, &PanicError{r, debug.Stack()}
		}
	}()
	return handler.Handle(withJob(ctx, job), job)
}

// A result is what a handler returned.
type result struct {
	value any
	err   error
}

// copyWith returns a copy of j with the data of rec, for the next run of the job.
func (j *Job) copyWith(rec wire.Job) *Job {
	next := &Job{id: j.id, rdb: j.rdb, serializer: j.serializer, fleet: j.fleet, ownsID: true, rec: rec}
	next.readMeta()
	return next
}
