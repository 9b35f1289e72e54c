package rq

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// tally is a handler that counts how often it ran for each job, and takes as
// many milliseconds as its argument says.
type tally struct {
	mu   sync.Mutex
	runs map[string]int
}

func (c *tally) handlers() Handlers {
	return Handlers{"count": Func(func(ctx context.Context, ms int) error {
		job, _ := CurrentJob(ctx)
		c.mu.Lock()
		c.runs[job.ID()]++
		c.mu.Unlock()
		time.Sleep(time.Duration(ms) * time.Millisecond) // the work
		return nil
	}, "ms")}
}

func (c *tally) started() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.runs)
}

// verify checks that each of n jobs has run once, that this is written once, and
// that nothing is left of any execution.
func (c *tally) verify(t *testing.T, rdb *redis.Client, worker string, n int) {
	t.Helper()
	ctx := t.Context()
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Len(t, c.runs, n)
	for id, runs := range c.runs {
		assert.Equal(t, 1, runs, "runs of job %s", id)
		assert.EqualValues(t, 1, rdb.XLen(ctx, keys.Results(id)).Val(), "results of job %s", id)
		assert.Equal(t, "finished", rdb.HGet(ctx, keys.Job(id), "status").Val(), "job %s", id)
	}
	assert.EqualValues(t, n, rdb.ZCard(ctx, keys.Finished("default")).Val())
	assert.Equal(t, strconv.Itoa(n), rdb.HGet(ctx, keys.Worker(worker), "successful_job_count").Val())
	assertNoExecutions(t, rdb)
	assert.Zero(t, rdb.Exists(ctx, keys.Queue("default"), keys.Intermediate("default"), keys.Failed("default")).Val())
}

// assertNoExecutions checks that no key speaks of a job that runs.
func assertNoExecutions(t *testing.T, rdb *redis.Client) {
	t.Helper()
	for _, pattern := range []string{"rq:execution*", "rq:wip:*", "rq:worker:*:executions"} {
		assert.Empty(t, rdb.Keys(t.Context(), pattern).Val())
	}
}

func (c *tally) settled(t *testing.T, rdb *redis.Client, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		return rdb.ZCard(t.Context(), keys.Finished("default")).Val() == int64(n)
	}, time.Minute, 2*time.Millisecond, "%d jobs are to finish", n)
}

// TestWorkerSurvivesClientKill kills the connections of a worker one after the
// other, of every kind, while jobs come and run.
func TestWorkerSurvivesClientKill(t *testing.T) {
	t.Parallel()
	const jobs, kills = 300, 200
	rdb, c := ownServer(t), &tally{runs: map[string]int{}}
	w := startWorker(t, rdb, c.handlers(), WorkerConfig{Concurrency: 4, MaintenanceInterval: time.Second}, shortGrace)
	w.untilItWaits(t)
	var wg sync.WaitGroup
	wg.Go(func() { enqueueSlowly(t, rdb, jobs) })
	killed := map[string]int{}
	for range kills {
		require.Eventually(t, func() bool {
			command, ok := killOne(t, rdb, w.Name())
			if ok {
				killed[command]++
			}
			return ok
		}, 10*time.Second, time.Millisecond)
		time.Sleep(time.Duration(rand.IntN(15)) * time.Millisecond) // anything may happen now
	}
	wg.Wait()
	c.settled(t, rdb, jobs)
	w.stop(t)

	t.Logf("killed while doing: %v", killed)
	c.verify(t, rdb, w.Name(), jobs)
}

// enqueueSlowly enqueues jobs so that a worker is idle now and then.
func enqueueSlowly(t *testing.T, rdb *redis.Client, jobs int) {
	q := NewQueue(rdb, "default")
	for i := 0; i < jobs; {
		for range min(rand.IntN(12), jobs-i) {
			_, err := q.Enqueue(t.Context(), Call("count", rand.IntN(8)), JobID("j"+strconv.Itoa(i)), Unique())
			if !assert.NoError(t, err) {
				return
			}
			i++
		}
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond) // the pace of producers
	}
}

// killOne kills a connection with a name, whatever it is for: all that were last
// used for the same are as likely as one that was used for something else. It
// returns what that was.
func killOne(t *testing.T, rdb *redis.Client, name string) (command string, ok bool) {
	ids := map[string]string{}
	for line := range strings.Lines(rdb.ClientList(t.Context()).Val()) {
		client := map[string]string{}
		for _, field := range strings.Fields(line) {
			key, value, _ := strings.Cut(field, "=")
			client[key] = value
		}
		if client["name"] == name {
			ids[client["cmd"]] = client["id"]
		}
	}
	for command, id := range ids { // in random order
		return command, rdb.ClientKillByFilter(t.Context(), "ID", id).Val() == 1
	}
	return "", false
}

// TestWorkerSurvivesServerCrash kills the server again and again while jobs run.
// It keeps what it has acknowledged.
func TestWorkerSurvivesServerCrash(t *testing.T) {
	t.Parallel()
	const jobs, crashes = 400, 5
	server := redistest.Start(t, realServer(t), "--appendonly", "yes", "--appendfsync", "always")
	rdb, c := server.Client(t), &tally{runs: map[string]int{}}
	q := NewQueue(rdb, "default")
	for i := range jobs {
		_, err := q.Enqueue(t.Context(), Call("count", rand.IntN(30)), JobID("j"+strconv.Itoa(i)))
		require.NoError(t, err)
	}
	w := startWorker(t, rdb, c.handlers(), WorkerConfig{Concurrency: 4, MaintenanceInterval: time.Second}, shortGrace)
	for range crashes {
		time.Sleep(time.Duration(50+rand.IntN(100)) * time.Millisecond) // anything may happen now
		server.Kill9()
		time.Sleep(time.Duration(rand.IntN(100)) * time.Millisecond) // it is away for a while
		server.Restart(t)
	}
	c.settled(t, rdb, jobs)
	w.stop(t)

	c.verify(t, rdb, w.Name(), jobs)
}

// TestIdleWorkerSurvivesServerCrash checks that a worker that waits finds its way
// to the server again.
func TestIdleWorkerSurvivesServerCrash(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, realServer(t), "--appendonly", "yes", "--appendfsync", "always")
	rdb, c := server.Client(t), &tally{runs: map[string]int{}}
	w := startWorker(t, rdb, c.handlers(), WorkerConfig{Concurrency: 4})
	w.untilItWaits(t)
	server.Restart(t)

	_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 0))
	require.NoError(t, err)

	c.settled(t, rdb, 1)
	w.stop(t)
	c.verify(t, rdb, w.Name(), 1)
}
