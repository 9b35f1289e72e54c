package rq

import (
	"context"
	"errors"
	"slices"
	"strconv"
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

// gated returns a client of an empty database behind a gate, and one beside it.
func gated(t *testing.T) (c, beside *redis.Client, gate *redistest.Gate) {
	t.Helper()
	beside = redistest.Real(t)
	gate = redistest.NewGate(t, beside.Options().Addr)
	c = redis.NewClient(&redis.Options{
		Addr: gate.Addr, DB: beside.Options().DB, DialerRetries: 1, MinRetryBackoff: time.Microsecond, MaxRetryBackoff: time.Microsecond,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c, beside, gate
}

// nth does something to the nth command of a name, and those after it until last.
func nth(name string, first, last int, a redistest.Answer) redistest.Rule {
	var n atomic.Int64
	return func(_ int, args []string) redistest.Answer {
		if args[0] != name {
			return redistest.Answer{}
		}
		if i := int(n.Add(1)); i >= first && i <= last {
			return a
		}
		return redistest.Answer{}
	}
}

const always = 1 << 30

// TestPartialErrorIsRight loses and refuses the transactions of an EnqueueMany at
// each place, and compares the queue with what the error says.
func TestPartialErrorIsRight(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	const n = 2*manyChunk + 200
	lose, cut, oom := redistest.Answer{Lose: true}, redistest.Answer{Cut: true}, redistest.Answer{Error: "OOM command not allowed"}
	for name, step := range map[string]struct {
		rule              redistest.Rule
		enqueued, unknown int
		lost              bool // the outcome is unknown
	}{
		"not connected":          {nth("hello", 1, always, cut), 0, 0, false},
		"the first is cut":       {nth("exec", 1, always, cut), 0, n, true},
		"the first is lost":      {nth("exec", 1, always, lose), 0, n, true},
		"the second is cut":      {nth("exec", 2, always, cut), manyChunk, n - manyChunk, true},
		"the second is lost":     {nth("exec", 2, always, lose), manyChunk, n - manyChunk, true},
		"the last is lost":       {nth("exec", 3, always, lose), 2 * manyChunk, 200, true},
		"the first is refused":   {nth("rpush", 1, 1, oom), 0, n, false},
		"the second is refused":  {nth("rpush", 2, 2, oom), manyChunk, n - manyChunk, false},
		"the last is refused":    {nth("rpush", 3, 3, oom), 2 * manyChunk, 0, false},
		"two are refused":        {nth("rpush", 2, 3, oom), manyChunk, 0, false},
		"all are refused":        {nth("rpush", 1, always, oom), 0, 0, false},
		"all saves are refused":  {nth("hset", 1, always, oom), 0, 0, false},
		"EXEC alone is refused":  {nth("exec", 1, always, oom), 0, 0, false},
		"MULTI alone is refused": {nth("multi", 1, always, redistest.Answer{Error: "NOPERM no multi"}), 0, n, true},
	} {
		gate.CutAll()
		gate.Set(step.rule)
		require.NoError(t, beside.FlushDB(t.Context()).Err())
		var items []Prepared
		for i := range n {
			items = append(items, Prepare(Call("f"), JobID("j"+strconv.Itoa(i))))
		}

		jobs, err := NewQueue(c, "default").EnqueueMany(t.Context(), items)

		var partial *PartialError
		require.ErrorAs(t, err, &partial, name)
		assert.Equal(t, step.enqueued, partial.Enqueued, "%s: %v", name, err)
		assert.Equal(t, step.unknown, partial.Unknown, "%s: %v", name, err)
		assert.Equal(t, step.lost, errors.Is(err, ErrOutcomeUnknown), "%s: %v", name, err)
		assert.Len(t, jobs, partial.Enqueued, name)
		in := beside.LRange(t.Context(), keys.Queue("default"), 0, -1).Val()
		at := map[string]bool{}
		for _, id := range in {
			require.False(t, at[id], "%s: %s is there twice", name, id)
			at[id] = true
		}
		for i := range n {
			id := "j" + strconv.Itoa(i)
			if i < partial.Enqueued {
				require.True(t, at[id], "%s: %s is said to be enqueued", name, id)
			} else if i >= partial.Enqueued+partial.Unknown {
				require.False(t, at[id], "%s: %s is said not to be enqueued", name, id)
			}
		}
	}
}

// TestEnqueueManyHasAByteBudget counts transactions and round trips of large jobs.
func TestEnqueueManyHasAByteBudget(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	var execs, largest, size atomic.Int64
	gate.Set(func(_ int, args []string) redistest.Answer {
		for _, word := range args {
			size.Add(int64(len(word)))
		}
		if args[0] == "exec" {
			execs.Add(1)
			largest.Store(max(largest.Load(), size.Swap(0)))
		}
		return redistest.Answer{}
	})
	payload := make([]byte, 300_000)
	for i := range payload {
		payload[i] = byte(i * i >> 3) // it shall not compress to nothing
	}
	items := slices.Repeat([]Prepared{Prepare(Call("f", payload))}, 60)

	jobs, err := NewQueue(c, "default").EnqueueMany(t.Context(), items)

	require.NoError(t, err)
	assert.EqualValues(t, 60, beside.LLen(t.Context(), keys.Queue("default")).Val())
	each := jobs[0].size()
	assert.LessOrEqual(t, largest.Load(), int64(manyBytes+100_000))
	want := (60 + manyBytes/each - 1) / max(1, manyBytes/each)
	assert.GreaterOrEqual(t, int(execs.Load()), want)
	found := 0
	for _, err := range NewQueue(c, "default").Jobs(t.Context()) {
		require.NoError(t, err)
		found++
	}
	assert.Equal(t, 60, found)
}

// TestByBytes divides batches.
func TestByBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sizes []int
		want  [][]int
	}{
		{nil, nil},
		{[]int{1}, [][]int{{1}}},
		{[]int{11, 1, 12}, [][]int{{11}, {1}, {12}}},
		{[]int{5, 5, 1, 9, 2}, [][]int{{5, 5}, {1, 9}, {2}}},
		{[]int{0, 0, 0, 0}, [][]int{{0, 0, 0}, {0}}},
	} {
		var batch []manyJob
		for _, n := range c.sizes {
			j := &Job{}
			j.rec.Data = make([]byte, n)
			batch = append(batch, manyJob{job: j})
		}
		var got [][]int
		for chunk := range byBytes(batch, 3, 10) {
			var sizes []int
			for _, m := range chunk {
				sizes = append(sizes, m.job.size())
			}
			got = append(got, sizes)
		}
		assert.Equal(t, c.want, got)
	}
}

// TestCallersPipelineIsSentOnce loses the reply to a caller's own pipeline and
// transaction: nothing in it is pushed twice.
func TestCallersPipelineIsSentOnce(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	require.NoError(t, beside.HSet(t.Context(), keys.Job("parent"), "data", "x", "status", "finished", "origin", "default").Err())
	for name, opts := range map[string][]EnqueueOption{"plain": nil, "waiting": {DependsOn("parent")}} {
		for how, begin := range map[string]func() redis.Pipeliner{"pipeline": c.Pipeline, "transaction": c.TxPipeline} {
			gate.CutAll()
			last := map[string]string{"plain": "rpush", "waiting": "eval"}[name]
			if how == "transaction" {
				last = "exec"
			}
			gate.Set(nth(last, 1, 1, redistest.Answer{Lose: true}))
			require.NoError(t, beside.Del(t.Context(), keys.Queue("default")).Err())
			pipe := begin()
			_, err := NewQueue(c, "default").Enqueue(t.Context(), Call("f"), append(opts, Pipeline(pipe))...)
			require.NoError(t, err)

			_, err = pipe.Exec(t.Context())

			require.Error(t, err, "%s %s", name, how)
			assert.EqualValues(t, 1, beside.LLen(t.Context(), keys.Queue("default")).Val(), "%s %s", name, how)
		}
	}
}

// TestOutcomeUnknown tells a lost reply from a refusal.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	c, _, gate := gated(t)
	q := NewQueue(c, "default")
	for _, opts := range [][]EnqueueOption{nil, {DependsOn("a")}, {JobID("own"), Unique()}} {
		for _, step := range []struct {
			answer  redistest.Answer
			unknown bool
		}{
			{redistest.Answer{Lose: true}, true},
			{redistest.Answer{Cut: true}, true},
			{redistest.Answer{Error: "OOM command not allowed"}, false},
			{redistest.Answer{Error: "LOADING Redis is loading"}, false},
		} {
			gate.CutAll()
			gate.Set(func(n int, _ []string) redistest.Answer {
				if n > 0 {
					return step.answer
				}
				return redistest.Answer{}
			})
			_, err := q.Enqueue(t.Context(), Call("f"), opts...)
			require.Error(t, err)
			assert.Equal(t, step.unknown, errors.Is(err, ErrOutcomeUnknown), "%v", err)
		}
	}
}

// failover makes the server of a gate a replica, and another one the server of later
// connections.
func failover(t *testing.T, gate *redistest.Gate, old, next *redis.Client) {
	t.Helper()
	gate.Redirect(next.Options().Addr)
	require.NoError(t, old.Do(t.Context(), "replicaof", "127.0.0.1", "1").Err())
}

// TestEnqueueAfterAFailoverBehindOneAddress has a client with connections to what
// has become a replica. Each of its two pools finds that out once.
func TestEnqueueAfterAFailoverBehindOneAddress(t *testing.T) {
	t.Parallel()
	old, next := ownServer(t), ownServer(t)
	gate := redistest.NewGate(t, old.Options().Addr)
	c := redis.NewClient(&redis.Options{Addr: gate.Addr})
	defer c.Close()
	q := NewQueue(c, "default")
	enqueue := func(opts ...EnqueueOption) error { _, err := q.Enqueue(t.Context(), Call("f"), opts...); return err }
	require.NoError(t, enqueue())
	require.NoError(t, enqueue(DependsOn("none")))
	failover(t, gate, old, next)

	for name, opts := range map[string][]EnqueueOption{"plain": nil, "waiting": {DependsOn("none")}} {
		err := enqueue(opts...)
		require.ErrorContains(t, err, "READONLY", name)
		assert.NotErrorIs(t, err, ErrOutcomeUnknown, name)
		require.NoError(t, enqueue(opts...), "%s: the second time is on a new connection", name)
	}

	assert.EqualValues(t, 2, next.LLen(t.Context(), keys.Queue("default")).Val())
	assert.EqualValues(t, 2, old.LLen(t.Context(), keys.Queue("default")).Val())
}

// TestAwaitThroughAFailover has the server become a replica while Await blocks.
func TestAwaitThroughAFailover(t *testing.T) {
	t.Parallel()
	old, next := ownServer(t), ownServer(t)
	gate := redistest.NewGate(t, old.Options().Addr)
	c := redis.NewClient(&redis.Options{Addr: gate.Addr})
	defer c.Close()
	var job *Job
	for _, rdb := range []*redis.Client{old, next} {
		j, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"), JobID("j"))
		require.NoError(t, err)
		job = j
	}
	job.rdb = c
	result := awaited(t.Context(), job)
	waitUntilBlocked(t, old, 1)

	failover(t, gate, old, next)
	waitUntilBlocked(t, next, 1)
	finish(t, next, "j", StatusFinished, returning(t, 42))

	require.NoError(t, <-result)
}

// TestAwaitGoesOnAfterARefusal refuses Await's transaction and its waiting for a
// moment, and for ever.
func TestAwaitGoesOnAfterARefusal(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	job, err := NewQueue(beside, "default").Enqueue(t.Context(), Call("f"))
	require.NoError(t, err)
	job.rdb = c
	for _, text := range []string{"LOADING Redis is loading", "NOPERM no permissions", "UNBLOCKED force unblock from blocking operation"} {
		for _, command := range []string{"hget", "xread"} {
			gate.Set(nth(command, 1, 2, redistest.Answer{Error: text}))
			ctx, cancel := context.WithCancel(t.Context())
			result := awaited(ctx, job)
			waitUntilBlocked(t, beside, 1)
			cancel()
			require.ErrorIs(t, <-result, context.Canceled, "it goes on until ctx ends")
			gate.CutAll()
		}
	}
	gate.Set(nth("hget", 1, always, redistest.Answer{Error: "NOPERM no permissions"}))
	_, err = Await[int](t.Context(), job)
	require.ErrorContains(t, err, "NOPERM")
	require.NotContains(t, err.Error(), "EXECABORT")
	require.NoError(t, beside.Set(t.Context(), keys.Results(job.id), "odd", 0).Err())
	gate.Set(nil)
	_, err = Await[int](t.Context(), job)
	require.True(t, isForeign(err), "%v", err)
	assert.True(t, strings.HasPrefix(err.Error(), "rq: await job"), "%v", err)
}
