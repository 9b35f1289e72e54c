package scripts

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func deletes(want, fromQueue bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := DeleteJob(t.Context(), rdb, "a", fromQueue, at)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestDeleteJob(t *testing.T) {
	t.Parallel()
	job := func(status string) string { return "HSET rq:job:a origin q status " + status }
	gone := keyspace{"rq:job:a": ""}
	var scenes []scene
	for status, registry := range map[string]string{
		"finished": "finished", "failed": "failed", "stopped": "failed", "deferred": "deferred", "scheduled": "scheduled",
		"ready_to_enqueue": "ready", "canceled": "canceled",
	} {
		scenes = append(scenes, scene{
			name: status, before: []string{job(status), "ZADD rq:" + registry + ":q 1 a 2 b"}, act: deletes(true, true),
			want: gone.and(keyspace{"rq:" + registry + ":q": "zset b=2"}),
		})
	}
	play(t, append(scenes, []scene{
		{name: "no job", before: []string{"RPUSH rq:queue:q a", "SADD rq:job:a:dependents d"}, act: deletes(false, true)},
		{name: "queued", before: []string{job("queued"), "RPUSH rq:queue:q b a"}, act: deletes(true, true), want: gone.and(keyspace{"rq:queue:q": "list b"})},
		{name: "failed, and enqueued by hand", before: []string{job("queued"), "RPUSH rq:queue:q b a", "ZADD rq:failed:q 1 a"}, act: deletes(true, true), want: gone.and(keyspace{"rq:queue:q": "list b"})},
		{name: "failed, its id enqueued twice", before: []string{job("failed"), "RPUSH rq:queue:q b a", "ZADD rq:failed:q 1 a"}, act: deletes(true, true), want: gone.and(keyspace{"rq:queue:q": "list b", "rq:failed:q": ""})},
		{name: "failed by its status only", before: []string{job("failed"), "RPUSH rq:queue:q b a"}, act: deletes(true, true), want: gone.and(keyspace{"rq:queue:q": "list b"})},
		{name: "not from its queue", before: []string{job("queued"), "RPUSH rq:queue:q b a"}, act: deletes(true, false), want: gone},
		{
			name: "all that belongs to it",
			before: []string{
				job("deferred") + " group_id g", "ZADD rq:deferred:q 1 a", "SADD rq:job:a:dependents d", "SADD rq:job::a:dependencies p",
				"XADD rq:results:a * type 1", "SADD rq:group:g a b", "SADD rq:groups g", "SADD rq:job:p:dependents a",
			},
			act: deletes(true, true),
			want: gone.and(keyspace{
				"rq:deferred:q": "", "rq:job:a:dependents": "", "rq:job::a:dependencies": "", "rq:results:a": "", "rq:group:g": "set b",
			}),
		},
		{
			name: "the last one of a group, which RQ says does not exist", before: []string{job("queued") + " group_id g", "SADD rq:groups g"},
			act: deletes(true, true), want: gone,
		},
		{
			name: "started",
			before: []string{
				job("started"), "ZADD rq:wip:q 1 a:e1 2 a:e2 3 b:e3", "ZADD rq:executions:a 9 e1 9 e2",
				"HSET rq:execution:a:e1 id e1 worker_name w", "SADD rq:worker:w:executions a:e1 b:e3", "HSET rq:execution:a:e2 id e2 worker_name ''",
			},
			act: deletes(true, true),
			want: gone.and(keyspace{
				"rq:wip:q": "zset b:e3=3", "rq:executions:a": "", "rq:execution:a:e1": "", "rq:execution:a:e2": "", "rq:worker:w:executions": "set b:e3",
			}),
		},
		{
			name: "without origin and status", before: []string{"HSET rq:job:a data x", "RPUSH rq:queue: a"}, act: deletes(true, true),
			want: gone.and(keyspace{"rq:queue:": ""}),
		},
		{
			name: "besides keys that hold something else", act: deletes(true, true), want: gone.and(keyspace{"rq:executions:a": "", "rq:results:a": ""}),
			before: []string{
				job("started") + " group_id g", "SET rq:wip:q x", "SET rq:executions:a x", "SET rq:group:g x", "SET rq:results:a x", "RPUSH rq:queue:q b",
			},
		},
		{
			name: "besides executions that hold something else", act: deletes(true, true),
			before: []string{job("started"), "ZADD rq:wip:q 1 a:e", "ZADD rq:executions:a 9 e 9 f", "SET rq:execution:a:e x", "HSET rq:execution:a:f worker_name w", "SET rq:worker:w:executions x"},
			want:   gone.and(keyspace{"rq:wip:q": "", "rq:executions:a": "", "rq:execution:a:e": "", "rq:execution:a:f": ""}),
		},
		{
			name: "besides a registry that holds something else", before: []string{job("failed"), "SET rq:failed:q x"}, act: deletes(true, true), want: gone,
		},
		{
			name: "in a queue of the wrong type: nothing changes", before: []string{job("queued"), "SET rq:queue:q x", "SADD rq:job:a:dependents d"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := DeleteJob(t.Context(), rdb, "a", true, at)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
		{
			name: "of the wrong type: nothing changes", before: []string{"SET rq:job:a x", "SADD rq:job:a:dependents d"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := DeleteJob(t.Context(), rdb, "a", true, at)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	}...))
}

// TestASlotIsGivenOn is about deleted and canceled jobs with a rate limit.
func TestASlotIsGivenOn(t *testing.T) {
	t.Parallel()
	limited := func(status string, more ...string) []string {
		return append([]string{
			"HSET rq:job:a origin q rate_limit_key k rate_limit_concurrency 1 status " + status, "HSET rq:rl:k concurrency 1",
			"ZADD rq:rl:k:rate_limited 5 next", "HSET rq:job:next origin other status rate_limited",
		}, more...)
	}
	promoted := keyspace{
		"rq:rl:k:allowed": "zset next=1000", "rq:rl:k:rate_limited": "", "rq:queue:other": "list next",
		"rq:job:next": "hash enqueued_at=T origin=other status=queued",
	}
	gone := keyspace{"rq:job:a": ""}
	canceled := keyspace{"rq:job:a": "hash origin=q rate_limit_concurrency=1 rate_limit_key=k status=canceled", "rq:canceled:q": "zset a=1000"}
	holds := "ZADD rq:rl:k:allowed 3 a"
	play(t, []scene{
		{name: "deleted", before: limited("queued", holds), act: deletes(true, true), want: gone.and(promoted)},
		{name: "canceled", before: limited("queued", holds), act: cancels(Done, false, false), want: canceled.and(promoted)},
		{name: "deleted while it waits", before: limited("rate_limited", "ZADD rq:rl:k:rate_limited 3 a"), act: deletes(true, true), want: gone.and(keyspace{"rq:rl:k:rate_limited": "zset next=5"})},
		{name: "canceled while it waits", before: limited("rate_limited", "ZADD rq:rl:k:rate_limited 3 a"), act: cancels(Done, false, false), want: canceled.and(keyspace{"rq:rl:k:rate_limited": "zset next=5"})},
		{name: "deleted without a slot", before: limited("finished"), act: deletes(true, true), want: gone},
		{
			name: "deleted while it runs", act: deletes(true, true),
			before: limited("started", holds, "ZADD rq:executions:a 1001 e", "HSET rq:execution:a:e id e", "ZADD rq:wip:q 2000 a:e"),
			want:   gone.and(promoted).and(keyspace{"rq:wip:q": "", "rq:executions:a": "", "rq:execution:a:e": ""}),
		},
		{
			name: "canceled while it runs", act: cancels(Done, false, false),
			before: limited("started", holds, "ZADD rq:executions:a 1001 e", "ZADD rq:wip:q 2000 a:e"),
			want:   canceled.and(promoted).and(keyspace{"rq:wip:q": ""}),
		},
		{
			name: "deleted, and nobody waits", act: deletes(true, true), before: limited("queued", holds, "DEL rq:rl:k:rate_limited"),
			want: gone.and(keyspace{"rq:rl:k:allowed": ""}),
		},
		{
			name: "deleted, with a concurrency that is no number", act: deletes(true, true),
			before: limited("queued", holds, "HSET rq:rl:k concurrency x"), want: gone.and(keyspace{"rq:rl:k:allowed": ""}),
		},
		{
			name: "deleted, with a limit that is none", act: deletes(true, true),
			before: limited("queued", "SET rq:rl:k:allowed x"), want: gone,
		},
		{
			name: "deleted while it waits, with waiting ones that are none", act: deletes(true, true),
			before: limited("rate_limited", "SET rq:rl:k:rate_limited x"), want: gone,
		},
		{
			name:   "deleted, with a key and no concurrency: it has no rate limit",
			before: []string{"HSET rq:job:a origin q rate_limit_key k status queued", "ZADD rq:rl:k:allowed 3 a"}, act: deletes(true, true), want: gone,
		},
	})
}

// A cutOff has the connection break behind the reply to a command that failed.
type cutOff struct{ redis.Hook }

func (cutOff) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (cutOff) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (cutOff) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		cmds[len(cmds)-1].SetErr(io.EOF)
		return err
	}
}

func TestDeleteJobsOnABrokenConnection(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	require.NoError(t, rdb.Set(t.Context(), "rq:job:odd", "x", 0).Err())
	rdb.AddHook(cutOff{})

	_, _, err := DeleteJobs(t.Context(), rdb, []string{"odd", "a", "b"}, true, at)

	require.ErrorIs(t, err, io.EOF)
}

func TestDeleteJobsBesidesTheQueue(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	require.NoError(t, rdb.HSet(t.Context(), "rq:job:a", "origin", "q", "status", "deferred").Err())
	require.NoError(t, rdb.RPush(t.Context(), "rq:queue:q", "a").Err())

	codes, errs, err := DeleteJobs(t.Context(), rdb, []string{"a", "gone"}, false, at)

	require.NoError(t, err)
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, []int64{Done, NoJob}, codes)
	require.EqualValues(t, 1, rdb.LLen(t.Context(), "rq:queue:q").Val())
}
