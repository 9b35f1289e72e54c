package rq

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/scripts"
)

// incompressible returns n bytes that travel as they are.
func incompressible(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

// settledAt returns the server's milliseconds in which a job's latest result was
// written.
func settledAt(t *testing.T, rdb *redis.Client, id string) int64 {
	t.Helper()
	entries := rdb.XRevRangeN(t.Context(), keys.Results(id), "+", "-", 1).Val()
	require.Len(t, entries, 1, "results of %s", id)
	text, _, _ := strings.Cut(entries[0].ID, "-")
	ms, err := strconv.ParseInt(text, 10, 64)
	require.NoError(t, err)
	return ms
}

// untilFailed waits until a job has failed, and returns why.
func untilFailed(t *testing.T, rdb *redis.Client, id string) string {
	t.Helper()
	require.Eventually(t, func() bool { return rdb.HGet(t.Context(), keys.Job(id), "status").Val() == "failed" }, 20*time.Second, 5*time.Millisecond)
	job := &Job{id: id, rdb: rdb, serializer: Pickle{}} // nothing is read of one that is large
	res, err := job.LatestResult(t.Context())
	require.NoError(t, err)
	return res.ExcInfo
}

// A largeRun is a worker with a job whose result is large, and small ones behind it.
type largeRun struct {
	*testWorker
	small []string
	runs  atomic.Int64 // of the large job
}

// runLarge enqueues a job "large", whose result has so many bytes, and ten small ones.
// They end together when prepare has returned.
func runLarge(t *testing.T, rdb, through *redis.Client, bytes int, prepare func(), change ...func(*Worker)) *largeRun {
	t.Helper()
	r := &largeRun{}
	var begun sync.WaitGroup
	begun.Add(11)
	goOn, value := make(chan struct{}), incompressible(bytes)
	end := func(v any) Handler {
		return HandlerFunc(func(context.Context, *Job) (any, error) { begun.Done(); <-goOn; return v, nil })
	}
	q := NewQueue(rdb, "default")
	_, err := q.Enqueue(t.Context(), Call("large"), JobID("large"))
	require.NoError(t, err)
	for i := range 10 {
		r.small = append(r.small, "small"+strconv.Itoa(i))
		_, err := q.Enqueue(t.Context(), Call("small"), JobID(r.small[i]))
		require.NoError(t, err)
	}
	large := HandlerFunc(func(ctx context.Context, j *Job) (any, error) { r.runs.Add(1); return end(value).Handle(ctx, j) })
	r.testWorker = startWorker(t, through, Handlers{"large": large, "small": end(1)}, WorkerConfig{Concurrency: 11}, change...)
	begun.Wait()
	prepare()
	close(goOn)
	return r
}

// verify checks that the small jobs were settled, all before the large one if that was
// tried again, that this has failed for a reason, and that it ran once.
func (r *largeRun) verify(t *testing.T, rdb *redis.Client, retried bool, reasons ...string) {
	t.Helper()
	text := untilFailed(t, rdb, "large")
	for _, reason := range reasons {
		assert.Contains(t, text, reason)
	}
	for _, id := range r.small {
		require.Equal(t, "finished", rdb.HGet(t.Context(), keys.Job(id), "status").Val(), id)
		if retried {
			assert.Less(t, settledAt(t, rdb, id), settledAt(t, rdb, "large"), "%s is settled while the large one is tried again", id)
		}
	}
	assert.EqualValues(t, 1, r.runs.Load())
	r.stop(t)
	assertNoExecutions(t, rdb)
}

// TestResultLongerThanRedisTakes has Redis refuse the length of a result: it says so, or
// a connection breaks and nobody hears why.
func TestResultLongerThanRedisTakes(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]bool{"direct": false, "behind a gate": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := ownServer(t)
			through := rdb
			if behind {
				through = redis.NewClient(&redis.Options{Addr: redistest.NewGate(t, rdb.Options().Addr).Addr})
				t.Cleanup(func() { _ = through.Close() })
			}
			require.NoError(t, rdb.ConfigSet(t.Context(), "proto-max-bulk-len", "1mb").Err())

			r := runLarge(t, rdb, through, 3<<20, func() {})

			r.verify(t, rdb, false, "bytes are more than Redis accepts (its proto-max-bulk-len is 1048576)", "The outcome of the job could not be written")
		})
	}
}

// TestResultThatTheConnectionBreaksFor has every connection break that a result is
// sent on, and the server not tell its limits.
func TestResultThatTheConnectionBreaksFor(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	r := runLarge(t, beside, c, 400<<10, func() {
		gate.Set(func(_ int, args []string) redistest.Answer {
			switch {
			case args[0] == "config":
				return redistest.Answer{Error: "NOPERM this user has no permissions to run the 'config|get' command"}
			case isSettle(args) && lengthOfAll(args) > 300<<10:
				return redistest.Answer{Cut: true}
			}
			return redistest.Answer{}
		})
	})

	r.verify(t, beside, true, "bytes do not reach Redis: ", "EOF")
}

func lengthOfAll(args []string) (n int) {
	for _, arg := range args {
		n += len(arg)
	}
	return n
}

// TestResultThatThereIsNoMemoryFor sets the server's memory so that small results fit
// and a large one does not.
func TestResultThatThereIsNoMemoryFor(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	var limit string
	r := runLarge(t, rdb, rdb, 12<<20, func() {
		_, used, _ := strings.Cut(rdb.Info(t.Context(), "memory").Val(), "used_memory:")
		n, err := strconv.Atoi(strings.Fields(used)[0])
		require.NoError(t, err)
		limit = strconv.Itoa(n + 8<<20)
		require.NoError(t, rdb.ConfigSet(t.Context(), "maxmemory", limit).Err())
	})

	r.verify(t, rdb, true, "there is no memory for", "bytes in Redis (its maxmemory is "+limit+")", "OOM")
}

// TestNoMemoryForAnything has the server refuse all for want of memory: the outcome is
// kept until it can be written, though the failure was tried. It takes 5 s, since the
// outcome backs off meanwhile.
func TestNoMemoryForAnything(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	var small atomic.Int64 // tries to write the failure
	r := runLarge(t, beside, c, 400<<10, func() {
		gate.Set(func(_ int, args []string) redistest.Answer {
			if !isSettle(args) || small.Load() > 0 {
				return redistest.Answer{}
			}
			if args[3] == keys.Job("large") && lengthOfAll(args) < 300<<10 {
				small.Add(1)
			}
			return redistest.Answer{Error: "OOM command not allowed when used memory > 'maxmemory'."}
		})
	})

	require.Eventually(t, func() bool { return beside.HGet(t.Context(), keys.Job("large"), "status").Val() == "finished" }, 20*time.Second, 5*time.Millisecond)
	assert.EqualValues(t, 1, small.Load())
	assert.EqualValues(t, 1, r.runs.Load())
	r.stop(t)
}

// TestResultInABatch has the server refuse a batch for one of its jobs: the others are
// settled at once, each by itself.
func TestResultInABatch(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	w, err := NewWorker(c, nil, WorkerConfig{Logger: quiet, Concurrency: 20})
	require.NoError(t, err)
	r, err := w.newRun()
	require.NoError(t, err)
	defer r.close()
	require.NoError(t, r.presence.register(t.Context()))
	q := NewQueue(beside, "default")
	for i := range 10 {
		_, err := q.Enqueue(t.Context(), Call("f"), JobID("j"+strconv.Itoa(i)))
		require.NoError(t, err)
	}
	_, jobs, err := scripts.ClaimJobs(t.Context(), r.db, scripts.Claim{
		Worker: w.Name(), Birth: wireTime(r), Interval: 60, Composite: true, Now: serverMoment(now()),
		Queues: []scripts.ClaimQueue{{Name: "default", Open: true}}, Executions: executionIDs(10),
	})
	require.NoError(t, err)
	require.Len(t, jobs, 10)
	var batches []string // how many keys each request to settle has
	gate.Set(func(_ int, args []string) redistest.Answer {
		if !isSettle(args) {
			return redistest.Answer{}
		}
		batches = append(batches, args[2])
		if lengthOfAll(args) > 100<<10 {
			return redistest.Answer{Error: "OOM command not allowed when used memory > 'maxmemory'."}
		}
		return redistest.Answer{}
	})
	var done []<-chan settled
	for i, job := range jobs {
		e := newExecution(r.out, "default", job, now())
		value := any(i)
		if i == 3 {
			value = incompressible(100 << 10)
		}
		out := r.out.of(e, verdict{kind: finished, value: value})
		done = append(done, r.settler.submit(t.Context(), out.settle, func(reason string) scripts.Settle { return r.out.unwritten(e, reason).settle }))
	}
	close(r.settler.queue)

	r.settler.run(t.Context())

	assert.Equal(t, []string{"12", "3", "3", "3", "3", "3", "3", "3", "3", "3", "3"}, batches[:11], "all together, then each alone")
	for i := range done {
		end := <-done[i]
		assert.True(t, end.mine)
		if i == 3 {
			require.ErrorContains(t, end.refused, "there is no memory for")
			continue
		}
		require.NoError(t, end.refused)
		assert.Less(t, settledAt(t, beside, "j"+strconv.Itoa(i)), settledAt(t, beside, "j3"))
	}
}

func wireTime(r *run) string {
	return r.db.HGet(context.Background(), keys.Worker(r.cfg.Name), "birth").Val()
}

// TestAnEarlierTryWasDone: a try whose reply was lost may be done though later ones were
// refused. The job has not failed then.
func TestAnEarlierTryWasDone(t *testing.T) {
	t.Parallel()
	s := newSettler(nil, nil, 1, quiet)
	refusal := errors.New("too large")

	assert.Equal(t, settled{mine: true, refused: refusal}, s.settled(&settling{refusal: refusal, maybe: true}, true, false))
	assert.Equal(t, settled{mine: true}, s.settled(&settling{refusal: refusal, maybe: true}, false, false))
	assert.Equal(t, settled{}, s.settled(&settling{refusal: refusal}, false, false))
}

// TestPayloadsTakeTurns counts how many travel at once.
func TestPayloadsTakeTurns(t *testing.T) {
	t.Parallel()
	p := newPayloads(redistest.New(t), defaultPatience)
	var now, most atomic.Int64
	var all sync.WaitGroup
	for range 5 * payloadsAtOnce {
		all.Go(func() {
			_, err := p.carry(t.Context(), 1, 0, func(db *redis.Client) error {
				defer now.Add(-1)
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				return db.Ping(t.Context()).Err()
			})
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.LessOrEqual(t, most.Load(), int64(payloadsAtOnce))
	ended, cancel := context.WithCancelCause(t.Context())
	cancel(errShutdown)
	for range payloadsAtOnce {
		p.turns <- struct{}{}
	}
	_, err := p.carry(ended, 1, 0, func(*redis.Client) error { return errors.New("it is not its turn") })
	require.ErrorIs(t, err, errShutdown)
}

func TestPatience(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 10*time.Second, defaultPatience.limit(0, 0))
	assert.Equal(t, 110*time.Second, defaultPatience.limit(100<<20, 0))
	assert.Equal(t, 440*time.Second, defaultPatience.limit(100<<20, payloadTimeouts-1))
	assert.Positive(t, defaultPatience.limit(512<<20, payloadCuts-1))
}
