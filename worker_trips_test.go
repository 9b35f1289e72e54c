package rq

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// trips counts the round trips of a client.
type trips struct{ n atomic.Int64 }

func (h *trips) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.n.Add(1)
		return next(ctx, cmd)
	}
}

func (h *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.n.Add(1)
		return next(ctx, cmds)
	}
}

// counted runs a worker until the test ends, and returns the number of its
// round trips, but for those in which it waits for jobs.
func counted(t *testing.T, rdb *redis.Client, cfg WorkerConfig) *trips {
	t.Helper()
	cfg.Logger = quiet
	w, err := NewWorker(rdb, testHandlers, cfg)
	require.NoError(t, err)
	w.look = time.Hour // looks for jobs that were left come every few seconds
	r, err := w.newRun()
	require.NoError(t, err)
	h := new(trips)
	r.db.AddHook(h)
	require.NoError(t, r.start(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.work(ctx) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-ended)
		r.close()
	})
	waits(t, rdb, w)
	require.Eventually(t, func() bool { // the round of maintenance at its start is over
		return rdb.Exists(t.Context(), keys.GroupsCleaning).Val() == 1
	}, 10*time.Second, time.Millisecond)
	return h
}

// waits returns when a worker waits for jobs on all its queues.
func waits(t *testing.T, rdb *redis.Client, w *Worker) {
	t.Helper()
	require.Eventually(t, func() bool {
		n := 0
		for line := range strings.Lines(rdb.ClientList(t.Context()).Val()) {
			if strings.Contains(line, " name="+w.Name()+" ") && strings.Contains(line, " cmd=blmove ") {
				n++
			}
		}
		return n == len(w.cfg.Queues)
	}, 10*time.Second, time.Millisecond)
}

func TestALoneJobTakesTwoRoundTrips(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 10} {
		rdb := redistest.Real(t)
		h := counted(t, rdb, WorkerConfig{Concurrency: concurrency})
		q := NewQueue(rdb, "default")
		run := func() {
			job, err := q.Enqueue(t.Context(), Call("tasks.add", 2, 3))
			require.NoError(t, err)
			_, err = Await[int](t.Context(), job)
			require.NoError(t, err)
		}
		run() // the server learns the scripts
		before := h.n.Load()

		for range 20 {
			run()
		}

		assert.LessOrEqual(t, h.n.Load()-before, int64(2*20), "with %d at once", concurrency)
	}
}

// TestABusyWorkerSharesRoundTrips takes the best of some tries: a machine that has
// no time for the server makes batches small.
func TestABusyWorkerSharesRoundTrips(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	h := counted(t, rdb, WorkerConfig{Concurrency: 50})
	q := NewQueue(rdb, "default")
	const n = 5000
	items := make([]Prepared, n)
	for i := range items {
		items[i] = Prepare(Call("tasks.add", 2, 3))
	}
	best := 1.0

	for try := int64(1); try <= 5 && best >= 0.1; try++ {
		before := h.n.Load()
		_, err := q.EnqueueMany(t.Context(), items)
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return rdb.ZCard(t.Context(), "rq:finished:default").Val() == n*try
		}, time.Minute, time.Millisecond)
		best = min(best, float64(h.n.Load()-before)/n)
		t.Logf("%.3f round trips for each job", best)
	}

	assert.Less(t, best, 0.1)
}

// TestAnIdleWorkerIsSilent: heartbeats apart, which come every 30 s, looks for jobs that
// were left, and blocking moves, which begin anew every few seconds.
func TestAnIdleWorkerIsSilent(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	h := counted(t, rdb, WorkerConfig{Queues: []string{"high", "default", "low"}, Concurrency: 10})
	before := h.n.Load()
	watched := redistest.Commands(t, rdb)

	time.Sleep(time.Second) // there is no signal for nothing

	for _, command := range watched() {
		assert.Regexp(t, "^blmove ", command)
	}
	assert.Equal(t, before, h.n.Load())
}
