package rq

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/scripts"
)

// waitingFor enqueues n jobs that wait for another.
func waitingFor(t *testing.T, q *Queue, parent string, n int) {
	t.Helper()
	var items []Prepared
	for i := range n {
		items = append(items, Prepare(Call("f"), JobID(fmt.Sprint("c", i)), DependsOn(parent)))
	}
	_, err := q.EnqueueMany(t.Context(), items)
	require.NoError(t, err)
}

// runsOfEach counts how often each job has run.
func runsOfEach() (Handlers, map[string]int) {
	var mu sync.Mutex
	counts := map[string]int{}
	return Handlers{"f": HandlerFunc(func(_ context.Context, j *Job) (any, error) {
		mu.Lock()
		defer mu.Unlock()
		counts[j.ID()]++
		return nil, nil
	})}, counts
}

func eachRanOnce(t *testing.T, counts map[string]int, n int) {
	t.Helper()
	assert.Len(t, counts, n)
	for id, times := range counts {
		assert.Equal(t, 1, times, id)
	}
}

// TestBurstRunsManyDependents: more jobs wait for one than a script can release, and the
// burst does not end before they are in their queue.
func TestBurstRunsManyDependents(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	q := NewQueue(rdb, "q")
	_, err := q.Enqueue(t.Context(), Call("f"), JobID("p"))
	require.NoError(t, err)
	waitingFor(t, q, "p", 1500)
	handlers, counts := runsOfEach()

	w := startWorker(t, rdb, handlers, WorkerConfig{Queues: []string{"q"}, Burst: true, Concurrency: 10})

	require.NoError(t, w.result(t))
	eachRanOnce(t, counts, 1501)
	assert.Zero(t, rdb.Exists(t.Context(), keys.Releasing, keys.Deferred("q")).Val())
}

// TestWorkerGoesOnWithDependents: whoever ended the job died before all that waited for it
// were in their queue, and nothing else happens.
func TestWorkerGoesOnWithDependents(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	q := NewQueue(rdb, "q")
	_, err := q.Enqueue(ctx, Call("f"), JobID("p"))
	require.NoError(t, err)
	waitingFor(t, q, "p", 500)
	handlers, counts := runsOfEach()
	w := startWorker(t, rdb, handlers, WorkerConfig{Queues: []string{"q"}, JobMonitoringInterval: time.Second})
	require.Eventually(t, func() bool {
		return rdb.LLen(ctx, keys.Queue("q")).Val() == 0 && rdb.ZCard(ctx, keys.Deferred("q")).Val() == 0
	}, 15*time.Second, 10*time.Millisecond)
	require.NoError(t, rdb.HSet(ctx, keys.Job("p"), "status", "finished").Err())

	waitingForReleased(t, rdb, 500)

	assert.Eventually(t, func() bool { return rdb.ZCard(ctx, keys.Finished("q")).Val() == 1001 }, 15*time.Second, 10*time.Millisecond)
	w.stop(t)
	eachRanOnce(t, counts, 1001)
}

// waitingForReleased leaves what a worker leaves that dies when it has settled a job.
func waitingForReleased(t *testing.T, rdb *redis.Client, n int) {
	t.Helper()
	ctx := t.Context()
	pipe := rdb.TxPipeline()
	for i := range n {
		id := fmt.Sprint("late", i)
		j, err := NewQueue(rdb, "q").CreateJob(Call("f"), JobID(id))
		require.NoError(t, err)
		require.NoError(t, j.Save(ctx))
		pipe.HSet(ctx, keys.Job(id), "status", "deferred")
		pipe.ZAdd(ctx, keys.Deferred("q"), redis.Z{Score: 1, Member: id})
		pipe.SAdd(ctx, keys.Dependencies(id), "p")
		pipe.SAdd(ctx, "rq:releasing:finished:0:p", id)
	}
	pipe.ZAdd(ctx, keys.Releasing, redis.Z{Score: 1, Member: "finished:0:p"})
	_, err := pipe.Exec(ctx)
	require.NoError(t, err)
}

// TestCancelWithoutMemory: it says so, and can be repeated.
func TestCancelWithoutMemory(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	q := NewQueue(rdb, "q")
	p, err := q.Enqueue(ctx, Call("f"), JobID("p"))
	require.NoError(t, err)
	c, err := q.Enqueue(ctx, Call("f"), JobID("c"), DependsOn("p"))
	require.NoError(t, err)
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "1").Err())
	err = p.Cancel(ctx, EnqueueDependents())
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "0").Err())
	require.ErrorContains(t, err, "OOM")
	for _, j := range []*Job{p, c} {
		require.NoError(t, j.Refresh(ctx))
	}
	assert.Equal(t, []Status{StatusQueued, StatusDeferred}, []Status{p.Status(), c.Status()})

	require.NoError(t, p.Cancel(ctx, EnqueueDependents()))
	require.NoError(t, c.Refresh(ctx))
	assert.Equal(t, []Status{StatusCanceled, StatusQueued}, []Status{p.Status(), c.Status()})
	ids, err := q.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"c"}, ids)
}

// TestEnqueueManyWithManyDependencies: a job that waits for many is enqueued by itself, and
// keeps its place.
func TestEnqueueManyWithManyDependencies(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	q := NewQueue(rdb, "q")
	var parents []Prepared
	var ids []string
	for i := range scripts.ManyDependencies + 1 {
		ids = append(ids, fmt.Sprint("p", i))
		parents = append(parents, Prepare(Call("f"), JobID(ids[i])))
	}
	_, err := q.EnqueueMany(ctx, parents)
	require.NoError(t, err)
	last := NewQueue(rdb, "last")

	jobs, err := last.EnqueueMany(ctx, []Prepared{
		Prepare(Call("f"), JobID("a")), Prepare(Call("f"), JobID("b"), DependsOn(ids...)), Prepare(Call("f"), JobID("c")),
	})

	require.NoError(t, err)
	require.Len(t, jobs, 3)
	assert.Equal(t, []Status{StatusQueued, StatusDeferred, StatusQueued}, []Status{jobs[0].Status(), jobs[1].Status(), jobs[2].Status()})
	handlers, counts := runsOfEach()
	w := startWorker(t, rdb, handlers, WorkerConfig{Queues: []string{"last", "q"}, Burst: true, Concurrency: 20})
	require.NoError(t, w.result(t))
	eachRanOnce(t, counts, len(ids)+3)
	met, err := last.Enqueue(ctx, Call("f"), DependsOn(ids...))
	require.NoError(t, err)
	assert.Equal(t, StatusQueued, met.Status())
}
