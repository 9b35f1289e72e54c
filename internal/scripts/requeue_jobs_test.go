package scripts

import (
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func requeues(want int64, atFront bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, errs, err := RequeueJobs(t.Context(), rdb, Requeue{Registry: "rq:failed:q", IDs: []string{"a"}, AtFront: atFront, Now: at, Empty: []byte("Z")})
		require.NoError(t, err)
		require.NoError(t, errs[0])
		require.Equal(t, want, got[0])
	}
}

func requeuesButItsOwn(want int64) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, _, err := RequeueJobs(t.Context(), rdb, Requeue{Registry: "rq:failed:q", IDs: []string{"a"}, Now: at, Empty: []byte("Z"), LeaveOwn: true})
		require.NoError(t, err)
		require.Equal(t, []int64{want}, got)
	}
}

func TestRequeueJobs(t *testing.T) {
	t.Parallel()
	failed := func(fields string, more ...string) []string {
		return append([]string{"HSET rq:job:a origin q status failed worker_name w started_at S " + fields, "ZADD rq:failed:q 1 a 2 b"}, more...)
	}
	back := keyspace{
		"rq:job:a":   "hash ended_at= enqueued_at=T exc_info=Z origin=q started_at= status=queued worker_name=w",
		"rq:queue:q": "list b a", "rq:queues": "set rq:queue:q", "rq:failed:q": "zset b=2",
	}
	waiting := "RPUSH rq:queue:q b"
	play(t, []scene{
		{name: "no job", before: []string{"ZADD rq:failed:q 1 a"}, act: requeues(NoJob, false)},
		{name: "not failed", before: []string{"HSET rq:job:a origin q status failed"}, act: requeues(Refused, false)},
		{name: "failed in another queue", before: []string{"HSET rq:job:a origin q", "ZADD rq:failed:other 1 a"}, act: requeues(Refused, false)},
		{name: "enqueued again, and still among the failed", before: append(failed("", "RPUSH rq:queue:q a"), "HSET rq:job:a status queued"), act: requeues(Refused, false)},
		{name: "runs", before: append(failed(""), "HSET rq:job:a status started"), act: requeues(Refused, false)},
		{name: "waits for a slot already", before: append(failed(""), "HSET rq:job:a status rate_limited"), act: requeues(Refused, false)},
		{name: "enqueued by the same call", before: append(failed(""), "HSET rq:job:a enqueued_at T"), act: requeuesButItsOwn(Left)},
		{
			name: "enqueued before that", before: failed("", waiting, "HSET rq:job:a enqueued_at S"), act: requeuesButItsOwn(Done), want: back,
		},
		{name: "at the back", before: failed("", waiting), act: requeues(Done, false), want: back},
		{name: "at the front", before: failed("", waiting), act: requeues(Done, true), want: back.and(keyspace{"rq:queue:q": "list a b"})},
		{
			name: "stays until it has run", act: requeues(Done, false), want: back.and(keyspace{"rq:job:a:dependents": "set d", "rq:job::a:dependencies": "set p"}),
			before: failed("", waiting, "EXPIRE rq:job:a 300", "SADD rq:job:a:dependents d", "EXPIRE rq:job:a:dependents 300",
				"SADD rq:job::a:dependencies p", "EXPIRE rq:job::a:dependencies 300"),
		},
		{
			name: "starts its ttl again", before: failed("ttl 60", waiting), act: requeues(Done, false),
			want: back.and(keyspace{"rq:job:a": "hash ended_at= enqueued_at=T exc_info=Z origin=q started_at= status=queued ttl=60 worker_name=w ttl 60"}),
		},
		{
			name: "with a ttl that is no number", before: failed("ttl x", waiting), act: requeues(Done, false),
			want: back.and(keyspace{"rq:job:a": "hash ended_at= enqueued_at=T exc_info=Z origin=q started_at= status=queued ttl=x worker_name=w"}),
		},
		{
			name: "waits for a slot, and remembers its place", before: failed("rate_limit_key k rate_limit_concurrency 1", "ZADD rq:rl:k:allowed 1 b"),
			act: requeues(Done, true),
			want: keyspace{
				"rq:job:a":  "hash ended_at= enqueue_at_front=1 exc_info=Z origin=q rate_limit_concurrency=1 rate_limit_key=k started_at= status=rate_limited worker_name=w",
				"rq:queues": "set rq:queue:q", "rq:failed:q": "zset b=2",
				"rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1", "rq:rl:k:rate_limited": "zset a=1000",
			},
		},
		{
			name: "cannot be queued: it is failed still", before: failed("", "SET rq:queue:q x"),
			act: func(t *testing.T, rdb *redis.Client) {
				_, errs, err := RequeueJobs(t.Context(), rdb, Requeue{Registry: "rq:failed:q", IDs: []string{"a"}, Now: at, Empty: []byte("Z")})
				require.NoError(t, err)
				require.ErrorContains(t, errs[0], "WRONGTYPE")
			},
			want: keyspace{
				"rq:job:a":  "hash ended_at= exc_info=Z origin=q started_at= status=failed worker_name=w",
				"rq:queues": "set rq:queue:q",
			},
		},
		{
			name: "many: the error of each is its own", before: failed("", waiting, "SET rq:job:b x", "ZADD rq:failed:q 3 gone 4 c", "HSET rq:job:c origin q status failed", "HSET rq:job:d origin q"),
			act: func(t *testing.T, rdb *redis.Client) {
				codes, errs, err := RequeueJobs(t.Context(), rdb, Requeue{Registry: "rq:failed:q", IDs: []string{"a", "b", "gone", "d", "c"}, Now: at, Empty: []byte("Z")})
				require.NoError(t, err)
				require.Equal(t, []int64{Done, 0, NoJob, Refused, Done}, codes)
				require.ErrorContains(t, errs[1], "WRONGTYPE")
				errs[1] = nil
				require.NoError(t, errors.Join(errs...))
			},
			want: back.and(keyspace{
				"rq:job:c":   "hash ended_at= enqueued_at=T exc_info=Z origin=q started_at= status=queued",
				"rq:queue:q": "list b a c", "rq:failed:q": "zset b=2 gone=3",
			}),
		},
		{
			name: "deferred, from that registry", before: []string{"HSET rq:job:a origin q status deferred", "ZADD rq:deferred:q 1 a"},
			act: func(t *testing.T, rdb *redis.Client) {
				codes, _, err := RequeueJobs(t.Context(), rdb, Requeue{Registry: "rq:deferred:q", IDs: []string{"a"}, Now: at, Empty: []byte("Z")})
				require.NoError(t, err)
				require.Equal(t, []int64{Done}, codes)
			},
			want: keyspace{
				"rq:job:a":   "hash ended_at= enqueued_at=T exc_info=Z origin=q started_at= status=queued",
				"rq:queue:q": "list a", "rq:queues": "set rq:queue:q", "rq:deferred:q": "",
			},
		},
		{
			name: "from another registry", before: []string{"HSET rq:job:a origin q status canceled", "ZADD rq:canceled:q 1 a"},
			act: func(t *testing.T, rdb *redis.Client) {
				codes, _, err := RequeueJobs(t.Context(), rdb, Requeue{Registry: "rq:canceled:q", IDs: []string{"a"}, Now: at, Empty: []byte("Z")})
				require.NoError(t, err)
				require.Equal(t, []int64{Done}, codes)
			},
			want: keyspace{
				"rq:job:a":   "hash ended_at= enqueued_at=T exc_info=Z origin=q started_at= status=queued",
				"rq:queue:q": "list a", "rq:queues": "set rq:queue:q", "rq:canceled:q": "",
			},
		},
	})
}
