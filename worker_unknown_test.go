package rq

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestUnknownFunctionStaysInItsPlace(t *testing.T) {
	t.Parallel()
	rdb, job := ran(t, testHandlers, WorkerConfig{}, Call("tasks.other"), Retry{Max: 1})
	assert.Equal(t, StatusQueued, job.Status())
	left, _ := job.RetriesLeft()
	assert.Equal(t, 1, left)
	assert.Equal(t, []string{job.ID()}, rdb.LRange(t.Context(), "rq:queue:default", 0, -1).Val())
	assert.Empty(t, rdb.Keys(t.Context(), "rq:execution*").Val())
	assert.Empty(t, rdb.Keys(t.Context(), "rq:wip*").Val())
}

func TestUnknownCallbackStaysInItsPlace(t *testing.T) {
	t.Parallel()
	rdb, job := ran(t, testHandlers, WorkerConfig{}, Call("tasks.add", 1, 2), OnSuccess(Callback{Func: "tasks.other"}))
	assert.Equal(t, StatusQueued, job.Status())
	assert.Equal(t, []string{job.ID()}, rdb.LRange(t.Context(), "rq:queue:default", 0, -1).Val())
}

func TestAJobThatWasLeftIsFoundByAnother(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	idleWorker(t, rdb, WorkerConfig{})
	q := NewQueue(rdb, "default")
	other, err := q.Enqueue(t.Context(), Call("tasks.other"))
	require.NoError(t, err)
	known, err := q.Enqueue(t.Context(), Call("tasks.add", 1, 2))
	require.NoError(t, err)
	_, err = Await[int](t.Context(), known)
	require.NoError(t, err)

	w, err := NewWorker(rdb, Handlers{"tasks.other": Func(func() int { return 7 })}, WorkerConfig{Logger: quiet, MaxJobs: 1})
	require.NoError(t, err)
	require.NoError(t, w.Run(t.Context()))

	n, err := Await[int](t.Context(), other)
	require.NoError(t, err)
	assert.Equal(t, 7, n)
}

// TestALongUnknownJobStays: data that is too long for the reply to a claim is read once, and
// then its job is known.
func TestALongUnknownJobStays(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q := NewQueue(rdb, "default")
	data := make([]byte, 2*leastBudget)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data) // it must not become short by compression
	long, err := q.Enqueue(t.Context(), Call("tasks.other", data))
	require.NoError(t, err)
	known, err := q.Enqueue(t.Context(), Call("tasks.add", 1, 2))
	require.NoError(t, err)
	book := new(logBook)
	w, err := NewWorker(rdb, testHandlers, WorkerConfig{Burst: true, Logger: book.logger()})
	require.NoError(t, err)

	require.NoError(t, w.Run(t.Context()))

	_, err = ResultOf[int](t.Context(), known)
	require.NoError(t, err)
	assert.Equal(t, []string{long.ID()}, rdb.LRange(t.Context(), "rq:queue:default", 0, -1).Val())
	assert.Len(t, book.lines("left for a worker that has its functions"), 1)
	assert.Len(t, book.lines("has no handler here"), 1)
	assert.EqualValues(t, 1, w.JobsRun())
}

// mixed enqueues jobs of other functions, and known ones behind each so many of them.
func mixed(t *testing.T, rdb *redis.Client, queue string, others, behind int) (left, known []string) {
	t.Helper()
	var items []Prepared
	for i := range others {
		left = append(left, fmt.Sprint(queue, "-other", i))
		items = append(items, Prepare(Call("tasks.other", i), JobID(left[i])))
		if (i+1)%behind == 0 {
			known = append(known, fmt.Sprint(queue, "-known", len(known)))
			items = append(items, Prepare(Call("tasks.note"), JobID(known[len(known)-1])))
		}
	}
	_, err := NewQueue(rdb, queue).EnqueueMany(t.Context(), items)
	require.NoError(t, err)
	return left, known
}

// TestABurstLeavesUnknownFunctionsInOrder: known jobs run in order wherever they are, in
// the first queue first, and the burst ends and says how many others are left.
func TestABurstLeavesUnknownFunctionsInOrder(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 7} {
		for _, others := range []int{1, 300, 1500} {
			t.Run(fmt.Sprint(others, " others, ", concurrency, " at once"), func(t *testing.T) {
				t.Parallel()
				rdb := redistest.New(t)
				high, first := mixed(t, rdb, "high", others, others)
				low, second := mixed(t, rdb, "low", others, max(1, others/40))
				book := new(logBook)
				c := new(calls)
				note := HandlerFunc(func(_ context.Context, j *Job) (any, error) { c.note(j.ID()); return nil, nil })
				w, err := NewWorker(rdb, Handlers{"tasks.note": note}, WorkerConfig{
					Queues: []string{"high", "low"}, Burst: true, Concurrency: concurrency, Logger: book.logger(),
				})
				require.NoError(t, err)

				require.NoError(t, w.Run(t.Context()))

				if concurrency == 1 && others < lookEnd {
					assert.Equal(t, append(first, second...), c.list)
				} else {
					assert.ElementsMatch(t, append(first, second...), c.list)
				}
				assert.Equal(t, high, rdb.LRange(t.Context(), "rq:queue:high", 0, -1).Val())
				assert.Equal(t, low, rdb.LRange(t.Context(), "rq:queue:low", 0, -1).Val())
				assert.Zero(t, rdb.Exists(t.Context(), "rq:failed:high", "rq:failed:low").Val())
				assert.Len(t, book.lines("have no handler"), 0)
				assert.Len(t, book.lines("has no handler"), 2, "one for each queue and function")
				require.Len(t, book.lines("burst ends"), 1)
				assert.Contains(t, book.lines("burst ends")[0], fmt.Sprintf(`jobs=%d queues="[high low]"`, 2*others))
			})
		}
	}
}

// foreigners returns what looks for known jobs in the queue "default".
func foreigners(rdb *redis.Client) *foreignJobs {
	f := newForeignJobs(&WorkerConfig{}, Handlers{"tasks.note": nil}, &outcomes{serializer: Pickle{}}, rdb, quiet)
	f.queues["default"] = &mixedQueue{}
	return f
}

// TestLooksFindEachKnownJob has others take and add jobs between looks. Each look says
// truly where the jobs are, and costs no more than it may.
func TestLooksFindEachKnownJob(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 5 {
		rdb, ctx := redistest.Real(t), t.Context() // miniredis takes long for long queues
		mixed(t, rdb, "default", 100+r.IntN(3000), 1+r.IntN(200))
		var looks, reads, lists int
		counting := redis.NewClient(rdb.Options())
		defer counting.Close()
		counting.AddHook(tap{func(name string) {
			if n := 0; strings.HasPrefix(name, "hmget x ") {
				_, _ = fmt.Sscanf(name, "hmget x %d", &n)
				reads += n
			} else if strings.HasPrefix(name, "lrange") || strings.HasPrefix(name, "llen") {
				lists++
			}
		}})
		f := foreigners(counting)
		step := func(burst bool) int {
			if q := f.queues["default"]; q != nil {
				q.next, q.goOn, q.known = time.Time{}, time.Time{}, nil
			}
			reads, lists = 0, 0
			found, err := f.look(ctx, "default", 1+r.IntN(20), burst)
			require.NoError(t, err)
			assert.LessOrEqual(t, reads, lookJobs+lookEnd)
			assert.LessOrEqual(t, lists, 4)
			for i, job := range found {
				assert.Contains(t, job.id, "known")
				assert.Equal(t, job.id, rdb.LIndex(ctx, "rq:queue:default", job.at).Val())
				if i > 0 {
					assert.Greater(t, job.at, found[i-1].at, "they are in order")
				}
			}
			for _, job := range found {
				if r.IntN(4) > 0 {
					require.NoError(t, rdb.LRem(ctx, "rq:queue:default", 1, job.id).Err())
				}
			}
			looks++
			return len(found)
		}
		for i := range 40 {
			require.NoError(t, rdb.LPopCount(ctx, "rq:queue:default", 1+r.IntN(20)).Err())
			opts := []EnqueueOption{JobID(fmt.Sprint("late-known", i))}
			if r.IntN(2) == 0 {
				opts = append(opts, AtFront())
			}
			_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.note"), opts...)
			require.NoError(t, err)
			_, err = NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.other"), JobID(fmt.Sprint("late-other", i)))
			require.NoError(t, err)
			step(false)
		}
		for !f.queues["default"].whole {
			step(true)
			require.Less(t, looks, 1000)
		}
		others := 0
		for _, id := range rdb.LRange(ctx, "rq:queue:default", 0, -1).Val() {
			assert.NotContains(t, id, "known")
			others++
		}
		jobs, _ := f.left()
		assert.Equal(t, others, jobs)
	}
}

// TestAKnownJobFarBehind: more foreign ones than several looks read are in front of it.
// Later looks find new jobs at the end at once.
func TestAKnownJobFarBehind(t *testing.T) {
	t.Parallel()
	rdb, ctx := redistest.Real(t), t.Context()
	others, known := mixed(t, rdb, "default", 100, 100)
	for range 119 { // the same ids again
		require.NoError(t, rdb.LPush(ctx, "rq:queue:default", others).Err())
	}
	require.Equal(t, known[0], rdb.LIndex(ctx, "rq:queue:default", 12_000).Val())
	f := foreigners(rdb)
	q := f.queues["default"]
	look := func() int {
		q.next, q.known = time.Time{}, nil
		found, err := f.look(ctx, "default", 1, false)
		require.NoError(t, err)
		for _, job := range found {
			require.NoError(t, rdb.LRem(ctx, "rq:queue:default", 1, job.id).Err())
		}
		return len(found)
	}

	looks := 1
	for look() == 0 {
		assert.Equal(t, firstLook, q.pause, "the first pass does not slow down")
		looks++
	}
	assert.Less(t, looks, 20)
	for q.passes == 0 || !q.whole {
		assert.Zero(t, look())
		q.goOn = time.Time{}
	}
	assert.Equal(t, firstLook, q.pace, "the next pass is slower")
	q.goOn = time.Now().Add(time.Hour)
	for range 10 {
		assert.Zero(t, look())
	}
	assert.Equal(t, lastLook, q.pause)
	assert.EqualValues(t, lookEnd, q.at)
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.note"))
	require.NoError(t, err)
	assert.Equal(t, 1, look(), "new jobs are found meanwhile")
}

// TestNewJobsAreFoundBesideAPass: reading the jobs in the middle leaves enough for those at
// the end.
func TestNewJobsAreFoundBesideAPass(t *testing.T) {
	t.Parallel()
	rdb, ctx := redistest.Real(t), t.Context()
	_, known := mixed(t, rdb, "default", 3000, 3000)
	f := foreigners(rdb)
	f.queues["default"].passes = 1

	found, err := f.look(ctx, "default", 1, false)

	require.NoError(t, err)
	assert.Equal(t, []sighting{{known[0], 3000}}, found)
	assert.Less(t, f.queues["default"].at, int64(3000), "the pass is not over")
}

// TestAJobThatChangesHands is read again after a while, and whenever it is claimed.
func TestAJobThatChangesHands(t *testing.T) {
	t.Parallel()
	rdb, ctx := redistest.New(t), t.Context()
	mixed(t, rdb, "default", 3, 5)
	f := foreigners(rdb)
	look := func() []sighting {
		f.queues["default"].next = time.Time{}
		found, err := f.look(ctx, "default", 5, false)
		require.NoError(t, err)
		return found
	}
	require.Empty(t, look())
	job, err := CreateJob(rdb, Call("tasks.note"))
	require.NoError(t, err)
	require.NoError(t, job.Save(ctx))
	data := rdb.HGet(ctx, "rq:job:"+job.ID(), "data").Val()
	require.NoError(t, rdb.HSet(ctx, "rq:job:default-other1", "data", data).Err())

	assert.Empty(t, look(), "it is not read again at once")
	for key, m := range f.seen {
		f.seen[key] = memory{m.foreign, m.until.Add(-rememberFor)}
	}
	assert.Equal(t, []sighting{{"default-other1", 1}}, look())
}

func TestForeignJobsAreNotAllRemembered(t *testing.T) {
	t.Parallel()
	f := foreigners(nil)
	until := time.Now().Add(time.Hour)
	for i := range rememberMost + 1000 {
		f.remember(strconv.Itoa(i), memory{true, until})
		if len(f.seen) > rememberMost {
			t.Fatal(len(f.seen))
		}
	}
	foreign, unread := f.recall([]string{strconv.Itoa(rememberMost + 999), "new"})
	assert.Equal(t, []bool{true, false}, foreign)
	assert.Equal(t, []int{1}, unread)
}

// TestAQueueIsLookedThroughThoughItDoesNotChange: a worker of many queues is only told of
// changes.
func TestAQueueIsLookedThroughThoughItDoesNotChange(t *testing.T) {
	t.Parallel()
	f := foreigners(nil)
	c := &claimer{cfg: &WorkerConfig{}, order: []string{"high", "default"}, debts: &debts{}, waits: &watcher{}, foreign: f}
	assert.Equal(t, []string{"default"}, c.queues())
	f.queues["default"].next = time.Now().Add(time.Hour)
	assert.Empty(t, c.queues())
}

// TestUnknownFunctionsAreWarnedOf at once, and then once a minute with their number.
func TestUnknownFunctionsAreWarnedOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := new(logBook)
		l := foreignLog{log: book.logger()}
		for range 100 {
			l.note("q", "tasks.a")
		}
		l.note("other", "tasks.a")
		require.Len(t, book.lines("tasks.a"), 2)
		assert.Contains(t, book.lines("tasks.a")[0], "queue=q function=tasks.a jobs=1")
		assert.Contains(t, book.lines("tasks.a")[0], "level=WARN")
		for _, advice := range []string{"register a handler", "run a worker that has one", "UnknownFails"} {
			assert.Contains(t, book.lines("tasks.a")[0], advice)
		}
		time.Sleep(foreignLogPause - time.Second)
		l.note("q", "tasks.a")
		assert.Len(t, book.lines("tasks.a"), 2)
		time.Sleep(time.Second)
		l.note("q", "tasks.a")
		require.Len(t, book.lines("tasks.a"), 3)
		assert.Contains(t, book.lines("tasks.a")[2], "jobs=101", "since the first line")
	})
}

func TestManyUnknownFunctionsAreWarnedOfTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		book := new(logBook)
		l := foreignLog{log: book.logger()}
		for i := range 10_000 {
			l.note("q", fmt.Sprint("tasks.f", i))
		}
		assert.Len(t, book.lines("tasks.f"), mostForeignFuncs+1)
		assert.Len(t, book.lines("many other functions"), 1)
		assert.LessOrEqual(t, len(l.told), mostForeignFuncs+1)
		time.Sleep(foreignLogPause)
		l.note("q", "tasks.g")
		require.Len(t, book.lines("many other functions"), 2)
		assert.Contains(t, book.lines("many other functions")[1], fmt.Sprint("jobs=", 10_000-mostForeignFuncs))
	})
}
