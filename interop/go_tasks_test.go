package interop

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/pyrepr"
)

// The errors of Go's tasks have the names of the exceptions of Python's, so
// that tracebacks end alike.
type (
	ValueError        struct{ text string }
	ZeroDivisionError struct{}
	Broken            struct { //nolint:errname // Python's name
		code int
		text string
	}
	RuntimeError struct{ text string }
)

func (e ValueError) Error() string      { return e.text }
func (ZeroDivisionError) Error() string { return "division by zero" }
func (e Broken) Error() string          { return fmt.Sprintf("(%d, '%s')", e.code, e.text) }
func (e RuntimeError) Error() string    { return e.text }

// handlers mirror testdata/lab/tasks.py.
func (e *env) handlers() rq.Handlers {
	h := rq.Handlers{
		"tasks.nothing":     rq.Func(func() {}),
		"tasks.add":         rq.Func(addOptional, "a", "b"),
		"tasks.echo":        rq.HandlerFunc(echo),
		"tasks.div_by_zero": rq.Func(func(*int) error { return ZeroDivisionError{} }, "x"),
		"tasks.fail":        rq.Func(fail, "message", "code"),
		"tasks.fail_chained": rq.Func(func(message string) error {
			return RuntimeError{message}
		}, "message"),
		"tasks.progress":       rq.Func(progress, "steps"),
		"tasks.unserializable": rq.Func(func() any { return func() {} }),
		"tasks.value":          rq.Func(value, "name"),
		"tasks.nap": rq.Func(func(ctx context.Context, seconds int) error {
			<-ctx.Done()
			return context.Cause(ctx)
		}, "seconds"),
		"tasks.broken_callback": rq.HandlerFunc(func(context.Context, *rq.Job) (any, error) {
			return nil, RuntimeError{"the callback broke"}
		}),
	}
	for name, f := range map[string]rq.HandlerFunc{
		"on_success": e.onSuccess, "on_failure": e.onFailure, "on_stopped": e.onStopped,
	} {
		h["tasks."+name] = f
	}
	h["tasks.fail_times"] = rq.Func(e.failTimes, "key", "times")
	h["tasks.note"] = rq.Func(e.note, "text")
	h["tasks.wait_for"] = rq.Func(e.waitFor, "key")
	h["tasks.handle"] = rq.Func(e.handle, "who")
	h["tasks.ask_again"] = rq.Func(e.askAgain, "times")
	h["tasks.children"] = rq.Func(e.children, "job_id")
	return h
}

func addOptional(a int, b *int) int {
	if b == nil {
		return a
	}
	return a + *b
}

func echo(_ context.Context, j *rq.Job) (any, error) {
	args, err := j.Args()
	if err != nil {
		return nil, err
	}
	kwargs, err := j.Kwargs()
	if err != nil || len(args) == 1 && kwargs.Len() == 0 {
		return args[0], err
	}
	return rq.Tuple{rq.Tuple(args), kwargs}, nil
}

func fail(message *string, code *int) error {
	text := ""
	if message != nil {
		text = *message
	}
	if code != nil {
		return Broken{*code, text}
	}
	return ValueError{text}
}

func progress(ctx context.Context, steps int) (string, error) {
	job, _ := rq.CurrentJob(ctx)
	for step := range steps {
		job.Meta["step"] = step + 1
		if err := job.SaveMeta(ctx); err != nil {
			return "", err
		}
	}
	return job.ID(), nil
}

func (e *env) failTimes(ctx context.Context, key string, times int64) (int64, error) {
	n := e.db.Incr(ctx, key).Val()
	if n <= times {
		return 0, ValueError{fmt.Sprint("attempt ", n)}
	}
	return n, nil
}

func (e *env) note(ctx context.Context, text string) error {
	return e.db.RPush(ctx, "test:notes", text).Err()
}

// waitFor asks again and again, because go-redis does not end a blocking read
// with its context.
func (e *env) waitFor(ctx context.Context, key string) (string, error) {
	job, _ := rq.CurrentJob(ctx)
	e.db.RPush(ctx, key+":running", job.ID())
	for ctx.Err() == nil {
		if got, err := e.db.LPop(ctx, key).Result(); err == nil {
			return got, nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return "", context.Cause(ctx)
}

func (e *env) handle(ctx context.Context, who string) (string, error) {
	job, _ := rq.CurrentJob(ctx)
	job.Meta["handled_by"] = who
	if err := job.SaveMeta(ctx); err != nil {
		return "", err
	}
	return e.waitFor(ctx, who)
}

// askOptions are the options of a Retry in Python.
type askOptions struct {
	Max      int   `rq:"max"`
	Interval []int `rq:"interval"`
	AtFront  bool  `rq:"enqueue_at_front"`
}

func (e *env) askAgain(ctx context.Context, times *int64, options askOptions) any {
	limit := int64(3)
	if times != nil {
		limit = *times
	}
	n := e.db.Incr(ctx, "test:asked").Val()
	if n > limit {
		return n
	}
	retry := rq.Retry{Max: options.Max, AtFront: options.AtFront}
	for _, s := range options.Interval {
		retry.Intervals = append(retry.Intervals, time.Duration(s)*time.Second)
	}
	return retry
}

func (e *env) children(ctx context.Context, id string) error {
	job, _ := rq.CurrentJob(ctx)
	q := rq.NewQueue(e.db, job.Origin(), rq.Fleet(e.version))
	_, err := q.Enqueue(ctx, rq.Call("tasks.add", 1, 2), rq.JobID(id))
	return err
}

func (e *env) called(ctx context.Context, what string) (any, error) {
	return nil, e.db.RPush(ctx, "test:callbacks", what).Err()
}

func (e *env) onSuccess(ctx context.Context, j *rq.Job) (any, error) {
	outcome, ok := rq.JobOutcome(ctx)
	if !ok {
		return nil, errors.New("no outcome")
	}
	return e.called(ctx, fmt.Sprintf("success %s %s", j.ID(), pyrepr.Repr(outcome.Value)))
}

func (e *env) onFailure(ctx context.Context, j *rq.Job) (any, error) {
	outcome, _ := rq.JobOutcome(ctx)
	err := outcome.Err
	kind := fmt.Sprintf("%T", err)
	switch {
	case errors.As(err, new(*rq.JobTimeoutError)):
		kind = "JobTimeoutException"
	case errors.As(err, new(*rq.CallError)):
		kind = "TypeError"
	}
	return e.called(ctx, fmt.Sprintf("failure %s %s %v", j.ID(), kind[strings.LastIndexByte(kind, '.')+1:], err))
}

func (e *env) onStopped(ctx context.Context, j *rq.Job) (any, error) {
	return e.called(ctx, "stopped "+j.ID())
}
