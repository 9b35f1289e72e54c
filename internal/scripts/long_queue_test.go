package scripts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// fill pushes ids that look like RQ's.
func fill(t *testing.T, rdb *redis.Client, n int) {
	t.Helper()
	build(t, rdb, n/100, `
		local ids = {}
		for j = 1, 100 do ids[j] = string.format('00000000-0000-0000-0000-%012d', 100 * i + j) end
		redis.call('RPUSH', 'rq:queue:q', unpack(ids))`)
}

// inTheQueue saves jobs, and puts the first of them into the middle of a queue, the next
// near its ends, and one at two places.
func inTheQueue(t *testing.T, rdb *redis.Client, status string, n int) (ids []string) {
	t.Helper()
	length := rdb.LLen(t.Context(), "rq:queue:q").Val()
	for i := range n {
		id := fmt.Sprint("j", i)
		ids = append(ids, id)
		do(t, rdb, "HSET rq:job:"+id+" origin q data x status "+status)
	}
	for i, place := range []int64{length / 2, 3, length - 4, length / 3, 7} {
		require.NoError(t, rdb.LSet(t.Context(), "rq:queue:q", place, ids[i%4]).Err())
	}
	return ids
}

// absent checks that no id is in the queue, and that others are.
func absent(t *testing.T, rdb *redis.Client, ids []string, length int) {
	t.Helper()
	all, err := rdb.LRange(t.Context(), "rq:queue:q", 0, -1).Result()
	require.NoError(t, err)
	others := 0
	for _, id := range all {
		if strings.HasPrefix(id, "00000000-") {
			others++
		} else {
			assert.NotContains(t, ids, id)
		}
	}
	assert.Equal(t, length, others)
}

// TestBesideALongQueue takes seconds: it makes three queues of a million.
func TestBesideALongQueue(t *testing.T) {
	const n = 1_000_000
	ctx, rdb := t.Context(), idle(t)
	for name, act := range map[string]func(*redis.Client, []string) ([]int64, []error, error){
		"cancel": func(c *redis.Client, ids []string) ([]int64, []error, error) { return CancelJobs(ctx, c, ids, at) },
		"delete": func(c *redis.Client, ids []string) ([]int64, []error, error) {
			return DeleteJobs(ctx, c, ids, true, at)
		},
		"requeue": func(c *redis.Client, ids []string) ([]int64, []error, error) {
			return RequeueJobs(ctx, c, Requeue{Registry: "rq:failed:q", IDs: ids, Now: at})
		},
	} {
		require.NoError(t, rdb.FlushDB(ctx).Err())
		fill(t, rdb, n)
		ids := inTheQueue(t, rdb, map[string]string{"cancel": "queued", "delete": "finished", "requeue": "failed"}[name], 50)
		for _, id := range ids {
			do(t, rdb, "ZADD rq:failed:q 1 "+id)
		}
		m := newMeter(t, rdb)

		codes, errs, err := act(m.client(), ids)

		require.NoError(t, firstOf(errs, err), name)
		for _, code := range codes {
			assert.EqualValues(t, Done, code, name)
		}
		m.end()
		if name == "requeue" {
			continue
		}
		absent(t, rdb, ids, n-5)
		for _, id := range ids {
			status, _ := rdb.HGet(ctx, "rq:job:"+id, "status").Result()
			assert.Equal(t, map[string]string{"cancel": "canceled", "delete": ""}[name], status)
		}
	}
}

// TestCancelInALongQueue: a crash between two steps leaves jobs as they were or canceled
// and out of the queue, and a job that ended is found, too.
func TestCancelInALongQueue(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const n = 20_000
	fill(t, rdb, n)
	ids := inTheQueue(t, rdb, "finished", 6)
	do(t, rdb, "HSET rq:job:j5 status of_the_future", "HSET rq:job:j4 status canceled")

	codes, errs, err := CancelJobs(ctx, rdb, append(ids, "none"), at)

	require.NoError(t, firstOf(errs, err))
	assert.Equal(t, []int64{Done, Done, Done, Done, Refused, Refused, NoJob}, codes)
	absent(t, rdb, ids, n-5)
	assert.EqualValues(t, n-5, rdb.LLen(ctx, "rq:queue:q").Val())
	assert.EqualValues(t, 4, rdb.ZCard(ctx, "rq:canceled:q").Val())
}

// TestDeleteInALongQueue: without memory, too. An id that is in use again stays.
func TestDeleteInALongQueue(t *testing.T) {
	t.Parallel()
	redistest.Real(t)
	ctx, rdb := t.Context(), idle(t)
	const n = 20_000
	fill(t, rdb, n)
	ids := inTheQueue(t, rdb, "finished", 4)
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "1").Err())
	codes, errs, err := DeleteJobs(ctx, rdb, append(ids, "none"), true, at)
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "0").Err())

	require.NoError(t, firstOf(errs, err))
	assert.Equal(t, []int64{Done, Done, Done, Done, NoJob}, codes)
	absent(t, rdb, ids, n-5)
	assert.EqualValues(t, n-5, rdb.LLen(ctx, "rq:queue:q").Val())

	do(t, rdb, "RPUSH rq:queue:q j0", "HSET rq:job:j0 status queued data x")
	_, err = leaveLongQueue(ctx, rdb, "q", nil, ids, false, at)
	require.NoError(t, err)
	assert.Equal(t, "j0", rdb.LIndex(ctx, "rq:queue:q", -1).Val())
}

// TestTakingOutFarFromBothEnds: an id in the middle is replaced, since to take it out
// would have Redis go through half of the queue.
func TestTakingOutFarFromBothEnds(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	short := strings.Replace(libQueue, "reach = 300000", "reach = 3", 1)
	require.NotEqual(t, libQueue, short)
	for place, want := range map[int]string{0: "b c d e f g h", 2: "a b d e f g h", 4: "a b c d X f g h", 6: "a b c d e f h", 7: "a b c d e f g"} {
		do(t, rdb, "FLUSHDB", "RPUSH rq:queue:q a b c d e f g h")
		require.NoError(t, rdb.LSet(ctx, "rq:queue:q", int64(place), "X").Err())
		require.NoError(t, rdb.Eval(ctx, short+"take_out('rq:queue:q', 'X', 1, "+fmt.Sprint(place, ",", place)+") return 1", nil).Err())
		assert.Equal(t, want, strings.Join(rdb.LRange(ctx, "rq:queue:q", 0, -1).Val(), " "), place)
	}
}

// TestCleanLargeGroup: a group of many jobs that are gone is forgotten in steps.
func TestCleanLargeGroup(t *testing.T) {
	ctx, rdb := t.Context(), idle(t)
	const n = 100_000
	build(t, rdb, n, `redis.call('SADD', 'rq:group:g', 'c' .. i)`)
	do(t, rdb, "SADD rq:groups g")
	m := newMeter(t, rdb)
	removed := int64(0)
	for cursor := uint64(0); ; {
		ids, next, err := rdb.SScan(ctx, "rq:group:g", cursor, "", memberChunk).Result()
		require.NoError(t, err)
		k, err := CleanGroup(ctx, rdb, "g", ids)
		require.NoError(t, err)
		removed += k
		m.step()
		if cursor = next; next == 0 {
			break
		}
	}
	m.end()
	assert.EqualValues(t, n, removed)
	assert.Empty(t, rdb.Keys(ctx, "rq:group*").Val())
}
