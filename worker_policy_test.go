package rq

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestNewWorkerReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)

	_, err := NewWorker(rdb, Handlers{"a": nil, "b": Func(func(a int) {}, "x", "y"), "c": HandlerFunc(nil)}, WorkerConfig{
		Queues: []string{"x", "x", ""}, Name: "a\nb", Concurrency: -1, Strategy: "none", MaxJobs: -1, MaxIdle: -1,
		ResultTTL: time.Millisecond, WorkerTTL: 1, JobMonitoringInterval: 1, MaintenanceInterval: 1, ShutdownTimeout: -2,
		UnknownFunc: 7, Fleet: "0.9", ExceptionHandlers: []ExceptionHandler{nil},
	})

	require.Error(t, err)
	for _, name := range []string{
		`handler "a"`, `handler "b"`, `handler "c"`, `queue "x"`, `queue name ""`, `worker name "a\nb"`, "concurrency -1", `strategy "none"`,
		"max jobs -1", "max idle", "result ttl", "worker ttl", "job monitoring interval", "maintenance interval", "shutdown timeout",
		"unknown func 7", `fleet "0.9"`, "exception handler 0",
	} {
		assert.ErrorContains(t, err, name)
	}
	var invalid *InvalidError
	assert.ErrorAs(t, err, &invalid)
}

func TestNewWorkerRefusesACluster(t *testing.T) {
	t.Parallel()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer cluster.Close()
	_, err := NewWorker(cluster, nil, WorkerConfig{})
	assert.ErrorIs(t, err, ErrCluster)
	_, err = NewWorker(nil, nil, WorkerConfig{})
	var invalid *InvalidError
	assert.ErrorAs(t, err, &invalid)
}

// ran enqueues a call, has a worker run it in burst, and returns the job.
func ran(t *testing.T, handlers Handlers, cfg WorkerConfig, call FuncCall, opts ...EnqueueOption) (*redis.Client, *Job) {
	t.Helper()
	rdb := redistest.New(t)
	job, err := NewQueue(rdb, "default").Enqueue(t.Context(), call, opts...)
	require.NoError(t, err)
	cfg.Burst, cfg.Logger = true, quiet
	w, err := NewWorker(rdb, handlers, cfg)
	require.NoError(t, err)
	require.NoError(t, w.Run(t.Context()))
	require.NoError(t, job.Refresh(t.Context()))
	return rdb, job
}

func excOf(t *testing.T, j *Job) string {
	t.Helper()
	exc, err := j.ExcInfo(t.Context())
	require.NoError(t, err)
	return exc
}

func TestAHandlerCannotTakeAWorkerDown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		handler HandlerFunc
		want    string
	}{
		{"panic", func(context.Context, *Job) (any, error) { panic("no") }, "panic: no"},
		{"panic with nil error", func(context.Context, *Job) (any, error) { panic(error(nil)) }, "panic"},
		{"exit", func(context.Context, *Job) (any, error) { runtime.Goexit(); return nil, nil }, "Goexit"},
		{"error", func(context.Context, *Job) (any, error) { return 1, errors.New("broken") }, "error: broken"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, job := ran(t, Handlers{"f": tt.handler}, WorkerConfig{}, Call("f"))
			assert.Equal(t, StatusFailed, job.Status())
			assert.Contains(t, excOf(t, job), tt.want)
		})
	}
}

func TestAJobIsTheCurrentOne(t *testing.T) {
	t.Parallel()
	f := HandlerFunc(func(ctx context.Context, job *Job) (any, error) {
		current, ok := CurrentJob(ctx)
		if !ok || current != job || job.Status() != StatusStarted {
			return nil, errors.New("another job")
		}
		job.Meta["step"] = 2
		if err := job.SaveMeta(ctx); err != nil {
			return nil, err
		}
		return job.ID(), nil
	})
	_, job := ran(t, Handlers{"f": f}, WorkerConfig{Name: "w"}, Call("f"), Meta(map[string]any{"a": 1}))
	id, err := ResultOf[string](t.Context(), job)
	require.NoError(t, err)
	assert.Equal(t, job.ID(), id)
	assert.Equal(t, map[string]any{"a": int64(1), "step": int64(2)}, job.Meta)
	assert.Equal(t, "w", job.WorkerName())
}

// calls notes what callbacks and exception handlers are told.
type calls struct {
	mu   sync.Mutex
	list []string
}

func (c *calls) note(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, text)
}

func (c *calls) callback(name string) HandlerFunc {
	return func(ctx context.Context, job *Job) (any, error) {
		outcome, ok := JobOutcome(ctx)
		if !ok {
			return nil, errors.New("no outcome")
		}
		text := name + " " + string(job.Status())
		if v, ok := outcome.Value.(int); ok && v == 5 {
			text += " 5"
		}
		if outcome.Err != nil {
			text += " " + outcome.Err.Error()
		}
		c.note(text)
		return nil, nil
	}
}

func TestCallbacksKnowTheOutcome(t *testing.T) {
	t.Parallel()
	opts := []EnqueueOption{OnSuccess(Callback{Func: "ok"}), OnFailure(Callback{Func: "bad"})}
	for call, want := range map[string]string{"tasks.add": "ok finished 5", "tasks.fail": "bad failed broken"} {
		c := new(calls)
		handlers := Handlers{"ok": c.callback("ok"), "bad": c.callback("bad")}
		for name, h := range testHandlers {
			handlers[name] = h
		}
		args := map[string]FuncCall{"tasks.add": Call(call, 2, 3), "tasks.fail": Call(call, "broken")}[call]
		ran(t, handlers, WorkerConfig{}, args, opts...)
		assert.Equal(t, []string{want}, c.list)
	}
}

func TestExceptionHandlersAreAskedInTurn(t *testing.T) {
	t.Parallel()
	c := new(calls)
	handler := func(name string, more bool) ExceptionHandler {
		return func(ctx context.Context, job *Job, err error) bool {
			_, current := CurrentJob(ctx)
			if current {
				c.note(name + " " + err.Error())
			}
			return more
		}
	}
	broken := func(context.Context, *Job, error) bool { panic("no") }
	_, job := ran(t, testHandlers, WorkerConfig{ExceptionHandlers: []ExceptionHandler{
		handler("first", true), broken, handler("second", false), handler("third", true),
	}}, Call("tasks.fail", "x"))
	assert.Equal(t, []string{"first x", "second x"}, c.list)
	assert.Equal(t, StatusFailed, job.Status())
}

func TestUnknownFunctionFails(t *testing.T) {
	t.Parallel()
	_, job := ran(t, testHandlers, WorkerConfig{UnknownFunc: UnknownFails}, Call("tasks.other"))
	assert.Equal(t, StatusFailed, job.Status())
	assert.Contains(t, excOf(t, job), "no handler is registered for tasks.other")
}

// idleWorker runs a worker until the test ends, and returns when it waits for
// jobs.
func idleWorker(t *testing.T, rdb *redis.Client, cfg WorkerConfig) *Worker {
	t.Helper()
	cfg.Logger = quiet
	w, err := NewWorker(rdb, testHandlers, cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
	})
	waits(t, rdb, w)
	return w
}

func TestMalformedJobsFailWithAReason(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]string{
		"timeout": "3m", "created_at": "yesterday", "retries_left": "x", "dependency_ids": "{", "data": "no pickle", "ttl": "1.5",
	} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			q := NewQueue(rdb, "default")
			job, err := q.Enqueue(t.Context(), Call("tasks.add", 1, 2))
			require.NoError(t, err)
			require.NoError(t, rdb.HSet(t.Context(), "rq:job:"+job.ID(), field, value).Err())
			good, err := q.Enqueue(t.Context(), Call("tasks.add", 1, 2))
			require.NoError(t, err)

			burst(t, rdb, WorkerConfig{})

			require.NoError(t, job.Refresh(t.Context()))
			assert.Equal(t, StatusFailed, job.Status())
			exc := excOf(t, job)
			assert.True(t, strings.Contains(exc, field) || field == "data", exc)
			sum, err := ResultOf[int](t.Context(), good)
			require.NoError(t, err)
			assert.Equal(t, 3, sum)
		})
	}
}

func TestSuspendedWorkerTakesNothing(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	w := idleWorker(t, rdb, WorkerConfig{Queues: []string{"high", "default"}})
	require.NoError(t, rdb.Set(t.Context(), "rq:suspended", 1, 0).Err())
	job, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("tasks.add", 1, 2))
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		return rdb.HGet(t.Context(), "rq:worker:"+w.Name(), "state").Val() == "suspended"
	}, 10*time.Second, time.Millisecond)
	assert.Equal(t, []string{job.ID()}, rdb.LRange(t.Context(), "rq:queue:default", 0, -1).Val())
	assert.Zero(t, rdb.Exists(t.Context(), "rq:queue:default:intermediate").Val())

	require.NoError(t, rdb.Del(t.Context(), "rq:suspended").Err())

	_, err = Await[int](t.Context(), job)
	require.NoError(t, err)
}
