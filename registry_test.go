package rq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// failMany makes n failed jobs j0000, j0001 and so on, in the order of their ids.
func failMany(t *testing.T, rdb *redis.Client, n int) *Queue {
	t.Helper()
	ctx, q := t.Context(), NewQueue(rdb, "default")
	for i := range n {
		id := fmt.Sprintf("j%04d", i)
		j, err := CreateJob(rdb, Call("f"), JobID(id))
		require.NoError(t, err)
		j.rec.Origin = "default"
		require.NoError(t, j.Save(ctx))
		require.NoError(t, rdb.HSet(ctx, keys.Job(id), "status", "failed").Err())
		require.NoError(t, rdb.ZAdd(ctx, keys.Failed("default"), zs(id, int64(4e9+i/3))).Err()) // three of a time
	}
	return q
}

func TestRegistryReads(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 5)
	rdb.Del(ctx, keys.Job("j0002"))
	rdb.ZAdd(ctx, keys.Failed("default"), zs("never", -1))
	r := q.Failed()

	n, err := r.Count(ctx)
	require.NoError(t, err)
	assert.Equal(t, 6, n)
	rdb.ZAdd(ctx, keys.Failed("default"), zs("over", now().Unix()))
	n, err = r.Count(ctx)
	require.NoError(t, err)
	assert.Equal(t, 6, n)
	rdb.ZRem(ctx, keys.Failed("default"), "over")
	ids, err := r.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"never", "j0000", "j0001", "j0002", "j0003", "j0004"}, ids)
	ids, err = r.JobIDs(ctx, 1, 2, LatestFirst())
	require.NoError(t, err)
	assert.Equal(t, []string{"j0003", "j0002"}, ids)
	var jobs []string
	for j, err := range r.Jobs(ctx) {
		require.NoError(t, err)
		jobs = append(jobs, j.ID())
	}
	assert.Equal(t, []string{"j0000", "j0001", "j0003", "j0004"}, jobs)
	at, ok, err := r.ExpirationTime(ctx, "j0003")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, time.Unix(4e9+1, 0).UTC(), at)
	at, ok, err = r.ExpirationTime(ctx, "never")
	require.NoError(t, err)
	assert.True(t, ok && at.IsZero())
	ok, err = r.Contains(ctx, "gone")
	require.NoError(t, err)
	assert.False(t, ok)
	_, _, err = r.ScheduledTime(ctx, "j0003")
	require.ErrorIs(t, err, ErrInvalidJobOperation)
}

// hexID returns an id of an execution, made of one digit.
func hexID(digit string) string { return strings.Repeat(digit, 32) }

func TestStartedRegistry(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "q")
	rdb.ZAdd(ctx, keys.Started("q"), zs("a:"+hexID("a"), 100), zs("b", 200), zs("a:"+hexID("b"), 300))
	r := q.Started()

	var entries []RegistryEntry
	for e, err := range r.Entries(ctx) {
		require.NoError(t, err)
		entries = append(entries, e)
	}
	at := func(n int64) time.Time { return time.Unix(n, 0).UTC() }
	assert.Equal(t, []RegistryEntry{{"a", hexID("a"), at(100)}, {"b", "", at(200)}, {"a", hexID("b"), at(300)}}, entries)
	ids, err := r.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"a", "b", "a"}, ids)
	last, ok, err := r.ExpirationTime(ctx, "a")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, at(300), last)
	_, err = r.Remove(ctx, "a")
	require.ErrorIs(t, err, ErrInvalidJobOperation)
	require.ErrorIs(t, r.Requeue(ctx, "a"), ErrInvalidJobOperation)
	_, err = r.RequeueAll(ctx)
	require.ErrorIs(t, err, ErrInvalidJobOperation)
	_, err = r.DeleteAll(ctx)
	require.ErrorIs(t, err, ErrInvalidJobOperation)
}

// TestJobsWhileTheyLeave requeues each job that it is given.
func TestJobsWhileTheyLeave(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	r := failMany(t, rdb, 350).Failed()
	n := 0
	for j, err := range r.Jobs(ctx) {
		require.NoError(t, err)
		if n++; n%2 == 0 {
			require.NoError(t, j.Requeue(ctx))
		}
	}
	assert.Equal(t, 350, n)
}

func TestRequeueAll(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 230)
	for _, id := range []string{"j0000", "j0050", "j0099", "j0229"} {
		rdb.Del(ctx, keys.Job(id))
	}
	rdb.Del(ctx, keys.Job("j0120"))
	rdb.Set(ctx, keys.Job("j0120"), "odd", 0)
	var skipped []string
	var progress []string

	n, err := q.Failed().RequeueAll(ctx,
		OnSkip(func(id string, err error) {
			skipped = append(skipped, fmt.Sprint(id, " ", errors.Is(err, ErrNoSuchJob)))
		}),
		Progress(func(done, total int) { progress = append(progress, fmt.Sprint(done, "/", total)) }))

	var some *SkippedError
	require.ErrorAs(t, err, &some)
	require.ErrorIs(t, err, ErrNoSuchJob)
	assert.Equal(t, 225, n)
	assert.Equal(t, 5, some.Count)
	assert.Len(t, some.First, 5)
	assert.Equal(t, []string{"j0000 true", "j0050 true", "j0099 true", "j0120 false", "j0229 true"}, skipped)
	assert.Equal(t, []string{"50/230", "100/230", "150/230", "200/230", "230/230"}, progress)
	ids, err := q.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Len(t, ids, 225)
	assert.True(t, slices.IsSorted(ids))
	left, err := q.Failed().JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"j0000", "j0050", "j0099", "j0120", "j0229"}, left)
}

// TestRequeueAllLeavesThoseThatFailAgain has jobs fail again while others are
// requeued still.
func TestRequeueAllLeavesThoseThatFailAgain(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 120)

	n, err := q.Failed().RequeueAll(ctx, Progress(func(int, int) {
		for _, id := range rdb.LPopCount(ctx, keys.Queue("default"), 50).Val() {
			rdb.HSet(ctx, keys.Job(id), "status", "failed")
			rdb.ZAdd(ctx, keys.Failed("default"), zs(id, 2e9))
		}
	}))

	require.NoError(t, err)
	assert.Equal(t, 120, n)
}

// TestRequeueAllEndsWhileJobsFailAgain has jobs fail again before the last of those
// that are requeued, which is kept for ever: so all of them come before it.
func TestRequeueAllEndsWhileJobsFailAgain(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 120)
	rdb.ZAdd(ctx, keys.Failed("default"), redis.Z{Score: math.Inf(1), Member: "j0119"})
	chunks := 0

	n, err := q.Failed().RequeueAll(ctx, Progress(func(int, int) {
		if chunks++; chunks > 10 {
			return
		}
		for _, id := range rdb.LPopCount(ctx, keys.Queue("default"), 50).Val() {
			rdb.HSet(ctx, keys.Job(id), "status", "failed")
			rdb.ZAdd(ctx, keys.Failed("default"), zs(id, 5e9))
		}
	}))

	require.NoError(t, err)
	assert.Equal(t, 120, n)
}

// TestRequeueAllLeavesWhatHasExpired has more entries than a chunk whose time has
// passed: RQ removes them before it looks.
func TestRequeueAllLeavesWhatHasExpired(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 60)
	for i := range 70 {
		rdb.ZAdd(ctx, keys.Failed("default"), zs(fmt.Sprintf("old%d", i), 5))
	}
	rdb.ZAdd(ctx, keys.Failed("default"), zs("j0001", -1)) // never
	var progress []string

	n, err := q.Failed().RequeueAll(ctx, Progress(func(done, total int) { progress = append(progress, fmt.Sprint(done, "/", total)) }))

	require.NoError(t, err)
	assert.Equal(t, 60, n)
	assert.Equal(t, "60/60", progress[len(progress)-1])
}

// TestRequeueOfAJobThatIsQueued has a failed job that RQ enqueued by hand, which
// leaves it in the failed registry.
func TestRequeueOfAJobThatIsQueued(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 1)
	j, err := q.FetchJob(ctx, "j0000")
	require.NoError(t, err)
	require.NoError(t, q.EnqueueJob(ctx, j))
	rdb.ZAdd(ctx, keys.Failed("default"), zs("j0000", 4e9))

	n, err := q.Failed().RequeueAll(ctx)

	require.ErrorIs(t, err, ErrInvalidJobOperation)
	assert.Zero(t, n)
	require.ErrorIs(t, j.Requeue(ctx), ErrInvalidJobOperation)
	assert.Equal(t, []string{"j0000"}, rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val())
}

func TestRequeueMany(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 3)

	n, err := q.Failed().RequeueMany(ctx, []string{"j0002", "gone", "j0000", "j0002"}, AtFront())

	var some *SkippedError
	require.ErrorAs(t, err, &some)
	assert.Equal(t, 2, n)
	require.Len(t, some.First, 2)
	require.ErrorIs(t, some.First[0].Err, ErrNoSuchJob)
	require.ErrorIs(t, some.First[1].Err, ErrInvalidJobOperation)
	assert.Equal(t, []string{"j0000", "j0002"}, rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val())
	n, err = q.Failed().RequeueMany(ctx, nil)
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestBulkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q := failMany(t, rdb, 120)
	ctx, cancel := context.WithCancel(t.Context())

	n, err := q.Failed().RequeueAll(ctx, Progress(func(done, _ int) {
		if done >= 50 {
			cancel()
		}
	}))

	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 50, n)
	left, err := q.Failed().Count(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 70, left)
}

// TestRemoveSparesAJobThatIsElsewhere has somebody requeue a job that is to be
// deleted.
func TestRemoveSparesAJobThatIsElsewhere(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 2)
	require.NoError(t, q.Failed().Requeue(ctx, "j0000"))

	there, err := q.Failed().Delete(ctx, "j0000")

	require.NoError(t, err)
	assert.False(t, there)
	rdb.ZAdd(ctx, keys.Failed("default"), z("j0000"))
	there, err = q.Failed().Delete(ctx, "j0000")
	require.ErrorIs(t, err, ErrInvalidJobOperation)
	assert.True(t, there)
	assert.EqualValues(t, 1, rdb.Exists(ctx, keys.Job("j0000")).Val())
	assert.Equal(t, []string{"j0000"}, rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val())
	there, err = q.Failed().Delete(ctx, "j0001")
	require.NoError(t, err)
	assert.True(t, there)
	assert.Zero(t, rdb.Exists(ctx, keys.Job("j0001")).Val())
}

func TestRemoveAll(t *testing.T) {
	t.Parallel()
	for _, deleteJobs := range []bool{false, true} {
		ctx, rdb := t.Context(), redistest.New(t)
		q := failMany(t, rdb, 70)
		rdb.Del(ctx, keys.Job("j0001"))
		require.NoError(t, rdb.HSet(ctx, keys.Job("j0002"), "status", "queued").Err())

		all := q.Failed().RemoveAll
		if deleteJobs {
			all = q.Failed().DeleteAll
		}
		n, err := all(ctx)

		left, _ := q.Failed().Count(ctx)
		assert.Zero(t, left)
		if deleteJobs {
			require.ErrorIs(t, err, ErrInvalidJobOperation)
			assert.Equal(t, 69, n)
			assert.EqualValues(t, 1, rdb.Exists(ctx, keys.Job("j0002")).Val())
			assert.Zero(t, rdb.Exists(ctx, keys.Job("j0003")).Val())
			continue
		}
		require.NoError(t, err)
		assert.Equal(t, 70, n)
		assert.EqualValues(t, 1, rdb.Exists(ctx, keys.Job("j0003")).Val())
	}
}

func TestDeleteAndCancelMany(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := failMany(t, rdb, 60)
	rdb.Set(ctx, keys.Job("odd"), "x", 0)
	var ids []string
	for i := range 60 {
		ids = append(ids, fmt.Sprintf("j%04d", i))
	}

	n, err := CancelJobs(ctx, rdb, append(ids, "gone", "odd", "j0000"))
	var some *SkippedError
	require.ErrorAs(t, err, &some)
	assert.Equal(t, 60, n)
	assert.Equal(t, 3, some.Count)
	count, _ := q.Canceled().Count(ctx)
	assert.Equal(t, 60, count)

	n, err = DeleteJobs(ctx, rdb, append(ids, "gone"))
	require.ErrorIs(t, err, ErrNoSuchJob)
	assert.Equal(t, 60, n)
	assert.Equal(t, []string{keys.Job("odd")}, rdb.Keys(ctx, "rq:*").Val())
}

func TestRegistryRange(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "q")
	rdb.ZAdd(ctx, keys.Started("q"), zs("a:"+hexID("a"), 5), zs("b:"+hexID("b"), 6), zs("old", -1))

	all, err := q.Started().Range(ctx, 0, -1)
	require.NoError(t, err)
	last, err := q.Started().Range(ctx, 0, 1, LatestFirst())
	require.NoError(t, err)
	none, err := q.Failed().Range(ctx, 0, -1, LatestFirst())
	require.NoError(t, err)

	b := RegistryEntry{"b", hexID("b"), time.Unix(6, 0).UTC()}
	assert.Equal(t, []RegistryEntry{{"old", "", time.Time{}}, {"a", hexID("a"), time.Unix(5, 0).UTC()}, b}, all)
	assert.Equal(t, []RegistryEntry{b}, last)
	assert.Empty(t, none)
}

// addCases are what Add makes of a ttl in each registry.
var addCases = []struct {
	registry func(*Queue) *Registry
	fleet    string
	ttl      time.Duration
	later    time.Duration // than now: the entry's time
	never    string        // the score of an entry without a time
	kept     time.Duration // the job's own TTL, 0 for none
}{
	{registry: (*Queue).Finished, ttl: 90 * time.Second, later: 90 * time.Second},
	{registry: (*Queue).Finished, ttl: 90900 * time.Millisecond, later: 90 * time.Second},
	{registry: (*Queue).Finished, ttl: Forever, never: "+Inf"},
	{registry: (*Queue).Finished},
	{registry: (*Queue).Failed, ttl: 90 * time.Second, later: 90 * time.Second, kept: 90 * time.Second},
	{registry: (*Queue).Failed, ttl: Forever, never: "-1"},
	{registry: (*Queue).Canceled},
	{registry: (*Queue).Canceled, ttl: time.Hour, later: time.Hour},
	{registry: (*Queue).Canceled, ttl: Forever, never: "+Inf"},
	{registry: (*Queue).Deferred, ttl: time.Hour},
	{registry: (*Queue).Deferred, fleet: "2.6", never: "+Inf"},
	{registry: (*Queue).Deferred, fleet: "2.8"},
	{registry: (*Queue).Ready, ttl: Forever},
}

func TestRegistryAdd(t *testing.T) {
	t.Parallel()
	for _, c := range addCases {
		ctx, rdb := t.Context(), redistest.New(t)
		r := c.registry(NewQueue(rdb, "q", Fleet(cmp.Or(c.fleet, "3.0"))))
		what := fmt.Sprint(r.Name(), " ", c.ttl, " ", c.fleet)
		placeJob(t, rdb, "a", "queued")

		require.NoError(t, r.Add(ctx, "a", c.ttl), what)

		score := rdb.ZScore(ctx, r.key, "a").Val()
		if c.never != "" {
			assert.Equal(t, c.never, fmt.Sprintf("%+v", score), what)
		} else {
			assert.InDelta(t, now().Add(c.later).Unix(), score, 5, what)
			assert.Equal(t, math.Trunc(score), score, "%s: RQ counts in whole seconds", what)
		}
		assert.InDelta(t, c.kept, max(rdb.TTL(ctx, keys.Job("a")).Val(), 0), float64(5*time.Second), what)
		assert.Equal(t, "queued", rdb.HGet(ctx, keys.Job("a"), "status").Val(), what)
	}
}

func TestRegistryAddRefuses(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q := NewQueue(rdb, "q")
	placeJob(t, rdb, "a", "queued")
	refused := func(r *Registry, id string, ttl time.Duration) error {
		err := r.Add(t.Context(), id, ttl)
		require.Error(t, err)
		assert.Zero(t, rdb.Exists(t.Context(), r.key).Val(), "nothing was written")
		return err
	}

	for _, r := range q.Registries() {
		var invalid *InvalidError
		require.ErrorAs(t, refused(r, "a", time.Millisecond), &invalid)
		require.ErrorAs(t, refused(r, "a", -2*time.Second), &invalid)
		assert.Equal(t, "ttl", invalid.Name)
	}
	for _, r := range []*Registry{q.Finished(), q.Failed(), q.Canceled(), q.Deferred(), q.Ready()} {
		require.ErrorIs(t, refused(r, "gone", time.Second), ErrNoSuchJob, r.Name())
	}
	require.EqualError(t, refused(q.Failed(), "a", 0), "rq: ttl 0s: must not be 0 for a failed job, which RQ deletes then: use Job.Delete")
	err := refused(q.Started(), "a", time.Second)
	require.ErrorIs(t, err, ErrInvalidJobOperation)
	require.ErrorContains(t, err, "put job a in the started jobs of queue q: its worker does that")
	err = refused(q.Scheduled(), "a", time.Second)
	require.ErrorIs(t, err, ErrInvalidJobOperation)
	require.ErrorContains(t, err, "Queue.ScheduleJob")
	require.Error(t, refused(NewQueue(rdb, "q", Fleet("1.0")).Failed(), "a", time.Second), "the queue's own error")
	assert.Equal(t, -1*time.Nanosecond, rdb.TTL(t.Context(), keys.Job("a")).Val())
}

func TestRegistryAddReportsWhatRedisSays(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	placeJob(t, rdb, "a", "queued")
	rdb.Set(t.Context(), keys.Failed("q"), "odd", 0)

	err := NewQueue(rdb, "q").Failed().Add(t.Context(), "a", time.Second)

	require.ErrorContains(t, err, "rq: add job a to failed jobs of queue q: ")
	require.ErrorContains(t, err, "WRONGTYPE")
}
