package scripts

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// settling is the settlement of job a in execution e of worker w, with changes.
func settling(changes ...func(*Settle)) Settle {
	p := Settle{Worker: "w", ID: "a", Execution: "e", Queue: "q", Member: "a:e", Now: at, Fence: Own}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func settles(want bool, changes ...func(*Settle)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		got, _, err := SettleJob(t.Context(), rdb, settling(changes...))
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func settleFails(changes ...func(*Settle)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		_, _, err := SettleJob(t.Context(), rdb, settling(changes...))
		require.ErrorContains(t, err, "WRONGTYPE")
	}
}

// Settlements as a worker makes them.

func asFinished(p *Settle) {
	p.Registry, p.Score, p.Keep, p.ResultTTL, p.Parent = "finished", "1500", "500", "500", "finished"
	p.Counter, p.Seconds = "successful_job_count", "0.250000"
	p.Result, p.Fields = []any{"type", "1"}, []any{"status", "finished", "ended_at", "T"}
}

func asFailed(p *Settle) {
	p.Registry, p.Score, p.Keep, p.ResultTTL, p.Parent = "failed", "1900", "900", "900", "failed"
	p.Counter, p.Seconds = "failed_job_count", "0.250000"
	p.Result, p.Fields = []any{"type", "2"}, []any{"status", "failed", "ended_at", "T"}
}

// sent is a settlement whose reply was lost.
func sent(p *Settle) { p.Fence = Sent }

func to(place string) func(*Settle) {
	return func(p *Settle) { p.Place, p.Fields = place, []any{"retries_left", "1"} }
}

// running is job a in execution e of worker w.
func running(more ...string) []string {
	return append([]string{
		"HSET rq:job:a data x origin q status started worker_name w created_at C", "HSET rq:execution:a:e id e",
		"ZADD rq:executions:a 1150 e", "ZADD rq:wip:q 1090 a:e", "SADD rq:worker:w:executions a:e", "HSET rq:worker:w birth B state busy",
	}, more...)
}

// ended is what becomes of it in any case.
var ended = keyspace{
	"rq:execution:a:e": "", "rq:executions:a": "", "rq:wip:q": "", "rq:worker:w:executions": "", "rq:worker:w": "hash birth=B state=idle",
}

// of returns the hash of job a in the end, which has these fields too.
func jobA(status string, more ...string) keyspace {
	fields := map[string]string{"data": "x", "origin": "q", "status": status, "worker_name": "w", "created_at": "C"}
	ttl := ""
	for _, f := range more {
		if name, value, ok := strings.Cut(f, "="); ok {
			fields[name] = value
		} else {
			ttl = " " + f
		}
	}
	words := []string{"hash"}
	for _, name := range sorted(fields) {
		words = append(words, name+"="+fields[name])
	}
	return keyspace{"rq:job:a": strings.Join(words, " ") + ttl}
}

var (
	counted      = "hash birth=B failed_job_count=1 state=idle total_working_time=0.250000"
	finishedJobA = ended.and(jobA("finished", "ended_at=T", "ttl 500")).and(keyspace{
		"rq:finished:q": "zset a=1500", "rq:results:a": "stream 1 ttl 500",
		"rq:worker:w": "hash birth=B state=idle successful_job_count=1 total_working_time=0.250000",
	})
	failedJobA = ended.and(jobA("failed", "ended_at=T", "ttl 900")).and(keyspace{
		"rq:failed:q": "zset a=1900", "rq:results:a": "stream 1 ttl 900", "rq:worker:w": counted,
	})
	queuedJobA = ended.and(queues).and(jobA("queued", "enqueued_at=T", "retries_left=1")).and(keyspace{"rq:queue:q": "list a"})
)

func TestSettleJob(t *testing.T) {
	t.Parallel()
	keep := func(ttl, score string) func(*Settle) {
		return func(p *Settle) { p.Keep, p.ResultTTL, p.Score = ttl, ttl, score }
	}
	play(t, []scene{
		{name: "finished", before: running(), act: settles(true, asFinished), want: finishedJobA},
		{name: "failed", before: running(), act: settles(true, asFailed), want: failedJobA},
		{
			name: "stopped", before: running("SADD rq:job:a:dependents d", "HSET rq:job:d origin q status deferred allow_dependency_failures 1"),
			act:  settles(true, asFailed, func(p *Settle) { p.Parent, p.Fields = "", []any{"status", "stopped"} }),
			want: failedJobA.and(jobA("stopped", "ttl 900")).and(keyspace{"rq:job:a:dependents": "set d ttl 900"}),
		},
		{
			name: "finished, kept for ever", before: running("EXPIRE rq:job:a 60", "XADD rq:results:a * type 1", "EXPIRE rq:results:a 9"),
			act:  settles(true, asFinished, keep("-1", "+inf")),
			want: finishedJobA.and(keyspace{"rq:finished:q": "zset a=+Inf", "rq:results:a": "stream 2"}).and(jobA("finished", "ended_at=T", "ttl 60")),
		},
		{
			name: "no change of how long it is kept", before: running("EXPIRE rq:job:a 60"), act: settles(true, asFinished, func(p *Settle) { p.Keep = "" }),
			want: finishedJobA.and(jobA("finished", "ended_at=T", "ttl 60")),
		},
		{
			name: "its relations are kept as long",
			before: running("HSET rq:job:a dependency_id p dependency_ids p", "SADD rq:job::a:dependencies p", "SADD rq:job:a:dependents d gone",
				"HSET rq:job:d origin q status deferred", "SADD rq:job::d:dependencies a other", "HSET rq:job:other status queued"),
			act: settles(true, asFinished),
			want: finishedJobA.and(jobA("finished", "ended_at=T", "dependency_id=p", "dependency_ids=p", "ttl 500")).and(keyspace{
				"rq:job::a:dependencies": "set p ttl 500", "rq:job:a:dependents": "set d gone ttl 500",
			}),
		},
		{
			name: "with a single dependency of RQ before 1.8", before: running("HSET rq:job:a dependency_id p", "SADD rq:job::a:dependencies p"),
			act:  settles(true, asFinished),
			want: finishedJobA.and(jobA("finished", "ended_at=T", "dependency_id=p", "ttl 500")).and(keyspace{"rq:job::a:dependencies": "set p ttl 500"}),
		},
		{
			name:   "no more than ten results",
			before: running(strings.Split(strings.Repeat("XADD rq:results:a * type 1;", 14)+"XADD rq:results:a * type 1", ";")...),
			act:    settles(true, asFinished), want: finishedJobA.and(keyspace{"rq:results:a": "stream 10 ttl 500"}),
		},
		{
			name: "without created_at, which readers do without", before: running("HDEL rq:job:a created_at"), act: settles(true, asFinished),
			want: finishedJobA.and(keyspace{"rq:job:a": "hash data=x ended_at=T origin=q status=finished worker_name=w ttl 500"}),
		},
		{
			name: "with the executions of others", act: settles(true, asFinished),
			before: running("ZADD rq:executions:a 1150 e2", "ZADD rq:wip:q 1090 a:e2 1090 ab:e", "SADD rq:worker:w:executions b:e3"),
			want: finishedJobA.and(keyspace{
				"rq:executions:a": "zset e2=1150", "rq:wip:q": "zset a:e2=1090 ab:e=1090", "rq:worker:w:executions": "set b:e3",
				"rq:worker:w": "hash birth=B state=busy successful_job_count=1 total_working_time=0.250000",
			}),
		},
	})
}

func TestSettleJobThatIsNotKept(t *testing.T) {
	t.Parallel()
	drop := func(p *Settle) { p.Keep, p.ResultTTL, p.Result = "0", "0", nil }
	finished := func(p *Settle) { drop(p); p.Registry = "" }
	gone := ended.and(keyspace{"rq:job:a": "", "rq:worker:w": finishedJobA["rq:worker:w"]})
	play(t, []scene{
		{name: "finished", before: running(), act: settles(true, asFinished, finished), want: gone},
		{
			name: "failed: its entry stays for the cleanup, as in RQ", before: running(), act: settles(true, asFailed, drop),
			want: gone.and(keyspace{"rq:failed:q": "zset a=1900", "rq:worker:w": counted}),
		},
		{
			name: "with all that belongs to it", act: settles(true, asFinished, finished),
			before: running("HSET rq:job:a group_id g", "SADD rq:group:g a b", "XADD rq:results:a * type 4", "SADD rq:job::a:dependencies p",
				"SADD rq:job:a:dependents d gone", "HSET rq:job:d origin q status deferred"),
			want: gone.and(queues).and(keyspace{
				"rq:group:g": "set b", "rq:results:a": "", "rq:job::a:dependencies": "", "rq:job:a:dependents": "",
				"rq:job:d": "hash enqueued_at=T origin=q status=queued", "rq:queue:q": "list d",
			}),
		},
		{
			name: "with the executions of others", act: settles(true, asFinished, finished),
			before: running("ZADD rq:executions:a 1150 e2", "ZADD rq:wip:q 1090 a:e2", "HSET rq:execution:a:e2 id e2 worker_name v", "SADD rq:worker:v:executions a:e2 b:e3"),
			want:   gone.and(keyspace{"rq:execution:a:e2": "", "rq:worker:v:executions": "set b:e3"}),
		},
		{
			name: "which go too if there is a rate limit", act: settles(true, asFinished, finished),
			before: running("ZADD rq:executions:a 1150 e2", "HSET rq:execution:a:e2 id e2", "HSET rq:job:a rate_limit_key k rate_limit_concurrency 1"),
			want:   gone.and(keyspace{"rq:execution:a:e2": ""}),
		},
	})
}

func TestSettleJobThatRunsAgain(t *testing.T) {
	t.Parallel()
	ttl := "HSET rq:job:a ttl 60"
	again := func(place string) func(*Settle) {
		return func(p *Settle) { asFinished(p); to(place)(p); p.Keep = "" }
	}
	repeated := keyspace{"rq:finished:q": "zset a=1500", "rq:results:a": "stream 1 ttl 500", "rq:worker:w": finishedJobA["rq:worker:w"]}
	scheduled := ended.and(queues).and(jobA("scheduled", "retries_left=1")).and(keyspace{"rq:scheduled:q": "zset a=1030"})
	play(t, []scene{
		{name: "retried", before: running("RPUSH rq:queue:q b"), act: settles(true, to(Back)), want: queuedJobA.and(keyspace{"rq:queue:q": "list b a"})},
		{name: "retried first", before: running("RPUSH rq:queue:q b"), act: settles(true, to(Front)), want: queuedJobA.and(keyspace{"rq:queue:q": "list a b"})},
		{name: "retried later", before: running(), act: settles(true, to("1030")), want: scheduled},
		{
			name: "retried, with a ttl", before: running(ttl), act: settles(true, to(Back)),
			want: queuedJobA.and(jobA("queued", "enqueued_at=T", "retries_left=1", "ttl=60", "ttl 60")),
		},
		{
			name: "retried later, with a ttl and dependents", before: running(ttl, "SADD rq:job:a:dependents d"), act: settles(true, to("1030")),
			want: scheduled.and(jobA("scheduled", "retries_left=1", "ttl=60", "ttl 60")).and(keyspace{"rq:job:a:dependents": "set d ttl 60"}),
		},
		{name: "retried, as it asked", before: running(), act: settles(true, to(Back), func(p *Settle) { p.Result, p.ResultTTL = []any{"type", "4"}, "900" }), want: queuedJobA.and(keyspace{"rq:results:a": "stream 1 ttl 900"})},
		{name: "repeated", before: running(), act: settles(true, again(Back)), want: queuedJobA.and(repeated)},
		{name: "repeated later", before: running(), act: settles(true, again("1030")), want: scheduled.and(repeated)},
		{
			name: "released: what the caller says of it holds", before: running("HSET rq:job:a enqueued_at E", "RPUSH rq:queue:q b"),
			act: settles(true, func(p *Settle) {
				p.Place, p.Fields = Front, []any{"started_at", "", "worker_name", "", "enqueued_at", "E"}
			}),
			want: queuedJobA.and(jobA("queued", "enqueued_at=E", "started_at=", "worker_name=")).and(keyspace{"rq:queue:q": "list a b"}),
		},
	})
}

func TestSettleJobOfOddTTLs(t *testing.T) {
	t.Parallel()
	for ttl, want := range map[string]string{
		"60": " ttl 60", "60.9": " ttl 60", "0.5": "", "0": "", "-1": "", "''": "", "x": "", "nan": "",
		"1e400": " ttl 9000000000", "inf": " ttl 9000000000", "99999999999999999999": " ttl 9000000000",
	} {
		t.Run(ttl, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.Real(t) // miniredis reads fewer texts as numbers
			do(t, rdb, running("HSET rq:job:a ttl "+ttl)...)
			settles(true, to(Back))(t, rdb)
			_, got, _ := strings.Cut(content(t, rdb, "rq:job:a"), "worker_name=w")
			assert.Equal(t, want, got)
		})
	}
}

func TestSettleJobInAnExecutionOfItsOwn(t *testing.T) {
	t.Parallel()
	fence := func(fence string) func(*Settle) { return func(p *Settle) { p.Fence = fence } }
	bare := func(p *Settle) { p.Member = "a" }
	bareEntry := []string{"ZREM rq:wip:q a:e", "ZADD rq:wip:q 1090 a"}
	taken := fence(TakenOver)
	left := ended.without("rq:wip:q")
	play(t, []scene{
		{name: "settled or abandoned before: only what is the execution's goes", before: running("ZREM rq:wip:q a:e"), act: settles(false, asFinished), want: left},
		{name: "its heartbeat is late, but nobody has noticed", before: running("ZADD rq:wip:q 900 a:e"), act: settles(true, asFinished), want: finishedJobA},
		{
			name: "somebody else runs it now", before: running("ZREM rq:wip:q a:e", "ZADD rq:wip:q 1090 a:e2", "ZADD rq:executions:a 1150 e2", "HSET rq:job:a worker_name v"),
			act: settles(false, asFinished), want: left.and(keyspace{"rq:executions:a": "zset e2=1150"}),
		},
		{name: "it is queued again", before: running("ZREM rq:wip:q a:e", "HSET rq:job:a status queued", "RPUSH rq:queue:q a"), act: settles(false, to(Front)), want: left},

		{name: "taken over", before: running(), act: settles(true, asFailed, taken), want: failedJobA},
		{name: "taken over, and held for too long, but nobody has noticed", before: running("ZADD rq:wip:q 900 a:e"), act: settles(true, asFailed, taken), want: failedJobA},
		{name: "taken over beside an execution that has ended", before: running("ZADD rq:executions:a 1000 e0"), act: settles(true, asFailed, taken), want: failedJobA.and(keyspace{"rq:executions:a": "zset e0=1000"})},
		{name: "taken over, and by another since", before: running("ZREM rq:wip:q a:e", "ZREM rq:executions:a e"), act: settles(false, asFailed, taken), want: left.without("rq:executions:a")},
		{
			name: "taken over, and failed by Python", before: running("HSET rq:job:a status failed", "ZADD rq:failed:q 1 a"), act: settles(false, asFailed, taken), want: ended,
		},
		{
			name: "taken over, and retried by Python", before: running("HSET rq:job:a status queued", "RPUSH rq:queue:q a"), act: settles(false, to(Back), taken), want: ended,
		},
		{
			name: "taken over, retried by Python and started again", before: running("ZADD rq:executions:a 1150 e2", "ZADD rq:wip:q 1090 a:e2"), act: settles(false, to(Back), taken),
			want: ended.and(keyspace{"rq:executions:a": "zset e2=1150", "rq:wip:q": "zset a:e2=1090"}),
		},
		{name: "taken over, of a job that is gone", before: running("DEL rq:job:a"), act: settles(false, asFailed, taken), want: ended},
		{name: "taken over where ids are known only", before: running(bareEntry...), act: settles(true, asFailed, taken, bare), want: failedJobA},
		{
			name: "taken over where ids are known only, and started again by RQ 1", before: running(append(bareEntry, "HSET rq:job:a worker_name v")...), act: settles(false, asFailed, taken, bare),
			want: left,
		},

		{name: "RQ before 2.0 knows ids only", before: running(bareEntry...), act: settles(true, asFinished, bare), want: finishedJobA},
		{
			name: "which another worker has", before: running(append(bareEntry, "HSET rq:job:a worker_name v")...), act: settles(false, asFinished, bare),
			want: left,
		},
		{
			name: "which this worker has in another execution", before: running(append(bareEntry, "ZREM rq:executions:a e", "ZADD rq:executions:a 1150 e2")...),
			act: settles(false, asFinished, bare), want: left.without("rq:executions:a"),
		},
		{
			name: "which nobody has", before: running("ZREM rq:wip:q a:e"), act: settles(false, asFinished, bare), want: left,
		},
		{
			name: "which has no worker", before: running(append(bareEntry, "HDEL rq:job:a worker_name")...), act: settles(false, asFinished, bare), want: left,
		},
	})
}

// TestSettleJobThatIsNoMore is about jobs that were deleted or taken over while
// they ran.
func TestSettleJobThatIsNoMore(t *testing.T) {
	t.Parallel()
	limit := []string{
		"HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 3 a",
		"ZADD rq:rl:k:rate_limited 5 next", "HSET rq:job:next origin other status rate_limited",
	}
	promoted := keyspace{
		"rq:rl:k:allowed": "zset next=1000", "rq:rl:k:rate_limited": "", "rq:queue:other": "list next",
		"rq:job:next": "hash enqueued_at=T origin=other status=queued",
	}
	limited := func(more ...string) []string { return running(append(limit, more...)...) }
	withKey := func(p *Settle) { p.RateLimit = "k" }
	left := ended.without("rq:wip:q")
	gone := func(more ...string) []string { return running(append(more, "ZREM rq:wip:q a:e")...) }
	counted := func(how string) keyspace {
		return ended.and(keyspace{"rq:worker:w": "hash birth=B " + counts(how)})
	}
	play(t, []scene{
		{name: "deleted", before: gone("DEL rq:job:a"), act: settles(false, asFinished), want: counted("successful").without("rq:wip:q")},
		{name: "deleted, and it failed", before: gone("DEL rq:job:a"), act: settles(false, asFailed), want: counted("failed").without("rq:wip:q")},
		{name: "deleted, or settled before and not kept", before: gone("DEL rq:job:a"), act: settles(false, asFinished, sent), want: left},
		{name: "deleted, and put back", before: gone("DEL rq:job:a"), act: settles(false, to(Front)), want: left},
		{name: "deleted, and its execution is the worker's no more", before: gone("DEL rq:job:a rq:worker:w:executions"), act: settles(false, asFinished), want: counted("successful").without("rq:wip:q").without("rq:worker:w:executions")},
		{name: "deleted, and still among the started ones", before: running("DEL rq:job:a"), act: settles(false, asFinished), want: counted("successful")},
		{name: "deleted, and brought back by a late heartbeat", before: running("DEL rq:job:a", "HSET rq:job:a last_heartbeat T worker_name w"), act: settles(false, asFinished), want: counted("successful")},
		{name: "deleted, and another key there", before: running("DEL rq:job:a", "RPUSH rq:job:a x"), act: settles(false, asFinished), want: counted("successful")},

		{name: "deleted, with a slot", before: limited("DEL rq:job:a", "ZREM rq:wip:q a:e"), act: settles(false, asFinished, withKey), want: counted("successful").without("rq:wip:q").and(promoted)},
		{name: "deleted, with a slot and among the started ones", before: limited("DEL rq:job:a"), act: settles(false, asFinished, withKey), want: counted("successful").and(promoted)},
		{name: "deleted, with a slot that nobody has told of", before: limited("DEL rq:job:a", "ZREM rq:wip:q a:e"), act: settles(false, asFinished), want: counted("successful").without("rq:wip:q")},
		{name: "deleted, without its slot", before: limited("DEL rq:job:a", "ZREM rq:rl:k:allowed a"), act: settles(false, asFinished, withKey), want: counted("successful")},
		{
			name: "deleted, and its slot is another's by now", before: limited("DEL rq:job:a", "ZREM rq:wip:q a:e", "ZREM rq:rl:k:allowed a", "ZADD rq:rl:k:allowed 4 other"),
			act: settles(false, asFinished, withKey), want: counted("successful").without("rq:wip:q"),
		},
		{
			name: "deleted, and a job with its id holds a slot by now", before: limited("HSET rq:job:a status queued", "ZREM rq:wip:q a:e"),
			act: settles(false, asFinished, withKey), want: left,
		},
		{
			name: "abandoned, and queued again with its slot", before: limited("HSET rq:job:a status queued", "ZREM rq:wip:q a:e", "RPUSH rq:queue:q a"),
			act: settles(false, asFinished), want: left,
		},
		{name: "abandoned, and started again with its slot", before: limited("ZREM rq:wip:q a:e", "ZADD rq:wip:q 1090 a:e2"), act: settles(false, asFinished), want: left},
		{
			name: "failed, and waiting for a slot again", before: limited("HSET rq:job:a status rate_limited", "ZREM rq:wip:q a:e", "ZREM rq:rl:k:allowed a", "ZADD rq:rl:k:rate_limited 7 a"),
			act: settles(false, asFinished), want: left,
		},
	})
}

// counts are the fields of a worker whose first job has ended so.
func counts(how string) string {
	if how == "failed" {
		return "failed_job_count=1 state=idle total_working_time=0.250000"
	}
	return "state=idle successful_job_count=1 total_working_time=0.250000"
}

// TestSettleJobThatWasCanceled is about jobs that were canceled while they ran. As
// in RQ, all is written that would have been without that, but a success is none for
// those that wait for it.
func TestSettleJobThatWasCanceled(t *testing.T) {
	t.Parallel()
	canceled := func(more ...string) []string {
		return running(append([]string{"HSET rq:job:a status canceled", "ZREM rq:wip:q a:e", "ZADD rq:canceled:q 900 a"}, more...)...)
	}
	ran := func(k keyspace) keyspace { return k.without("rq:wip:q") }
	left := ran(ended)
	waitedFor := canceled("SADD rq:job:a:dependents d", "HSET rq:job:d origin r status deferred allow_dependency_failures 1", "ZADD rq:deferred:r 1 d", "SADD rq:job::d:dependencies a")
	bare := func(p *Settle) { p.Member = "a" }
	play(t, []scene{
		{name: "finished", before: canceled(), act: settles(true, asFinished), want: ran(finishedJobA)},
		{name: "failed", before: canceled(), act: settles(true, asFailed), want: ran(failedJobA)},
		{name: "to be retried", before: canceled(), act: settles(true, to(Back)), want: ran(queuedJobA).and(jobA("queued", "enqueued_at=T", "retries_left=1"))},
		{name: "still among the started ones", before: canceled("ZADD rq:wip:q 1090 a:e"), act: settles(true, asFinished), want: finishedJobA},
		{name: "as RQ 1 has it", before: canceled(), act: settles(true, asFinished, bare), want: ran(finishedJobA)},
		{name: "saved by Python since", before: canceled("HSET rq:job:a worker_name ''"), act: settles(true, asFinished), want: ran(finishedJobA).and(jobA("finished", "ended_at=T", "ttl 500", "worker_name="))},
		{name: "of another worker", before: canceled("HSET rq:job:a worker_name v"), act: settles(false, asFinished), want: left},
		{name: "settled before", before: canceled("ZREM rq:executions:a e"), act: settles(false, asFinished), want: left.without("rq:executions:a")},
		{name: "requeued, and not started again", before: canceled("HSET rq:job:a status queued", "RPUSH rq:queue:q a"), act: settles(false, asFinished), want: left},
		{name: "finished, while others wait for it", before: waitedFor, act: settles(true, asFinished), want: ran(finishedJobA).and(keyspace{"rq:job:a:dependents": "set d ttl 500"})},
		{
			name: "failed, while others wait for it", before: waitedFor, act: settles(true, asFailed),
			want: ran(failedJobA).and(keyspace{
				"rq:job:a:dependents": "", "rq:job:d": "hash allow_dependency_failures=1 enqueued_at=T origin=r status=queued",
				"rq:queue:r": "list d", "rq:queues": "set rq:queue:r", "rq:deferred:r": "",
			}),
		},
		{name: "taken over", before: canceled("ZADD rq:wip:q 900 a:e"), act: settles(false, asFailed, func(p *Settle) { p.Fence = "taken" }), want: ended},
	})
}

func TestSettleJobGivesItsSlotOn(t *testing.T) {
	t.Parallel()
	limited := running("HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 3 a",
		"ZADD rq:rl:k:rate_limited 5 next", "HSET rq:job:next origin other status rate_limited enqueue_at_front 1", "RPUSH rq:queue:other b")
	promoted := keyspace{
		"rq:rl:k:allowed": "zset next=1000", "rq:rl:k:rate_limited": "", "rq:queue:other": "list next b",
		"rq:job:next": "hash enqueue_at_front=1 enqueued_at=T origin=other status=queued",
	}
	job := func(status string, more ...string) keyspace {
		return jobA(status, append([]string{"rate_limit_concurrency=1", "rate_limit_key=k"}, more...)...)
	}
	and := func(more ...string) []string { return append(append([]string{}, limited...), more...) }
	play(t, []scene{
		{name: "finished", before: limited, act: settles(true, asFinished), want: finishedJobA.and(job("finished", "ended_at=T", "ttl 500")).and(promoted)},
		{name: "finished, with the key told too", before: limited, act: settles(true, asFinished, func(p *Settle) { p.RateLimit = "k" }), want: finishedJobA.and(job("finished", "ended_at=T", "ttl 500")).and(promoted)},
		{name: "failed", before: limited, act: settles(true, asFailed), want: failedJobA.and(job("failed", "ended_at=T", "ttl 900")).and(promoted)},
		{
			name: "not kept", before: limited, act: settles(true, asFinished, func(p *Settle) { p.Keep, p.Registry, p.Result = "0", "", nil }),
			want: ended.and(promoted).and(keyspace{"rq:job:a": "", "rq:worker:w": finishedJobA["rq:worker:w"]}),
		},
		{name: "scheduled", before: limited, act: settles(true, to("1030")), want: ended.and(queues).and(promoted).and(job("scheduled", "retries_left=1")).and(keyspace{"rq:scheduled:q": "zset a=1030"})},
		{name: "queued: it keeps its slot", before: limited, act: settles(true, to(Back)), want: queuedJobA.and(job("queued", "enqueued_at=T", "retries_left=1"))},
		{
			name: "the slot is gone: the next one gets what is free", before: and("ZREM rq:rl:k:allowed a"), act: settles(true, asFinished),
			want: finishedJobA.and(job("finished", "ended_at=T", "ttl 500")).and(promoted),
		},
		{
			name: "the limit is something else", before: and("DEL rq:rl:k", "SET rq:rl:k x"), act: settles(true, asFinished),
			want: finishedJobA.and(job("finished", "ended_at=T", "ttl 500")).and(keyspace{"rq:rl:k:allowed": ""}),
		},
		{
			name:   "the next one's queue is something else: it waits on, and the one after it comes first",
			before: and("DEL rq:queue:other", "SET rq:queue:other x", "ZADD rq:rl:k:rate_limited 6 third", "HSET rq:job:third origin q status rate_limited"), act: settles(true, asFinished),
			want: finishedJobA.and(job("finished", "ended_at=T", "ttl 500")).and(keyspace{
				"rq:rl:k:allowed": "zset third=1000", "rq:rl:k:rate_limited": "zset next=5", "rq:queue:q": "list third",
				"rq:job:third": "hash enqueued_at=T origin=q status=queued",
			}),
		},
		{
			name: "the next one is something else", before: and("DEL rq:job:next", "SET rq:job:next x"), act: settles(true, asFinished),
			want: finishedJobA.and(job("finished", "ended_at=T", "ttl 500")).and(keyspace{"rq:rl:k:allowed": "", "rq:rl:k:rate_limited": ""}),
		},
	})
}

func TestSettleJobEnqueuesDependents(t *testing.T) {
	t.Parallel()
	deferred := func(id, queue string, more ...string) []string {
		return []string{
			"HSET rq:job:" + id + " origin " + queue + " status deferred " + strings.Join(more, " "),
			"SADD rq:job:a:dependents " + id, "SADD rq:job::" + id + ":dependencies a", "ZADD rq:deferred:" + queue + " 1 " + id,
		}
	}
	and := func(lists ...[]string) []string {
		all := running()
		for _, list := range lists {
			all = append(all, list...)
		}
		return all
	}
	queued := func(id, queue, fields string) keyspace {
		return keyspace{"rq:job:" + id: "hash " + fields, "rq:queue:" + queue: "list " + id, "rq:deferred:" + queue: ""}
	}
	d := queued("d", "q", "enqueued_at=T origin=q status=queued")
	none := keyspace{"rq:job:a:dependents": ""}
	allow := "allow_dependency_failures 1"
	wait := keyspace{"rq:job:a:dependents": "set d ttl 500"}
	waitFailed := keyspace{"rq:job:a:dependents": "set d ttl 900"}
	play(t, []scene{
		{name: "one", before: and(deferred("d", "q")), act: settles(true, asFinished), want: finishedJobA.and(queues).and(d).and(none)},
		{
			name: "several, of other queues", before: and(deferred("d", "q"), deferred("f", "r"), deferred("g", "s", "ttl 60")), act: settles(true, asFinished),
			want: finishedJobA.and(d).and(none).and(queued("f", "r", "enqueued_at=T origin=r status=queued")).
				and(queued("g", "s", "enqueued_at=T origin=s status=queued ttl=60 ttl 60")).
				and(keyspace{"rq:queues": "set rq:queue:q rq:queue:r rq:queue:s", "rq:job::g:dependencies": "set a ttl 60"}),
		},
		{
			name: "at the front", before: and(deferred("d", "q", "enqueue_at_front 1"), []string{"RPUSH rq:queue:q b"}), act: settles(true, asFinished),
			want: finishedJobA.and(queues).and(d).and(none).and(keyspace{"rq:queue:q": "list d b", "rq:job:d": "hash enqueue_at_front=1 enqueued_at=T origin=q status=queued"}),
		},
		{
			name: "not one that waits for others too", before: and(deferred("d", "q"), []string{"SADD rq:job::d:dependencies p", "HSET rq:job:p status started"}),
			act: settles(true, asFinished), want: finishedJobA.and(wait),
		},
		{
			name:   "but one whose others are done, gone or without status",
			before: and(deferred("d", "q"), []string{"SADD rq:job::d:dependencies p gone new string", "HSET rq:job:p status finished", "HSET rq:job:new status ''", "SET rq:job:string x"}),
			act:    settles(true, asFinished), want: finishedJobA.and(queues).and(d).and(none),
		},
		{name: "not one whose other failed", before: and(deferred("d", "q"), []string{"SADD rq:job::d:dependencies p", "HSET rq:job:p status failed"}), act: settles(true, asFinished), want: finishedJobA.and(wait)},
		{
			name: "unless it will do", before: and(deferred("d", "q", allow), []string{"SADD rq:job::d:dependencies p", "HSET rq:job:p status failed"}), act: settles(true, asFinished),
			want: finishedJobA.and(queues).and(d).and(none).and(keyspace{"rq:job:d": "hash allow_dependency_failures=1 enqueued_at=T origin=q status=queued"}),
		},
		{name: "not after a failure", before: and(deferred("d", "q", "allow_dependency_failures 0")), act: settles(true, asFailed), want: failedJobA.and(waitFailed)},
		{
			name: "unless that will do", before: and(deferred("d", "q", allow)), act: settles(true, asFailed),
			want: failedJobA.and(queues).and(d).and(none).and(keyspace{"rq:job:d": "hash allow_dependency_failures=1 enqueued_at=T origin=q status=queued"}),
		},
		{name: "not before the last retry", before: and(deferred("d", "q", allow)), act: settles(true, to(Back)), want: queuedJobA},
		{
			name: "some of them", before: and(deferred("d", "q"), deferred("f", "r"), []string{"SADD rq:job::d:dependencies p", "HSET rq:job:p status queued"}), act: settles(true, asFinished),
			want: finishedJobA.and(wait).and(queued("f", "r", "enqueued_at=T origin=r status=queued")).and(keyspace{"rq:queues": "set rq:queue:r"}),
		},
		{
			name: "not ones that do not wait any more", act: settles(true, asFinished),
			before: and(deferred("d", "q"), deferred("f", "r"), []string{"HSET rq:job:d status canceled", "HSET rq:job:f status queued", "SADD rq:job:a:dependents gone"}),
			want:   finishedJobA.and(keyspace{"rq:job:a:dependents": "set d f gone ttl 500"}),
		},
		{
			name: "with a free slot", before: and(deferred("d", "q", "rate_limit_key k rate_limit_concurrency 1")), act: settles(true, asFinished),
			want: finishedJobA.and(queues).and(d).and(none).and(keyspace{
				"rq:job:d":   "hash enqueued_at=T origin=q rate_limit_concurrency=1 rate_limit_key=k status=queued",
				"rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1", "rq:rl:k:allowed": "zset d=1000",
			}),
		},
		{
			name: "without a free slot", before: and(deferred("d", "q", "ttl 60 rate_limit_key k rate_limit_concurrency 1"), []string{"ZADD rq:rl:k:allowed 5 b"}), act: settles(true, asFinished),
			want: finishedJobA.and(queues).and(none).and(keyspace{
				"rq:job:d":   "hash origin=q rate_limit_concurrency=1 rate_limit_key=k status=rate_limited ttl=60 ttl 60",
				"rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1", "rq:rl:k:rate_limited": "zset d=1000", "rq:deferred:q": "", "rq:job::d:dependencies": "set a ttl 60",
			}),
		},
		{
			name: "the slot of the job itself", act: settles(true, asFinished),
			before: and(deferred("d", "q", "rate_limit_key k rate_limit_concurrency 1"), []string{"HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 5 a"}),
			want: finishedJobA.and(queues).and(d).and(none).and(jobA("finished", "ended_at=T", "rate_limit_concurrency=1", "rate_limit_key=k", "ttl 500")).and(keyspace{
				"rq:job:d":   "hash enqueued_at=T origin=q rate_limit_concurrency=1 rate_limit_key=k status=queued",
				"rq:rl-keys": "set k", "rq:rl:k:allowed": "zset d=1000",
			}),
		},
	})
}

// TestSettleJobWithWrongKeys: whatever other keys hold, a job is either settled
// or as it was.
func TestSettleJobWithWrongKeys(t *testing.T) {
	t.Parallel()
	again := func(p *Settle) { asFinished(p); p.Place, p.Keep = Back, "" }
	later := func(p *Settle) { asFinished(p); p.Place, p.Keep = "1030", "" }
	waiting := func(more ...string) []string {
		return running(append([]string{
			"SADD rq:job:a:dependents d", "HSET rq:job:d origin r status deferred", "ZADD rq:deferred:r 1 d", "SADD rq:job::d:dependencies a",
		}, more...)...)
	}
	stays := finishedJobA.and(keyspace{"rq:job:a:dependents": "set d ttl 500"})
	released := finishedJobA.and(keyspace{
		"rq:job:a:dependents": "", "rq:job:d": "hash enqueued_at=T origin=r status=queued", "rq:queue:r": "list d", "rq:queues": "set rq:queue:r", "rq:deferred:r": "",
	})
	limit := "HSET rq:job:d rate_limit_key k rate_limit_concurrency 1"
	play(t, []scene{
		{name: "finished jobs", before: waiting("SET rq:finished:q x"), act: settleFails(asFinished)},
		{name: "failed jobs", before: waiting("SET rq:failed:q x"), act: settleFails(asFailed)},
		{name: "started jobs", before: running("DEL rq:wip:q", "SET rq:wip:q x"), act: settleFails(asFinished)},
		{name: "queues, of a retry", before: running("SET rq:queues x"), act: settleFails(to(Back))},
		{name: "queues, of a later retry", before: running("SET rq:queues x"), act: settleFails(to("1030"))},
		{name: "queue, of a retry", before: running("SET rq:queue:q x"), act: settleFails(to(Back)), want: queues},
		{name: "queue, of a repeat", before: running("SET rq:queue:q x"), act: settleFails(again), want: queues},
		{name: "scheduled jobs", before: running("SET rq:scheduled:q x"), act: settleFails(later), want: queues},
		{name: "finished jobs, of a repeat", before: running("SET rq:finished:q x"), act: settleFails(again)},
		{name: "finished jobs, of a later repeat", before: running("SET rq:finished:q x"), act: settleFails(later)},

		{name: "results", before: running("RPUSH rq:results:a x"), act: settles(true, asFinished), want: finishedJobA},
		{name: "executions of the job", before: running("DEL rq:executions:a", "SET rq:executions:a x"), act: settles(true, asFinished), want: finishedJobA.without("rq:executions:a")},
		{name: "executions of the job, which was taken over", before: running("DEL rq:executions:a", "SET rq:executions:a x"), act: settleFails(asFailed, func(p *Settle) { p.Fence = TakenOver })},
		{
			name: "executions of the job, which is not kept", before: running("DEL rq:executions:a", "SET rq:executions:a x"),
			act:  settles(true, asFinished, func(p *Settle) { p.Keep, p.Registry, p.Result = "0", "", nil }),
			want: ended.and(keyspace{"rq:job:a": "", "rq:executions:a": "", "rq:worker:w": finishedJobA["rq:worker:w"]}),
		},
		{
			name: "executions of the worker", before: running("DEL rq:worker:w:executions", "SET rq:worker:w:executions x"), act: settles(true, asFinished),
			want: finishedJobA.without("rq:worker:w:executions").and(keyspace{"rq:worker:w": strings.Replace(finishedJobA["rq:worker:w"], "idle", "busy", 1)}),
		},
		{name: "worker", before: running("DEL rq:worker:w", "SET rq:worker:w x"), act: settles(true, asFinished), want: finishedJobA.without("rq:worker:w")},
		{
			name: "group", before: running("HSET rq:job:a group_id g", "SET rq:group:g x"), act: settles(true, asFinished, func(p *Settle) { p.Keep, p.Registry, p.Result = "0", "", nil }),
			want: ended.and(keyspace{"rq:job:a": "", "rq:worker:w": finishedJobA["rq:worker:w"]}),
		},
		{name: "counters", before: running("HSET rq:worker:w successful_job_count x total_working_time y"), act: settles(true, asFinished), want: finishedJobA},
		{name: "dependents", before: running("SET rq:job:a:dependents x"), act: settles(true, asFinished), want: finishedJobA},

		{name: "a dependent", before: waiting("DEL rq:job:d", "SET rq:job:d x"), act: settles(true, asFinished), want: stays},
		{name: "a dependent's dependencies", before: waiting("DEL rq:job::d:dependencies", "SET rq:job::d:dependencies x"), act: settles(true, asFinished), want: stays},
		{name: "a dependent's queue", before: waiting("SET rq:queue:r x"), act: settles(true, asFinished), want: stays.and(keyspace{"rq:queues": "set rq:queue:r"})},
		{name: "a dependent's registry", before: waiting("DEL rq:deferred:r", "SET rq:deferred:r x"), act: settles(true, asFinished), want: released.without("rq:deferred:r")},
		{name: "queues, of a dependent", before: waiting("SET rq:queues x"), act: settles(true, asFinished), want: stays},
		{name: "a dependent's ttl", before: waiting("HSET rq:job:d ttl 999999999999999"), act: settles(true, asFinished), want: released.and(keyspace{"rq:job:d": "hash enqueued_at=T origin=r status=queued ttl=999999999999999 ttl 9000000000", "rq:deferred:r": "", "rq:job::d:dependencies": "set a ttl 9000000000"})},
		{
			name: "a dependent's rate limit", before: waiting(limit, "SET rq:rl:k x"), act: settles(true, asFinished),
			want: stays.and(keyspace{"rq:queues": "set rq:queue:r", "rq:rl-keys": "set k"}),
		},
		{
			name: "a dependent's slots", before: waiting(limit, "SET rq:rl:k:allowed x"), act: settles(true, asFinished),
			want: stays.and(keyspace{"rq:queues": "set rq:queue:r", "rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=1", "rq:rl:k:rate_limited": "zset d=1000"}),
		},
		{
			name: "one dependent, and the others are fine", act: settles(true, asFinished),
			before: waiting("DEL rq:job:d", "SET rq:job:d x", "SADD rq:job:a:dependents f", "HSET rq:job:f origin s status deferred"),
			want:   stays.and(keyspace{"rq:job:f": "hash enqueued_at=T origin=s status=queued", "rq:queue:s": "list f", "rq:queues": "set rq:queue:s"}),
		},
	})
}

func TestSettleJobCountsForItsWorker(t *testing.T) {
	t.Parallel()
	looked := func(p *Settle) { p.CurrentJob = true }
	finished := finishedJobA.without("rq:worker:w")
	worker := func(fields string) keyspace { return keyspace{"rq:worker:w": "hash " + fields} }
	play(t, []scene{
		{
			name: "more to what there is", before: running("HSET rq:worker:w successful_job_count 41 failed_job_count 7 total_working_time 1234567.000304"), act: settles(true, asFinished),
			want: finished.and(worker("birth=B failed_job_count=7 state=idle successful_job_count=42 total_working_time=1234567.250304")),
		},
		{
			name: "large numbers", before: running("HSET rq:worker:w successful_job_count 4503599627370496"), act: settles(true, asFinished),
			want: finished.and(worker("birth=B state=idle successful_job_count=4503599627370497 total_working_time=0.250000")),
		},
		{name: "nothing", before: running(), act: settles(true, asFinished, func(p *Settle) { p.Counter, p.Seconds = "", "" }), want: finished.and(worker("birth=B state=idle"))},
		{name: "no seconds", before: running(), act: settles(true, asFinished, func(p *Settle) { p.Seconds = "" }), want: finished.and(worker("birth=B state=idle successful_job_count=1"))},
		{name: "not if it is gone", before: running("DEL rq:worker:w"), act: settles(true, asFinished, looked), want: finished},
		{name: "nor if only a heartbeat is left of it", before: running("DEL rq:worker:w", "HSET rq:worker:w last_heartbeat T"), act: settles(true, asFinished, looked), want: finished},
		{
			name: "its state is its own if it is not busy", before: running("HSET rq:worker:w state suspended"), act: settles(true, asFinished),
			want: finished.and(worker("birth=B state=suspended successful_job_count=1 total_working_time=0.250000")),
		},
		{
			name: "it is busy with others", before: running("SADD rq:worker:w:executions b:f"), act: settles(true, asFinished),
			want: finished.and(worker("birth=B state=busy successful_job_count=1 total_working_time=0.250000")).and(keyspace{"rq:worker:w:executions": "set b:f"}),
		},
		{
			name: "it is busy with another execution of the job", before: running("SADD rq:worker:w:executions a:e2"), act: settles(true, asFinished),
			want: finished.and(worker("birth=B state=busy successful_job_count=1 total_working_time=0.250000")).and(keyspace{"rq:worker:w:executions": "set a:e2"}),
		},
		{
			name: "another of its jobs is the current one", before: running("HSET rq:worker:w current_job a", "SADD rq:worker:w:executions b:f"), act: settles(true, asFinished, looked),
			want: finished.and(worker("birth=B current_job=b state=busy successful_job_count=1 total_working_time=0.250000")).and(keyspace{"rq:worker:w:executions": "set b:f"}),
		},
		{
			name: "the other job's id has a colon", before: running("HSET rq:worker:w current_job a", "SADD rq:worker:w:executions b:c:f"), act: settles(true, asFinished, looked),
			want: finished.and(worker("birth=B current_job=b:c state=busy successful_job_count=1 total_working_time=0.250000")).and(keyspace{"rq:worker:w:executions": "set b:c:f"}),
		},
		{
			name: "it has no other job", before: running("HSET rq:worker:w current_job a"), act: settles(true, asFinished, looked),
			want: finished.and(worker("birth=B state=idle successful_job_count=1 total_working_time=0.250000")),
		},
		{
			name: "nobody looks for the current job", before: running("HSET rq:worker:w current_job a"), act: settles(true, asFinished),
			want: finished.and(worker("birth=B current_job=a state=idle successful_job_count=1 total_working_time=0.250000")),
		},
		{
			name: "not for a job that is not its own any more", before: running("ZREM rq:wip:q a:e", "HSET rq:worker:w current_job a"), act: settles(false, asFinished, looked),
			want: ended.without("rq:wip:q"),
		},
		{
			name:   "not for a job that others took over, but then it is not the current one",
			before: running("ZREM rq:wip:q a:e", "DEL rq:worker:w:executions", "HSET rq:worker:w current_job a state idle"), act: settles(false, asFinished, looked),
			want: ended.without("rq:wip:q").without("rq:worker:w:executions"),
		},
		{
			name:   "nor is its place another's",
			before: running("ZREM rq:wip:q a:e", "DEL rq:worker:w:executions", "HSET rq:worker:w current_job b"), act: settles(false, asFinished, looked),
			want: ended.without("rq:wip:q").without("rq:worker:w:executions").without("rq:worker:w"),
		},
	})
}

// TestSettleJobTwice: whatever becomes of a job, to send it once more changes
// nothing, also when others have gone on with it.
func TestSettleJobTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how  func(*Settle)
		then []string
	}{
		"finished":             {how: asFinished},
		"failed":               {how: asFailed},
		"failed and requeued":  {how: asFailed, then: []string{"ZREM rq:failed:q a", "RPUSH rq:queue:q a", "HSET rq:job:a status queued"}},
		"retried":              {how: to(Front)},
		"retried and started":  {how: to(Front), then: []string{"LPOP rq:queue:q", "HSET rq:job:a status started", "ZADD rq:wip:q 1090 a:e2", "ZADD rq:executions:a 1150 e2"}},
		"scheduled":            {how: to("1030")},
		"finished and deleted": {how: asFinished, then: []string{"DEL rq:job:a rq:finished:q rq:results:a"}},
		"not kept":             {how: func(p *Settle) { asFinished(p); p.Keep, p.Registry, p.Result = "0", "", nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			do(t, rdb, running("HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 3 a",
				"ZADD rq:rl:k:rate_limited 5 next", "HSET rq:job:next origin q status rate_limited", "SADD rq:job:a:dependents d", "HSET rq:job:d origin q status deferred")...)
			settles(true, c.how)(t, rdb)
			do(t, rdb, c.then...)
			once := dump(t, rdb)

			settles(false, c.how, sent, func(p *Settle) { p.RateLimit, p.CurrentJob = "k", true })(t, rdb)

			assert.Empty(t, changes(once, dump(t, rdb)))
		})
	}
}

// TestSettleJobsOfOddNames has ids and queues that are more than letters to Lua
// or Redis.
func TestSettleJobsOfOddNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"%a+[^.]*", "ü☃", "a:b", "-", "\x00\xff", "{}", "a b"} {
		t.Run(fmt.Sprintf("%q", name), func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)
			do(t, rdb, "HSET rq:worker:w birth B state idle")
			rdb.HSet(ctx, "rq:job:"+name, "data", "x", "origin", name, "status", "queued", "created_at", "C")
			rdb.RPush(ctx, "rq:queue:"+name, name)
			_, jobs, err := ClaimJobs(ctx, rdb, Claim{
				Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Queues: openQueues(name), Executions: []string{"e"},
			})
			require.NoError(t, err)
			require.Equal(t, name, jobs[0].ID)

			member := name + ":e"
			if strings.Contains(name, ":") {
				member = name // as RQ 1 has it
			}
			settles(true, asFinished, func(p *Settle) { p.ID, p.Queue, p.Member = name, name, member })(t, rdb)

			assert.ElementsMatch(t, []string{"rq:job:" + name, "rq:finished:" + name, "rq:results:" + name, "rq:worker:w"}, sorted(dump(t, rdb)))
		})
	}
}

func TestSettleJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	do(t, rdb, running("HSET rq:job:b data x status started", "ZADD rq:wip:q 1090 b:f", "SET rq:wip:bad x")...)
	rdb.ScriptFlush(ctx)
	batch := []Settle{
		settling(asFinished),
		settling(asFinished), // settled by the first
		settling(asFinished, func(p *Settle) { p.Queue = "bad" }),
		settling(asFailed, func(p *Settle) { p.ID, p.Execution, p.Member = "b", "f", "b:f" }),
	}

	done, _, errs := SettleJobs(ctx, rdb, batch)

	assert.Equal(t, []bool{true, false, false, true}, done)
	for i, err := range errs {
		if i == 2 {
			require.ErrorContains(t, err, "WRONGTYPE")
		} else {
			require.NoError(t, err)
		}
	}
	assert.Equal(t, "finished", rdb.HGet(ctx, "rq:job:a", "status").Val())
	assert.Equal(t, "failed", rdb.HGet(ctx, "rq:job:b", "status").Val())
}

// TestSettleManyJobs has more of them than a script settles at once.
func TestSettleManyJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	do(t, rdb, "HSET rq:worker:w birth B state busy current_job j0", "HSET rq:worker:v birth B state busy", "SADD rq:worker:v:executions j20:e j99:e")
	var batch []Settle
	for i := range 2*settleChunk + 5 {
		id, how := fmt.Sprint("j", i), asFinished
		if i%3 == 0 {
			how = asFailed
		}
		p := settling(how, func(p *Settle) { p.ID, p.Member, p.CurrentJob = id, id+":e", true })
		if i == 20 {
			p.Worker, p.CurrentJob = "v", false
		}
		do(t, rdb, "HSET rq:job:"+id+" data x status started", "ZADD rq:wip:q 1090 "+id+":e", "SADD rq:worker:"+p.Worker+":executions "+id+":e")
		batch = append(batch, p)
	}
	batch[7].Queue = "bad"
	do(t, rdb, "SET rq:wip:bad x")

	done, _, errs := SettleJobs(ctx, rdb, batch)

	for i := range batch {
		assert.Equal(t, i != 7, done[i], i)
		assert.Equal(t, i == 7, errs[i] != nil, i)
	}
	assert.True(t, redis.HasErrorPrefix(errs[7], "WRONGTYPE"), "%v", errs[7])
	after := dump(t, rdb)
	assert.Equal(t, "hash birth=B current_job=j7 failed_job_count=13 state=busy successful_job_count=22 total_working_time=8.750000", after["rq:worker:w"])
	assert.Equal(t, "hash birth=B state=busy successful_job_count=1 total_working_time=0.250000", after["rq:worker:v"])
	assert.Equal(t, "set j7:e", after["rq:worker:w:executions"])
	assert.Equal(t, "set j99:e", after["rq:worker:v:executions"])
	assert.EqualValues(t, 23, rdb.ZCard(ctx, "rq:finished:q").Val())
	assert.EqualValues(t, 13, rdb.ZCard(ctx, "rq:failed:q").Val())
	assert.Equal(t, []string{"j7:e"}, rdb.ZRange(ctx, "rq:wip:q", 0, -1).Val())
}

// TestClaimAndSettleWithoutMemory: a server that has none left refuses before
// anything was changed, and says so in a way that callers know.
func TestClaimAndSettleWithoutMemory(t *testing.T) {
	t.Parallel()
	redistest.Real(t)
	ctx, rdb := t.Context(), redistest.Start(t, os.Getenv(redistest.Env)).Client(t)
	do(t, rdb, running("HSET rq:job:b data x", "RPUSH rq:queue:q b")...)
	require.NoError(t, settleJob.Load(ctx, rdb).Err())
	require.NoError(t, claimJobs.Load(ctx, rdb).Err())
	before := dump(t, rdb)
	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "1").Err())

	for _, how := range []func(*Settle){asFinished, asFailed, to(Back), to("1030")} {
		_, _, errs := SettleJobs(ctx, rdb, []Settle{settling(how), settling(how)})
		for _, err := range errs {
			assert.True(t, redis.HasErrorPrefix(err, "OOM"), "%v", err)
		}
	}
	_, _, err := ClaimJobs(ctx, rdb, Claim{Worker: "w", Birth: "B", Interval: 30, Now: at, Queues: openQueues("q"), Executions: []string{"f"}})
	require.ErrorContains(t, err, "OOM")
	assert.Empty(t, changes(before, dump(t, rdb)))

	require.NoError(t, rdb.ConfigSet(ctx, "maxmemory", "0").Err())
	settles(true, asFinished)(t, rdb)
	assert.Equal(t, finishedJobA, changes(before, dump(t, rdb)))
}

// TestSettleWithoutAPermission takes away one command while a job is settled, and gives
// it back: then all of the job can be settled.
func TestSettleWithoutAPermission(t *testing.T) {
	t.Parallel()
	rdb := idle(t)
	forEver := func(p *Settle) { p.Keep, p.ResultTTL, p.Score = "-1", "-1", "+inf" }
	notKept := func(p *Settle) { p.Keep, p.ResultTTL, p.Result, p.Registry = "0", "0", nil, "" }
	for name, c := range map[string]struct {
		before []string
		how    []func(*Settle)
	}{
		"finished":           {running(), []func(*Settle){asFinished}},
		"finished, for ever": {running(), []func(*Settle){asFinished, forEver}},
		"finished, not kept": {running("HSET rq:job:a group_id g", "SADD rq:group:g a"), []func(*Settle){asFinished, notKept}},
		"finished, with others waiting for it": {running("SADD rq:job:a:dependents c d", "HSET rq:job:c data x origin q status deferred", "SADD rq:job::c:dependencies a",
			"HSET rq:job:d data x origin q status deferred", "SADD rq:job::d:dependencies a o", "HSET rq:job:o data x status started", "ZADD rq:deferred:q 1 c 1 d"), []func(*Settle){asFinished}},
		"failed":                  {running(), []func(*Settle){asFailed}},
		"back in its queue":       {running(), []func(*Settle){to(Back)}},
		"to be run again later":   {running(), []func(*Settle){to("1030")}},
		"with the job of RQ 2.12": {running("HSET rq:worker:w current_job a"), []func(*Settle){asFinished, func(p *Settle) { p.CurrentJob = true }}},
	} {
		commands, want := settleCommands(t, rdb, c.before, c.how)
		for _, command := range commands {
			app := without(t, rdb, command)
			do(t, rdb, c.before...)
			before := dump(t, rdb)
			p := settling(c.how...)

			_, _, errs := SettleJobs(t.Context(), app, []Settle{p})
			after := changes(before, dump(t, rdb))
			require.NoError(t, rdb.Do(t.Context(), "acl", "setuser", "app", "+@all").Err())
			if errs[0] != nil {
				done, _, again := SettleJobs(t.Context(), app, []Settle{p})
				require.NoError(t, again[0], "%s, %s", name, command)
				assert.True(t, done[0], "%s, %s: %v, and had changed %v", name, command, errs[0], after)
			}

			assert.Equal(t, want, changes(before, dump(t, rdb)), "%s, %s", name, command)
		}
	}
}

// without empties the database, and returns a client that may not run one command.
func without(t *testing.T, rdb *redis.Client, command string) *redis.Client {
	t.Helper()
	require.NoError(t, rdb.FlushDB(t.Context()).Err())
	require.NoError(t, rdb.Do(t.Context(), "acl", "setuser", "app", "reset", "on", ">p", "~*", "+@all", "-"+command).Err())
	opts := *rdb.Options()
	opts.Username, opts.Password = "app", "p"
	app := redis.NewClient(&opts)
	t.Cleanup(func() { _ = app.Close() })
	return app
}

// settleCommands are those that the server runs to settle a job, and what they change.
func settleCommands(t *testing.T, rdb *redis.Client, before []string, how []func(*Settle)) (names []string, changed keyspace) {
	t.Helper()
	require.NoError(t, rdb.FlushDB(t.Context()).Err())
	do(t, rdb, before...)
	old, stop := dump(t, rdb), redistest.Commands(t, rdb)
	settles(true, how...)(t, rdb)
	for _, c := range stop() {
		if name := strings.ToLower(c.Args[0]); c.Lua && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	require.Contains(t, names, "hset")
	return names, changes(old, dump(t, rdb))
}

func TestReadSettled(t *testing.T) {
	t.Parallel()
	for code, want := range map[int64][2]bool{0: {false, false}, 1: {true, false}, 2: {true, true}} {
		done, more, err := readSettled(code)
		require.NoError(t, err)
		assert.Equal(t, want, [2]bool{done, more}, code)
	}
	_, _, err := readSettled(redis.ErrClosed)
	require.ErrorIs(t, err, redis.ErrClosed)
	_, _, err = readSettled("1")
	require.ErrorIs(t, err, errReply)
}

func TestSettleJobsWithoutServer(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	rdb.Close()
	done, _, errs := SettleJobs(t.Context(), rdb, []Settle{settling(asFinished), settling(asFailed)})
	assert.Equal(t, []bool{false, false}, done)
	for _, err := range errs {
		require.ErrorIs(t, err, redis.ErrClosed)
	}
}

func TestSettleNoJobs(t *testing.T) {
	t.Parallel()
	done, _, errs := SettleJobs(t.Context(), redistest.New(t), nil)
	assert.Empty(t, done)
	assert.Empty(t, errs)
}

// sorted returns the keys of a map in order.
func sorted[M ~map[string]string](m M) []string { return slices.Sorted(maps.Keys(m)) }
