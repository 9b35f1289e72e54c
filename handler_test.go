package rq

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// TestBadHandlers checks that all of them are named at once, and by their own
// faults also behind middleware.
func TestBadHandlers(t *testing.T) {
	t.Parallel()
	handlers := Handlers{
		"tasks.good": Func(func() {}),
		"tasks.add":  Func(func(int, chan int) {}),
		"tasks.nil":  nil,
		"tasks.raw":  HandlerFunc(nil),
		"tasks.job":  Func(func(context.Context, *Job) (any, error) { return nil, nil }),
		"tasks.text": Func("text"),
		"tasks.none": Func(nil),
		"":           Func(func() {}),
	}.With(func(next Handler) Handler { return HandlerFunc(next.Handle) })
	q := NewQueue(redistest.New(t), "default", Sync(handlers))

	_, err := q.Enqueue(t.Context(), Call("tasks.good"))

	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	assert.EqualError(t, err, `rq: handler "": must have the name of a Python function
rq: handler "tasks.add": parameter 2 (chan int) cannot come from Python
rq: handler "tasks.job": takes a *Job: use HandlerFunc instead of Func, or CurrentJob
rq: handler "tasks.nil": must not be nil
rq: handler "tasks.none": <nil> is not a function or is nil
rq: handler "tasks.raw": must not be nil
rq: handler "tasks.text": string is not a function or is nil`)
}

// TestBadHandlerRuns checks that a bad handler that was run anyway says so.
func TestBadHandlerRuns(t *testing.T) {
	t.Parallel()
	_, err := Func(5).Handle(t.Context(), new(Job))

	assert.EqualError(t, err, "int is not a function or is nil")
}

func TestWith(t *testing.T) {
	t.Parallel()
	var order []string
	note := func(name string) Middleware {
		return func(next Handler) Handler {
			return HandlerFunc(func(ctx context.Context, job *Job) (any, error) {
				order = append(order, name)
				return next.Handle(ctx, job)
			})
		}
	}
	plain := Handlers{"f": Func(func() { order = append(order, "f") })}
	job, err := CreateJob(nil, Call("tasks.f"))
	require.NoError(t, err)

	_, err = plain.With(note("outer"), note("inner")).run(t.Context(), "f", job)
	require.NoError(t, err)
	_, err = plain.run(t.Context(), "f", job)
	require.NoError(t, err)

	assert.Equal(t, []string{"outer", "inner", "f", "f"}, order, "With returns other handlers")
}

// TestHandleWhatCannotBeRead checks a job whose data is no call.
func TestHandleWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	job, err := CreateJob(nil, Call("f"))
	require.NoError(t, err)
	job.rec.Data = []byte("nonsense")

	_, err = Func(func() {}).Handle(t.Context(), job)

	var unread *DeserializeError
	assert.ErrorAs(t, err, &unread)
}

// TestInstance checks that a method's object is its function's first argument.
func TestInstance(t *testing.T) {
	t.Parallel()
	type greeter struct {
		Name string `rq:"name"`
	}
	greet := Func(func(self greeter, word string) string { return word + " " + self.Name }, "self", "word")
	state, err := NewDict(Item{Key: "name", Value: "Ann"})
	require.NoError(t, err)
	object := &PyObject{Callable: Global{Module: "tasks", Name: "Greeter"}, New: true, State: state, HasState: true}
	job, err := CreateJob(nil, FuncCall{Func: "greet", Instance: object, Args: Tuple{"hello"}})
	require.NoError(t, err)

	got, err := greet.Handle(t.Context(), job)

	require.NoError(t, err)
	assert.Equal(t, "hello Ann", got)
}

// BenchmarkFunc compares a bound function with one that reads the arguments.
func BenchmarkFunc(b *testing.B) {
	job, err := CreateJob(nil, Call("tasks.add", 2, Kw("b", 3)))
	if err != nil {
		b.Fatal(err)
	}
	for name, h := range map[string]Handler{
		"func": Func(func(a, b int) (int, error) { return a + b, nil }, "a", "b"),
		"raw": HandlerFunc(func(_ context.Context, job *Job) (any, error) {
			var a, b int
			err := errors.Join(job.Arg(0, &a), job.Kwarg("b", &b))
			return a + b, err
		}),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.Handle(b.Context(), job); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
