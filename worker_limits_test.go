package rq

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// TestTheLastJobOfMaxJobsTakesItsTime has a worker end by itself while its last job
// runs: that is no reason to cut the job off, as ShutdownTimeout would.
func TestTheLastJobOfMaxJobsTakesItsTime(t *testing.T) {
	t.Parallel()
	ctx, rdb, begun, goOn := t.Context(), redistest.Real(t), make(chan context.Context), make(chan struct{})
	q := NewQueue(rdb, "default")
	for range 2 {
		_, err := q.Enqueue(ctx, Call("f"))
		require.NoError(t, err)
	}
	h := Handlers{"f": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		begun <- ctx
		<-goOn
		return 1, nil
	})}
	w := startWorker(t, rdb, h, WorkerConfig{MaxJobs: 1, ShutdownTimeout: time.Millisecond})
	job := <-begun
	select {
	case <-job.Done():
		t.Error("the last job was cut off")
	case <-time.After(100 * time.Millisecond): // a hundred times as long as a shutdown would let it
	}
	close(goOn)

	require.NoError(t, w.result(t))

	assert.Equal(t, 1, w.JobsRun())
	assert.EqualValues(t, 1, rdb.ZCard(ctx, keys.Finished("default")).Val())
	assert.EqualValues(t, 1, rdb.LLen(ctx, keys.Queue("default")).Val(), "the other job is another worker's")
	assertNoExecutions(t, rdb)
}

// TestTheLastJobOfMaxJobsIsCutOffByAStop: one who asks for the end does not wait longer
// than for any other job.
func TestTheLastJobOfMaxJobsIsCutOffByAStop(t *testing.T) {
	t.Parallel()
	ctx, rdb, begun := t.Context(), redistest.Real(t), make(chan struct{})
	j, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"))
	require.NoError(t, err)
	h := Handlers{"f": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		close(begun)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})}
	w := startWorker(t, rdb, h, WorkerConfig{MaxJobs: 1, ShutdownTimeout: time.Millisecond})
	<-begun

	w.stop(t)

	assert.Equal(t, []string{j.ID()}, rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val())
	assertNoExecutions(t, rdb)
}

// TestMaxJobsCountsRuns has many slots and fewer jobs to take, of which one is run again.
func TestMaxJobsCountsRuns(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	q := NewQueue(rdb, "default")
	for range 9 {
		_, err := q.Enqueue(ctx, Call("tasks.fail", "x"), Retry{Max: 1})
		require.NoError(t, err)
	}
	w := startWorker(t, rdb, testHandlers, WorkerConfig{MaxJobs: 5, Concurrency: 20})

	require.NoError(t, w.result(t))

	assert.Equal(t, 5, w.JobsRun())
	assert.EqualValues(t, 9, rdb.LLen(ctx, keys.Queue("default")).Val(), "five of them for the second time")
}

// A silentWaiter never hears of a job.
type silentWaiter struct{}

func (silentWaiter) start([]string)                  {}
func (silentWaiter) stop()                           {}
func (silentWaiter) arrivals() <-chan arrival        { return nil }
func (silentWaiter) hints() []string                 { return nil }
func (silentWaiter) polled(string) bool              { return true }
func (silentWaiter) close(context.Context) []arrival { return nil }

// idleClaimer is a claimer that waits, with nothing in the queues.
func idleClaimer(maxIdle time.Duration) *claimer {
	return &claimer{
		cfg: &WorkerConfig{MaxIdle: maxIdle}, order: []string{"default"}, waits: silentWaiter{},
		running: newExecutions(), foreign: &foreignJobs{}, debts: newDebts(nil, "", nil, quiet), log: quiet,
	}
}

// TestMaxIdleCountsFromTheEndOfTheLastJob has jobs that take longer than MaxIdle.
func TestMaxIdleCountsFromTheEndOfTheLastJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const maxIdle, job = time.Minute, 10 * time.Minute
		began, c, first, second := time.Now(), idleClaimer(maxIdle), &execution{id: "1"}, &execution{id: "2"}
		c.running.add(first)
		c.running.add(second)
		time.AfterFunc(job, func() { c.running.remove(first) })
		time.AfterFunc(2*job, func() { c.running.remove(second) })

		state, end := c.wait(t.Context())

		assert.Equal(t, stateDone, state)
		assert.Equal(t, endIdle, end)
		assert.Equal(t, 2*job+maxIdle, time.Since(began))
	})
}

// TestMaxIdleOfAWorkerThatHasHadNoJob counts from when it began to wait.
func TestMaxIdleOfAWorkerThatHasHadNoJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := idleClaimer(time.Minute)
		time.Sleep(time.Hour) // such as for the place of another worker
		c.running.rest()
		began := time.Now()

		_, end := c.wait(t.Context())

		assert.Equal(t, endIdle, end)
		assert.Equal(t, time.Minute, time.Since(began))
	})
}

// TestASuspensionIsNoIdleTime suspends a worker for longer than MaxIdle. As in RQ, it
// does not end as soon as it may go on, before it has seen a job. It takes two of the
// seconds after which a suspended worker looks again.
func TestASuspensionIsNoIdleTime(t *testing.T) {
	t.Parallel()
	ctx, rdb, c := t.Context(), redistest.Real(t), &tally{runs: map[string]int{}}
	state := func(w *testWorker, want string) {
		t.Helper()
		require.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Worker(w.Name()), "state").Val() == want }, 10*time.Second, time.Millisecond)
	}
	require.NoError(t, Suspend(ctx, rdb, Forever))
	w := startWorker(t, rdb, c.handlers(), WorkerConfig{MaxIdle: 1500 * time.Millisecond})
	state(w, "suspended")
	time.Sleep(1600 * time.Millisecond) // longer than MaxIdle
	_, err := Resume(ctx, rdb)
	require.NoError(t, err)
	state(w, "idle")

	_, err = NewQueue(rdb, "default").Enqueue(ctx, Call("count", 0))
	require.NoError(t, err)

	require.NoError(t, w.result(t))
	assert.Equal(t, 1, c.started())
}

// TestABurstThatIsAskedToEndAtItsStart has nothing to do, and that is no error.
func TestABurstThatIsAskedToEndAtItsStart(t *testing.T) {
	t.Parallel()
	rdb, c := redistest.Real(t), &tally{runs: map[string]int{}}
	_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 0))
	require.NoError(t, err)
	w, err := NewWorker(rdb, c.handlers(), WorkerConfig{Burst: true, Logger: quiet})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	require.NoError(t, w.Run(ctx))

	assert.Zero(t, c.started())
	assert.Empty(t, rdb.Keys(t.Context(), "rq:worker*").Val())
}
