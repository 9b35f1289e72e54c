package rq

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// executed returns how often a server has run the commands by which workers get jobs
// and settle them.
func executed(t *testing.T, rdb *redis.Client) (scripts, moves, unblocks int) {
	t.Helper()
	for _, m := range regexp.MustCompile(`cmdstat_(\S+):calls=(\d+)`).FindAllStringSubmatch(rdb.Info(t.Context(), "commandstats").Val(), -1) {
		n, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		switch m[1] {
		case "eval", "evalsha":
			scripts += n
		case "blmove":
			moves += n
		case "client|unblock", "client": // before Redis 7 there is one number for all of CLIENT
			unblocks += n
		}
	}
	return scripts, moves, unblocks
}

// blocked returns how many connections of workers wait in a blocking move.
func blocked(t *testing.T, rdb *redis.Client) int {
	t.Helper()
	return strings.Count(rdb.ClientList(t.Context()).Val(), " cmd=blmove ")
}

// runOne enqueues a job and waits until it has ended.
func runOne(t *testing.T, rdb *redis.Client, queue string) {
	t.Helper()
	j, err := NewQueue(rdb, queue).Enqueue(t.Context(), Call("count", 0))
	require.NoError(t, err)
	_, err = Await[any](t.Context(), j)
	require.NoError(t, err)
}

func (c *tally) assertEachRanOnce(t *testing.T, n int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Len(t, c.runs, n)
	for id, runs := range c.runs {
		assert.Equal(t, 1, runs, "runs of job %s", id)
	}
}

func manyQueues(n int) (queues []string) {
	for i := range n {
		queues = append(queues, fmt.Sprintf("q%d", i))
	}
	return queues
}

// TestManyIdleWorkersOnManyQueues has 40 workers wait on the same 10 queues. A job is
// one worker's: the others neither ask for it nor are given it in turn.
func TestManyIdleWorkersOnManyQueues(t *testing.T) {
	t.Parallel()
	const workers, jobs = 40, 30
	rdb, c, queues := ownServer(t), &tally{runs: map[string]int{}}, manyQueues(maxMovers)
	for range workers {
		startWorker(t, rdb, c.handlers(), WorkerConfig{Queues: queues}, func(w *Worker) { w.look = time.Hour })
	}
	all := func() bool { return blocked(t, rdb) == workers*len(queues) }
	require.Eventually(t, all, 20*time.Second, 10*time.Millisecond)
	scripts, moves, unblocks := executed(t, rdb)

	for i := range jobs {
		runOne(t, rdb, queues[i%len(queues)])
	}

	require.Eventually(t, all, 20*time.Second, 10*time.Millisecond)
	s, m, u := executed(t, rdb)
	t.Logf("of each job %d scripts, %d blocking moves, %d orders to end one", (s-scripts)/jobs, (m-moves)/jobs, (u-unblocks)/jobs)
	assert.Less(t, s-scripts, 5*jobs, "a claim and a settlement of each job")
	assert.Less(t, m-moves, 10*len(queues)*jobs, "those of one worker, and what begins anew every few seconds")
	assert.Less(t, u-unblocks, 10*len(queues)*jobs, "of one worker's")
	c.assertEachRanOnce(t, jobs)
}

// TestAThousandQueues checks what a worker of so many costs the server.
func TestAThousandQueues(t *testing.T) {
	t.Parallel()
	const jobs = 30
	c, queues := &tally{runs: map[string]int{}}, manyQueues(1000)
	rdb, app := allowed(t, "worker")
	w := startWatching(t, rdb, app, c, WorkerConfig{Queues: queues, Concurrency: 4})
	require.Eventually(t, func() bool { // the round of maintenance at its start is over
		return rdb.Exists(t.Context(), keys.GroupsCleaning).Val() == 1
	}, 20*time.Second, 10*time.Millisecond)
	scripts, moves, unblocks := executed(t, rdb)

	for i := range jobs {
		runOne(t, rdb, queues[i*33])
	}

	s, m, u := executed(t, rdb)
	t.Logf("of each job %d scripts", (s-scripts)/jobs)
	assert.Less(t, s-scripts, 6*jobs, "a claim, a settlement, and claims because the queue has changed")
	assert.Zero(t, m-moves)
	assert.Zero(t, u-unblocks)
	assert.LessOrEqual(t, strings.Count(rdb.ClientList(t.Context()).Val(), " name="+w.Name()+" "), 10)
	assert.NotEmpty(t, trackers(t, rdb, w.Name()), "under the worker's name as the others")
	c.assertEachRanOnce(t, jobs)
	assertNothingRefused(t, rdb)
}

// startWatching starts a worker, and returns when the server tells it of changes. Nothing
// else makes it look for jobs.
func startWatching(t *testing.T, rdb, through *redis.Client, c *tally, cfg WorkerConfig) *testWorker {
	t.Helper()
	w := startWorker(t, through, c.handlers(), cfg, func(w *Worker) { w.look = time.Hour })
	require.Eventually(t, func() bool { return len(trackers(t, rdb, w.Name())) == 1 }, 10*time.Second, time.Millisecond)
	return w
}

// trackers returns the numbers of a worker's connections that are told of changes.
func trackers(t *testing.T, rdb *redis.Client, worker string) (ids []string) {
	t.Helper()
	for line := range strings.Lines(rdb.ClientList(t.Context()).Val()) {
		if strings.Contains(line, " name="+worker+" ") && regexp.MustCompile(` flags=\w*t`).MatchString(line) {
			ids = append(ids, regexp.MustCompile(`^id=(\d+)`).FindStringSubmatch(line)[1])
		}
	}
	return ids
}

// TestAJobThatComesWhileNobodyListens has a job enqueued in the step that cuts the only
// connection on which a worker of many queues hears of jobs. go-redis makes another one
// at once, which the worker drops for its own: cutting that one does not count.
func TestAJobThatComesWhileNobodyListens(t *testing.T) {
	t.Parallel()
	ctx, rdb, c := t.Context(), redistest.Real(t), &tally{runs: map[string]int{}}
	w, jobs := startWatching(t, rdb, rdb, c, WorkerConfig{Queues: manyQueues(11)}), 0
	for cuts := int64(0); cuts < 5; jobs++ {
		var now []string
		require.Eventually(t, func() bool { now = trackers(t, rdb, w.Name()); return len(now) == 1 }, 10*time.Second, time.Millisecond)
		pipe := rdb.TxPipeline()
		killed := pipe.ClientKillByFilter(ctx, "ID", now[0])
		j, err := NewQueue(rdb, "q7").Enqueue(ctx, Call("count", 0), Pipeline(pipe))
		require.NoError(t, err)

		_, err = pipe.Exec(ctx)

		require.NoError(t, err)
		_, err = Await[any](ctx, j)
		require.NoError(t, err)
		cuts += killed.Val()
	}
	w.stop(t)
	c.assertEachRanOnce(t, jobs)
}

// TestManyQueuesWithoutTracking is for servers that do not tell which queues change, or
// not this user.
func TestManyQueuesWithoutTracking(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{"-client|tracking", "-client", "resetchannels"} {
		admin, c, log := ownServer(t), &tally{runs: map[string]int{}}, new(logBook)
		app := asUser(t, admin, "~*", "&*", "+@all", missing)
		w := startWorker(t, app, c.handlers(), WorkerConfig{Queues: manyQueues(11), Logger: log.logger()}, func(w *Worker) { w.look = time.Hour })
		require.Eventually(t, func() bool { return strings.Contains(log.String(), "asked for jobs again and again") }, 10*time.Second, time.Millisecond)

		for range 3 {
			runOne(t, admin, "q10")
		}

		w.stop(t)
		c.assertEachRanOnce(t, 3)
		assert.Equal(t, 1, strings.Count(log.String(), "CLIENT TRACKING"), log)
		assert.NotContains(t, log.String(), "wait for jobs")
	}
}

// TestAnIdleWorkerHearsOfJobsAfterAFailover freezes the connections of an idle worker
// without closing them, as a master does from which Sentinel has turned away, or a hole
// in the network. The server still moves an id for a frozen connection.
//
// It takes up to 12 s, because silent connections are given up after so long: a blocking
// move of up to 2 s has 3 s more for its reply, any other command 3 s, and an id must be
// in the intermediate queue for 2 s to be nobody's. The one connection of a worker of
// many queues is tested after 5 s.
func TestAnIdleWorkerHearsOfJobsAfterAFailover(t *testing.T) {
	t.Parallel()
	for name, queues := range map[string][]string{"a queue": {"q0"}, "many queues": manyQueues(11)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb, c := t.Context(), redistest.Real(t), &tally{runs: map[string]int{}}
			through, relay := relayed(t, rdb, 0)
			w := startWorker(t, through, c.handlers(), WorkerConfig{Queues: queues}, func(w *Worker) { w.look = time.Hour })
			require.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Worker(w.Name()), "state").Val() == "idle" }, 10*time.Second, time.Millisecond)

			relay.Freeze()

			for range 3 {
				_, err := NewQueue(rdb, "q0").Enqueue(ctx, Call("count", 0))
				require.NoError(t, err)
			}
			require.Eventually(t, func() bool { return rdb.ZCard(ctx, keys.Finished("q0")).Val() == 3 }, 30*time.Second, 10*time.Millisecond)
			w.stop(t)
			c.assertEachRanOnce(t, 3)
			assert.Zero(t, rdb.Exists(ctx, keys.Intermediate("q0")).Val())
		})
	}
}
