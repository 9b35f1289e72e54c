package scripts

import (
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestPageRegistry(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, "ZADD z -1 k -1 \xff -1 \xc3\xa4 1 a 2 b 2 c 2 d 2 cc 3 e +inf f 1795490550.123456 g")
	all := rdb.ZRangeWithScores(t.Context(), "z", 0, -1).Val()
	for size := range 4 {
		var got []Entry
		var last Entry
		for {
			page, err := PageRegistry(t.Context(), rdb, "z", last, size+1)
			require.NoError(t, err)
			if len(page) == 0 {
				break
			}
			assert.LessOrEqual(t, len(page), size+1)
			got, last = append(got, page...), page[len(page)-1]
		}
		require.Len(t, got, len(all))
		for i, z := range all {
			assert.Equal(t, z.Member, got[i].Member)
		}
	}
}

func TestPageRegistryWhileItChanges(t *testing.T) {
	t.Parallel()
	next := func(rdb *redis.Client, after Entry) string {
		page, err := PageRegistry(t.Context(), rdb, "z", after, 2)
		require.NoError(t, err)
		return fmt.Sprint(page)
	}
	rdb := redistest.New(t)
	do(t, rdb, "ZADD z 1 a 2 b 2 d 2 f 3 g")
	assert.Equal(t, "[{d 2} {f 2}]", next(rdb, Entry{"b", "2"}))
	do(t, rdb, "ZREM z b")
	assert.Equal(t, "[{d 2} {f 2}]", next(rdb, Entry{"b", "2"}), "the entry before is gone")
	do(t, rdb, "ZADD z 2 c 2 a 1 x")
	assert.Equal(t, "[{c 2} {d 2}]", next(rdb, Entry{"b", "2"}), "others have come")
	do(t, rdb, "ZREM z c d f")
	assert.Equal(t, "[{g 3}]", next(rdb, Entry{"b", "2"}), "no other has its score")
	assert.Equal(t, "[]", next(rdb, Entry{"g", "3"}))
	do(t, rdb, "DEL z")
	assert.Equal(t, "[]", next(rdb, Entry{"b", "2"}))
}

func adds(score string, ttl int, want bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := AddEntry(t.Context(), rdb, "rq:failed:q", "a", score, ttl)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestAddEntry(t *testing.T) {
	t.Parallel()
	job := []string{"HSET rq:job:a status queued", "SADD rq:job:a:dependents d", "SADD rq:job::a:dependencies e"}
	entry := keyspace{"rq:failed:q": "zset a=1300"}
	play(t, []scene{
		{name: "a job that stays", before: job, act: adds("1300", 0, true), want: entry},
		{name: "a job that is kept for ever", before: job, act: adds("-1", -1, true), want: keyspace{"rq:failed:q": "zset a=-1"}},
		{name: "an entry that never ends", before: job, act: adds("+inf", 0, true), want: keyspace{"rq:failed:q": "zset a=+Inf"}},
		{
			name: "a job that expires, with its relations", before: job, act: adds("1300", 300, true),
			want: entry.and(keyspace{
				"rq:job:a": "hash status=queued ttl 300", "rq:job:a:dependents": "set d ttl 300", "rq:job::a:dependencies": "set e ttl 300",
			}),
		},
		{name: "one that is there", before: append(job, "ZADD rq:failed:q 5 a"), act: adds("1300", 0, true), want: entry},
		{name: "no job", before: []string{"ZADD rq:failed:q 5 a"}, act: adds("1300", 300, false)},
		{
			name: "no registry", before: append(job, "SET rq:failed:q x"),
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := AddEntry(t.Context(), rdb, "rq:failed:q", "a", "1300", 300)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}

func removes(code int64, ids ...string) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, errs, err := RemoveJobs(t.Context(), rdb, "rq:failed:q", ids, true, at)
		require.NoError(t, err)
		for i := range ids {
			require.NoError(t, errs[i])
			require.Equal(t, code, got[i])
		}
	}
}

func TestRemoveJobs(t *testing.T) {
	t.Parallel()
	failed := func(status string, more ...string) []string {
		return append([]string{"HSET rq:job:a origin q status " + status, "ZADD rq:failed:q 1 a 2 b"}, more...)
	}
	gone := keyspace{"rq:job:a": "", "rq:failed:q": "zset b=2"}
	entry := keyspace{"rq:failed:q": "zset b=2"}
	play(t, []scene{
		{name: "a failed job", before: failed("failed"), act: removes(Done, "a"), want: gone},
		{name: "a stopped job", before: failed("stopped"), act: removes(Done, "a"), want: gone},
		{name: "one that was never enqueued", before: failed("created"), act: removes(Done, "a"), want: gone},
		{name: "one without status", before: failed("''"), act: removes(Done, "a"), want: gone},
		{name: "an entry without a job", before: []string{"ZADD rq:failed:q 1 a 2 b"}, act: removes(Done, "a"), want: entry},
		{name: "a job that is queued again", before: failed("queued", "RPUSH rq:queue:q a"), act: removes(Refused, "a"), want: entry},
		{name: "a job that is finished", before: failed("finished"), act: removes(Refused, "a"), want: entry},
		{name: "a job that failed in another queue", before: failed("failed", "HSET rq:job:a origin p"), act: removes(Refused, "a"), want: entry},
		{name: "a job that is not there", before: []string{"HSET rq:job:a origin q status failed", "ZADD rq:failed:q 2 b"}, act: removes(NoJob, "a")},
		{
			name: "with all that belongs to it", act: removes(Done, "a"),
			before: failed("failed", "SADD rq:job:a:dependents d", "SADD rq:job::a:dependencies e", "XADD rq:results:a * type 2",
				"ZADD rq:executions:a 9 x", "HSET rq:execution:a:x id x worker_name w", "SADD rq:worker:w:executions a:x", "ZADD rq:wip:q 9 a:x",
				"HSET rq:job:a group_id g", "SADD rq:group:g a c"),
			want: gone.and(keyspace{
				"rq:job:a:dependents": "", "rq:job::a:dependencies": "", "rq:results:a": "", "rq:executions:a": "", "rq:execution:a:x": "",
				"rq:worker:w:executions": "", "rq:wip:q": "", "rq:group:g": "set c",
			}),
		},
		{
			name: "only out of the registry", before: failed("failed"), want: entry,
			act: func(t *testing.T, rdb *redis.Client) {
				codes, _, err := RemoveJobs(t.Context(), rdb, "rq:failed:q", []string{"a", "c"}, false, at)
				require.NoError(t, err)
				require.Equal(t, []int64{Done, NoJob}, codes)
			},
		},
		{
			name: "many: the error of each is its own", before: failed("failed", "SET rq:job:b x", "HSET rq:job:c origin q status failed", "ZADD rq:failed:q 3 c"),
			act: func(t *testing.T, rdb *redis.Client) {
				codes, errs, err := RemoveJobs(t.Context(), rdb, "rq:failed:q", []string{"a", "b", "c"}, true, at)
				require.NoError(t, err)
				require.Equal(t, []int64{Done, 0, Done}, codes)
				require.ErrorContains(t, errs[1], "WRONGTYPE")
			},
			want: keyspace{"rq:job:a": "", "rq:job:c": "", "rq:failed:q": "zset b=2"},
		},
	})
}
