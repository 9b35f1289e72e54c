package rq

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// filled returns a queue with n jobs called j0, j1 and so on.
func filled(t *testing.T, n int) *Queue {
	t.Helper()
	q := NewQueue(redistest.New(t), "default")
	items := make([]Prepared, n)
	for i := range items {
		items[i] = Prepare(Call("f", i), JobID("j"+strconv.Itoa(i)))
	}
	_, err := q.EnqueueMany(t.Context(), items)
	require.NoError(t, err)
	return q
}

func TestJobIDs(t *testing.T) {
	t.Parallel()
	q := filled(t, 5)
	for _, c := range []struct {
		offset, length int
		want           []string
	}{
		{0, -1, []string{"j0", "j1", "j2", "j3", "j4"}},
		{0, 2, []string{"j0", "j1"}},
		{3, 9, []string{"j3", "j4"}},
		{3, -1, []string{"j3", "j4"}},
		{9, 1, nil},
		{0, 0, nil},
		{-2, -1, []string{"j3", "j4"}},
		{-2, 1, []string{"j3"}},
		{-2, 2, []string{"j3", "j4"}},
		{-2, 5, []string{"j3", "j4"}},
		{0, -3, []string{"j0", "j1", "j2", "j3", "j4"}},
		{2, math.MaxInt, []string{"j2", "j3", "j4"}},
		{-3, math.MaxInt, []string{"j2", "j3", "j4"}},
	} {
		got, err := q.JobIDs(t.Context(), c.offset, c.length)

		require.NoError(t, err)
		assert.ElementsMatch(t, c.want, got, "%d, %d", c.offset, c.length)
	}
}

func TestQueueReads(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), filled(t, 3)
	other := NewQueue(q.rdb, "other")
	_, err := other.Enqueue(ctx, Call("f"), JobID("elsewhere"))
	require.NoError(t, err)
	require.NoError(t, q.rdb.Del(ctx, keys.Job("j1")).Err())
	require.NoError(t, q.rdb.RPush(ctx, keys.Queue("default"), "elsewhere").Err())

	n, err := q.Count(ctx)
	require.NoError(t, err)
	assert.Equal(t, 4, n)
	empty, err := NewQueue(q.rdb, "none").IsEmpty(ctx)
	require.NoError(t, err)
	assert.True(t, empty)

	var jobs []*Job
	for j, err := range q.Jobs(ctx) {
		require.NoError(t, err)
		jobs = append(jobs, j)
	}
	require.Len(t, jobs, 2, "neither the missing one nor the one of another queue")
	assert.Equal(t, "j2", jobs[1].ID())

	at, ok, err := q.JobPosition(ctx, "j2")
	assert.Equal(t, "2 true <nil>", fmt.Sprint(at, ok, err))
	at, ok, err = jobs[0].Position(ctx)
	assert.Equal(t, "0 true <nil>", fmt.Sprint(at, ok, err))
	has, err := q.Contains(ctx, "gone")
	assert.Equal(t, "false <nil>", fmt.Sprint(has, err))

	_, err = q.FetchJob(ctx, "elsewhere")
	assert.ErrorIs(t, err, ErrNoSuchJob)
	_, err = q.FetchJob(ctx, "j1")
	assert.ErrorIs(t, err, ErrNoSuchJob)
	has, err = q.Contains(ctx, "j1")
	assert.Equal(t, "true <nil>", fmt.Sprint(has, err), "reading changes nothing")
}

// TestQueueJobsWhileTheyLeave takes jobs from the front and puts jobs there while
// they are read: each one that stays is yielded once.
func TestQueueJobsWhileTheyLeave(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, q *Queue, read int){
		"some leave": func(t *testing.T, q *Queue, read int) {
			require.NoError(t, q.rdb.LTrim(t.Context(), keys.Queue(q.name), int64(read%2), -1).Err())
		},
		"more leave than were read": func(t *testing.T, q *Queue, read int) {
			if read == jobChunk {
				require.NoError(t, q.rdb.LTrim(t.Context(), keys.Queue(q.name), 2*jobChunk, -1).Err())
			}
		},
		"many come to the front": func(t *testing.T, q *Queue, read int) {
			if read == 1 {
				require.NoError(t, q.rdb.LPush(t.Context(), keys.Queue(q.name), make([]any, 3*jobChunk)...).Err())
			}
		},
		"some leave the middle": func(t *testing.T, q *Queue, read int) {
			if read%jobChunk == 7 {
				require.NoError(t, q.rdb.LRem(t.Context(), keys.Queue(q.name), 1, "j"+strconv.Itoa(read+5)).Err())
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := filled(t, 6*jobChunk+3)
			times := map[string]int{}
			read := 0

			for j, err := range q.Jobs(t.Context()) {
				require.NoError(t, err)
				times[j.ID()]++
				read++
				change(t, q, read)
			}

			left, err := q.JobIDs(t.Context(), 0, -1)
			require.NoError(t, err)
			for _, id := range left {
				if id != "" {
					assert.Equal(t, 1, times[id], id)
				}
			}
		})
	}
}

func TestQueueJobsEndWithAnError(t *testing.T) {
	t.Parallel()
	q := filled(t, 2*jobChunk)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := 0
	var failed error

	for _, err := range q.Jobs(ctx) {
		if err != nil {
			failed = err
			continue
		}
		read++
		cancel()
	}

	require.ErrorIs(t, failed, context.Canceled)
	assert.Equal(t, jobChunk, read)
}

func TestAllQueues(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), filled(t, 1)
	_, err := NewQueue(q.rdb, "a:b").Enqueue(ctx, Call("f"))
	require.NoError(t, err)
	require.NoError(t, q.rdb.SAdd(ctx, keys.Queues, "no queue key").Err())

	queues, err := AllQueues(ctx, q.rdb, WithSerializer(JSON{}))

	require.NoError(t, err)
	var names []string
	for _, q := range queues {
		names = append(names, q.Name())
		assert.Equal(t, JSON{}, q.serializer)
	}
	assert.ElementsMatch(t, []string{"default", "a:b"}, names)
}

// TestEmptyInSteps checks queues that are longer than one step.
func TestEmptyInSteps(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), filled(t, 2*emptyChunk+7)

	var steps []string
	n, err := q.Empty(ctx, Progress(func(done, total int) { steps = append(steps, fmt.Sprint(done, "/", total)) }))

	require.NoError(t, err)
	assert.Equal(t, 2*emptyChunk+7, n)
	assert.Equal(t, []string{"500/1007", "1000/1007", "1007/1007"}, steps)
	assert.Equal(t, []string{keys.Queues}, q.rdb.Keys(ctx, "*").Val())
}

// TestCompactInSteps removes ids everywhere in a queue, while jobs are added
// and taken.
func TestCompactInSteps(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), filled(t, 3*compactChunk+7)
	var want []string
	dead := 0
	for i := range 3*compactChunk + 7 {
		id := "j" + strconv.Itoa(i)
		if i%3 == 0 {
			require.NoError(t, q.rdb.Del(ctx, keys.Job(id)).Err())
			dead++
			continue
		}
		want = append(want, id)
	}

	n, err := q.Compact(ctx)

	require.NoError(t, err)
	assert.Equal(t, dead, n)
	got, err := q.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestEmptyOfNothing(t *testing.T) {
	t.Parallel()
	q := NewQueue(redistest.New(t), "default")

	emptied, err1 := q.Empty(t.Context())
	compacted, err2 := q.Compact(t.Context())

	assert.Equal(t, "0 0 <nil> <nil>", fmt.Sprint(emptied, compacted, err1, err2))
}

func TestContextEnds(t *testing.T) {
	t.Parallel()
	q := filled(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, enqueued := q.Enqueue(ctx, Call("f"))
	_, many := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"))})
	_, empty := q.Empty(ctx)
	_, fetched := FetchJobs(ctx, q.rdb, "j0")

	for _, err := range []error{enqueued, many, empty, fetched} {
		assert.ErrorIs(t, err, context.Canceled)
	}
	n, err := q.Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 3, n)
}

func TestEnqueueManyOrderAndCounts(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	var items []Prepared
	for i := range 2*manyChunk + 3 {
		opts := []PrepareOption{JobID("j" + strconv.Itoa(i))}
		if i%10 == 9 {
			opts = append(opts, DependsOn("j"+strconv.Itoa(i-1)))
		}
		if i%10 == 8 {
			opts = append(opts, DependsOn("missing"))
		}
		items = append(items, Prepare(Call("f", i), opts...))
	}

	jobs, err := q.EnqueueMany(ctx, items)

	require.NoError(t, err)
	var queued []string
	for i, j := range jobs {
		assert.Equal(t, "j"+strconv.Itoa(i), j.ID())
		if i%10 == 9 {
			assert.True(t, j.IsDeferred())
			assert.Zero(t, j.EnqueuedAt())
			continue
		}
		assert.True(t, j.IsQueued())
		assert.WithinDuration(t, time.Now(), j.EnqueuedAt(), time.Minute)
		queued = append(queued, j.ID())
	}
	got, err := q.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, queued, got)
}

// TestEnqueueManyBothEnds mixes jobs of every way into a queue.
func TestEnqueueManyBothEnds(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), NewQueue(redistest.New(t), "default")

	_, err := q.EnqueueMany(ctx, []Prepared{
		Prepare(Call("f"), JobID("a")),
		Prepare(Call("f"), JobID("b"), AtFront()),
		Prepare(Call("f"), JobID("c"), DependsOn("missing")),
		Prepare(Call("f"), JobID("d"), DependsOn("missing"), AtFront()),
		Prepare(Call("f"), JobID("e"), AtFront()),
		Prepare(Call("f"), JobID("g")),
	})

	require.NoError(t, err)
	got, err := q.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"e", "d", "b", "a", "c", "g"}, got)
}

func TestEnqueueManyRefusesAllForOne(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")

	_, twice := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"), JobID("a")), Prepare(Call("f"), JobID("a"))})
	none, err := q.EnqueueMany(ctx, nil)

	assert.ErrorContains(t, twice, `job id "a": is given to two jobs of one call`)
	assert.Empty(t, none)
	assert.NoError(t, err)
	assertEmpty(t, rdb)
}

// TestRoundTrips counts what a job costs.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	q := NewQueue(rdb, "default")
	connect(t, rdb) // the greeting of a new connection is not counted
	commands := redistest.Commands(t, rdb)

	_, err := q.Enqueue(ctx, Call("f", 1))
	require.NoError(t, err)

	var names []string
	for _, c := range commands() {
		names = append(names, c.Args[0])
	}
	assert.Equal(t, []string{"multi", "sadd", "hset", "rpush", "exec"}, names)
}

// TestServerDies checks that an error says how much is done, and that what is
// done is there.
func TestServerDies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := redistest.Start(t, realServer(t))
	rdb := server.Client(t)
	q := NewQueue(rdb, "default")
	server.Kill9()

	_, err := q.Enqueue(ctx, Call("f"), JobID("a"))
	_, many := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"))})

	assert.ErrorContains(t, err, "rq: enqueue job a: ")
	var partial *PartialError
	assert.ErrorAs(t, many, &partial)
	assert.Zero(t, partial.Enqueued)

	server.Restart(t)
	j, err := q.Enqueue(ctx, Call("f"))
	require.NoError(t, err, "a queue has no state that a lost connection could spoil")
	assert.True(t, j.IsQueued())
}

// TestSomethingElseInItsPlace checks that a refusal of one command of a
// transaction is not taken for success.
func TestSomethingElseInItsPlace(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	require.NoError(t, rdb.Set(ctx, keys.Queue("default"), "no list", 0).Err())

	_, plain := q.Enqueue(ctx, Call("f"))
	_, unique := q.Enqueue(ctx, Call("f"), JobID("u"), Unique())
	_, waiting := q.Enqueue(ctx, Call("f"), DependsOn("none"))
	jobs, many := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"))})

	for _, err := range []error{plain, unique, waiting, many} {
		assert.ErrorContains(t, err, "WRONGTYPE")
	}
	assert.Empty(t, jobs)
}

// TestFailedEnqueueLeavesTheJob checks that a job that could not be put in another
// queue still knows its own.
func TestFailedEnqueueLeavesTheJob(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), filled(t, 1)
	j, err := q.FetchJob(ctx, "j0")
	require.NoError(t, err)
	other := NewQueue(q.rdb, "other", QueueTimeout(time.Hour))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	j.Meta["f"] = func() {}

	unwritable := other.EnqueueJob(ctx, j)
	delete(j.Meta, "f")
	for _, err := range []error{
		unwritable, other.EnqueueJob(ctx, j, Unique()), other.EnqueueJob(ended, j), other.ScheduleJob(ended, j, time.Now()),
	} {
		require.Error(t, err)
		assert.Equal(t, "default", j.Origin())
		assert.Equal(t, StatusQueued, j.Status())
		_, ok, err := j.Position(ctx)
		assert.NoError(t, err)
		assert.True(t, ok)
	}
}

// TestEnqueueOfADeferredJob checks that a job that has waited long enough is in
// its queue and nowhere else.
func TestEnqueueOfADeferredJob(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), filled(t, 1)
	j, err := q.Enqueue(ctx, Call("f"), JobID("child"), DependsOn("j0"))
	require.NoError(t, err)
	require.True(t, j.IsDeferred())
	require.NoError(t, q.rdb.HSet(ctx, keys.Job("j0"), "status", "finished").Err())

	require.NoError(t, q.EnqueueJob(ctx, j))

	assert.True(t, j.IsQueued())
	assert.Zero(t, q.rdb.Exists(ctx, keys.Deferred("default"), keys.Dependents("j0")).Val())
}

// TestManyWaitingJobs checks that the script of jobs that may wait is not sent
// with each of them.
func TestManyWaitingJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	q := NewQueue(rdb, "default")
	items := make([]Prepared, manyChunk+1)
	for i := range items {
		items[i] = Prepare(Call("f"), DependsOn("none"))
	}
	commands := redistest.Commands(t, rdb)

	jobs, err := q.EnqueueMany(ctx, items)

	require.NoError(t, err)
	assert.Len(t, jobs, manyChunk+1)
	loads := 0
	for _, c := range commands() {
		if c.Args[0] == "script" {
			loads++
		}
	}
	assert.Equal(t, 2, loads, "one for each transaction")
	n, err := q.Count(ctx)
	require.NoError(t, err)
	assert.Equal(t, manyChunk+1, n)
}

// TestEmptyWithALostReply adds jobs after the ones that were to go are gone, and
// before go-redis would send the script again.
func TestEmptyWithALostReply(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	q := NewQueue(rdb, "default")
	add := func(id string) {
		_, err := q.Enqueue(ctx, Call("f"), JobID(id))
		require.NoError(t, err)
	}
	add("first")
	_, err := q.Empty(ctx) // the server knows the script now
	require.NoError(t, err)
	add("a")
	add("b")
	emptied := func(args []string) bool { return args[0] == "evalsha" && args[3] == keys.Queue("default") }
	through, hit := losing(t, rdb, emptied, redistest.Answer{Lose: true})
	opts := through.Options()
	opts.MinRetryBackoff, opts.MaxRetryBackoff = time.Second, 2*time.Second // time to add jobs
	var n int
	done := make(chan error)
	go func() {
		var err error
		n, err = NewQueue(through, "default").Empty(ctx)
		done <- err
	}()
	wait(t, hit)
	require.Eventually(t, func() bool { return rdb.Exists(ctx, keys.Queue("default")).Val() == 0 }, time.Second, time.Millisecond)

	add("c")
	add("d")

	require.Error(t, <-done)
	assert.Zero(t, n)
	assert.Equal(t, []string{"c", "d"}, rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val())
	assert.EqualValues(t, 2, rdb.Exists(ctx, keys.Job("c"), keys.Job("d")).Val())
}

// TestEmptyRefusesTheKeyOfSomethingElse names the list of the jobs that workers of
// the queue q are taking.
func TestEmptyRefusesTheKeyOfSomethingElse(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	require.NoError(t, rdb.RPush(ctx, keys.Queue("q:intermediate"), "a").Err())
	q := NewQueue(rdb, "q:intermediate")
	var invalid *InvalidError

	_, err := q.Empty(ctx)

	require.ErrorAs(t, err, &invalid)
	require.ErrorAs(t, q.Delete(ctx), &invalid)
	assert.EqualValues(t, 1, rdb.LLen(ctx, keys.Queue("q:intermediate")).Val())
}
