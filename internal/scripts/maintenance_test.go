package scripts

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

func TestCleanUnlock(t *testing.T) {
	t.Parallel()
	leaves := func(want bool, leave time.Duration) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := CleanUnlock(t.Context(), rdb, "rq:clean_registries:q", "mine", leave)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	unlocks := func(want bool) func(*testing.T, *redis.Client) { return leaves(want, -time.Second) }
	play(t, []scene{
		{name: "its own, to expire", before: []string{"SET rq:clean_registries:q mine EX 20"}, act: leaves(true, time.Minute), want: keyspace{"rq:clean_registries:q": "string 1 ttl 60"}},
		{name: "Python's, to expire", before: []string{"SET rq:clean_registries:q 1 EX 899"}, act: leaves(false, time.Minute)},
		{name: "one that is no string", before: []string{"RPUSH rq:clean_registries:q x"}, act: unlocks(false)},
		{name: "its own", before: []string{"SET rq:clean_registries:q mine EX 899"}, act: unlocks(true), want: keyspace{"rq:clean_registries:q": ""}},
		{name: "Python's", before: []string{"SET rq:clean_registries:q 1 EX 899"}, act: unlocks(false)},
		{name: "one that has expired", act: unlocks(false)},
	})
}

func TestCleanExpired(t *testing.T) {
	t.Parallel()
	cleans := func(want int64, most int) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := CleanExpired(t.Context(), rdb, "rq:failed:q", at.Unix, most)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	entries := "ZADD rq:failed:q -1 kept 0 a 999.5 b 1000 c 1000.5 soon 2000 later +inf never"
	play(t, []scene{
		{name: "nothing", act: cleans(0, 10)},
		{
			name: "all that is due", before: []string{entries}, act: cleans(3, 10),
			want: keyspace{"rq:failed:q": "zset kept=-1 soon=1000.5 later=2000 never=+Inf"},
		},
		{
			name: "a part, the oldest first", before: []string{entries}, act: cleans(2, 2),
			want: keyspace{"rq:failed:q": "zset kept=-1 c=1000 soon=1000.5 later=2000 never=+Inf"},
		},
		{name: "nothing that is due", before: []string{"ZADD rq:failed:q -1 kept 1001 soon"}, act: cleans(0, 10)},
		{name: "the last ones", before: []string{"ZADD rq:failed:q 1 a"}, act: cleans(1, 1), want: keyspace{"rq:failed:q": ""}},
		{
			name: "of the wrong type", before: []string{"SET rq:failed:q x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := CleanExpired(t.Context(), rdb, "rq:failed:q", 1, 1)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}

// readies runs CleanReady of queue q.
func readies(seen, kept, skip int64, most int) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		s, k, err := CleanReady(t.Context(), rdb, "q", skip, most, at)
		require.NoError(t, err)
		require.Equal(t, []int64{seen, kept}, []int64{s, k})
	}
}

func TestCleanReady(t *testing.T) {
	t.Parallel()
	ready := func(fields string, more ...string) []string {
		return append([]string{"HSET rq:job:a data x origin q status ready_to_enqueue " + fields, "ZADD rq:ready:q 1 a"}, more...)
	}
	enqueued := func(fields string) keyspace {
		return queues.and(keyspace{
			"rq:job:a": "hash " + fields, "rq:queue:q": "list b a", "rq:ready:q": "",
		})
	}
	b := "RPUSH rq:queue:q b"
	plain := "data=x enqueued_at=T origin=q status=queued"
	atFront := keyspace{"rq:queue:q": "list a b"}
	var dropped []scene
	for _, status := range []string{"queued", "started", "finished", "failed", "canceled", "deferred", "rate_limited", "of_the_future"} {
		dropped = append(dropped, scene{
			name: "one that is " + status, before: []string{"HSET rq:job:a data x origin q status " + status, "ZADD rq:ready:q 1 a"},
			act: readies(1, 0, 0, 9), want: keyspace{"rq:ready:q": ""},
		})
	}
	play(t, append(dropped, []scene{
		{name: "none", act: readies(0, 0, 0, 9)},
		{name: "one", before: ready("timeout 180", b), act: readies(1, 0, 0, 9), want: enqueued("data=x enqueued_at=T origin=q status=queued timeout=180")},
		{
			name: "at the front", before: ready("enqueue_at_front 1", b), act: readies(1, 0, 0, 9),
			want: enqueued("data=x enqueue_at_front=1 enqueued_at=T origin=q status=queued").and(atFront),
		},
		{
			name: "one that was not to go to the front", before: ready("enqueue_at_front 0", b), act: readies(1, 0, 0, 9),
			want: enqueued("data=x enqueue_at_front=0 enqueued_at=T origin=q status=queued"),
		},
		{
			name: "at the front when it is retried", before: ready("enqueue_at_front_on_retry 1 ended_at E", b), act: readies(1, 0, 0, 9),
			want: enqueued("data=x ended_at=E enqueue_at_front_on_retry=1 enqueued_at=T origin=q status=queued").and(atFront),
		},
		{
			name: "at the back when it has not run", before: ready("enqueue_at_front_on_retry 1 ended_at ''", b), act: readies(1, 0, 0, 9),
			want: enqueued("data=x ended_at= enqueue_at_front_on_retry=1 enqueued_at=T origin=q status=queued"),
		},
		{
			name: "with a ttl", before: ready("ttl 60", b, "SADD rq:job::a:dependencies p"), act: readies(1, 0, 0, 9),
			want: enqueued("data=x enqueued_at=T origin=q status=queued ttl=60 ttl 60").and(keyspace{"rq:job::a:dependencies": "set p ttl 60"}),
		},
		{
			name: "without origin", before: []string{"HSET rq:job:a data x status ready_to_enqueue", "ZADD rq:ready:q 1 a", b},
			act: readies(1, 0, 0, 9), want: enqueued(plain),
		},
		{name: "one that is gone", before: []string{"ZADD rq:ready:q 1 a"}, act: readies(1, 0, 0, 9), want: keyspace{"rq:ready:q": ""}},
		{
			name: "one without data", before: []string{"HSET rq:job:a status ready_to_enqueue", "ZADD rq:ready:q 1 a"},
			act: readies(1, 0, 0, 9), want: keyspace{"rq:ready:q": ""},
		},
		{
			name: "one that is no hash", before: []string{"SET rq:job:a x", "ZADD rq:ready:q 1 a"},
			act: readies(1, 0, 0, 9), want: keyspace{"rq:ready:q": ""},
		},
		{
			name: "a part", before: []string{"ZADD rq:ready:q 1 x 2 y 3 z"}, act: readies(2, 0, 0, 2), want: keyspace{"rq:ready:q": "zset z=3"},
		},
		{name: "after some that stay", before: []string{"ZADD rq:ready:q 1 x 2 y 3 z"}, act: readies(1, 0, 2, 2), want: keyspace{"rq:ready:q": "zset x=1 y=2"}},
		{name: "with a queue of the wrong type", before: ready("", "SET rq:queue:q x"), act: readies(1, 1, 0, 9), want: queues},
	}...))
}

func TestCleanReadyWithARateLimit(t *testing.T) {
	t.Parallel()
	job := func(id string) string {
		return "HSET rq:job:" + id + " data x origin q status ready_to_enqueue rate_limit_key k rate_limit_concurrency 1"
	}
	limit := queues.and(keyspace{"rq:ready:q": "", "rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1"})
	play(t, []scene{
		{
			name: "that has one slot", before: []string{job("a"), job("b"), "ZADD rq:ready:q 1 a 2 b"}, act: readies(2, 0, 0, 9),
			want: limit.and(keyspace{
				"rq:job:a":        "hash data=x enqueued_at=T origin=q rate_limit_concurrency=1 rate_limit_key=k status=queued",
				"rq:job:b":        "hash data=x origin=q rate_limit_concurrency=1 rate_limit_key=k status=rate_limited",
				"rq:queue:q":      "list a",
				"rq:rl:k:allowed": "zset a=1000", "rq:rl:k:rate_limited": "zset b=1000",
			}),
		},
		{
			name:   "of the wrong type: it stays, and the next one does not",
			before: []string{job("a"), "SET rq:rl:k x", "HSET rq:job:b data x status ready_to_enqueue", "ZADD rq:ready:q 1 a 2 b"},
			act:    readies(2, 1, 0, 9),
			want: queues.and(keyspace{
				"rq:job:b": "hash data=x enqueued_at=T origin=q status=queued", "rq:queue:q": "list b",
				"rq:ready:q": "zset a=1", "rq:rl-keys": "set k",
			}),
		},
	})
}

func TestCleanWorkers(t *testing.T) {
	t.Parallel()
	cleans := func(want int64, set string, workers ...string) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := CleanWorkers(t.Context(), rdb, set, workers)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	before := []string{"SADD rq:workers a b c d", "SADD rq:workers:q b c d", "HSET b name b", "SET d x"}
	play(t, []scene{
		{
			name: "of a queue", before: before, act: cleans(1, "rq:workers:q", "b", "c", "d"),
			want: keyspace{"rq:workers": "set a b d", "rq:workers:q": "set b d"},
		},
		{
			name: "of all queues", before: before, act: cleans(2, "rq:workers", "a", "b", "c", "d"),
			want: keyspace{"rq:workers": "set b d"},
		},
		{name: "none", before: before, act: cleans(0, "rq:workers")},
		{
			name: "the last one", before: []string{"SADD rq:workers a", "SADD rq:workers:q a"}, act: cleans(1, "rq:workers:q", "a"),
			want: keyspace{"rq:workers": "", "rq:workers:q": ""},
		},
	})
}

func TestCleanGroup(t *testing.T) {
	t.Parallel()
	cleans := func(want int64, ids ...string) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := CleanGroup(t.Context(), rdb, "g", ids)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	before := []string{"SADD rq:groups g h", "SADD rq:group:g a b c", "HSET rq:job:a data x"}
	play(t, []scene{
		{name: "some", before: before, act: cleans(2, "a", "b", "c"), want: keyspace{"rq:group:g": "set a"}},
		{name: "a part", before: before, act: cleans(1, "b"), want: keyspace{"rq:group:g": "set a c"}},
		{
			name: "all", before: append(before, "DEL rq:job:a"), act: cleans(3, "a", "b", "c"),
			want: keyspace{"rq:group:g": "", "rq:groups": "set h"},
		},
		{name: "that is gone", before: []string{"SADD rq:groups g h"}, act: cleans(0), want: keyspace{"rq:groups": "set h"}},
	})
}

// limits runs CleanRateLimit of k.
func limits(kept int64, more bool, skip int64, most int) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		k, m, err := CleanRateLimit(t.Context(), rdb, "k", skip, most, at)
		require.NoError(t, err)
		require.Equal(t, []any{kept, more}, []any{k, m})
	}
}

func TestCleanRateLimitReleasesSlots(t *testing.T) {
	t.Parallel()
	limit := func(more ...string) []string {
		return append([]string{"SADD rq:rl-keys k l", "HSET rq:rl:k concurrency 2", "ZADD rq:rl:k:allowed 1 a 2 b", "HSET rq:job:b status started"}, more...)
	}
	released := keyspace{"rq:rl:k:allowed": "zset b=2"}
	var scenes []scene
	for _, status := range []string{"finished", "failed", "stopped", "canceled", "scheduled", "deferred", "rate_limited", "of_the_future", "''"} {
		scenes = append(scenes, scene{
			name: "of one that is " + status, before: limit("HSET rq:job:a status " + status), act: limits(1, false, 0, 9), want: released,
		})
	}
	play(t, append(scenes, []scene{
		{name: "none of a queued one", before: limit("HSET rq:job:a status queued"), act: limits(2, false, 0, 9)},
		{name: "none of a started one", before: limit("HSET rq:job:a status started"), act: limits(2, false, 0, 9)},
		{name: "of one that is gone", before: limit(), act: limits(1, false, 0, 9), want: released},
		{name: "of one that is no hash", before: limit("SET rq:job:a x"), act: limits(1, false, 0, 9), want: released},
		{
			name: "none of a canceled one that runs on", before: limit("HSET rq:job:a status canceled", "ZADD rq:executions:a 1001 e"),
			act: limits(2, false, 0, 9),
		},
		{name: "none of a deleted one that runs on", before: limit("ZADD rq:executions:a 1001 e"), act: limits(2, false, 0, 9)},
		{name: "of one whose execution has expired", before: limit("ZADD rq:executions:a 1000 e"), act: limits(1, false, 0, 9), want: released},
		{name: "of one whose executions are no ZSET", before: limit("SET rq:executions:a x"), act: limits(1, false, 0, 9), want: released},
		{
			name: "in part", before: limit("DEL rq:job:b", "ZADD rq:rl:k:allowed 3 c"), act: limits(0, true, 0, 2),
			want: keyspace{"rq:rl:k:allowed": "zset c=3"},
		},
		{
			name: "after those that stay", before: limit("HSET rq:job:a status queued", "DEL rq:job:b"), act: limits(0, false, 1, 2),
			want: keyspace{"rq:rl:k:allowed": "zset a=1"},
		},
		{
			name: "of the wrong type", before: []string{"SET rq:rl:k:allowed x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, _, err := CleanRateLimit(t.Context(), rdb, "k", 0, 9, at)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	}...))
}

func TestCleanRateLimitPromotes(t *testing.T) {
	t.Parallel()
	limit := func(concurrency string, more ...string) []string {
		all := []string{"SADD rq:rl-keys k l", "HSET rq:rl:k concurrency " + concurrency, "ZADD rq:rl:k:rate_limited 1 a 2 b 3 c"}
		for _, id := range []string{"a", "b", "c"} {
			all = append(all, "HSET rq:job:"+id+" origin q status rate_limited")
		}
		return append(all, more...)
	}
	const queuedHash = "hash enqueued_at=T origin=q status=queued"
	one := keyspace{"rq:job:a": queuedHash, "rq:queue:q": "list a", "rq:rl:k:allowed": "zset a=1000", "rq:rl:k:rate_limited": "zset b=2 c=3"}
	play(t, []scene{
		{name: "the oldest", before: limit("1"), act: limits(0, false, 0, 9), want: one},
		{
			name: "in place of one that is gone", before: limit("1", "ZADD rq:rl:k:allowed 1 gone"), act: limits(0, false, 0, 9), want: one,
		},
		{name: "none while there is no slot", before: limit("1", "ZADD rq:rl:k:allowed 1 r", "HSET rq:job:r status started"), act: limits(1, false, 0, 9)},
		{
			name: "none while there are too many", before: limit("1", "ZADD rq:rl:k:allowed 1 r 2 s", "HSET rq:job:r status started", "HSET rq:job:s status queued"),
			act: limits(2, false, 0, 9),
		},
		{name: "none without a concurrency", before: limit("many"), act: limits(0, false, 0, 9)},
		{
			name: "all, one of them at the front", before: limit("9", "HSET rq:job:b enqueue_at_front 1"), act: limits(0, false, 0, 9),
			want: keyspace{
				"rq:job:a": queuedHash, "rq:job:b": "hash enqueue_at_front=1 enqueued_at=T origin=q status=queued", "rq:job:c": queuedHash,
				"rq:queue:q": "list b a c", "rq:rl:k:allowed": "zset a=1000 b=1000 c=1000", "rq:rl:k:rate_limited": "",
			},
		},
		{
			name: "a part", before: limit("9"), act: limits(0, true, 0, 2),
			want: keyspace{
				"rq:job:a": queuedHash, "rq:job:b": queuedHash, "rq:queue:q": "list a b",
				"rq:rl:k:allowed": "zset a=1000 b=1000", "rq:rl:k:rate_limited": "zset c=3",
			},
		},
		{
			name: "none of those that do not wait", before: limit("1", "DEL rq:job:a", "SET rq:job:a x", "HSET rq:job:b status canceled"),
			act:  limits(0, false, 0, 9),
			want: keyspace{"rq:job:c": queuedHash, "rq:queue:q": "list c", "rq:rl:k:allowed": "zset c=1000", "rq:rl:k:rate_limited": ""},
		},
		{
			name: "none of a job without origin", before: limit("1", "HDEL rq:job:a origin", "DEL rq:job:b"), act: limits(0, false, 0, 9),
			want: keyspace{"rq:job:c": queuedHash, "rq:queue:q": "list c", "rq:rl:k:allowed": "zset c=1000", "rq:rl:k:rate_limited": ""},
		},
		{
			name: "none whose queue is no list", before: limit("1", "HSET rq:job:a origin p", "SET rq:queue:p x", "HSET rq:job:b origin p"), act: limits(0, false, 0, 9),
			want: keyspace{"rq:job:c": queuedHash, "rq:queue:q": "list c", "rq:rl:k:allowed": "zset c=1000", "rq:rl:k:rate_limited": "zset a=1 b=2"},
		},
		{
			name: "none that waits behind many whose queue is no list", before: limit("1", "HSET rq:job:a origin p", "SET rq:queue:p x", "HSET rq:job:b origin p"),
			act: limits(0, false, 0, 2),
		},
		{
			name: "the limit is removed when nobody needs it", before: limit("1", "DEL rq:job:a rq:job:b rq:job:c", "ZADD rq:rl:k:allowed 1 gone"),
			act:  limits(0, false, 0, 9),
			want: keyspace{"rq:rl:k": "", "rq:rl:k:allowed": "", "rq:rl:k:rate_limited": "", "rq:rl-keys": "set l"},
		},
		{name: "a limit of which only the name is left", before: []string{"SADD rq:rl-keys k"}, act: limits(0, false, 0, 9), want: keyspace{"rq:rl-keys": ""}},
	})
}

const middle = "rq:queue:q:intermediate"

// intermediates runs CleanIntermediate of queue q.
func intermediates(seen, removed int64, behind int64, length int, want ...Stuck) func(*testing.T, *redis.Client) {
	return intermediatesThat(true, seen, removed, behind, length, want...)
}

func intermediatesThat(note bool, seen, removed int64, behind int64, length int, want ...Stuck) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := CleanIntermediate(t.Context(), rdb, "q", behind, length, note, "1000.25")
		require.NoError(t, err)
		require.Equal(t, &IntermediateScan{Seen: seen, Removed: removed, Now: "1000.25", Stuck: want}, got)
	}
}

func TestCleanIntermediate(t *testing.T) {
	t.Parallel()
	stuck := func(fields string, more ...string) []string {
		return append([]string{"HSET rq:job:a data x origin q enqueued_at E " + fields, "RPUSH " + middle + " a"}, more...)
	}
	noted := keyspace{middle + ":first_seen:a": "string 1000.25 ttl 86400"}
	seenBefore := "SET " + middle + ":first_seen:a 900.5"
	gone := keyspace{middle: "", middle + ":first_seen:a": ""}
	play(t, []scene{
		{name: "that is not there", act: intermediates(0, 0, 0, 9)},
		{name: "one that is new", before: stuck(""), act: intermediates(1, 0, 0, 9), want: noted},
		{name: "one that is new, of which nothing is to be noted", before: stuck(""), act: intermediatesThat(false, 1, 0, 0, 9, Stuck{"a", "", "E"})},
		{name: "one that is known, when nothing is to be noted", before: stuck("", seenBefore), act: intermediatesThat(false, 1, 0, 0, 9, Stuck{"a", "900.5", "E"})},
		{name: "one that is executed, when nothing is to be noted", before: stuck("", "ZADD rq:wip:q 1 a"), act: intermediatesThat(false, 1, 0, 0, 9)},
		{name: "one that is known", before: stuck("", seenBefore), act: intermediates(1, 0, 0, 9, Stuck{"a", "900.5", "E"})},
		{
			name: "one that was never enqueued", before: []string{"HSET rq:job:a data x", "RPUSH " + middle + " a", seenBefore},
			act: intermediates(1, 0, 0, 9, Stuck{"a", "900.5", ""}),
		},
		{
			name: "one whose time is no string", before: stuck("", "RPUSH "+middle+":first_seen:a x"),
			act: intermediates(1, 0, 0, 9, Stuck{"a", "", "E"}),
		},
		{name: "one that is gone", before: []string{"RPUSH " + middle + " a", seenBefore}, act: intermediates(1, 1, 0, 9), want: gone},
		{name: "one without data", before: []string{"HSET rq:job:a status queued", "RPUSH " + middle + " a", seenBefore}, act: intermediates(1, 1, 0, 9), want: gone},
		{name: "one that is no hash", before: []string{"SET rq:job:a x", "RPUSH " + middle + " a", seenBefore}, act: intermediates(1, 1, 0, 9), want: gone},
		{
			name: "one that is executed", before: stuck("", seenBefore, "ZADD rq:wip:q 1 a:e", "ZADD rq:executions:a 1 e"), act: intermediates(1, 0, 0, 9),
		},
		{name: "one that is executed by RQ 1", before: stuck("", "ZADD rq:wip:q 1 a"), act: intermediates(1, 0, 0, 9)},
		{
			name: "one of another queue that is executed", before: stuck("origin p", "ZADD rq:wip:p 1 a:e", "ZADD rq:executions:a 1 e"),
			act: intermediates(1, 0, 0, 9),
		},
		{
			name: "one without origin that is executed", before: []string{"HSET rq:job:a data x origin ''", "RPUSH " + middle + " a", "ZADD rq:wip:q 1 a"},
			act: intermediates(1, 0, 0, 9),
		},
		{
			name: "one whose execution is over", before: stuck("", seenBefore, "ZADD rq:executions:a 1 e", "ZADD rq:wip:q 1 ab:e 1 a:f"),
			act: intermediates(1, 0, 0, 9, Stuck{"a", "900.5", "E"}),
		},
		{
			name: "one with keys of the wrong type", before: stuck("", "SET rq:executions:a x", "SET rq:wip:q x"),
			act: intermediates(1, 0, 0, 9), want: noted,
		},
		{
			name: "of special characters", before: []string{"RPUSH " + middle + " %d[]* a:b", "HSET rq:job:%d[]* data x"},
			act:  intermediates(2, 1, 0, 9),
			want: keyspace{middle: "list %d[]*", middle + ":first_seen:%d[]*": "string 1000.25 ttl 86400"},
		},
		{
			name: "of the wrong type", before: []string{"SET " + middle + " x"},
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := CleanIntermediate(t.Context(), rdb, "q", 0, 9, true, "1")
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}

func TestCleanIntermediateInStretches(t *testing.T) {
	t.Parallel()
	before := []string{"RPUSH " + middle + " a x b x b x c"}
	for _, id := range []string{"a", "b", "c"} {
		before = append(before, "HSET rq:job:"+id+" data 1", "SET "+middle+":first_seen:"+id+" "+id)
	}
	a, b, c := Stuck{"a", "a", ""}, Stuck{"b", "b", ""}, Stuck{"c", "c", ""}
	play(t, []scene{
		{name: "as a whole, the last one first", before: before, act: intermediates(7, 3, 0, 9, c, b, b, a), want: keyspace{middle: "list a b b c"}},
		{name: "the end", before: before, act: intermediates(2, 1, 0, 2, c), want: keyspace{middle: "list a x b x b c"}},
		{name: "the middle", before: before, act: intermediates(3, 1, 2, 3, b, b), want: keyspace{middle: "list a x b c b x"}},
		{name: "the front", before: before, act: intermediates(2, 1, 5, 4, a), want: keyspace{middle: "list a c b x b x"}},
		{name: "past the front", before: before, act: intermediates(0, 0, 7, 4)},
	})
}

// recovers runs RecoverStuck of job a in queue q, seen with enqueued_at E.
func recovers(want, how string) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := RecoverStuck(t.Context(), rdb, "q", Stuck{ID: "a", EnqueuedAt: "E"}, how)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestRecoverStuck(t *testing.T) {
	t.Parallel()
	job := func(status string, more ...string) []string {
		return append([]string{
			"HSET rq:job:a data x enqueued_at E status " + status, "RPUSH " + middle + " b a c", "SET " + middle + ":first_seen:a 1", "RPUSH rq:queue:q next",
		}, more...)
	}
	out := keyspace{middle: "list b c", middle + ":first_seen:a": ""}
	back := out.and(queues).and(keyspace{"rq:queue:q": "list a next"})
	var scenes []scene
	for _, status := range []string{"finished", "failed", "stopped", "canceled", "deferred", "scheduled", "rate_limited", "ready_to_enqueue"} {
		scenes = append(scenes,
			scene{name: "one that is " + status + " before it asks", before: job(status), act: recovers(TakenOut, Ask), want: out},
			scene{name: "one that is " + status + " meanwhile", before: job(status), act: recovers(TakenOut, PutBack), want: out},
			scene{name: "one that is " + status + " now", before: job(status), act: recovers(TakenOut, TakeOut), want: out},
		)
	}
	for _, status := range []string{"queued", "created", "''", "of_the_future"} {
		scenes = append(scenes,
			scene{name: "asks with status " + status, before: job(status), act: recovers(Asks, Ask)},
			scene{name: "back with status " + status, before: job(status), act: recovers(GoneBack, PutBack), want: back},
			scene{name: "out with status " + status, before: job(status), act: recovers(TakenOut, TakeOut), want: out},
		)
	}
	for _, how := range []string{Ask, PutBack, TakeOut} {
		scenes = append(scenes,
			scene{name: "gone: " + how, before: job("queued", "DEL rq:job:a"), act: recovers(TakenOut, how), want: out},
			scene{name: "no hash: " + how, before: job("queued", "DEL rq:job:a", "SET rq:job:a x"), act: recovers(TakenOut, how), want: out},
			scene{name: "started: " + how, before: job("started"), act: recovers(Started, how)},
			scene{
				name: "executed: " + how, before: job("started", "ZADD rq:executions:a 1 e", "ZADD rq:wip:q 1 a:e"), act: recovers(LeftIn, how),
			},
			scene{name: "executed before it is started: " + how, before: job("queued", "ZADD rq:wip:q 1 a"), act: recovers(LeftIn, how)},
		)
	}
	play(t, append(scenes, []scene{
		{name: "enqueued again: asks", before: job("queued enqueued_at F"), act: recovers(LeftIn, Ask)},
		{name: "enqueued again: back", before: job("queued enqueued_at F"), act: recovers(LeftIn, PutBack)},
		{name: "enqueued again: out", before: job("queued enqueued_at F"), act: recovers(TakenOut, TakeOut), want: out},
		{name: "taken out by another: back", before: job("queued", "LREM "+middle+" 1 a"), act: recovers(LeftIn, PutBack), want: queues},
		{name: "taken out by another: out", before: job("queued", "LREM "+middle+" 1 a"), act: recovers(LeftIn, TakeOut)},
		{
			name: "back to an empty queue", before: job("queued", "DEL rq:queue:q"), act: recovers(GoneBack, PutBack),
			want: back.and(keyspace{"rq:queue:q": "list a"}),
		},
		{
			name: "one of several", before: job("queued", "RPUSH "+middle+" a"), act: recovers(GoneBack, PutBack),
			want: back.and(keyspace{middle: "list b a c"}),
		},
		{
			name: "to a queue of the wrong type: it stays", before: job("queued", "DEL rq:queue:q", "SET rq:queue:q x"), want: queues,
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := RecoverStuck(t.Context(), rdb, "q", Stuck{ID: "a", EnqueuedAt: "E"}, PutBack)
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	}...))
}
