package scripts

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func cancels(want int64, enqueueDependents, leaveDependencies bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := CancelJob(t.Context(), rdb, "a", at, enqueueDependents, leaveDependencies)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestCancelJob(t *testing.T) {
	t.Parallel()
	canceled := keyspace{"rq:job:a": "hash origin=q status=canceled", "rq:canceled:q": "zset a=1000"}
	job := func(status string) string { return "HSET rq:job:a origin q status " + status }
	var scenes []scene
	for status, registry := range map[string]string{
		"finished": "finished", "failed": "failed", "stopped": "failed", "deferred": "deferred", "scheduled": "scheduled",
		"ready_to_enqueue": "ready",
	} {
		scenes = append(scenes, scene{
			name: status, before: []string{job(status), "ZADD rq:" + registry + ":q 1 a 2 b"}, act: cancels(Done, false, false),
			want: canceled.and(keyspace{"rq:" + registry + ":q": "zset b=2"}),
		}, scene{
			name: status + ", and in its queue since its id was enqueued twice", act: cancels(Done, false, false),
			before: []string{job(status), "ZADD rq:" + registry + ":q 1 a", "RPUSH rq:queue:q b a"},
			want:   canceled.and(keyspace{"rq:" + registry + ":q": "", "rq:queue:q": "list b"}),
		})
	}
	play(t, append(scenes, []scene{
		{name: "no job", act: cancels(NoJob, true, true)},
		{name: "canceled already", before: []string{job("canceled"), "RPUSH rq:queue:q a"}, act: cancels(Refused, true, true)},
		{
			name: "queued", before: []string{job("queued"), "RPUSH rq:queue:q b a c"}, act: cancels(Done, false, false),
			want: canceled.and(keyspace{"rq:queue:q": "list b c"}),
		},
		{name: "of an unknown status", before: []string{job("of_the_future")}, act: cancels(Refused, false, false)},
		{
			name: "without status or origin", before: []string{"HSET rq:job:a data x", "RPUSH rq:queue: a"}, act: cancels(Done, false, false),
			want: keyspace{"rq:job:a": "hash data=x status=canceled", "rq:canceled:": "zset a=1000", "rq:queue:": ""},
		},
		{
			name:   "started: its executions stay",
			before: []string{job("started"), "ZADD rq:wip:q 1 a:e1 2 a:e2 3 a 4 ab:e3", "ZADD rq:executions:a 9 e1 9 e2", "HSET rq:execution:a:e1 id e1"},
			act:    cancels(Done, false, false), want: canceled.and(keyspace{"rq:wip:q": "zset ab:e3=4"}),
		},
		{
			name:   "leaves those it waits for",
			before: []string{job("deferred"), "ZADD rq:deferred:q 1 a", "SADD rq:job::a:dependencies p r", "SADD rq:job:p:dependents a b", "SADD rq:job:r:dependents a"},
			act:    cancels(Done, false, true),
			want:   canceled.and(keyspace{"rq:deferred:q": "", "rq:job:p:dependents": "set b", "rq:job:r:dependents": ""}),
		},
		{
			name:   "of the wrong type of queue: nothing changes",
			before: []string{job("failed"), "ZADD rq:failed:q 1 a", "SET rq:queue:q x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := CancelJob(t.Context(), rdb, "a", at, false, false)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	}...))
}

func TestCancelJobEnqueuesDependents(t *testing.T) {
	t.Parallel()
	parent := "HSET rq:job:a origin q status queued"
	dependent := func(fields string) []string {
		return []string{
			parent, "HSET rq:job:d " + fields, "ZADD rq:deferred:other 1 d", "SADD rq:job:a:dependents d", "SADD rq:job::d:dependencies a",
		}
	}
	canceled := keyspace{"rq:job:a": "hash origin=q status=canceled", "rq:canceled:q": "zset a=1000"}
	freed := canceled.and(keyspace{
		"rq:job:d": "hash enqueued_at=T origin=other status=queued", "rq:queue:other": "list d", "rq:queues": "set rq:queue:other",
		"rq:deferred:other": "", "rq:job:a:dependents": "",
	})
	with := func(more ...string) []string { return append(dependent("origin other status deferred"), more...) }
	play(t, []scene{
		{name: "none", before: []string{parent}, act: cancels(Done, true, false), want: canceled},
		{name: "one", before: with(), act: cancels(Done, true, false), want: freed},
		{name: "not asked for", before: with(), act: cancels(Done, false, false), want: canceled},
		{
			name: "at the front, with a ttl", before: append(dependent("origin other status deferred enqueue_at_front 1 ttl 60"), "RPUSH rq:queue:other b"),
			act: cancels(Done, true, false),
			want: freed.and(keyspace{
				"rq:job:d":       "hash enqueue_at_front=1 enqueued_at=T origin=other status=queued ttl=60 ttl 60",
				"rq:queue:other": "list d b", "rq:job::d:dependencies": "set a ttl 60",
			}),
		},
		{name: "one that waits for another", before: with("SADD rq:job::d:dependencies p", "HSET rq:job:p status queued"), act: cancels(Done, true, false), want: canceled},
		{name: "one whose other is done", before: with("SADD rq:job::d:dependencies p", "HSET rq:job:p status finished"), act: cancels(Done, true, false), want: freed},
		{name: "one whose other is gone", before: with("SADD rq:job::d:dependencies p"), act: cancels(Done, true, false), want: freed},
		{name: "one whose other failed", before: with("SADD rq:job::d:dependencies p", "HSET rq:job:p status failed"), act: cancels(Done, true, false), want: canceled},
		{
			name: "one whose other failed and will do", act: cancels(Done, true, false),
			before: append(dependent("origin other status deferred allow_dependency_failures 1"), "SADD rq:job::d:dependencies p", "HSET rq:job:p status failed"),
			want:   freed.and(keyspace{"rq:job:d": "hash allow_dependency_failures=1 enqueued_at=T origin=other status=queued"}),
		},
		{name: "one that is canceled", before: dependent("origin other status canceled"), act: cancels(Done, true, false), want: canceled},
		{name: "one that runs already", before: dependent("origin other status started"), act: cancels(Done, true, false), want: canceled},
		{name: "one that is gone", before: []string{parent, "SADD rq:job:a:dependents d"}, act: cancels(Done, true, false), want: canceled},
		{
			name: "one with a rate limit", before: dependent("origin other status deferred rate_limit_key k rate_limit_concurrency 1"), act: cancels(Done, true, false),
			want: freed.and(keyspace{
				"rq:job:d":   "hash enqueued_at=T origin=other rate_limit_concurrency=1 rate_limit_key=k status=queued",
				"rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1", "rq:rl:k:allowed": "zset d=1000",
			}),
		},
		{
			name: "one with a rate limit without concurrency", before: dependent("origin other status deferred rate_limit_key k"), act: cancels(Done, true, false),
			want: freed.and(keyspace{"rq:job:d": "hash enqueued_at=T origin=other rate_limit_key=k status=queued"}),
		},
	})
}
