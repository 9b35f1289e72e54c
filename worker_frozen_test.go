package rq

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// relayed returns a client of a relay to rdb's database, which waits so long for a
// reply; 0 is as long as by default.
func relayed(t *testing.T, rdb *redis.Client, timeout time.Duration) (*redis.Client, *redistest.Relay) {
	t.Helper()
	relay := redistest.NewRelay(t, rdb.Options().Addr)
	through := redis.NewClient(&redis.Options{Addr: relay.Addr, DB: rdb.Options().DB, ReadTimeout: timeout})
	t.Cleanup(func() { relay.Thaw(); _ = through.Close() })
	return through, relay
}

// TestStopWithAFrozenServer stops a worker when the server does not answer any more,
// and closes nothing. Run returns all the same, and has ended what it started.
func TestStopWithAFrozenServer(t *testing.T) {
	t.Parallel()
	back := make(chan struct{})
	t.Cleanup(func() { close(back) })
	obeys := func(ctx context.Context) { <-ctx.Done() }
	for _, c := range []struct {
		name  string
		cfg   WorkerConfig
		job   func(ctx context.Context) // that runs meanwhile
		state string                    // of the worker when the server freezes, or any
		stuck bool                      // the job's handler does not return
	}{
		{name: "that starts"},
		{name: "idle", state: "idle"},
		{name: "suspended", state: "suspended"},
		{name: "idle with many queues", cfg: WorkerConfig{Queues: manyQueues(maxMovers + 1)}, state: "idle"},
		{name: "with a scheduler", cfg: WorkerConfig{Scheduler: true}, state: "idle"},
		{name: "with a job", job: obeys, state: "busy"},
		{name: "with a handler that does not return", job: func(context.Context) { <-back }, state: "busy", stuck: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb, began := t.Context(), redistest.Real(t), make(chan struct{})
			through, relay := relayed(t, rdb, time.Minute)
			if c.state == "suspended" {
				require.NoError(t, Suspend(ctx, rdb, Forever))
			}
			c.cfg.ShutdownTimeout = 50 * time.Millisecond
			w := startWorker(t, through, Handlers{"f": Func(func(ctx context.Context) { close(began); c.job(ctx) })}, c.cfg)
			if c.job != nil {
				_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"))
				require.NoError(t, err)
				<-began
			}
			require.Eventually(t, func() bool {
				state, err := rdb.HGet(ctx, keys.Worker(w.Name()), "state").Result()
				return state == c.state || (err == nil && c.state == "")
			}, 10*time.Second, time.Millisecond)
			relay.FreezeAll()

			w.cancel()

			err := w.result(t) // before anything thaws, and long before a reply is given up
			var stuck *StuckError
			if c.stuck {
				require.ErrorAs(t, err, &stuck)
				return
			}
			require.NoError(t, err)
			w.assertGone(t)
		})
	}
}

// TestStopAtTheStartWithAFrozenServer is for a worker that is not registered yet.
func TestStopAtTheStartWithAFrozenServer(t *testing.T) {
	t.Parallel()
	through, relay := relayed(t, redistest.Real(t), time.Minute)
	relay.FreezeAll()
	w := startWorker(t, through, Handlers{}, WorkerConfig{ShutdownTimeout: 50 * time.Millisecond})
	time.Sleep(50 * time.Millisecond) // it waits for the server's first answer

	w.cancel()

	require.NoError(t, w.result(t))
	w.assertGone(t)
}

// TestStopWhileTheSchedulerWaits for a reply that does not come. All else is written,
// so the worker could end at once: it ends when the scheduler has had its time.
func TestStopWhileTheSchedulerWaits(t *testing.T) {
	t.Parallel()
	rdb, back := redistest.Real(t), make(chan struct{})
	gate := redistest.NewGate(t, rdb.Options().Addr)
	through := redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB, ReadTimeout: time.Minute})
	t.Cleanup(func() { close(back); _ = through.Close() })
	w := startWorker(t, through, Handlers{}, WorkerConfig{Scheduler: true, ShutdownTimeout: 50 * time.Millisecond})
	require.Eventually(t, func() bool {
		return rdb.HGet(t.Context(), keys.Worker(w.Name()), "state").Val() == "idle"
	}, 10*time.Second, time.Millisecond)
	gate.Set(func(_ int, args []string) redistest.Answer {
		if slices.Contains(args, keys.Scheduled("default")) {
			return redistest.Answer{Until: back}
		}
		return redistest.Answer{}
	})
	require.Eventually(t, func() bool { return gate.Refused() > 0 }, 10*time.Second, time.Millisecond)

	w.stop(t)

	assert.False(t, rdb.SIsMember(t.Context(), keys.Workers, keys.Worker(w.Name())).Val())
}

// TestStopForeverDuringAWebhook: a worker that waits for all may take its time with
// webhooks, and is taken out of the workers after that. It takes four seconds, twice the
// time that the worker would have to write what is left.
func TestStopForeverDuringAWebhook(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	called, goOn := make(chan struct{}), make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { close(called); <-goOn }))
	t.Cleanup(receiver.Close)
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.add", 1, 2), Webhook{URL: receiver.URL, JobStatus: StatusFinished, Timeout: time.Minute})
	require.NoError(t, err)
	w := startWorker(t, rdb, testHandlers, WorkerConfig{ShutdownTimeout: Forever})
	<-called

	w.cancel()
	time.Sleep(2*writeGrace + 200*time.Millisecond)
	close(goOn)

	require.NoError(t, w.result(t))
	w.assertGone(t)
	assert.False(t, rdb.SIsMember(ctx, keys.Workers, keys.Worker(w.Name())).Val())
	assert.NotEmpty(t, rdb.HGet(ctx, keys.Worker(w.Name()), "death").Val())
}
