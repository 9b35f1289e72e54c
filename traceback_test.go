package rq

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func divide(a, b int) int { return a / b }

// tracebackOf returns the traceback of a job with the place of each call as its
// file's name and no line number.
func tracebackOf(t *testing.T, h Handler, call FuncCall) string {
	t.Helper()
	job, err := CreateJob(nil, call)
	require.NoError(t, err)
	_, err = Handlers{"f": h}.run(t.Context(), "f", job)
	require.Error(t, err)
	place := regexp.MustCompile(`File ".*/([^/]+\.go)", line [0-9]+`)
	return place.ReplaceAllString(excInfo("f", err), "$1")
}

// TestTraceback checks that a traceback reads as Python's do, with the calls of
// the user and no others.
func TestTraceback(t *testing.T) {
	t.Parallel()
	const head = "Traceback (most recent call last):\n"
	again := HandlerFunc(func(context.Context, *Job) (any, error) {
		defer func() { panic(fmt.Sprintf("again: %v", recover())) }()
		return divide(1, 0), nil
	})
	for _, c := range []struct {
		name string
		h    Handler
		call FuncCall
		want string
	}{
		{
			"panic", Func(func(x int) int { return divide(x, 0) }, "x"), Call("f", 1),
			"  traceback_test.go, in rq.TestTraceback.func2\n  traceback_test.go, in rq.divide\npanic: runtime error: integer divide by zero\n",
		},
		{
			"panic in a raw handler", HandlerFunc(func(context.Context, *Job) (any, error) { panic(errors.New("oh no")) }), Call("f"),
			"  traceback_test.go, in rq.TestTraceback.func3\npanic: oh no\n",
		},
		{
			"panic in a panic", again, Call("f"),
			"  traceback_test.go, in rq.TestTraceback.func1\n  traceback_test.go, in rq.divide\n" +
				"  traceback_test.go, in rq.TestTraceback.func1.1\npanic: again: runtime error: integer divide by zero\n",
		},
		{
			"missing", Func(divide, "a", "b"), Call("tasks.divide", 1),
			"  Go handler of f\nTypeError: divide() missing 1 required positional argument: 'b'\n",
		},
		{
			"wrong type", Func(divide, "a", "b"), Call("divide", 1, "x"),
			"  Go handler of f\nTypeError: divide() argument 'b': cannot use str as int\n",
		},
		{
			"wrong type by hand", HandlerFunc(func(_ context.Context, job *Job) (any, error) {
				var n int
				return nil, job.Arg(0, &n)
			}), Call("f", "x"),
			"  Go handler of f\nTypeError: rq: read argument 0 of f: cannot use str as int\n",
		},
		{
			"error", Func(func() error { return errors.New("a\xff") }), Call("f"),
			"  Go handler of f\nerror: a\uFFFD\n",
		},
		{
			"typed error", Func(func() error { return fmt.Errorf("wrapped: %w", &customError{}) }), Call("f"),
			"  Go handler of f\nrq.customError: wrapped: custom\n",
		},
	} {
		assert.Equal(t, head+c.want, tracebackOf(t, c.h, c.call), c.name)
	}
}

// TestTracebackOfForeignStacks checks that a *PanicError that a user made is
// shown as well as it can be.
func TestTracebackOfForeignStacks(t *testing.T) {
	t.Parallel()
	for _, stack := range []string{"", "nonsense", string(debug.Stack()), "goroutine 1 [running]:\npanic(1)\n\tx.go:1\nmain.f\n\ty", "\npanic("} {
		got := excInfo("f", &PanicError{Value: "no", Stack: []byte(stack)})

		assert.Equal(t, "Traceback (most recent call last):\n  Go handler of f\npanic: no\n", got, strings.TrimSpace(stack))
	}
}
