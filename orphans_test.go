package rq

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// orphansOf finds orphans. meanwhile happens between the two checks.
func orphansOf(t *testing.T, rdb redis.UniversalClient, prune bool, meanwhile func(), kinds ...OrphanKind) []Orphan {
	t.Helper()
	return fewOrphansOf(t, rdb, prune, meanwhile, 0, kinds)
}

// fewOrphansOf is orphansOf with a lower limit of candidates.
func fewOrphansOf(t *testing.T, rdb redis.UniversalClient, prune bool, meanwhile func(), limit int, kinds []OrphanKind) []Orphan {
	t.Helper()
	var all []Orphan
	err := searchOrphans(t.Context(), rdb, kinds, &orphanSearch{
		prune: prune, limit: limit,
		pause: func(context.Context) bool { meanwhile(); return true },
		found: func(o Orphan, n int) error {
			for range n {
				all = append(all, o)
			}
			return nil
		},
	})
	require.NoError(t, err)
	slices.SortFunc(all, func(a, b Orphan) int { return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID)) })
	return all
}

func nothing() {}

// allOf reads a whole database, with what expires in it.
func allOf(t *testing.T, rdb *redis.Client) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range rdb.Keys(t.Context(), "*").Val() {
		kind := rdb.Type(t.Context(), key).Val()
		read := map[string][]any{
			"string": {"GET", key}, "list": {"LRANGE", key, 0, -1}, "zset": {"ZRANGE", key, 0, -1, "WITHSCORES"},
			"hash": {"HGETALL", key}, "set": {"SMEMBERS", key}, "stream": {"XRANGE", key, "-", "+"},
		}[kind]
		v, err := rdb.Do(t.Context(), read...).Result()
		require.NoError(t, err, key)
		all[key] = fmt.Sprint(kind, v, rdb.ExpireTime(t.Context(), key).Val() > 0)
	}
	return all
}

// leaveOrphans leaves one of each kind or more, and returns them.
func leaveOrphans(t *testing.T, rdb *redis.Client) []Orphan {
	t.Helper()
	ctx := t.Context()
	entry := func(key, id string) Orphan { return Orphan{OrphanEntry, key, id, "q"} }
	placeJob(t, rdb, "lost", "queued")
	placeJob(t, rdb, "lost:too", "failed")
	want := []Orphan{{OrphanJob, keys.Job("lost"), "lost", "q"}, {OrphanJob, keys.Job("lost:too"), "lost:too", "q"}}
	for _, list := range []string{keys.Queue("q"), keys.Intermediate("q")} {
		pushIDs(t, rdb, list, "gone")
		want = append(want, entry(list, "gone"))
	}
	for _, registry := range []string{keys.Finished("q"), keys.Failed("q"), keys.Deferred("q"), keys.Scheduled("q"), keys.Canceled("q"), keys.Ready("q")} {
		rdb.ZAdd(ctx, registry, zs("gone", time.Now().Unix()+100))
		want = append(want, entry(registry, "gone"))
	}
	rdb.ZAdd(ctx, keys.Started("q"), zs("gone:"+hexID("a"), 1))
	want = append(want, entry(keys.Started("q"), "gone"))
	rdb.XAdd(ctx, &redis.XAddArgs{Stream: keys.Results("gone"), Values: []string{"type", "1"}})
	rdb.SAdd(ctx, keys.Dependents("gone"), "gone too")
	rdb.SAdd(ctx, keys.Dependencies("gone"), "gone too")
	rdb.ZAdd(ctx, keys.Executions("gone"), zs("x", 1))
	rdb.HSet(ctx, keys.Execution("gone", "x"), "id", "x")
	want = append(want,
		Orphan{OrphanResults, keys.Results("gone"), "gone", ""}, Orphan{OrphanDependents, keys.Dependents("gone"), "gone", ""},
		Orphan{OrphanDependencies, keys.Dependencies("gone"), "gone", ""}, Orphan{OrphanExecutions, keys.Executions("gone"), "gone", ""},
		Orphan{OrphanExecutions, keys.Execution("gone", "x"), "gone", ""})
	slices.SortFunc(want, func(a, b Orphan) int { return cmp.Compare(a.Key, b.Key) })
	return want
}

// leaveHealthy puts a job in each state there is, and keys of other people.
func leaveHealthy(t *testing.T, rdb *redis.Client) {
	t.Helper()
	ctx, soon := t.Context(), time.Now().Unix()+100
	for status, key := range map[string]string{
		"finished": keys.Finished("p"), "failed": keys.Failed("p"), "stopped": keys.Failed("p"), "deferred": keys.Deferred("p"),
		"scheduled": keys.Scheduled("p"), "canceled": keys.Canceled("p"), "ready_to_enqueue": keys.Ready("p"), "rate_limited": keys.RateLimitWaiting("k"),
	} {
		placeJob(t, rdb, status, status, "origin", "p", "rate_limit_key", "k", "rate_limit_concurrency", 1)
		rdb.ZAdd(ctx, key, zs(status, soon))
	}
	for _, list := range []string{keys.Queue("p"), keys.Intermediate("p"), keys.Compact("8d4e")} {
		placeJob(t, rdb, list, "queued", "origin", "p")
		pushIDs(t, rdb, list, list)
	}
	placeJob(t, rdb, "started", "started", "origin", "p")
	placeJob(t, rdb, "sync", "started", "origin", "p", "worker_name", "sync")
	placeJob(t, rdb, "created", "created", "origin", "p")
	placeJob(t, rdb, "expires", "finished", "origin", "p")
	rdb.Expire(ctx, keys.Job("expires"), time.Hour)
	for _, id := range []string{"started", "deleted while it runs"} {
		rdb.ZAdd(ctx, keys.Started("p"), zs(id+":x", soon))
		rdb.ZAdd(ctx, keys.Executions(id), zs("x", soon))
		rdb.HSet(ctx, keys.Execution(id, "x"), "id", "x")
	}
	rdb.SAdd(ctx, keys.Dependents("started"), "deferred")
	rdb.SAdd(ctx, keys.Dependents("to come"), "deferred")
	rdb.SAdd(ctx, keys.Dependencies("deferred"), "started", "to come")
	rdb.XAdd(ctx, &redis.XAddArgs{Stream: keys.Results("finished"), Values: []string{"type", "1"}})
	for _, key := range []string{keys.Queue("odd"), keys.Failed("odd"), keys.Results("odd"), "rq:job:odd", "rq:execution:odd", "rq:other"} {
		rdb.Set(ctx, key, "of somebody else", 0)
	}
	rdb.Set(ctx, keys.FirstSeen("p", "gone"), "1", 0)
}

func TestFindOrphans(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	leaveHealthy(t, rdb)
	assert.Empty(t, orphansOf(t, rdb, false, nothing, OrphanKinds()...))
	want := leaveOrphans(t, rdb)
	before := allOf(t, rdb)

	got := orphansOf(t, rdb, false, nothing, OrphanKinds()...)

	assert.Equal(t, want, got)
	assert.Equal(t, before, allOf(t, rdb), "to look changes nothing")
	assert.Equal(t, []Orphan{{OrphanResults, keys.Results("gone"), "gone", ""}}, orphansOf(t, rdb, false, nothing, OrphanResults))
}

func TestPruneOrphans(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	leaveHealthy(t, rdb)
	before := allOf(t, rdb)
	leaveOrphans(t, rdb)
	ticks := 0

	counts, err := PruneOrphans(ctx, rdb, nil, Progress(func(done, total int) {
		ticks++
		assert.LessOrEqual(t, done, total)
	}))

	require.NoError(t, err)
	assert.Equal(t, map[OrphanKind]int{OrphanEntry: 9, OrphanResults: 1, OrphanDependents: 1, OrphanDependencies: 1, OrphanExecutions: 2}, counts)
	assert.Positive(t, ticks)
	assert.EqualValues(t, 2, rdb.Exists(ctx, keys.Job("lost"), keys.Job("lost:too")).Val(), "jobs stay unless it is asked for")

	counts, err = PruneOrphans(ctx, rdb, OrphanKinds())
	require.NoError(t, err)
	assert.Equal(t, 2, counts[OrphanJob])
	assert.Equal(t, before, allOf(t, rdb), "all is as if they had never been")
	counts, err = PruneOrphans(ctx, rdb, OrphanKinds())
	require.NoError(t, err)
	assert.Equal(t, []int{0}, slices.Compact(slices.Collect(maps.Values(counts))))
}

// TestOrphansThatAreNone has something happen to each candidate between the two checks.
func TestOrphansThatAreNone(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	for _, id := range []string{"popped", "requeued", "again", "compacting"} {
		placeJob(t, rdb, id, "queued")
	}
	rdb.ZAdd(ctx, keys.Scheduled("q"), zs("scheduled", 5))
	rdb.XAdd(ctx, &redis.XAddArgs{Stream: keys.Results("new"), Values: []string{"type", "1"}})

	got := orphansOf(t, rdb, true, func() {
		rdb.HSet(ctx, keys.Job("popped"), "status", "started")
		rdb.ZAdd(ctx, keys.Started("q"), zs("popped:x", 5))
		rdb.ZAdd(ctx, keys.Executions("popped"), zs("x", 5))
		pushIDs(t, rdb, keys.Queue("q"), "requeued")
		rdb.HSet(ctx, keys.Job("again"), "enqueued_at", "later")
		pushIDs(t, rdb, keys.Compact("8d4e"), "compacting")
		placeJob(t, rdb, "scheduled", "scheduled")
		placeJob(t, rdb, "new", "finished")
		rdb.ZAdd(ctx, keys.Finished("q"), zs("new", 5))
	}, OrphanKinds()...)

	assert.Empty(t, got)
	assert.EqualValues(t, 6, rdb.Exists(ctx, keys.Job("popped"), keys.Job("requeued"), keys.Job("again"), keys.Job("compacting"), keys.Scheduled("q"), keys.Results("new")).Val())
}

// TestManyOrphans has more of each than a step handles.
func TestManyOrphans(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t) // miniredis skips keys when others are removed meanwhile
	const n = scanChunk + 2*orphanChunk + 1
	_, err := rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i := range n {
			id := fmt.Sprint("gone", i)
			pipe.RPush(ctx, keys.Queue("q"), id, fmt.Sprint("queued", i))
			pipe.ZAdd(ctx, keys.Failed("q"), zs(id, int64(i)), zs(fmt.Sprint("queued", i), int64(i)))
			pipe.SAdd(ctx, keys.Dependencies(id), "x")
			pipe.HSet(ctx, keys.Job(fmt.Sprint("queued", i)), "status", "queued", "origin", "q")
			pipe.HSet(ctx, keys.Job(fmt.Sprint("lost", i)), "status", "queued", "origin", "q")
		}
		return nil
	})
	require.NoError(t, err)

	counts := func(all []Orphan) map[string]int {
		c := map[string]int{}
		for _, o := range all {
			c[fmt.Sprint(o.Kind, " ", o.Queue)]++
		}
		return c
	}
	want := map[string]int{"entry q": 2 * n, "dependencies ": n, "job q": n}
	assert.Equal(t, want, counts(orphansOf(t, rdb, false, nothing, OrphanKinds()...)))
	pauses := 0
	assert.Equal(t, want, counts(fewOrphansOf(t, rdb, true, func() { pauses++ }, 500, OrphanKinds())))
	assert.Greater(t, pauses, 3)
	assert.Empty(t, orphansOf(t, rdb, false, nothing, OrphanKinds()...))
	ids := listOf(t, rdb, keys.Queue("q"))
	assert.Len(t, ids, n)
	assert.Equal(t, []string{"queued0", "queued1"}, ids[:2], "the others keep their order")
	assert.EqualValues(t, n, rdb.ZCard(ctx, keys.Failed("q")).Val())
}

// TestOneMomentForManyJobs has a queue whose jobs are many times the candidates that
// there may be at once, and no orphan: then there is nothing to wait for.
func TestOneMomentForManyJobs(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for i := range 1200 {
		id := strconv.Itoa(i)
		placeJob(t, rdb, id, "queued")
		pushIDs(t, rdb, keys.Queue("q"), id)
	}
	pauses := 0
	assert.Empty(t, fewOrphansOf(t, rdb, true, func() { pauses++ }, 100, OrphanKinds()))
	assert.Zero(t, pauses)
}

func TestFindOrphansEnds(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	pushIDs(t, rdb, keys.Queue("q"), "a", "b", "c")
	seen := 0
	for _, err := range FindOrphans(ctx, rdb) {
		require.NoError(t, err)
		seen++
		break
	}
	assert.Equal(t, 1, seen, "when its caller has enough")

	rdb.ZAdd(ctx, keys.Failed("q"), zs("gone", 1))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	counts, err := PruneOrphans(short, rdb, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Equal(t, 3, counts[OrphanEntry], "what was done before ctx ended")
	assert.EqualValues(t, 1, rdb.ZCard(ctx, keys.Failed("q")).Val())
}

func TestOrphansRefuse(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	var invalid *InvalidError
	_, err := PruneOrphans(ctx, rdb, []OrphanKind{"everything"})
	require.ErrorAs(t, err, &invalid)
	_, err = PruneOrphans(ctx, nil, nil)
	require.ErrorAs(t, err, &invalid)
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:1"}})
	defer cluster.Close()
	for _, err = range FindOrphans(ctx, cluster) {
		require.ErrorIs(t, err, ErrCluster)
	}
	require.Error(t, err)
}
