package scripts

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestEmptyQueue(t *testing.T) {
	t.Parallel()
	empties := func(want int64, most int) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := EmptyQueue(t.Context(), rdb, "q", most, at)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	jobs := []string{
		"RPUSH rq:queue:q a b c", "HSET rq:job:a data x", "SADD rq:job:a:dependents d", "SADD rq:job::a:dependencies p",
		"XADD rq:results:a * type 1", "HSET rq:job:c data x", "SADD rq:queues rq:queue:q", "HSET rq:job:d status deferred",
	}
	limit := func(more ...string) []string {
		return append([]string{
			"RPUSH rq:queue:q a", "SADD rq:rl-keys k other", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 1 a", "ZADD rq:rl:k:rate_limited 2 next",
		}, more...)
	}
	promoted := keyspace{"rq:rl:k:allowed": "zset next=1000", "rq:rl:k:rate_limited": ""}
	first := keyspace{"rq:job:a": "", "rq:job:a:dependents": "", "rq:job::a:dependencies": "", "rq:results:a": ""}
	play(t, []scene{
		{name: "that is not there", act: empties(0, 10)},
		{name: "in part", before: jobs, act: empties(2, 2), want: first.and(keyspace{"rq:queue:q": "list c"})},
		{name: "as a whole", before: jobs, act: empties(3, 10), want: first.and(keyspace{"rq:queue:q": "", "rq:job:c": ""})},
		{
			name: "of special characters", before: []string{"RPUSH rq:queue:q %d[]*", "HSET rq:job:%d[]* data x", "HSET rq:job:1 data x"},
			act: empties(1, 10), want: keyspace{"rq:queue:q": "", "rq:job:%d[]*": ""},
		},
		{
			name: "with a slot, which goes to another queue's", before: limit("HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "HSET rq:job:next origin o status rate_limited"),
			act: empties(1, 10), want: promoted.and(keyspace{"rq:queue:q": "", "rq:job:a": "", "rq:queue:o": "list next", "rq:job:next": "hash enqueued_at=T origin=o status=queued"}),
		},
		{
			name: "with a slot, which goes to its own next", before: limit("HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "HSET rq:job:next origin q status rate_limited"),
			act: empties(1, 10), want: promoted.and(keyspace{"rq:queue:q": "list next", "rq:job:a": "", "rq:job:next": "hash enqueued_at=T origin=q status=queued"}),
		},
		{
			name: "with the slot of a job that has expired", before: limit("HSET rq:job:next origin o status rate_limited"),
			act: empties(1, 10), want: promoted.and(keyspace{"rq:queue:q": "", "rq:queue:o": "list next", "rq:job:next": "hash enqueued_at=T origin=o status=queued"}),
		},
		{
			name: "with what is no job, and a limit that is none", act: empties(2, 10), want: keyspace{"rq:queue:q": "", "rq:job:a": "", "rq:job:b": ""},
			before: []string{"RPUSH rq:queue:q a b", "SET rq:job:a x", "HSET rq:job:b rate_limit_key k rate_limit_concurrency 1", "SET rq:rl:k x", "SET rq:rl:k:allowed x", "SET rq:rl-keys x"},
		},
		{
			name: "of the wrong type", before: []string{"SET rq:queue:q x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := EmptyQueue(t.Context(), rdb, "q", 1, at)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}

func TestCompactQueue(t *testing.T) {
	t.Parallel()
	compacts := func(behind, length, seen, removed int64) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			s, r, err := CompactQueue(t.Context(), rdb, "q", behind, length, "tomb:stone")
			require.NoError(t, err)
			require.Equal(t, []int64{seen, removed}, []int64{s, r})
		}
	}
	ids := []string{"RPUSH rq:queue:q a x b x c", "HSET rq:job:a data 1", "HSET rq:job:b data 1", "HSET rq:job:c data 1"}
	play(t, []scene{
		{name: "that is not there", act: compacts(0, 10, 0, 0)},
		{name: "as a whole", before: ids, act: compacts(0, 10, 5, 2), want: keyspace{"rq:queue:q": "list a b c"}},
		{name: "without dead ids", before: ids, act: compacts(0, 1, 1, 0)},
		{name: "at its end", before: ids, act: compacts(0, 2, 2, 1), want: keyspace{"rq:queue:q": "list a x b c"}},
		{name: "in its middle", before: ids, act: compacts(1, 2, 2, 1), want: keyspace{"rq:queue:q": "list a x b c"}},
		{name: "at its front", before: ids, act: compacts(3, 2, 2, 1), want: keyspace{"rq:queue:q": "list a b x c"}},
		{name: "past its front", before: ids, act: compacts(5, 2, 0, 0)},
		{name: "of dead ids only", before: []string{"RPUSH rq:queue:q x y z"}, act: compacts(0, 3, 3, 3), want: keyspace{"rq:queue:q": ""}},
		{
			name: "of the wrong type", before: []string{"SET rq:queue:q x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, _, err := CompactQueue(t.Context(), rdb, "q", 0, 1, "tomb:stone")
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}

// TestCompactWhileTheQueueIsUsed: no live job is lost or moved, whatever is
// taken and added between the steps.
func TestCompactWhileTheQueueIsUsed(t *testing.T) {
	t.Parallel()
	ctx, rdb, rng := t.Context(), redistest.New(t), rand.New(rand.NewPCG(1, 2))
	var want []string
	push := func(where func(id string)) string {
		id := fmt.Sprintf("j%d", rng.IntN(1<<30))
		where(id)
		if rng.IntN(2) == 0 {
			return "" // dead
		}
		rdb.HSet(ctx, "rq:job:"+id, "data", "x")
		return id
	}
	back := func() {
		if id := push(func(id string) { rdb.RPush(ctx, "rq:queue:q", id) }); id != "" {
			want = append(want, id)
		}
	}
	front := func() {
		if id := push(func(id string) { rdb.LPush(ctx, "rq:queue:q", id) }); id != "" {
			want = slices.Insert(want, 0, id)
		}
	}
	for range 300 {
		back()
	}
	for behind := int64(0); ; {
		seen, removed, err := CompactQueue(ctx, rdb, "q", behind, 7, "tomb:stone")
		require.NoError(t, err)
		if seen == 0 {
			break
		}
		behind += seen - removed
		for range rng.IntN(4) {
			back()
		}
		if rng.IntN(3) == 0 {
			front()
		}
		if id := rdb.LPop(ctx, "rq:queue:q").Val(); len(want) > 0 && id == want[0] {
			want = want[1:]
		}
	}
	got := rdb.LRange(ctx, "rq:queue:q", 0, -1).Val()
	live := slices.DeleteFunc(got, func(id string) bool { return rdb.Exists(ctx, "rq:job:"+id).Val() == 0 })
	require.Equal(t, want, live)
}

// hugeQueue has as many ids, of which every second is dead.
const hugeQueue = 200_000

func hugeServer(t *testing.T) *redis.Client {
	t.Helper()
	binary := os.Getenv(redistest.Env)
	if binary == "" || testing.Short() {
		t.Skip("needs a real Redis: run `make test`")
	}
	rdb := redistest.Start(t, binary, "--slowlog-log-slower-than", "0", "--slowlog-max-len", "2000000").Client(t)
	for start := 0; start < hugeQueue; start += 10_000 {
		pipe := rdb.Pipeline()
		ids := make([]any, 0, 10_000)
		for i := start; i < start+10_000; i++ {
			id := fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)
			ids = append(ids, id)
			if i%2 == 0 {
				pipe.HSet(t.Context(), "rq:job:"+id, "data", "x")
			}
		}
		pipe.RPush(t.Context(), "rq:queue:q", ids...)
		_, err := pipe.Exec(t.Context())
		require.NoError(t, err)
	}
	require.NoError(t, rdb.SlowLogReset(t.Context()).Err())
	return rdb
}

// checkCalls logs how long scripts kept the server busy, by its own clock, and
// fails if that is a few times more than the few milliseconds that they may.
func checkCalls(t *testing.T, rdb *redis.Client) {
	t.Helper()
	log, err := rdb.WithTimeout(time.Minute).SlowLogGet(t.Context(), -1).Result() // it is long
	require.NoError(t, err)
	var calls []time.Duration
	for _, l := range log {
		if strings.HasPrefix(strings.ToLower(l.Args[0]), "eval") {
			calls = append(calls, l.Duration)
		}
	}
	slices.Sort(calls)
	median := calls[len(calls)/2]
	t.Logf("%d calls: median %v, longest %v", len(calls), median, calls[len(calls)-1])
	assert.Less(t, median, 20*time.Millisecond)
}

func TestHugeQueueIsCompactedInShortSteps(t *testing.T) {
	t.Parallel()
	rdb := hugeServer(t)
	behind, removed := int64(0), int64(0)
	for {
		seen, dead, err := CompactQueue(t.Context(), rdb, "q", behind, 500, "tomb:stone")
		require.NoError(t, err)
		if seen == 0 {
			break
		}
		behind, removed = behind+seen-dead, removed+dead
	}
	assert.EqualValues(t, hugeQueue/2, removed)
	assert.EqualValues(t, hugeQueue/2, rdb.LLen(t.Context(), "rq:queue:q").Val())
	checkCalls(t, rdb)
}

func TestHugeQueueIsEmptiedInShortSteps(t *testing.T) {
	t.Parallel()
	rdb := hugeServer(t)
	removed := int64(0)
	for {
		n, err := EmptyQueue(t.Context(), rdb, "q", 500, at)
		require.NoError(t, err)
		if n == 0 {
			break
		}
		removed += n
	}
	assert.EqualValues(t, hugeQueue, removed)
	assert.Empty(t, dump(t, rdb))
	checkCalls(t, rdb)
}

// TestASlotIsGivenOnInBoundedSteps: a limit that was raised lets a thousand go at
// once, and each of those more when it ends.
func TestASlotIsGivenOnInBoundedSteps(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	pipe := rdb.Pipeline()
	for i := range 2500 {
		id := fmt.Sprintf("w%04d", i)
		pipe.HSet(ctx, "rq:job:"+id, "origin", "q", "status", "rate_limited", "rate_limit_key", "k", "rate_limit_concurrency", 1)
		pipe.ZAdd(ctx, "rq:rl:k:rate_limited", redis.Z{Score: float64(i), Member: id})
	}
	pipe.HSet(ctx, "rq:rl:k", "concurrency", 2200)
	pipe.HSet(ctx, "rq:job:a", "origin", "q", "status", "queued", "rate_limit_key", "k", "rate_limit_concurrency", 1)
	pipe.ZAdd(ctx, "rq:rl:k:allowed", redis.Z{Member: "a"})
	_, err := pipe.Exec(ctx)
	require.NoError(t, err)
	deletes(true, true)(t, rdb)
	require.EqualValues(t, 1000, rdb.ZCard(ctx, "rq:rl:k:allowed").Val())
	for _, want := range []int64{1999, 2200, 2200} {
		removed, err := DeleteJob(ctx, rdb, rdb.LIndex(ctx, "rq:queue:q", 0).Val(), true, at)
		require.NoError(t, err)
		require.True(t, removed)
		require.Equal(t, want, rdb.ZCard(ctx, "rq:rl:k:allowed").Val())
		require.Equal(t, want, rdb.LLen(ctx, "rq:queue:q").Val())
	}
}
