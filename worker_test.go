package rq

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// quiet is a logger for tests that make workers complain.
var quiet = slog.New(slog.DiscardHandler)

// testHandlers are functions that tests enqueue.
var testHandlers = Handlers{
	"tasks.add":  Func(func(a, b int) int { return a + b }, "a", "b"),
	"tasks.fail": Func(errors.New, "message"),
	"tasks.wait": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}),
}

// burst runs a worker until the queue "default" is empty.
func burst(t testing.TB, rdb redis.UniversalClient, cfg WorkerConfig) {
	t.Helper()
	cfg.Burst, cfg.Logger = true, quiet
	w, err := NewWorker(rdb, testHandlers, cfg)
	require.NoError(t, err)
	require.NoError(t, w.Run(t.Context()))
}

func TestWorkerRunsAJob(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	job, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("tasks.add", 2, Kw("b", 3)))
	require.NoError(t, err)

	burst(t, rdb, WorkerConfig{})

	sum, err := ResultOf[int](t.Context(), job)
	require.NoError(t, err)
	assert.Equal(t, 5, sum)
	require.NoError(t, job.Refresh(t.Context()))
	assert.Equal(t, StatusFinished, job.Status())
}

func TestWorkerEndsWithItsContext(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	w, err := NewWorker(rdb, testHandlers, WorkerConfig{Logger: quiet})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	job, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.add", 2, 3))
	require.NoError(t, err)
	sum, err := Await[int](ctx, job)
	require.NoError(t, err)
	assert.Equal(t, 5, sum)

	cancel()

	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the worker does not end")
	}
}
