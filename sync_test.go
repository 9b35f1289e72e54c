package rq

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

type customError struct{}

func (customError) Error() string { return "custom" }

func TestSync(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	q := NewQueue(redistest.New(t), "default", Sync(Handlers{
		"ok": HandlerFunc(func(ctx context.Context, job *Job) (any, error) {
			current, ok := CurrentJob(ctx)
			assert.True(t, ok)
			assert.Same(t, job, current)
			assert.True(t, job.IsStarted())
			return 42, nil
		}),
		"error":   Func(func() error { return errors.Join(customError{}) }),
		"panic":   Func(func() { panic("oh no") }),
		"timeout": Func(func(ctx context.Context) error { <-ctx.Done(); return context.Cause(ctx) }),
	}))
	for _, c := range []struct {
		name   string
		opts   []EnqueueOption
		status Status
		exc    []string
	}{
		{"ok", nil, StatusFinished, nil},
		{"error", nil, StatusFailed, []string{"Traceback (most recent call last):\n  Go handler of error\n", "custom\n"}},
		{"panic", nil, StatusFailed, []string{"sync_test.go\", line ", ", in rq.TestSync.func", "\npanic: oh no\n"}},
		{"timeout", []EnqueueOption{Timeout(time.Second)}, StatusFailed, []string{"rq.timeouts.JobTimeoutException: Task exceeded maximum timeout value (1 seconds)\n"}},
		{"missing", nil, StatusFailed, []string{"no handler is registered for missing\n"}},
	} {
		j, err := q.Enqueue(ctx, Call(c.name), c.opts...)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.status, j.Status(), c.name)

		exc, err := j.ExcInfo(ctx)
		require.NoError(t, err)
		for _, text := range c.exc {
			assert.Contains(t, exc, text, c.name)
		}
		n, err := ResultOf[int](ctx, j)
		if c.exc == nil {
			assert.NoError(t, err)
			assert.Equal(t, 42, n)
		} else {
			var failed *FailedError
			assert.ErrorAs(t, err, &failed, c.name)
		}
	}
	empty, err := q.IsEmpty(ctx)
	require.NoError(t, err)
	assert.True(t, empty, "no worker may find them")
}

func TestSyncCallbacks(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var called []string
	note := HandlerFunc(func(_ context.Context, job *Job) (any, error) {
		called = append(called, string(job.Status()))
		return nil, nil
	})
	q := NewQueue(redistest.New(t), "default", Sync(Handlers{
		"ok":   Func(func() {}),
		"no":   Func(func() error { return customError{} }),
		"note": note,
	}))

	_, err1 := q.Enqueue(ctx, Call("ok"), OnSuccess(Callback{Func: "note"}), OnFailure(Callback{Func: "missing"}))
	_, err2 := q.Enqueue(ctx, Call("no"), OnFailure(Callback{Func: "note"}), OnSuccess(Callback{Func: "missing"}))
	_, err3 := q.Enqueue(ctx, Call("ok"), OnSuccess(Callback{Func: "missing"}))

	assert.NoError(t, errors.Join(err1, err2))
	assert.ErrorIs(t, err3, ErrNoHandler)
	assert.Equal(t, []string{"finished", "failed"}, called)
}

// TestLateSyncJobsFail checks that a limit holds for handlers that do not heed
// it, and for callbacks.
func TestLateSyncJobsFail(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	late := HandlerFunc(func(ctx context.Context, _ *Job) (any, error) { <-ctx.Done(); return "late", nil })
	q := NewQueue(redistest.New(t), "default", Sync(Handlers{
		"late": late,
		"ok":   HandlerFunc(func(context.Context, *Job) (any, error) { return nil, nil }),
	}))

	j, err := q.Enqueue(ctx, Call("late"), Timeout(time.Second))
	_, callback := q.Enqueue(ctx, Call("ok"), OnSuccess(Callback{Func: "late", Timeout: time.Second}))

	require.NoError(t, err)
	assert.True(t, j.IsFailed())
	var timeout *JobTimeoutError
	assert.ErrorAs(t, callback, &timeout)
}

// TestSyncOutlivesItsContext checks that the outcome of a job is stored when the
// caller gave up meanwhile.
func TestSyncOutlivesItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	rdb := redistest.New(t)
	q := NewQueue(rdb, "default", Sync(Handlers{
		"f": Func(func(ctx context.Context) error { cancel(); return context.Cause(ctx) }),
	}))

	_, err := q.Enqueue(ctx, Call("f"), JobID("j"))

	require.NoError(t, err)
	j, err := FetchJob(t.Context(), rdb, "j")
	require.NoError(t, err)
	assert.True(t, j.IsFailed())
}

func TestNoCurrentJob(t *testing.T) {
	t.Parallel()
	job, ok := CurrentJob(t.Context())

	assert.Nil(t, job)
	assert.False(t, ok)
}
