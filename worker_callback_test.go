package rq

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/scripts"
)

// TestHeartbeatsLastUntilTheNext, whatever the timeout of the job and however long ago
// it began: its function may be over, and its callbacks are not.
func TestHeartbeatsLastUntilTheNext(t *testing.T) {
	t.Parallel()
	began := time.Now()
	for _, every := range []time.Duration{time.Second, 30 * time.Second, time.Minute, time.Hour} {
		for _, limit := range []time.Duration{time.Second, 5 * time.Second, DefaultTimeout, Forever, 99999 * time.Second} {
			for _, age := range []time.Duration{0, 3 * time.Second, time.Minute, 24 * time.Hour} {
				h, e := &heartbeats{every: every}, &execution{created: began, limit: limit}

				running := h.executionTTL(e, began.Add(age))
				e.callback.Store(true)
				after := h.executionTTL(e, began.Add(age))

				assert.GreaterOrEqual(t, running, max(60, inSeconds(every)+30), "every %v, timeout %v, after %v", every, limit, age)
				assert.LessOrEqual(t, running, inSeconds(every)+60)
				assert.Equal(t, inSeconds(every)+60, after, "in a callback no timeout of the function counts")
			}
		}
	}
}

// TestACallbackLastsLongerThanTheTimeout of its function, at a worker whose heartbeats
// are rare. Until the next heartbeat nobody finds the job abandoned.
func TestACallbackLastsLongerThanTheTimeout(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	calling, goOn := make(chan struct{}), make(chan struct{})
	j, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.add", 1, 2), Timeout(time.Second), OnSuccess(Callback{Func: "note"}))
	require.NoError(t, err)
	w := startWorker(t, rdb, Handlers{
		"tasks.add": testHandlers["tasks.add"],
		"note":      HandlerFunc(func(context.Context, *Job) (any, error) { close(calling); <-goOn; return nil, nil }),
	}, WorkerConfig{JobMonitoringInterval: 100 * time.Second})
	<-calling

	server, err := rdb.Time(ctx).Result()
	require.NoError(t, err)
	found, err := scripts.FindAbandoned(ctx, rdb, "default", 0, 10, server.Unix()+100)

	require.NoError(t, err)
	assert.Empty(t, found)
	close(goOn)
	require.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Job(j.ID()), "status").Val() == "finished" }, 10*time.Second, time.Millisecond)
	w.stop(t)
}

// TestTheEndOfAWorkerDuringACallback: the function has returned, so it does not run
// again, whether the callback heeds its context or not. How it ended is recorded.
func TestTheEndOfAWorkerDuringACallback(t *testing.T) {
	t.Parallel()
	for name, heeds := range map[string]bool{"that heeds its context": true, "that does not": false} {
		for call, want := range map[string]Status{"good": StatusFinished, "bad": StatusFailed} {
			t.Run(name+", of a "+call+" run", func(t *testing.T) {
				t.Parallel()
				ctx, rdb := t.Context(), redistest.New(t)
				var runs atomic.Int64
				calling, over := make(chan struct{}), make(chan struct{})
				t.Cleanup(func() { close(over) })
				handlers := Handlers{
					"good": Func(func() string { runs.Add(1); return "receipt" }),
					"bad":  Func(func() error { runs.Add(1); return errors.New("no funds") }),
					"mail": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
						close(calling)
						if !heeds {
							<-over
						}
						<-ctx.Done()
						return nil, context.Cause(ctx)
					}),
				}
				j, err := NewQueue(rdb, "default").Enqueue(ctx, Call(call), OnSuccess(Callback{Func: "mail"}), OnFailure(Callback{Func: "mail"}))
				require.NoError(t, err)
				w := startWorker(t, rdb, handlers, WorkerConfig{ShutdownTimeout: 10 * time.Millisecond})
				<-calling

				w.cancel()
				err = w.result(t)

				assert.Equal(t, heeds, err == nil, "a handler that does not return is reported: %v", err)
				next, err := NewWorker(rdb, handlers, WorkerConfig{Burst: true, Logger: quiet})
				require.NoError(t, err)
				require.NoError(t, next.Run(ctx))
				require.NoError(t, j.Refresh(ctx))
				assert.Equal(t, want, j.Status())
				assert.EqualValues(t, 1, runs.Load())
				assert.EqualValues(t, 1, rdb.XLen(ctx, keys.Results(j.ID())).Val())
				assertNoExecutions(t, rdb)
			})
		}
	}
}
