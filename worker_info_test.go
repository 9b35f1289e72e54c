package rq

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestWorkers(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	require.NoError(t, rdb.SAdd(ctx, "rq:workers", "rq:worker:b", "rq:worker:a", "rq:worker:dead", "rq:worker:odd", "junk").Err())
	require.NoError(t, rdb.SAdd(ctx, "rq:workers:q", "rq:worker:a", "rq:worker:dead").Err())
	require.NoError(t, rdb.HSet(ctx, "rq:worker:a", "birth", "2026-01-02T03:04:05.000006Z", "last_heartbeat", "2026-01-02T03:05:05.000000Z",
		"queues", "q,low", "pid", "17", "hostname", "host", "ip_address", "10.0.0.1", "version", "3.0.0", "python_version", "3.11",
		"state", "busy", "current_job", "j", "successful_job_count", "3", "failed_job_count", "1", "total_working_time", "1.5",
		"shutdown_requested_date", "2026-01-02T03:05:00.000000Z").Err())
	require.NoError(t, rdb.HSet(ctx, "rq:worker:b", "pid", "many").Err())
	require.NoError(t, rdb.Set(ctx, "rq:worker:odd", "text", 0).Err())

	all, err := Workers(ctx, rdb)
	require.NoError(t, err)
	want := WorkerInfo{
		Name: "a", Hostname: "host", IPAddress: "10.0.0.1", PID: 17, State: "busy", Queues: []string{"q", "low"},
		CurrentJobID: "j", Succeeded: 3, Failed: 1, WorkingTime: 1500 * time.Millisecond,
		Birth: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC), LastHeartbeat: time.Date(2026, 1, 2, 3, 5, 5, 0, time.UTC),
		ShutdownRequested: time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC), Version: "3.0.0", PythonVersion: "3.11",
	}
	assert.Equal(t, []WorkerInfo{want, {Name: "b", State: "?"}}, all)

	ofQueue, err := NewQueue(rdb, "q").Workers(ctx)
	require.NoError(t, err)
	assert.Equal(t, []WorkerInfo{want}, ofQueue)

	one, err := FindWorker(ctx, rdb, "a")
	require.NoError(t, err)
	assert.Equal(t, want, one)
	_, err = FindWorker(ctx, rdb, "dead")
	require.ErrorIs(t, err, ErrNoSuchWorker)

	n, err := CountWorkers(ctx, rdb)
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	n, err = NewQueue(rdb, "q").CountWorkers(ctx)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.EqualValues(t, 5, rdb.SCard(ctx, "rq:workers").Val(), "looking changes nothing")
}

func TestWorkerExecutions(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	q := NewQueue(rdb, "q")
	release := make(chan struct{})
	wait := HandlerFunc(func(context.Context, *Job) (any, error) { <-release; return nil, nil })
	w := startWorker(t, rdb, Handlers{"wait": wait}, WorkerConfig{Queues: []string{"q"}, Concurrency: 2})
	for _, id := range []string{"a", "b"} {
		_, err := q.Enqueue(ctx, Call("wait"), JobID(id))
		require.NoError(t, err)
	}
	var running []Execution
	require.Eventually(t, func() bool {
		var err error
		running, err = WorkerExecutions(ctx, rdb, w.Name())
		return err == nil && len(running) == 2
	}, 10*time.Second, time.Millisecond)

	assert.ElementsMatch(t, []string{"a", "b"}, []string{running[0].JobID, running[1].JobID})
	assert.False(t, running[1].CreatedAt.Before(running[0].CreatedAt))
	assert.Equal(t, w.Name(), running[0].WorkerName)

	close(release)
	w.stop(t)
	running, err := WorkerExecutions(ctx, rdb, w.Name())
	require.NoError(t, err)
	assert.Empty(t, running)
}

// TestWorkerExecutionsOfOldRQ has workers that name only the job they run.
func TestWorkerExecutionsOfOldRQ(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	since := time.Now().UTC().Truncate(time.Second)
	require.NoError(t, rdb.HSet(ctx, "rq:job:j", "data", "x", "created_at", "2026-01-02T03:04:05.000000Z",
		"started_at", since.Format("2006-01-02T15:04:05.000000Z")).Err())
	require.NoError(t, rdb.HSet(ctx, "rq:worker:w", "current_job", "j").Err())
	require.NoError(t, rdb.HSet(ctx, "rq:worker:late", "current_job", "gone").Err())

	running, err := WorkerExecutions(ctx, rdb, "w")
	require.NoError(t, err)
	require.Len(t, running, 1)
	assert.Equal(t, Execution{JobID: "j", WorkerName: "w", CreatedAt: since}, running[0])

	require.NoError(t, rdb.ZAdd(ctx, "rq:executions:j", redis.Z{Score: float64(time.Now().Unix() + 60), Member: "e"}).Err())
	require.NoError(t, rdb.HSet(ctx, "rq:execution:j:e", "id", "e", "created_at", "1767323045.5", "last_heartbeat", "1767323046").Err())
	running, err = WorkerExecutions(ctx, rdb, "w")
	require.NoError(t, err)
	require.Len(t, running, 1)
	assert.Equal(t, "e", running[0].ID)

	for _, name := range []string{"late", "nobody"} {
		running, err = WorkerExecutions(ctx, rdb, name)
		require.NoError(t, err)
		assert.Empty(t, running)
	}
}
