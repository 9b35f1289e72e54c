package scripts

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moves runs EnqueueDue of queue q at 1000 as owner o.
func moves(want Enqueued, change ...func(*Due)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Due{Queue: "q", Owner: "o", Now: at, Timeout: 180, Most: 100}
		for _, c := range change {
			c(&p)
		}
		got, err := EnqueueDue(t.Context(), rdb, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func seen(n int) Enqueued { return Enqueued{Held: true, Seen: n} }

// dueJob returns the commands of job a that is due, and of what else there is.
func dueJob(fields string, more ...string) []string {
	return append([]string{
		"SET rq:scheduler-lock:q o", "ZADD rq:scheduled:q 900 a 2000 later",
		"HSET rq:job:a data x status scheduled origin q timeout 30 " + fields,
	}, more...)
}

// dueMoved is what has changed when job a was moved.
var dueMoved = keyspace{
	"rq:job:a":   "hash data=x enqueued_at=T origin=q status=queued timeout=30",
	"rq:queue:q": "list a", "rq:scheduled:q": "zset later=2000",
}

func TestEnqueueDue(t *testing.T) {
	t.Parallel()
	waiting := "RPUSH rq:queue:q b"
	front := dueMoved.and(keyspace{"rq:queue:q": "list a b"})
	play(t, []scene{
		{name: "nothing", before: []string{"SET rq:scheduler-lock:q o"}, act: moves(seen(0))},
		{name: "nothing due", before: []string{"SET rq:scheduler-lock:q o", "ZADD rq:scheduled:q 1001 a -1 b"}, act: moves(seen(0))},
		{name: "without the lock", before: dueJob("", "DEL rq:scheduler-lock:q"), act: moves(Enqueued{})},
		{name: "with another's lock", before: dueJob("", "SET rq:scheduler-lock:q p"), act: moves(Enqueued{})},
		{
			name: "at the back", before: dueJob("", waiting), act: moves(seen(1)),
			want: dueMoved.and(keyspace{"rq:queue:q": "list b a"}),
		},
		{name: "due this second, at the beginning of time", before: dueJob("", "ZADD rq:scheduled:q 1000 a"), act: moves(seen(1)), want: dueMoved},
		{
			name: "at the front", before: dueJob("enqueue_at_front 1", waiting), act: moves(seen(1)),
			want: front.and(keyspace{"rq:job:a": "hash data=x enqueue_at_front=1 enqueued_at=T origin=q status=queued timeout=30"}),
		},
		{
			name: "not at the front", before: dueJob("enqueue_at_front 0", waiting), act: moves(seen(1)),
			want: keyspace{
				"rq:job:a":   "hash data=x enqueue_at_front=0 enqueued_at=T origin=q status=queued timeout=30",
				"rq:queue:q": "list b a", "rq:scheduled:q": "zset later=2000",
			},
		},
		{
			name: "at the front on retry", before: dueJob("enqueue_at_front 0 enqueue_at_front_on_retry 1 ended_at E", waiting), act: moves(seen(1)),
			want: front.and(keyspace{
				"rq:job:a": "hash data=x ended_at=E enqueue_at_front=0 enqueue_at_front_on_retry=1 enqueued_at=T origin=q status=queued timeout=30",
			}),
		},
		{
			name: "at the front on retry, the first time", before: dueJob("enqueue_at_front_on_retry 1 ended_at ''", waiting), act: moves(seen(1)),
			want: dueMoved.and(keyspace{
				"rq:job:a":   "hash data=x ended_at= enqueue_at_front_on_retry=1 enqueued_at=T origin=q status=queued timeout=30",
				"rq:queue:q": "list b a",
			}),
		},
		{
			name: "starts its ttl again", before: dueJob("ttl 60", "SADD rq:job:a:dependents b", "SADD rq:job::a:dependencies c"), act: moves(seen(1)),
			want: dueMoved.and(keyspace{
				"rq:job:a":            "hash data=x enqueued_at=T origin=q status=queued timeout=30 ttl=60 ttl 60",
				"rq:job:a:dependents": "set b ttl 60", "rq:job::a:dependencies": "set c ttl 60",
			}),
		},
		{
			name: "without a queue of its own", before: dueJob("", "HDEL rq:job:a origin"), act: moves(seen(1)), want: dueMoved,
		},
		{name: "of another queue", before: dueJob("origin other"), act: moves(seen(1)), want: dueMoved},
		{
			name: "without a timeout", before: dueJob("", "HDEL rq:job:a timeout"), act: moves(seen(1)),
			want: dueMoved.and(keyspace{"rq:job:a": "hash data=x enqueued_at=T origin=q status=queued timeout=180"}),
		},
		{
			name: "with an empty timeout", before: dueJob("timeout ''"), act: moves(seen(1)),
			want: dueMoved.and(keyspace{"rq:job:a": "hash data=x enqueued_at=T origin=q status=queued timeout=180"}),
		},
		{
			name: "deferred, too", before: dueJob("status deferred", "ZADD rq:deferred:q 1 a 2 b"), act: moves(seen(1)),
			want: dueMoved.and(keyspace{"rq:deferred:q": "zset b=2"}),
		},
	})
}

func TestEnqueueDueInOrder(t *testing.T) {
	t.Parallel()
	several := []string{
		"SET rq:scheduler-lock:q o", "RPUSH rq:queue:q z", "ZADD rq:scheduled:q 1 a 2 b 3 c 4 d 5 gone",
		"HSET rq:job:a data x timeout 1 enqueue_at_front 1", "HSET rq:job:b data x timeout 1",
		"HSET rq:job:c data x timeout 1 enqueue_at_front 1", "HSET rq:job:d data x timeout 1",
	}
	plain := "hash data=x enqueued_at=T origin=q status=queued timeout=1"
	atFront := "hash data=x enqueue_at_front=1 enqueued_at=T origin=q status=queued timeout=1"
	play(t, []scene{
		{
			name: "all", before: several, act: moves(seen(5)),
			want: keyspace{
				"rq:queue:q": "list c a z b d", "rq:scheduled:q": "",
				"rq:job:a": atFront, "rq:job:b": plain, "rq:job:c": atFront, "rq:job:d": plain,
			},
		},
		{
			name: "a chunk", before: several, act: moves(seen(2), func(p *Due) { p.Most = 2 }),
			want: keyspace{
				"rq:queue:q": "list a z b", "rq:scheduled:q": "zset c=3 d=4 gone=5",
				"rq:job:a": atFront, "rq:job:b": plain,
			},
		},
		{
			name: "but for those to leave out", before: several, act: moves(seen(2), func(p *Due) { p.Skip, p.Most = 3, 2 }),
			want: keyspace{"rq:queue:q": "list z d", "rq:scheduled:q": "zset a=1 b=2 c=3", "rq:job:d": plain},
		},
	})
}

func TestEnqueueDueWithinARateLimit(t *testing.T) {
	t.Parallel()
	limited := func(fields string, more ...string) []string {
		return dueJob("rate_limit_key k rate_limit_concurrency 1 "+fields, more...)
	}
	gone := keyspace{"rq:scheduled:q": "zset later=2000", "rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1"}
	play(t, []scene{
		{
			name: "a free slot", before: limited("ttl 60"), act: moves(seen(1)),
			want: gone.and(keyspace{
				"rq:job:a":   "hash data=x enqueued_at=T origin=q rate_limit_concurrency=1 rate_limit_key=k status=queued timeout=30 ttl=60 ttl 60",
				"rq:queue:q": "list a", "rq:rl:k:allowed": "zset a=1000",
			}),
		},
		{
			name: "no slot", before: limited("enqueued_at S", "ZADD rq:rl:k:allowed 1 b", "HDEL rq:job:a timeout origin"), act: moves(seen(1)),
			want: gone.and(keyspace{
				"rq:job:a":             "hash data=x enqueued_at=S origin=q rate_limit_concurrency=1 rate_limit_key=k status=rate_limited timeout=180",
				"rq:rl:k:rate_limited": "zset a=1000",
			}),
		},
		{
			name: "no slot, and to the front on retry", before: limited("enqueue_at_front_on_retry 1 ended_at E", "ZADD rq:rl:k:allowed 1 b"), act: moves(seen(1)),
			want: gone.and(keyspace{
				"rq:job:a": "hash data=x ended_at=E enqueue_at_front=1 enqueue_at_front_on_retry=1 origin=q" +
					" rate_limit_concurrency=1 rate_limit_key=k status=rate_limited timeout=30",
				"rq:rl:k:rate_limited": "zset a=1000",
			}),
		},
		{
			name: "those without come first", act: moves(seen(2)),
			before: limited("", "ZADD rq:scheduled:q 950 b", "HSET rq:job:b data x timeout 1"),
			want: gone.and(keyspace{
				"rq:job:a": "hash data=x enqueued_at=T origin=q rate_limit_concurrency=1 rate_limit_key=k status=queued timeout=30",
				"rq:job:b": "hash data=x enqueued_at=T origin=q status=queued timeout=1", "rq:queue:q": "list b a", "rq:rl:k:allowed": "zset a=1000",
			}),
		},
		{
			name: "half of one is none", before: dueJob("rate_limit_key k rate_limit_concurrency 0"), act: moves(seen(1)),
			want: dueMoved.and(keyspace{
				"rq:job:a": "hash data=x enqueued_at=T origin=q rate_limit_concurrency=0 rate_limit_key=k status=queued timeout=30",
			}),
		},
		{
			name: "a broken one", before: limited("", "SET rq:rl:k:allowed x", "ZADD rq:scheduled:q 950 b", "HSET rq:job:b data x timeout 1"),
			act: moves(Enqueued{Held: true, Seen: 2, Stay: []string{"a"}}),
			want: keyspace{
				"rq:job:b": "hash data=x enqueued_at=T origin=q status=queued timeout=1", "rq:queue:q": "list b",
				"rq:scheduled:q": "zset a=900 later=2000", "rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1",
			},
		},
		{
			name: "one whose next in line is no job", act: moves(seen(1)),
			before: limited("rate_limit_concurrency 2", "ZADD rq:rl:k:rate_limited 1000 b", "SET rq:job:b x"),
			want: keyspace{
				"rq:job:a":   "hash data=x enqueued_at=T origin=q rate_limit_concurrency=2 rate_limit_key=k status=queued timeout=30",
				"rq:queue:q": "list a", "rq:scheduled:q": "zset later=2000",
				"rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=2", "rq:rl:k:allowed": "zset a=1000", "rq:rl:k:rate_limited": "",
			},
		},
	})
}

// TestEnqueueDueGarbage: whatever an entry is, those behind it are moved.
func TestEnqueueDueGarbage(t *testing.T) {
	t.Parallel()
	behind := func(commands ...string) []string {
		return dueJob("", append(commands, "ZADD rq:scheduled:q 1 b")...)
	}
	again := func(p *Due) { p.Again = 5 }
	play(t, []scene{
		{name: "no job", before: behind(), act: moves(seen(2)), want: dueMoved},
		{
			name: "a job that may yet come", before: behind(), act: moves(seen(2), again),
			want: dueMoved.and(keyspace{"rq:scheduled:q": "zset b=1004.5 later=2000"}),
		},
		{
			name: "a job that should have come", before: dueJob("", "ZADD rq:scheduled:q 999.5 b"), act: moves(seen(2), again),
			want: dueMoved,
		},
		{
			name: "a job that has come", before: dueJob("", "ZADD rq:scheduled:q 999.5 b", "HSET rq:job:b data x timeout 1"), act: moves(seen(2), again),
			want: dueMoved.and(keyspace{
				"rq:job:b": "hash data=x enqueued_at=T origin=q status=queued timeout=1", "rq:queue:q": "list a b",
			}),
		},
		{name: "a job without data", before: behind("HSET rq:job:b status scheduled origin q"), act: moves(seen(2)), want: dueMoved},
		{
			name: "no hash", before: behind("SET rq:job:b x"), want: dueMoved,
			act: moves(Enqueued{Held: true, Seen: 2, Alien: []string{"b"}}),
		},
		{
			name: "numbers that are none", act: moves(seen(2)),
			before: behind("HSET rq:job:b data x ttl x timeout x enqueue_at_front x enqueue_at_front_on_retry x rate_limit_key k rate_limit_concurrency x"),
			want: dueMoved.and(keyspace{
				"rq:job:b": "hash data=x enqueue_at_front=x enqueue_at_front_on_retry=x enqueued_at=T origin=q" +
					" rate_limit_concurrency=x rate_limit_key=k status=queued timeout=x ttl=x",
				"rq:queue:q": "list b a",
			}),
		},
		{
			name: "numbers that no ttl can be", before: behind("HSET rq:job:b data x timeout 1 ttl 0.5"), act: moves(seen(2)),
			want: dueMoved.and(keyspace{
				"rq:job:b": "hash data=x enqueued_at=T origin=q status=queued timeout=1 ttl=0.5", "rq:queue:q": "list b a",
			}),
		},
		{
			name: "no list to go to: all is as before", before: dueJob("", "SET rq:queue:q x"),
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := EnqueueDue(t.Context(), rdb, Due{Queue: "q", Owner: "o", Now: at, Timeout: 180, Most: 100})
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
	})
}

// holds runs HoldLocks of queues q and r as owner o, for the scheduler s.
func holds(q, r int64, fields ...any) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, err := HoldLocks(t.Context(), rdb, Hold{Scheduler: "s", Owner: "o", Keep: 61, Queues: []string{"q", "r"}, Fields: fields})
		require.NoError(t, err)
		require.Equal(t, []int64{q, r}, got)
	}
}

func TestHoldLocks(t *testing.T) {
	t.Parallel()
	const q, r = "rq:scheduler-lock:q", "rq:scheduler-lock:r"
	play(t, []scene{
		{
			name: "free ones", act: holds(Free, Free, "name", "s"),
			want: keyspace{q: "string o ttl 61", r: "string o ttl 61", "rq:scheduler:s": "hash name=s ttl 61"},
		},
		{name: "without a hash", act: holds(Free, Free), want: keyspace{q: "string o ttl 61", r: "string o ttl 61"}},
		{
			name: "its own", before: []string{"SET " + q + " o EX 5", "SET " + r + " o EX 5", "HSET rq:scheduler:s name s pid 1"},
			act:  holds(Renewed, Renewed, "name", "t"),
			want: keyspace{q: "string o ttl 61", r: "string o ttl 61", "rq:scheduler:s": "hash name=t pid=1 ttl 61"},
		},
		{
			name: "one of another", before: []string{"SET " + q + " p EX 5"}, act: holds(Taken, Free, "name", "s"),
			want: keyspace{r: "string o ttl 61", "rq:scheduler:s": "hash name=s ttl 61"},
		},
		{name: "only those of another", before: []string{"SET " + q + " p", "SET " + r + " p"}, act: holds(Taken, Taken, "name", "s")},
		{name: "what is no lock", before: []string{"RPUSH " + q + " o", "SET " + r + " o EX 61"}, act: holds(Taken, Renewed)},
	})
}

func TestReleaseLocks(t *testing.T) {
	t.Parallel()
	releases := func(want int64) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := ReleaseLocks(t.Context(), rdb, "s", "o", []string{"q", "r"})
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
	const q, r = "rq:scheduler-lock:q", "rq:scheduler-lock:r"
	play(t, []scene{
		{name: "none", act: releases(0)},
		{
			name: "its own", before: []string{"SET " + q + " o", "SET " + r + " o", "HSET rq:scheduler:s name s"}, act: releases(2),
			want: keyspace{q: "", r: "", "rq:scheduler:s": ""},
		},
		{name: "one of another", before: []string{"SET " + q + " p", "SET " + r + " o"}, act: releases(1), want: keyspace{r: ""}},
		{name: "what is no lock", before: []string{"RPUSH " + q + " o", "SET " + r + " o"}, act: releases(1), want: keyspace{r: ""}},
	})
}
