package rq

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// TestALostReplyToALock: the server has given the lock, and go-redis asks again.
func TestALostReplyToALock(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"queue": "rq:clean_registries:q", "groups": "rq:clean_groups"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), ownServer(t)
			require.NoError(t, sweeper(rdb).clean(ctx)) // the server learns the scripts
			require.NoError(t, rdb.FlushDB(ctx).Err())
			rdb.ZAdd(ctx, keys.Failed("q"), zs("old", 1))
			rdb.SAdd(ctx, keys.Groups, "empty")
			through, hit := losing(t, rdb, func(args []string) bool { return slices.Contains(args, key) }, redistest.Answer{Lose: true})

			require.NoError(t, sweeper(through).clean(ctx))

			wait(t, hit)
			assert.Empty(t, zsetOf(t, rdb, keys.Failed("q")))
			assert.Empty(t, setOf(t, rdb, keys.Groups))
			assert.Zero(t, rdb.Exists(ctx, keys.CleaningLock("q")).Val())
			assert.Equal(t, "1", rdb.Get(ctx, keys.GroupsCleaning).Val())
		})
	}
}

// TestTheLockOfAWorkerThatDied keeps others waiting for as long as it is not renewed.
func TestTheLockOfAWorkerThatDied(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	_, err := scripts.TakeLock(ctx, rdb, keys.CleaningLock("q"), "of a worker that died", 100*time.Millisecond)
	require.NoError(t, err)
	rdb.ZAdd(ctx, keys.Failed("q"), zs("old", 1))
	m := sweeper(rdb)

	require.Eventually(t, func() bool {
		return m.clean(ctx) == nil && len(zsetOf(t, rdb, keys.Failed("q"))) == 0
	}, 10*time.Second, 10*time.Millisecond)
}

// TestALongRoundKeepsItsLock has a step that takes longer than the lock lasts.
func TestALongRoundKeepsItsLock(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	m := sweeper(rdb)
	m.queues, m.lock = []string{"q"}, 200*time.Millisecond
	m.abandoned = func(ctx context.Context, queue string) error {
		held := rdb.Get(ctx, keys.CleaningLock(queue)).Val()
		for end := time.Now().Add(4 * m.lock); time.Now().Before(end); {
			require.Equal(t, held, rdb.Get(ctx, keys.CleaningLock(queue)).Val())
		}
		return nil
	}

	require.NoError(t, m.clean(t.Context()))
	assert.Zero(t, rdb.Exists(t.Context(), keys.CleaningLock("q")).Val())
}

// TestARoundEndsWithItsLock: another worker has it, and does the rest.
func TestARoundEndsWithItsLock(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	rdb.ZAdd(ctx, keys.Failed("q"), zs("old", 1))
	m := sweeper(rdb)
	m.queues, m.lock = []string{"q"}, 200*time.Millisecond
	m.abandoned = func(ctx context.Context, queue string) error {
		rdb.Set(ctx, keys.CleaningLock(queue), "another", time.Minute)
		<-ctx.Done()
		return nil
	}

	require.ErrorIs(t, m.clean(ctx), errLockLost)

	assert.Equal(t, []string{"old"}, zsetOf(t, rdb, keys.Failed("q")))
	assert.Equal(t, "another", rdb.Get(ctx, keys.CleaningLock("q")).Val())
}

// TestALookFindsWhatWasLeft in each place that jobs can be left in.
func TestALookFindsWhatWasLeft(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	placeJob(t, rdb, "ready", "ready_to_enqueue")
	rdb.ZAdd(ctx, keys.Ready("q"), z("ready"))
	placeJob(t, rdb, "limited", "rate_limited")
	rdb.SAdd(ctx, keys.RateLimits, "k", "bad")
	rdb.HSet(ctx, keys.RateLimit("k"), "concurrency", 1)
	rdb.ZAdd(ctx, keys.RateLimitWaiting("k"), z("limited"))
	rdb.ZAdd(ctx, keys.RateLimitAllowed("k"), z("gone"))
	rdb.Set(ctx, keys.RateLimitWaiting("bad"), "no zset", 0)
	rdb.ZAdd(ctx, keys.Started("p"), zs("dead:e", time.Now().Unix()-1))
	rdb.ZAdd(ctx, keys.Started("q"), zs("alive:e", time.Now().Unix()+60))
	rdb.Set(ctx, keys.CleaningLock("q"), "another", time.Minute)
	m := sweeper(rdb)
	var swept []string
	m.abandoned = func(_ context.Context, queue string) error {
		swept = append(swept, queue)
		return nil
	}

	require.NoError(t, m.lookAround(ctx))

	assert.ElementsMatch(t, []string{"ready", "limited"}, listOf(t, rdb, keys.Queue("q")))
	assert.Equal(t, []string{"limited"}, zsetOf(t, rdb, keys.RateLimitAllowed("k")))
	assert.Equal(t, []string{"p"}, swept)
}

// TestALookPutsBackWhatStaysTaken: an id is recovered by what the worker itself has
// seen, without a note that RQ would keep for a day.
func TestALookPutsBackWhatStaysTaken(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	for _, id := range []string{"left", "again", "running"} {
		placeJob(t, rdb, id, "queued")
	}
	rdb.ZAdd(ctx, keys.Executions("running"), z("e"))
	rdb.ZAdd(ctx, keys.Started("q"), zs("running:e", time.Now().Unix()+60))
	pushIDs(t, rdb, keys.Intermediate("q"), "left", "again", "running", "gone")
	m := sweeper(rdb)

	require.NoError(t, m.lookAround(ctx))
	assert.Equal(t, []string{"left", "again", "running"}, listOf(t, rdb, keys.Intermediate("q")), "they may have been taken just now")
	rdb.HSet(ctx, keys.Job("again"), "enqueued_at", wire.FormatTime(time.Now()))
	for id := range m.seen["q"] { // a minute goes by
		m.seen["q"][id] = time.Now().Add(-2 * m.grace)
	}
	require.NoError(t, m.lookAround(ctx))

	assert.Equal(t, []string{"left"}, listOf(t, rdb, keys.Queue("q")))
	assert.Equal(t, []string{"again", "running"}, listOf(t, rdb, keys.Intermediate("q")))
	assert.Empty(t, rdb.Keys(ctx, "*first_seen*").Val())
}

// TestALookIsEarlierThanRQ, which fails a job that it has noted a minute ago.
func TestALookIsEarlierThanRQ(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	for _, id := range []string{"early", "late"} {
		placeJob(t, rdb, id, "queued")
		pushIDs(t, rdb, keys.Intermediate("q"), id)
	}
	firstSeen(t, rdb, "late", time.Minute-lookInterval)
	firstSeen(t, rdb, "early", 40*time.Second)
	m := sweeper(rdb)
	m.grace = intermediateGrace

	require.NoError(t, m.lookAround(ctx))

	assert.Equal(t, []string{"late"}, listOf(t, rdb, keys.Queue("q")))
	assert.Equal(t, []string{"early"}, listOf(t, rdb, keys.Intermediate("q")))
}

// TestLooksAtRateLimitsAreShared: many workers look at them as often as a few.
func TestLooksAtRateLimitsAreShared(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	for i := range 100 {
		rdb.SAdd(ctx, keys.Workers, keys.Worker(string(rune('a'+i))))
	}
	m := sweeper(rdb)
	watched := redistest.Commands(t, rdb)
	const looks = 400

	for range looks {
		require.NoError(t, m.lookAtLimits(ctx))
	}

	n := 0
	for _, c := range watched() {
		if c.Args[0] == "sscan" || c.Args[0] == "SSCAN" {
			n++
		}
	}
	assert.Less(t, n, looks/2)
	assert.Positive(t, n)
}

// TestMaintenanceOfManyDoesNotGateTheFirstJob has groups and rate limits that take
// seconds to clean. The first job finds them not cleaned yet.
func TestMaintenanceOfManyDoesNotGateTheFirstJob(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	require.ErrorIs(t, rdb.Eval(ctx, `
for i = 1, 50000 do
  redis.call('SADD', 'rq:groups', 'g' .. i)
  redis.call('SADD', 'rq:rl-keys', 'l' .. i)
  redis.call('HSET', 'rq:rl:l' .. i, 'concurrency', 1)
end`, nil).Err(), redis.Nil)
	left := make(chan int64, 1)
	handlers := Handlers{"f": HandlerFunc(func(context.Context, *Job) (any, error) {
		left <- min(rdb.SCard(ctx, keys.Groups).Val(), rdb.SCard(ctx, keys.RateLimits).Val())
		return nil, nil
	})}
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"))
	require.NoError(t, err)

	w := startWorker(t, rdb, handlers, WorkerConfig{})

	select {
	case n := <-left:
		assert.Positive(t, n)
	case <-time.After(20 * time.Second):
		t.Fatal("the first job has not begun")
	}
	w.stop(t)
}
