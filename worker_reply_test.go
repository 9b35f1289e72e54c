package rq

import (
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

// isClaim reports whether a command claims jobs.
func isClaim(args []string) bool {
	if args[0] != "evalsha" || len(args) < 6 || !strings.HasPrefix(args[3], "rq:worker:") {
		return false
	}
	most, err := strconv.Atoi(args[5])
	return err == nil && most > 0
}

// isSettle reports whether a command settles jobs.
func isSettle(args []string) bool {
	return args[0] == "evalsha" && len(args) > 3 && strings.HasPrefix(args[3], "rq:job:")
}

// isMove reports whether a command waits for jobs.
func isMove(args []string) bool { return args[0] == "blmove" }

// losing returns a client whose first command of a kind meets an answer, and a channel
// that is closed then. The server knows the scripts of a worker, so that no answer is
// met in vain.
func losing(t *testing.T, rdb *redis.Client, which func(args []string) bool, a redistest.Answer) (through *redis.Client, hit chan struct{}) {
	t.Helper()
	gate := redistest.NewGate(t, rdb.Options().Addr)
	hit = make(chan struct{})
	met := false
	gate.Set(func(_ int, args []string) redistest.Answer {
		if met || !which(args) {
			return redistest.Answer{}
		}
		met = true
		close(hit)
		return a
	})
	through = redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB, ReadTimeout: 300 * time.Millisecond})
	t.Cleanup(func() { _ = through.Close() })
	return through, hit
}

// warmServer returns a client of an empty server that knows a worker's scripts.
func warmServer(t *testing.T) *redis.Client {
	t.Helper()
	rdb := ownServer(t)
	_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("tasks.add", 1, 2))
	require.NoError(t, err)
	burst(t, rdb, WorkerConfig{})
	require.NoError(t, rdb.FlushDB(t.Context()).Err())
	return rdb
}

// wait waits until a channel is closed, or has an item.
func wait[T any](t *testing.T, c <-chan T) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(10 * time.Second):
		t.Fatal("it does not come")
	}
}

// TestNoJobIsLostOrRunTwiceWithALostReply checks each way that a message of a
// worker can get lost, for a job that arrives while it waits.
func TestNoJobIsLostOrRunTwiceWithALostReply(t *testing.T) {
	t.Parallel()
	for script, which := range map[string]func([]string) bool{"claim": isClaim, "settle": isSettle} {
		for name, answer := range map[string]redistest.Answer{"not sent": {Cut: true}, "reply lost": {Lose: true}} {
			t.Run(script+" "+name, func(t *testing.T) {
				t.Parallel()
				rdb, c := warmServer(t), &tally{runs: map[string]int{}}
				_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 5), Retry{Max: 3})
				require.NoError(t, err)
				through, hit := losing(t, rdb, which, answer)
				w := startWorker(t, through, c.handlers(), WorkerConfig{Concurrency: 2})
				wait(t, hit)

				c.settled(t, rdb, 1)
				w.stop(t)
				c.verify(t, rdb, w.Name(), 1)
				for id := range c.runs {
					assert.Equal(t, "3", rdb.HGet(t.Context(), keys.Job(id), "retries_left").Val())
				}
			})
		}
	}
}

// TestLateClaim has the server get a claim long after the worker has given it up,
// because the network kept it. The job that it takes goes back to its queue.
func TestLateClaim(t *testing.T) {
	t.Parallel()
	rdb, c := warmServer(t), &tally{runs: map[string]int{}}
	late := make(chan struct{})
	through, hit := losing(t, rdb, isClaim, redistest.Answer{Until: late})
	release := sync.OnceFunc(func() { close(late) })
	t.Cleanup(release)
	w := startWorker(t, through, c.handlers(), WorkerConfig{JobMonitoringInterval: time.Second})
	wait(t, hit)
	w.untilItWaits(t)
	_, err := NewQueue(rdb, "default").EnqueueMany(t.Context(), []Prepared{Prepare(Call("count", 500)), Prepare(Call("count", 1))})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return c.started() == 1 }, 10*time.Second, time.Millisecond)

	release()

	c.settled(t, rdb, 2)
	w.stop(t)
	c.verify(t, rdb, w.Name(), 2)
}

// TestLostClaimAtShutdown loses the reply to the last claim of a worker.
func TestLostClaimAtShutdown(t *testing.T) {
	t.Parallel()
	rdb := warmServer(t)
	job, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 5))
	require.NoError(t, err)
	through, hit := losing(t, rdb, isClaim, redistest.Answer{Lose: true})
	w := startWorker(t, through, Handlers{}, WorkerConfig{})
	wait(t, hit)

	w.stop(t)

	assert.Equal(t, []string{job.ID()}, rdb.LRange(t.Context(), keys.Queue("default"), 0, -1).Val())
	assert.Equal(t, "queued", rdb.HGet(t.Context(), keys.Job(job.ID()), "status").Val())
	assertNoExecutions(t, rdb)
}

// TestLostReplyOfAMove loses the reply of a blocking move that has an id in it. The id
// is in the intermediate queue then, and the worker does not know it. It takes over 2 s,
// because an id must have been there for so long to be nobody's.
func TestLostReplyOfAMove(t *testing.T) {
	t.Parallel()
	for name, refused := range map[string]bool{"killed": false, "of a connection without a number": true} {
		for _, then := range []string{"another job comes", "the worker stops"} {
			t.Run(name+", "+then, func(t *testing.T) {
				t.Parallel()
				rdb, c := ownServer(t), &tally{runs: map[string]int{}}
				through, hit := losingMove(t, rdb, refused)
				w := startWorker(t, through, c.handlers(), WorkerConfig{Concurrency: 2})
				wait(t, hit)
				_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 0))
				require.NoError(t, err)
				require.Eventually(t, func() bool { return rdb.LLen(t.Context(), keys.Intermediate("default")).Val() == 1 }, 10*time.Second, time.Millisecond)

				if then == "the worker stops" {
					w.stop(t)
					assert.Zero(t, rdb.LLen(t.Context(), keys.Intermediate("default")).Val())
					assert.EqualValues(t, 1, rdb.LLen(t.Context(), keys.Queue("default")).Val())
					assert.Zero(t, c.started())
					return
				}
				_, err = NewQueue(rdb, "default").Enqueue(t.Context(), Call("count", 0))
				require.NoError(t, err)
				c.settled(t, rdb, 2)
				w.stop(t)
				c.verify(t, rdb, w.Name(), 2)
			})
		}
	}
}

// losingMove is losing for the first blocking move, of a server that may have refused to
// tell its number of a connection.
func losingMove(t *testing.T, rdb *redis.Client, refused bool) (through *redis.Client, hit chan struct{}) {
	t.Helper()
	gate := redistest.NewGate(t, rdb.Options().Addr)
	hit = make(chan struct{})
	met := false
	gate.Set(func(_ int, args []string) redistest.Answer {
		switch {
		case refused && args[0] == "client":
			return redistest.Answer{Error: "NOPERM this user has no permissions to run the 'client' command"}
		case met || !isMove(args):
			return redistest.Answer{}
		}
		met = true
		close(hit)
		return redistest.Answer{Lose: true}
	})
	through = redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB})
	t.Cleanup(func() { _ = through.Close() })
	return through, hit
}
