package rq

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"
)

// A HandlerFunc runs a job in Go. What it returns is the job's return value; an
// error fails the job. Within it, CurrentJob(ctx) is job.
type HandlerFunc func(ctx context.Context, job *Job) (any, error)

// Handlers maps the dotted names of Python's functions to the Go functions that
// run them, callbacks included.
type Handlers map[string]HandlerFunc

// ErrNoHandler is how a job fails whose function has no handler, and a job
// whose callback has none.
var ErrNoHandler = errors.New("rq: no handler is registered")

// run calls the handler of a job, or of one of its callbacks. A panic becomes a
// *PanicError.
func (h Handlers) run(ctx context.Context, name string, job *Job) (result any, err error) {
	f, ok := h[name]
	if !ok {
		return nil, fmt.Errorf("%w for %s", ErrNoHandler, name)
	}
	defer func() {
		if r := recover(); r != nil {
			result, err = nil, &PanicError{r, debug.Stack()}
		}
	}()
	return f(withJob(ctx, job), job)
}

// excInfo renders an error as the traceback of a failed job, in the layout that
// Python's tools show: a heading, where it happened, and last the kind of error
// and its message.
func excInfo(function string, err error) string {
	var b strings.Builder
	b.WriteString("Traceback (most recent call last):\n")
	fmt.Fprintf(&b, "  Go handler of %s\n", function)
	var p *PanicError
	if errors.As(err, &p) {
		for _, frame := range panicFrames(p.Stack) {
			fmt.Fprintf(&b, "  %s\n", frame)
		}
	}
	fmt.Fprintf(&b, "%s: %s\n", errorKind(err), strings.ToValidUTF8(err.Error(), "\uFFFD"))
	return b.String()
}

// panicFrames returns the lines of a stack between the panic and this package.
func panicFrames(stack []byte) []string {
	lines := strings.Split(strings.TrimSpace(string(stack)), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+2 <= len(lines) {
			lines = lines[i+2:]
			break
		}
	}
	for i, line := range lines {
		if strings.HasPrefix(line, "github.com/rqgo/rq.Handlers.run") {
			lines = lines[:i]
			break
		}
	}
	return lines
}

// errorKind names the type of the innermost error that has a name of its own.
func errorKind(err error) string {
	kind := "error"
	for e := err; e != nil; e = errors.Unwrap(e) {
		t := reflect.TypeOf(e)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if name := t.String(); !strings.HasPrefix(name, "errors.") && !strings.HasPrefix(name, "fmt.") {
			kind = name
		}
	}
	return kind
}
