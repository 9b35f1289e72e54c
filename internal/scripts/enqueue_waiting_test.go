package scripts

import (
	"maps"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// waits runs EnqueueWaiting of job a in queue q, with changes to the usual.
func waits(want string, change func(*Waiting)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Waiting{ID: "a", Queue: "q", Where: Back, Score: "900", Now: at, Fields: []any{"data", []byte("x"), "origin", "q"}}
		change(&p)
		got, err := EnqueueWaiting(t.Context(), rdb, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func on(ids ...string) func(*Waiting) {
	return func(p *Waiting) { p.Dependencies = ids }
}

// and returns a keyspace with more keys.
func (k keyspace) and(more keyspace) keyspace {
	all := maps.Clone(k)
	maps.Copy(all, more)
	return all
}

var (
	queues = keyspace{"rq:queues": "set rq:queue:q"}
	queued = queues.and(keyspace{"rq:job:a": "hash data=x enqueued_at=T origin=q status=queued", "rq:queue:q": "list a"})
	onP    = queues.and(keyspace{
		"rq:job:a": "hash data=x origin=q status=deferred", "rq:deferred:q": "zset a=900",
		"rq:job:p:dependents": "set a", "rq:job::a:dependencies": "set p",
	})
)

func TestEnqueueWaitingForDependencies(t *testing.T) {
	t.Parallel()
	parent := func(status string) []string { return []string{"HSET rq:job:p data x status " + status} }
	play(t, []scene{
		{name: "for nothing", act: waits("queued", on()), want: queued},
		{name: "for a job that is gone", act: waits("queued", on("p")), want: queued},
		{name: "for a finished one", before: parent("finished"), act: waits("queued", on("p")), want: queued},
		{
			name: "at the front", before: append(parent("finished"), "RPUSH rq:queue:q b"),
			act:  waits("queued", func(p *Waiting) { p.Where, p.Dependencies = Front, []string{"p"} }),
			want: queued.and(keyspace{"rq:queue:q": "list a b"}),
		},
		{
			name: "nowhere", act: waits("queued", func(p *Waiting) { p.Where = Nowhere }),
			want: queues.and(keyspace{"rq:job:a": queued["rq:job:a"]}),
		},
		{name: "for a queued one", before: parent("queued"), act: waits("deferred", on("p")), want: onP},
		{name: "for a started one", before: parent("started"), act: waits("deferred", on("p")), want: onP},
		{name: "for a failed one", before: parent("failed"), act: waits("deferred", on("p")), want: onP},
		{name: "for a stopped one", before: parent("stopped"), act: waits("deferred", allowing("p")), want: onP},
		{name: "for a canceled one", before: parent("canceled"), act: waits("deferred", allowing("p")), want: onP},
		{name: "for an unknown status", before: parent("of_the_future"), act: waits("deferred", allowing("p")), want: onP},
		{name: "for one without status", before: []string{"HSET rq:job:p data x"}, act: waits("deferred", on("p")), want: onP},
		{name: "for a failed one that will do", before: parent("failed"), act: waits("queued", allowing("p")), want: queued},
		{
			name:   "for several, one of them unfinished",
			before: []string{"HSET rq:job:p status finished", "HSET rq:job:r status scheduled"}, act: waits("deferred", on("p", "gone", "r")),
			want: onP.and(keyspace{
				"rq:job:r:dependents": "set a", "rq:job:gone:dependents": "set a", "rq:job::a:dependencies": "set gone p r",
			}),
		},
		{
			name: "with a ttl and a group", before: parent("queued"),
			act: waits("deferred", func(p *Waiting) { p.TTL, p.Group, p.Dependencies = 60, "g", []string{"p"} }),
			want: onP.and(keyspace{
				"rq:job:a": "hash data=x origin=q status=deferred ttl 60", "rq:job::a:dependencies": "set p ttl 60",
				"rq:group:g": "set a", "rq:groups": "set g",
			}),
		},
		{
			name: "with a rate limit too", before: parent("queued"), want: onP,
			act: waits("deferred", func(p *Waiting) { p.RateLimit, p.Concurrency, p.Dependencies = "k", 1, []string{"p"} }),
		},
		{
			name: "for ids of special characters", before: []string{"HSET rq:job:%a+[^.]* status queued"},
			act: waits("deferred", on("%a+[^.]*")),
			want: onP.without("rq:job:p:dependents").and(keyspace{
				"rq:job:%a+[^.]*:dependents": "set a", "rq:job::a:dependencies": "set %a+[^.]*",
			}),
		},
	})
}

// without returns a keyspace without a key.
func (k keyspace) without(key string) keyspace {
	rest := maps.Clone(k)
	delete(rest, key)
	return rest
}

func allowing(ids ...string) func(*Waiting) {
	return func(p *Waiting) { p.Dependencies, p.AllowFailure = ids, true }
}

func TestEnqueueWaitingForASlot(t *testing.T) {
	t.Parallel()
	limited := func(n int) func(*Waiting) {
		return func(p *Waiting) { p.RateLimit, p.Concurrency = "k", n }
	}
	registered := queues.and(keyspace{"rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1"})
	play(t, []scene{
		{
			name: "free", act: waits("queued", limited(1)),
			want: queued.and(registered).and(keyspace{"rq:rl:k:allowed": "zset a=1000"}),
		},
		{
			name: "taken", before: []string{"ZADD rq:rl:k:allowed 5 b"}, act: waits("rate_limited", limited(1)),
			want: registered.and(keyspace{
				"rq:job:a": "hash data=x origin=q status=rate_limited", "rq:rl:k:rate_limited": "zset a=1000",
			}),
		},
		{
			name: "free, and others came first", act: waits("rate_limited", limited(1)),
			before: []string{"ZADD rq:rl:k:rate_limited 5 b 6 c", "HSET rq:job:b status rate_limited origin other"},
			want: registered.and(keyspace{
				"rq:job:a": "hash data=x origin=q status=rate_limited", "rq:rl:k:rate_limited": "zset c=6 a=1000",
				"rq:job:b": "hash enqueued_at=T origin=other status=queued", "rq:queue:other": "list b", "rq:rl:k:allowed": "zset b=1000",
			}),
		},
		{
			name: "free, and those that came first are gone", act: waits("queued", limited(1)),
			before: []string{"ZADD rq:rl:k:rate_limited 5 gone 6 done 7 nowhere", "HSET rq:job:done status finished origin q", "HSET rq:job:nowhere status rate_limited"},
			want:   queued.and(registered).and(keyspace{"rq:rl:k:allowed": "zset a=1000", "rq:rl:k:rate_limited": ""}),
		},
		{
			name: "at the front", before: []string{"RPUSH rq:queue:q b"},
			act: waits("queued", func(p *Waiting) { limited(1)(p); p.Fields = append(p.Fields, "enqueue_at_front", "1") }),
			want: queued.and(registered).and(keyspace{
				"rq:job:a":   "hash data=x enqueue_at_front=1 enqueued_at=T origin=q status=queued",
				"rq:queue:q": "list a b", "rq:rl:k:allowed": "zset a=1000",
			}),
		},
		{
			name: "with a ttl", before: []string{"ZADD rq:rl:k:allowed 5 b"},
			act: waits("rate_limited", func(p *Waiting) { limited(1)(p); p.TTL = 60 }),
			want: registered.and(keyspace{
				"rq:job:a": "hash data=x origin=q status=rate_limited ttl 60", "rq:rl:k:rate_limited": "zset a=1000",
			}),
		},
		{name: "without a concurrency it is no limit", act: waits("queued", limited(0)), want: queued},
	})
}

func TestEnqueueWaitingInAPipeline(t *testing.T) {
	t.Parallel()
	play(t, []scene{{
		name: "its status is not known yet", want: queued,
		act: func(t *testing.T, rdb *redis.Client) {
			_, err := rdb.TxPipelined(t.Context(), func(pipe redis.Pipeliner) error {
				status, err := EnqueueWaiting(t.Context(), pipe, Waiting{
					ID: "a", Queue: "q", Where: Back, Score: "900", Now: at, Fields: []any{"data", "x", "origin", "q"},
				})
				require.Empty(t, status)
				return err
			})
			require.NoError(t, err)
		},
	}})
}

func TestAFailedEnqueueWaitingChangesNothing(t *testing.T) {
	t.Parallel()
	fails := func(change func(*Waiting)) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			p := Waiting{ID: "a", Queue: "q", Where: Back, Score: "900", Now: at, Fields: []any{"data", "x"}}
			change(&p)
			_, err := EnqueueWaiting(t.Context(), rdb, p)
			require.ErrorContains(t, err, "WRONGTYPE")
		}
	}
	play(t, []scene{
		{name: "dependency", before: []string{"SET rq:job:p x"}, act: fails(on("p"))},
		{name: "queue", before: []string{"SET rq:queue:q x"}, act: fails(on())},
		{name: "deferred", before: []string{"HSET rq:job:p status queued", "SET rq:deferred:q x"}, act: fails(on("p"))},
	})
}
