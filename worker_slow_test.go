package rq

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// slowLink returns a client whose way to a server carries so many bytes a second.
func slowLink(t *testing.T, rdb *redis.Client, rate int) (through *redis.Client, gate *redistest.Gate) {
	t.Helper()
	gate = redistest.NewGate(t, rdb.Options().Addr)
	gate.Slow(rate)
	through = redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB})
	t.Cleanup(func() { _ = through.Close() })
	return through, gate
}

// waitsFor has a worker wait so long for a payload, and for so many bytes a second.
func waitsFor(least time.Duration, rate int) func(*Worker) {
	return func(w *Worker) { w.patience = patience{least, rate} }
}

// enqueueUses enqueues jobs that count their runs and use so many bytes.
// Their data is not compressed, as that of old versions, since that takes long.
func enqueueUses(t *testing.T, rdb *redis.Client, prefix string, jobs, bytes int) {
	t.Helper()
	data, err := Pickle{}.Dumps(Tuple{"use", nil, Tuple{incompressible(bytes)}, map[string]any{}})
	require.NoError(t, err)
	for i := range jobs {
		id := prefix + strconv.Itoa(i)
		_, err := NewQueue(rdb, "elsewhere").Enqueue(t.Context(), Call("use"), JobID(id))
		require.NoError(t, err)
		require.NoError(t, rdb.HSet(t.Context(), keys.Job(id), "data", data, "origin", "default").Err())
		require.NoError(t, rdb.RPush(t.Context(), keys.Queue("default"), id).Err())
	}
}

// uses counts the runs of jobs.
func (c *tally) uses(bytes *atomic.Int64) Handlers {
	return Handlers{"use": Func(func(ctx context.Context, data []byte) int {
		job, _ := CurrentJob(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.runs[job.ID()]++
		bytes.Add(int64(len(data)))
		return 1
	}, "data")}
}

// TestLargeJobsOverASlowLink has a worker that could run twenty jobs at once read them
// over a link that carries ten of them a second, each with half a second: a tenth of
// the usual time, as the link has ten times the usual bytes. It takes 2 s to carry them.
func TestLargeJobsOverASlowLink(t *testing.T) {
	t.Parallel()
	const jobs = 20
	rdb, c := ownServer(t), &tally{runs: map[string]int{}}
	through, _ := slowLink(t, rdb, 10<<20)
	var bytes atomic.Int64
	enqueueUses(t, rdb, "j", jobs, 1<<20)

	w := startWorker(t, through, c.uses(&bytes), WorkerConfig{Concurrency: jobs, JobMonitoringInterval: time.Second}, waitsFor(400*time.Millisecond, 10<<20))

	c.settled(t, rdb, jobs)
	w.stop(t)
	c.verify(t, rdb, w.Name(), jobs)
	assert.EqualValues(t, jobs<<20, bytes.Load())
}

// TestClaimsOverASlowLink has claims whose replies do not arrive in the client's time
// until they are small enough.
func TestClaimsOverASlowLink(t *testing.T) {
	t.Parallel()
	const jobs = 30
	rdb, c := ownServer(t), &tally{runs: map[string]int{}}
	_, gate := slowLink(t, rdb, 4<<20)
	through := redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB, ReadTimeout: 400 * time.Millisecond})
	defer through.Close()
	var claims atomic.Int64
	gate.Set(func(_ int, args []string) redistest.Answer {
		if isClaim(args) {
			claims.Add(1)
		}
		return redistest.Answer{}
	})
	var bytes atomic.Int64
	enqueueUses(t, rdb, "j", jobs, 100<<10)

	var log logBook
	w := startWorker(t, through, c.uses(&bytes), WorkerConfig{Concurrency: jobs, Logger: log.logger()}, waitsFor(time.Second, 10<<20))

	c.settled(t, rdb, jobs)
	w.stop(t)
	c.verify(t, rdb, w.Name(), jobs)
	assert.Contains(t, log.String(), "put back a job of a claim whose reply was lost")
	assert.Less(t, claims.Load(), int64(jobs), "they take many jobs each")
}

// TestABudgetShrinks loses claims, and answers others.
func TestABudgetShrinks(t *testing.T) {
	t.Parallel()
	c := &claimer{budget: mostBudget, debts: newDebts(nil, "w", nil, quiet)}
	for range 10 {
		c.lost([]string{"e"}, context.DeadlineExceeded)
	}
	assert.Equal(t, leastBudget, c.budget)
	assert.True(t, c.replyLost)
	assert.True(t, c.debts.lateClaims())
}

// A slowRun is a worker of two jobs at a time with one that is large, before small ones.
func slowRun(t *testing.T, rate int, wait func(*Worker)) (*testWorker, *redis.Client, *tally, *atomic.Int64) {
	t.Helper()
	rdb, c := ownServer(t), &tally{runs: map[string]int{}}
	through, _ := slowLink(t, rdb, rate)
	enqueueUses(t, rdb, "large", 1, 8<<20)
	enqueueUses(t, rdb, "small", 5, 1<<10)
	bytes := new(atomic.Int64)
	return startWorker(t, through, c.uses(bytes), WorkerConfig{Concurrency: 2}, wait), rdb, c, bytes
}

// TestSmallJobsBehindALargeOne: they run while the large one is read, which is a
// twelfth of a hundred megabytes, over 2 s.
func TestSmallJobsBehindALargeOne(t *testing.T) {
	t.Parallel()
	w, rdb, c, bytes := slowRun(t, 4<<20, waitsFor(2*time.Second, 4<<20))

	c.settled(t, rdb, 6)
	w.stop(t)
	c.verify(t, rdb, w.Name(), 6)
	assert.EqualValues(t, 8<<20+5<<10, bytes.Load())
	for i := range 5 {
		assert.Less(t, settledAt(t, rdb, "small"+strconv.Itoa(i)), settledAt(t, rdb, "large0"))
	}
}

// TestALargeJobThatCannotBeRead fails with a reason, and the small ones behind it run.
func TestALargeJobThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w, rdb, c, _ := slowRun(t, 2<<20, waitsFor(170*time.Millisecond, 100<<20))

	text := untilFailed(t, rdb, "large0")

	assert.Regexp(t, `8\d{6} bytes of the job could not be read from Redis, the last time in 1(\.\d+)?s: .*timeout`, text)
	c.settled(t, rdb, 5)
	w.stop(t)
	for i := range 5 {
		assert.Less(t, settledAt(t, rdb, "small"+strconv.Itoa(i)), settledAt(t, rdb, "large0"))
	}
	assert.Equal(t, 5, c.started())
}

// TestALargeJobThatTheServerHangsUpOn has the server close each connection that reads a
// large job, as one does whose client-output-buffer-limit is small.
func TestALargeJobThatTheServerHangsUpOn(t *testing.T) {
	t.Parallel()
	rdb, c := ownServer(t, "--client-output-buffer-limit", "normal 2mb 2mb 1"), &tally{runs: map[string]int{}}
	var bytes atomic.Int64
	through, _ := slowLink(t, rdb, 20<<20)
	enqueueUses(t, rdb, "large", 1, 20<<20)
	enqueueUses(t, rdb, "small", 5, 1<<10)
	w := startWorker(t, through, c.uses(&bytes), WorkerConfig{Concurrency: 2})

	text := untilFailed(t, rdb, "large0")

	assert.Regexp(t, `20\d{6} bytes of the job could not be read from Redis`, text)
	c.settled(t, rdb, 5)
	w.stop(t)
}

// TestShutdownWhileALargeJobIsRead: the job has not begun, and goes back at once.
func TestShutdownWhileALargeJobIsRead(t *testing.T) {
	t.Parallel()
	rdb, c := ownServer(t), &tally{runs: map[string]int{}}
	through, gate := slowLink(t, rdb, 0)
	reads := make(chan struct{})
	once := sync.OnceFunc(func() { close(reads); gate.Slow(100 << 10) })
	gate.Set(func(_ int, args []string) redistest.Answer {
		if args[0] == "hgetall" && args[1] == keys.Job("j0") {
			once()
		}
		return redistest.Answer{}
	})
	var bytes atomic.Int64
	enqueueUses(t, rdb, "j", 1, 5<<20)
	w := startWorker(t, through, c.uses(&bytes), WorkerConfig{ShutdownTimeout: 100 * time.Millisecond})
	wait(t, reads)

	w.stop(t)

	assert.Equal(t, []string{"j0"}, rdb.LRange(t.Context(), keys.Queue("default"), 0, -1).Val())
	assert.Equal(t, "queued", rdb.HGet(t.Context(), keys.Job("j0"), "status").Val())
	assertNoExecutions(t, rdb)
	assert.Zero(t, c.started())
}

// TestLargeResultOverASlowLink: it does not arrive in its time, and the jobs that end
// with it do not wait for it.
func TestLargeResultOverASlowLink(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	through, gate := slowLink(t, rdb, 0)

	r := runLarge(t, rdb, through, 4<<20, func() { gate.Slow(1 << 20) }, waitsFor(200*time.Millisecond, 100<<20))

	r.verify(t, rdb, true, "bytes do not reach Redis (its proto-max-bulk-len is 536870912)", "timeout")
}
