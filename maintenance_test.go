package rq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/wire"
)

// sweeper returns a maintenance of the queues q and p that finds nothing
// abandoned and lets an id be stuck for a minute.
func sweeper(rdb redis.UniversalClient) *maintenance {
	return &maintenance{
		rdb: rdb, queues: []string{"q", "p"}, every: 10 * time.Minute, look: time.Hour, grace: time.Minute, lock: 20 * time.Second, log: quiet,
		abandoned: func(context.Context, string) error { return nil },
		stuck:     func(context.Context, string, string) error { return errors.New("nothing should be stuck") },
		ended:     func() {}, first: make(chan struct{}),
	}
}

// placeJob puts a job where a test wants it, with what RQ stores of it.
func placeJob(t *testing.T, rdb *redis.Client, id, status string, fields ...any) {
	t.Helper()
	at := wire.FormatTime(time.Now().Add(-time.Hour))
	fields = append([]any{"data", "x", "origin", "q", "status", status, "enqueued_at", at}, fields...)
	require.NoError(t, rdb.HSet(t.Context(), keys.Job(id), fields...).Err())
}

// firstSeen notes when an id was first seen in the intermediate queue of q.
func firstSeen(t *testing.T, rdb *redis.Client, id string, ago time.Duration) {
	t.Helper()
	at := wire.FormatUnix(time.Now().Add(-ago))
	require.NoError(t, rdb.Set(t.Context(), keys.FirstSeen("q", id), at, 24*time.Hour).Err())
}

func pushIDs(t *testing.T, rdb *redis.Client, key string, ids ...any) {
	t.Helper()
	require.NoError(t, rdb.RPush(t.Context(), key, ids...).Err())
}

func listOf(t *testing.T, rdb *redis.Client, key string) []string {
	t.Helper()
	ids, err := rdb.LRange(t.Context(), key, 0, -1).Result()
	require.NoError(t, err)
	return ids
}

func zsetOf(t *testing.T, rdb *redis.Client, key string) []string {
	t.Helper()
	ids, err := rdb.ZRange(t.Context(), key, 0, -1).Result()
	require.NoError(t, err)
	return ids
}

func setOf(t *testing.T, rdb *redis.Client, key string) []string {
	t.Helper()
	members, err := rdb.SMembers(t.Context(), key).Result()
	require.NoError(t, err)
	return members
}

func TestMaintenanceCleansARegistry(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	soon := time.Now().Add(time.Hour).Unix()
	for _, registry := range []string{keys.Finished("q"), keys.Failed("p")} {
		rdb.ZAdd(ctx, registry, zs("forever", -1), zs("later", soon))
		for i := range 2*expiredChunk + 1 {
			rdb.ZAdd(ctx, registry, zs(fmt.Sprint("old", i), int64(i)))
		}
	}
	rdb.ZAdd(ctx, keys.Deferred("q"), zs("waits", 1))

	require.NoError(t, sweeper(rdb).clean(ctx))

	assert.Equal(t, []string{"forever", "later"}, zsetOf(t, rdb, keys.Finished("q")))
	assert.Equal(t, []string{"forever", "later"}, zsetOf(t, rdb, keys.Failed("p")))
	assert.Equal(t, []string{"waits"}, zsetOf(t, rdb, keys.Deferred("q")))
}

func TestMaintenanceEnqueuesReadyJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	var want []string
	for i := range 2*jobChunk + 1 {
		id := fmt.Sprintf("j%03d", i)
		placeJob(t, rdb, id, "ready_to_enqueue")
		rdb.ZAdd(ctx, keys.Ready("q"), zs(id, int64(i)))
		want = append(want, id)
	}
	placeJob(t, rdb, "bad", "ready_to_enqueue", "rate_limit_key", "bad", "rate_limit_concurrency", 1)
	rdb.ZAdd(ctx, keys.Ready("q"), zs("bad", -1))
	rdb.Set(ctx, keys.RateLimit("bad"), "no hash", 0)

	require.NoError(t, sweeper(rdb).clean(ctx))

	assert.Equal(t, want, listOf(t, rdb, keys.Queue("q")))
	assert.Equal(t, []string{"bad"}, zsetOf(t, rdb, keys.Ready("q")), "what cannot be enqueued stays, and keeps no other")
	assert.Equal(t, "ready_to_enqueue", rdb.HGet(ctx, keys.Job("bad"), "status").Val())
}

func TestMaintenanceForgetsWorkers(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t) // miniredis skips members when others are removed meanwhile
	for i := range 2 * memberChunk {
		name := keys.Worker(strconv.Itoa(i))
		rdb.SAdd(ctx, keys.Workers, name)
		rdb.SAdd(ctx, keys.QueueWorkers([]string{"q", "p", "elsewhere"}[i%3]), name)
	}
	for _, i := range []string{"1", "2", "999"} {
		rdb.HSet(ctx, keys.Worker(i), "name", i)
	}

	require.NoError(t, sweeper(rdb).clean(ctx))

	assert.ElementsMatch(t, []string{keys.Worker("1"), keys.Worker("2"), keys.Worker("999")}, setOf(t, rdb, keys.Workers))
	assert.Equal(t, []string{keys.Worker("999")}, setOf(t, rdb, keys.QueueWorkers("q")))
	assert.Equal(t, []string{keys.Worker("1")}, setOf(t, rdb, keys.QueueWorkers("p")))
	assert.Len(t, setOf(t, rdb, keys.QueueWorkers("elsewhere")), 333, "the maintenance of that queue has them")
}

func TestMaintenanceCleansGroups(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t) // miniredis skips members when others are removed meanwhile
	placeJob(t, rdb, "alive", "queued")
	for i := range 2 * memberChunk {
		rdb.SAdd(ctx, keys.Group("some"), i)
	}
	rdb.SAdd(ctx, keys.Group("some"), "alive")
	rdb.SAdd(ctx, keys.Group("none"), "a", "b")
	rdb.Set(ctx, keys.Group("bad"), "no set", 0)
	rdb.SAdd(ctx, keys.Groups, "some", "none", "empty", "bad")
	m := sweeper(rdb)

	require.NoError(t, m.clean(ctx))

	assert.Equal(t, []string{"alive"}, setOf(t, rdb, keys.Group("some")))
	assert.Zero(t, rdb.Exists(ctx, keys.Group("none")).Val())
	assert.ElementsMatch(t, []string{"some", "bad"}, setOf(t, rdb, keys.Groups))
	assert.InDelta(t, 599, rdb.TTL(ctx, keys.GroupsCleaning).Val().Seconds(), 1)

	rdb.SAdd(ctx, keys.Group("some"), "gone")
	require.NoError(t, m.clean(ctx))
	assert.Len(t, setOf(t, rdb, keys.Group("some")), 2, "once in an interval will do")
}

func TestMaintenanceLocksGroupsForASecondAtLeast(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	m := sweeper(rdb)
	m.every = 1500 * time.Millisecond

	require.NoError(t, m.clean(t.Context()))

	assert.Positive(t, rdb.PTTL(t.Context(), keys.GroupsCleaning).Val())
}

func TestMaintenanceGivesSlotsOn(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	rdb.SAdd(ctx, keys.RateLimits, "k", "bad", "unused")
	rdb.HSet(ctx, keys.RateLimit("k"), "concurrency", 2*jobChunk)
	rdb.Set(ctx, keys.RateLimitAllowed("bad"), "no zset", 0)
	var want []string
	for i := range 3 * jobChunk {
		id := fmt.Sprintf("j%03d", i)
		placeJob(t, rdb, id, "rate_limited")
		rdb.ZAdd(ctx, keys.RateLimitWaiting("k"), zs(id, int64(i)))
		rdb.ZAdd(ctx, keys.RateLimitAllowed("k"), zs("gone"+id, int64(i)))
		want = append(want, id)
	}

	require.NoError(t, sweeper(rdb).clean(ctx))

	assert.Equal(t, want[:2*jobChunk], listOf(t, rdb, keys.Queue("q")))
	assert.Equal(t, want[:2*jobChunk], zsetOf(t, rdb, keys.RateLimitAllowed("k")))
	assert.Equal(t, want[2*jobChunk:], zsetOf(t, rdb, keys.RateLimitWaiting("k")))
	assert.ElementsMatch(t, []string{"k", "bad"}, setOf(t, rdb, keys.RateLimits))
}

func TestMaintenanceSkipsALockedQueue(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	rdb.ZAdd(ctx, keys.Finished("q"), zs("a", 1))
	rdb.ZAdd(ctx, keys.Finished("p"), zs("b", 1))
	rdb.Set(ctx, keys.CleaningLock("q"), 1, time.Minute) // Python's

	require.NoError(t, sweeper(rdb).clean(ctx))

	assert.Equal(t, []string{"a"}, zsetOf(t, rdb, keys.Finished("q")))
	assert.Empty(t, zsetOf(t, rdb, keys.Finished("p")))
	assert.Equal(t, "1", rdb.Get(ctx, keys.CleaningLock("q")).Val())
	assert.Zero(t, rdb.Exists(ctx, keys.CleaningLock("p")).Val())
}

// TestMaintenanceLocksForSeconds: RQ's lock lasts for a quarter of an hour, which is
// what others would wait when its owner dies.
func TestMaintenanceLocksForSeconds(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	m := sweeper(rdb)
	ttls := map[string]time.Duration{}
	m.abandoned = func(ctx context.Context, queue string) error {
		ttls[queue] = rdb.TTL(ctx, keys.CleaningLock(queue)).Val()
		return nil
	}

	require.NoError(t, m.clean(ctx))

	for _, queue := range m.queues {
		assert.InDelta(t, 20, ttls[queue].Seconds(), 2)
		assert.Zero(t, rdb.Exists(ctx, keys.CleaningLock(queue)).Val())
	}
}

// TestMaintenanceLeavesTheLockOfAnother: one that took so long that its lock has
// expired does not take away that of the next one. RQ's does.
func TestMaintenanceLeavesTheLockOfAnother(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	m := sweeper(rdb)
	m.abandoned = func(ctx context.Context, queue string) error {
		return rdb.Set(ctx, keys.CleaningLock(queue), 1, time.Minute).Err()
	}

	require.NoError(t, m.clean(ctx))

	assert.Equal(t, "1", rdb.Get(ctx, keys.CleaningLock("q")).Val())
}

func TestMaintenanceGoesOnAfterAnError(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	m, trouble := sweeper(rdb), errors.New("trouble")
	m.abandoned = func(context.Context, string) error { return trouble }
	rdb.Set(ctx, keys.Finished("q"), "no zset", 0)
	for _, queue := range m.queues {
		rdb.ZAdd(ctx, keys.Failed(queue), zs("a", 1))
	}
	rdb.SAdd(ctx, keys.RateLimits, "unused")

	err := m.clean(ctx)

	require.ErrorIs(t, err, trouble)
	require.ErrorContains(t, err, "clean queue p: clean started jobs: trouble")
	require.ErrorContains(t, err, "clean queue q: clean finished jobs: ")
	assert.Empty(t, zsetOf(t, rdb, keys.Failed("q")))
	assert.Empty(t, zsetOf(t, rdb, keys.Failed("p")))
	assert.Empty(t, setOf(t, rdb, keys.RateLimits))
	assert.Zero(t, rdb.Exists(ctx, keys.CleaningLock("q"), keys.CleaningLock("p")).Val())
}

func TestMaintenanceEndsWithItsContext(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	m, calls := sweeper(rdb), 0
	m.abandoned = func(context.Context, string) error {
		calls++
		cancel()
		return nil
	}
	rdb.ZAdd(t.Context(), keys.Failed("q"), zs("a", 1))

	err := m.clean(ctx)

	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, calls)
	assert.Equal(t, []string{"a"}, zsetOf(t, rdb, keys.Failed("q")))
	assert.Zero(t, rdb.Exists(t.Context(), keys.CleaningLock("q"), keys.CleaningLock("p")).Val(), "the lock is given up in any case")
}

func TestMaintenanceReportsALostServer(t *testing.T) {
	t.Parallel()
	rdb := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
	defer rdb.Close()

	err := sweeper(rdb).clean(t.Context())

	require.ErrorContains(t, err, "clean queue q: ")
	require.ErrorContains(t, err, "clean rate limits: ")
}

func TestStuckJobsGoBackToTheirQueue(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	middle := keys.Intermediate("q")
	for _, id := range []string{"a", "b", "fresh"} {
		placeJob(t, rdb, id, "queued")
	}
	pushIDs(t, rdb, keys.Queue("q"), "next")
	pushIDs(t, rdb, middle, "a", "b", "fresh", "gone")
	firstSeen(t, rdb, "a", 61*time.Second) // by Python or by us
	firstSeen(t, rdb, "b", time.Hour)
	firstSeen(t, rdb, "gone", time.Hour)
	m := sweeper(rdb)

	require.NoError(t, m.clean(ctx))

	assert.Equal(t, []string{"a", "b", "next"}, listOf(t, rdb, keys.Queue("q")))
	assert.Equal(t, []string{"fresh"}, listOf(t, rdb, middle))
	assert.Equal(t, "queued", rdb.HGet(ctx, keys.Job("a"), "status").Val())
	assert.Equal(t, []string{keys.FirstSeen("q", "fresh")}, rdb.Keys(ctx, "*first_seen*").Val())
	first, err := wire.ParseUnix(rdb.Get(ctx, keys.FirstSeen("q", "fresh")).Val())
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), first, 10*time.Second)
	assert.InDelta(t, 86400, rdb.TTL(ctx, keys.FirstSeen("q", "fresh")).Val().Seconds(), 10)

	require.NoError(t, m.clean(ctx))
	assert.Equal(t, []string{"fresh"}, listOf(t, rdb, middle), "it has its minute")
	m.grace = 0
	require.NoError(t, m.clean(ctx))
	assert.Empty(t, listOf(t, rdb, middle))
	assert.Equal(t, []string{"fresh", "a", "b", "next"}, listOf(t, rdb, keys.Queue("q")))
}

func TestManyStuckJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	middle, queue := keys.Intermediate("q"), keys.Queue("q")
	var stuck, both, elsewhere []any
	for i := range 3 * jobChunk {
		id := fmt.Sprintf("j%03d", i)
		switch status := []string{"queued", "queued", "finished", "canceled"}[i%4]; {
		case status != "queued":
			elsewhere = append(elsewhere, id)
			placeJob(t, rdb, id, status)
		case i%4 == 0:
			stuck = append(stuck, id)
			placeJob(t, rdb, id, status)
		default: // enqueued again by someone else
			both = append(both, id)
			placeJob(t, rdb, id, status)
		}
		firstSeen(t, rdb, id, time.Hour)
		pushIDs(t, rdb, middle, id, fmt.Sprint("gone", i), id)
	}
	pushIDs(t, rdb, queue, both...)
	for i := range 2 * memberChunk {
		pushIDs(t, rdb, queue, fmt.Sprint("other", i))
	}
	m := sweeper(rdb)

	require.NoError(t, m.clean(ctx))
	m.grace = 0
	for range 3 { // one of the double ids is noted, taken out, and there is none left
		require.NoError(t, m.clean(ctx))
	}

	assert.Empty(t, listOf(t, rdb, middle))
	assert.Empty(t, rdb.Keys(ctx, "*first_seen*").Val())
	ids := listOf(t, rdb, queue)
	assert.Len(t, ids, len(stuck)+len(both)+2*memberChunk, "nothing is in the queue twice")
	assert.Subset(t, ids, append(stuck, both...))
	assert.NotSubset(t, ids, elsewhere[:1])
	assert.Equal(t, "j000", ids[0])
}

// TestAnIDOfAnEarlierRunIsNotStuck: RQ does not forget when it first saw an id.
// One that was taken from the queue a moment ago by a Python worker, and has
// been seen before, would run twice.
func TestAnIDOfAnEarlierRunIsNotStuck(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	for _, id := range []string{"again", "garbage", "list"} {
		placeJob(t, rdb, id, "queued", "enqueued_at", wire.FormatTime(time.Now().Add(-time.Second)))
		pushIDs(t, rdb, keys.Intermediate("q"), id)
	}
	placeJob(t, rdb, "ahead", "queued", "enqueued_at", wire.FormatTime(time.Now().Add(time.Hour)))
	pushIDs(t, rdb, keys.Intermediate("q"), "ahead")
	firstSeen(t, rdb, "again", time.Hour)
	firstSeen(t, rdb, "ahead", 2*time.Minute)
	rdb.Set(ctx, keys.FirstSeen("q", "garbage"), "yesterday", 0)
	pushIDs(t, rdb, keys.FirstSeen("q", "list"), "x")

	require.NoError(t, sweeper(rdb).clean(ctx))

	assert.Equal(t, []string{"ahead"}, listOf(t, rdb, keys.Queue("q")), "a clock that is ahead keeps no job for ever")
	assert.ElementsMatch(t, []string{"again", "garbage", "list"}, listOf(t, rdb, keys.Intermediate("q")))
	for _, id := range []string{"again", "garbage", "list"} {
		first, err := wire.ParseUnix(rdb.Get(ctx, keys.FirstSeen("q", id)).Val())
		require.NoError(t, err, id)
		assert.WithinDuration(t, time.Now(), first, 10*time.Second, id)
	}
}

func TestAStuckJobThatWasStartedIsFailed(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	trouble := errors.New("trouble")
	for _, id := range []string{"fails", "left", "bad", "works"} {
		placeJob(t, rdb, id, "started")
		pushIDs(t, rdb, keys.Intermediate("q"), id)
		firstSeen(t, rdb, id, time.Hour)
	}
	rdb.ZAdd(ctx, keys.Executions("works"), z("e"))
	rdb.ZAdd(ctx, keys.Started("q"), z("works:e"))
	m := sweeper(rdb)
	var called []string
	m.stuck = func(ctx context.Context, queue, id string) error {
		called = append(called, queue+" "+id)
		switch id {
		case "fails":
			return rdb.LRem(ctx, keys.Intermediate(queue), 1, id).Err()
		case "bad":
			return trouble
		}
		return nil
	}

	err := m.clean(ctx)

	require.ErrorIs(t, err, trouble)
	require.ErrorContains(t, err, "recover job bad")
	assert.ElementsMatch(t, []string{"q fails", "q left", "q bad"}, called)
	assert.Equal(t, []string{"left", "bad", "works"}, listOf(t, rdb, keys.Intermediate("q")))
}

// TestMaintenanceSurvivesPoison: whatever is in the keys, the other entries are
// cleaned and the round ends well.
func TestMaintenanceSurvivesPoison(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	poison := []any{"", ":", "a:b:c", "%d[]*?", "\xff\xfe\x00", "no hash", "no executions", "no status"}
	rdb.Set(ctx, keys.Job("no hash"), "x", 0)
	placeJob(t, rdb, "no executions", "queued", "enqueued_at", "never")
	rdb.Set(ctx, keys.Executions("no executions"), "x", 0)
	rdb.HSet(ctx, keys.Job("no status"), "data", "x")
	for _, id := range append(poison, "fine") {
		pushIDs(t, rdb, keys.Intermediate("q"), id)
		for i, key := range []string{keys.Ready("q"), keys.Finished("q"), keys.RateLimitAllowed("k"), keys.RateLimitWaiting("k")} {
			rdb.ZAdd(ctx, key, redis.Z{Score: float64(i + 1), Member: id})
		}
		for _, key := range []string{keys.Workers, keys.QueueWorkers("q"), keys.Groups, keys.Group("g"), keys.RateLimits} {
			rdb.SAdd(ctx, key, id)
		}
	}
	placeJob(t, rdb, "fine", "ready_to_enqueue")
	rdb.SAdd(ctx, keys.RateLimits, "k")
	rdb.SAdd(ctx, keys.Groups, "g")
	rdb.HSet(ctx, keys.RateLimit("k"), "concurrency", "many")
	m := sweeper(rdb)
	m.grace = 0

	require.NoError(t, m.clean(ctx))
	require.NoError(t, m.clean(ctx))

	assert.Contains(t, listOf(t, rdb, keys.Queue("q")), "fine")
	assert.Empty(t, listOf(t, rdb, keys.Intermediate("q")))
	assert.Zero(t, rdb.Exists(ctx, keys.Ready("q"), keys.Finished("q"), keys.Workers, keys.QueueWorkers("q")).Val())
	assert.ElementsMatch(t, []string{"fine", "no hash", "no executions", "no status"}, setOf(t, rdb, keys.Group("g")))
}

// TestTwoRoundsAtOnce: however many clean at the same time, without the lock too,
// each job is enqueued once.
func TestTwoRoundsAtOnce(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const jobs = 250
	var want []string
	for i := range jobs {
		id := fmt.Sprintf("%03d", i)
		placeJob(t, rdb, "r"+id, "ready_to_enqueue")
		rdb.ZAdd(ctx, keys.Ready("q"), zs("r"+id, int64(i)))
		placeJob(t, rdb, "s"+id, "queued")
		pushIDs(t, rdb, keys.Intermediate("q"), "s"+id)
		firstSeen(t, rdb, "s"+id, time.Hour)
		placeJob(t, rdb, "l"+id, "rate_limited")
		rdb.ZAdd(ctx, keys.RateLimitWaiting("k"), zs("l"+id, int64(i)))
		rdb.ZAdd(ctx, keys.RateLimitAllowed("k"), zs("gone"+id, int64(i)))
		want = append(want, "r"+id, "s"+id, "l"+id)
	}
	rdb.SAdd(ctx, keys.RateLimits, "k")
	rdb.HSet(ctx, keys.RateLimit("k"), "concurrency", jobs)
	m := sweeper(rdb)

	var rounds sync.WaitGroup
	for range 4 {
		rounds.Go(func() { assert.NoError(t, m.clean(ctx)) })
		rounds.Go(func() { assert.NoError(t, m.enqueueReady(ctx, "q")) })
		rounds.Go(func() { assert.NoError(t, m.cleanIntermediate(ctx, "q")) })
		rounds.Go(func() { assert.NoError(t, m.cleanRateLimits(ctx)) })
	}
	rounds.Wait()

	assert.ElementsMatch(t, want, listOf(t, rdb, keys.Queue("q")))
	assert.Empty(t, listOf(t, rdb, keys.Intermediate("q")))
	assert.Zero(t, rdb.Exists(ctx, keys.Ready("q"), keys.RateLimitWaiting("k"), keys.CleaningLock("q")).Val())
	assert.Len(t, zsetOf(t, rdb, keys.RateLimitAllowed("k")), jobs)
}
