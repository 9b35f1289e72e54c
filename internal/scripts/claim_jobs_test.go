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

// openQueues are queues of which any job may be taken.
func openQueues(names ...string) []ClaimQueue {
	queues := make([]ClaimQueue, len(names))
	for i, name := range names {
		queues[i] = ClaimQueue{name, true}
	}
	return queues
}

// claims runs ClaimJobs of worker w on queue q, with changes to the usual. want
// is a job a word: the number of its queue, its id and its execution.
func claims(state int64, want string, change func(*Claim)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Claim{
			Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5",
			Queues: openQueues("q"), Executions: []string{"e1", "e2"},
		}
		if change != nil {
			change(&p)
		}
		got, jobs, err := ClaimJobs(t.Context(), rdb, p)
		require.NoError(t, err)
		var words []string
		for _, j := range jobs {
			words = append(words, fmt.Sprintf("%d:%s:%s", j.Queue, j.ID, j.Execution))
		}
		assert.Equal(t, want, strings.Join(words, " "))
		assert.Equal(t, state, got)
	}
}

// claimFails is claims for an error.
func claimFails(change func(*Claim)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Claim{Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Queues: openQueues("q"), Executions: []string{"e1", "e2"}}
		if change != nil {
			change(&p)
		}
		_, jobs, err := ClaimJobs(t.Context(), rdb, p)
		require.ErrorContains(t, err, "WRONGTYPE")
		assert.Empty(t, jobs)
	}
}

// living is a worker and its queue q of some jobs, which all have data and a
// timeout.
func living(ids string, more ...string) []string {
	commands := []string{"HSET rq:worker:w birth B state idle"}
	if ids != "" {
		commands = append(commands, "RPUSH rq:queue:q "+ids)
	}
	for id := range strings.FieldsSeq(ids) {
		commands = append(commands, "HSET rq:job:"+id+" data x origin q status queued timeout 180")
	}
	return append(commands, more...)
}

// started is what becomes of a job that living made, and of the worker that
// runs it; the queue and its rq:wip are not in it.
func started(id, execution string) keyspace {
	return keyspace{
		"rq:job:" + id:                         "hash data=x last_heartbeat=T origin=q started_at=T status=started timeout=180 worker_name=w",
		"rq:execution:" + id + ":" + execution: "hash created_at=1000.5 id=" + execution + " job_id=" + id + " last_heartbeat=1000.5 worker_name=w ttl 90",
		"rq:executions:" + id:                  "zset " + execution + "=1150 ttl 150",
		"rq:worker:w":                          "hash birth=B last_heartbeat=T state=busy ttl 90",
		"rq:worker:w:executions":               "set " + id + ":" + execution + " ttl 150",
	}
}

var (
	startedA  = started("a", "e1").and(keyspace{"rq:wip:q": "zset a:e1=1090"})
	startedAB = startedA.and(started("b", "e2")).and(keyspace{
		"rq:wip:q": "zset a:e1=1090 b:e2=1090", "rq:worker:w:executions": "set a:e1 b:e2 ttl 150",
	})
)

func TestClaimJobs(t *testing.T) {
	t.Parallel()
	one := func(p *Claim) { p.Executions = []string{"e1"} }
	play(t, []scene{
		{name: "nothing there", before: living(""), act: claims(Drained, "", nil)},
		{name: "no queue", before: living(""), act: claims(Drained, "", func(p *Claim) { p.Queues = nil })},
		{name: "all there is", before: living("a b"), act: claims(Drained, "0:a:e1 0:b:e2", nil), want: startedAB.and(keyspace{"rq:queue:q": ""})},
		{name: "as many as asked for", before: living("a b c"), act: claims(Claimed, "0:a:e1 0:b:e2", nil), want: startedAB.and(keyspace{"rq:queue:q": "list c"})},
		{name: "the last one, which was asked for", before: living("a"), act: claims(Drained, "0:a:e1", one), want: startedA.and(keyspace{"rq:queue:q": ""})},
		{name: "none was asked for", before: living("a"), act: claims(Claimed, "", func(p *Claim) { p.Executions = nil })},
		{
			name: "ids without a job, or without data, and canceled jobs, are dropped",
			before: living("", "RPUSH rq:queue:q gone canceled empty bare list string a", "HSET rq:job:canceled data x status canceled",
				"HSET rq:job:empty status queued", "HSET rq:job:bare last_heartbeat T", "RPUSH rq:job:list x", "SET rq:job:string x",
				"HSET rq:job:a data x origin q status queued timeout 180"),
			act: claims(Drained, "0:a:e1", one), want: startedA.and(keyspace{"rq:queue:q": ""}),
		},
		{
			name: "a slot that a job held until it expired goes to the next one",
			before: living("", "RPUSH rq:queue:q gone", "SADD rq:rl-keys other k", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 3 gone",
				"ZADD rq:rl:k:rate_limited 5 next", "HSET rq:job:next origin q status rate_limited enqueue_at_front 1"),
			act: claims(Claimed, "", nil),
			want: keyspace{
				"rq:rl:k:allowed": "zset next=1000", "rq:rl:k:rate_limited": "", "rq:queue:q": "list next",
				"rq:job:next": "hash enqueue_at_front=1 enqueued_at=T origin=q status=queued",
			},
		},
		{
			name: "an expired job beside limits that are none", before: living("", "RPUSH rq:queue:q gone", "SADD rq:rl-keys k", "SET rq:rl:k:allowed x"),
			act: claims(Drained, "", nil), want: keyspace{"rq:queue:q": ""},
		},
		{
			name: "a job that is in its queue twice runs twice", before: living("a", "RPUSH rq:queue:q a"), act: claims(Drained, "0:a:e1 0:a:e2", nil),
			want: startedA.and(keyspace{
				"rq:queue:q": "", "rq:wip:q": "zset a:e1=1090 a:e2=1090", "rq:executions:a": "zset e1=1150 e2=1150 ttl 150",
				"rq:worker:w:executions": "set a:e1 a:e2 ttl 150",
				"rq:execution:a:e2":      "hash created_at=1000.5 id=e2 job_id=a last_heartbeat=1000.5 worker_name=w ttl 90",
			}),
		},
		{
			name: "its own ttl does not end a job that runs", before: living("a", "EXPIRE rq:job:a 60"), act: claims(Drained, "0:a:e1", nil),
			want: startedA.and(keyspace{"rq:queue:q": ""}),
		},
		{
			name: "fields of an earlier run are replaced, all others stay", act: claims(Drained, "0:a:e1", nil),
			before: living("a", "HSET rq:job:a worker_name v started_at S ended_at E last_heartbeat L of_the_future 1"),
			want: startedA.and(keyspace{
				"rq:queue:q": "",
				"rq:job:a":   "hash data=x ended_at=E last_heartbeat=T of_the_future=1 origin=q started_at=T status=started timeout=180 worker_name=w",
			}),
		},
		{
			name: "a job without origin gets one", before: living("a", "HDEL rq:job:a origin"), act: claims(Drained, "0:a:e1", nil),
			want: startedA.and(keyspace{"rq:queue:q": ""}),
		},
		{
			name: "a job with an empty origin too", before: living("a", "HSET rq:job:a origin ''"), act: claims(Drained, "0:a:e1", nil),
			want: startedA.and(keyspace{"rq:queue:q": ""}),
		},
		{
			name: "a job of another queue is among the started ones there", before: living("a", "HSET rq:job:a origin other"),
			act: claims(Drained, "0:a:e1", nil),
			want: startedA.without("rq:wip:q").and(keyspace{
				"rq:queue:q": "", "rq:wip:other": "zset a:e1=1090",
				"rq:job:a": "hash data=x last_heartbeat=T origin=other started_at=T status=started timeout=180 worker_name=w",
			}),
		},
		{
			name: "ids of special characters", act: claims(Drained, "0:%a+[^.]*:e1 0:ü☃:e2", nil), before: living("%a+[^.]* ü☃"),
			want: started("%a+[^.]*", "e1").and(started("ü☃", "e2")).and(keyspace{
				"rq:queue:q": "", "rq:wip:q": "zset %a+[^.]*:e1=1090 ü☃:e2=1090", "rq:worker:w:executions": "set %a+[^.]*:e1 ü☃:e2 ttl 150",
			}),
		},
	})
}

func TestClaimJobsOfSeveralQueues(t *testing.T) {
	t.Parallel()
	three := func(n int, inTurn bool) func(*Claim) {
		return func(p *Claim) {
			p.Queues, p.InTurn = openQueues("x", "y", "z"), inTurn
			p.Executions = []string{"e1", "e2", "e3", "e4", "e5"}[:n]
		}
	}
	before := func(lists ...string) []string {
		commands := living("")
		for _, list := range lists {
			queue, ids, _ := strings.Cut(list, " ")
			commands = append(commands, "RPUSH rq:queue:"+queue+" "+ids)
			for id := range strings.FieldsSeq(ids) {
				commands = append(commands, "HSET rq:job:"+id+" data x")
			}
		}
		return commands
	}
	for name, c := range map[string]struct {
		lists []string
		n     int
		turn  bool
		state int64
		want  string
		left  string
	}{
		"in order":                      {[]string{"x a b", "y c", "z d"}, 3, false, Claimed, "0:a:e1 0:b:e2 1:c:e3", "z: d"},
		"in order, all":                 {[]string{"x a b", "z d"}, 5, false, Drained, "0:a:e1 0:b:e2 2:d:e3", ""},
		"in order, the last ones":       {[]string{"x a", "z d"}, 2, false, Drained, "0:a:e1 2:d:e2", ""},
		"in turn":                       {[]string{"x a b c", "y d", "z e f"}, 5, true, Claimed, "0:a:e1 1:d:e2 2:e:e3 0:b:e4 2:f:e5", "x: c"},
		"in turn, all":                  {[]string{"x a b", "y d"}, 5, true, Drained, "0:a:e1 1:d:e2 0:b:e3", ""},
		"in turn, one":                  {[]string{"y d", "z e"}, 1, true, Claimed, "1:d:e1", "z: e"},
		"in turn, dead ids are no turn": {[]string{"x gone a", "y gone gone d", "z e"}, 3, true, Drained, "0:a:e1 1:d:e2 2:e:e3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			do(t, rdb, before(c.lists...)...)
			rdb.Del(t.Context(), "rq:job:gone")
			claims(c.state, c.want, three(c.n, c.turn))(t, rdb)
			var left []string
			for _, queue := range []string{"x", "y", "z"} {
				if ids := rdb.LRange(t.Context(), "rq:queue:"+queue, 0, -1).Val(); len(ids) > 0 {
					left = append(left, queue+": "+strings.Join(ids, " "))
				}
			}
			assert.Equal(t, c.left, strings.Join(left, "; "))
		})
	}
}

func TestClaimMovedJobs(t *testing.T) {
	t.Parallel()
	moved := func(ids ...string) func(*Claim) {
		return func(p *Claim) {
			for _, id := range ids {
				p.Named = append(p.Named, Named{0, id, true, 0})
			}
		}
	}
	one := func(change func(*Claim)) func(*Claim) {
		return func(p *Claim) { change(p); p.Executions = []string{"e1"} }
	}
	intermediate := "RPUSH rq:queue:q:intermediate "
	job := func(id string) string { return "HSET rq:job:" + id + " data x origin q status queued timeout 180" }
	play(t, []scene{
		{
			name: "first in their queue", before: living("b c", intermediate+"a other", job("a")), act: claims(Claimed, "0:a:e1 0:b:e2", moved("a")),
			want: startedAB.and(keyspace{"rq:queue:q": "list c", "rq:queue:q:intermediate": "list other"}),
		},
		{
			name: "the last one", before: living("", intermediate+"a", job("a")), act: claims(Drained, "0:a:e1", moved("a")),
			want: startedA.and(keyspace{"rq:queue:q:intermediate": ""}),
		},
		{
			name: "back to the front in order where there is no room", before: living("d", intermediate+"a b c", job("a")),
			act:  claims(Claimed, "0:a:e1", one(moved("a", "b", "c"))),
			want: startedA.and(keyspace{"rq:queue:q": "list b c d", "rq:queue:q:intermediate": ""}),
		},
		{
			name: "nothing else left but what went back", before: living("", intermediate+"a b", job("a")),
			act:  claims(Claimed, "0:a:e1", one(moved("a", "b"))),
			want: startedA.and(keyspace{"rq:queue:q": "list b", "rq:queue:q:intermediate": ""}),
		},
		{
			name: "only to go back", before: living("d", intermediate+"a b"), act: claims(Claimed, "", func(p *Claim) { moved("a", "b")(p); p.Executions = nil }),
			want: keyspace{"rq:queue:q": "list a b d", "rq:queue:q:intermediate": ""},
		},
		{
			name: "not in the intermediate queue any more: somebody else has it", before: living("b", job("a")),
			act: claims(Drained, "0:b:e1", one(moved("a"))), want: started("b", "e1").and(keyspace{"rq:wip:q": "zset b:e1=1090", "rq:queue:q": ""}),
		},
		{
			name: "nor does it go back", before: living("b", job("a"), job("c")), act: claims(Claimed, "", func(p *Claim) { moved("a")(p); p.Executions = nil }),
		},
		{
			name: "gone, and canceled", before: living("a", intermediate+"gone canceled", "HSET rq:job:canceled data x status canceled"),
			act: claims(Drained, "0:a:e1", moved("gone", "canceled")), want: startedA.and(keyspace{"rq:queue:q": "", "rq:queue:q:intermediate": ""}),
		},
		{
			name: "moved twice", before: living("", intermediate+"a a", job("a")), act: claims(Drained, "0:a:e1", moved("a")),
			want: startedA.and(keyspace{"rq:queue:q:intermediate": "list a"}),
		},
		{
			name: "of the second queue: after the first one's", before: living("a", "RPUSH rq:queue:r:intermediate b", "HSET rq:job:b data x origin q status queued timeout 180"),
			act:  claims(Drained, "0:a:e1 1:b:e2", func(p *Claim) { p.Queues, p.Named = openQueues("q", "r"), []Named{{1, "b", true, 0}} }),
			want: startedAB.and(keyspace{"rq:queue:q": "", "rq:queue:r:intermediate": ""}),
		},
	})
}

func TestClaimJobsWithoutLeave(t *testing.T) {
	t.Parallel()
	moved := func(p *Claim) { p.Named = []Named{{0, "b", true, 0}, {0, "c", true, 0}} }
	back := keyspace{"rq:queue:q": "list b c a", "rq:queue:q:intermediate": "list d"}
	intermediate := "RPUSH rq:queue:q:intermediate b c d"
	play(t, []scene{
		{name: "suspended", before: living("a", "SET rq:suspended 1"), act: claims(Suspended, "", nil)},
		{name: "suspended, with moved ids", before: living("a", "SET rq:suspended 1", intermediate), act: claims(Suspended, "", moved), want: back},
		{
			name: "a moved id that was seen by maintenance", act: claims(Suspended, "", moved),
			before: living("a", "SET rq:suspended 1", intermediate, "SET rq:queue:q:intermediate:first_seen:b 1"),
			want:   back.and(keyspace{"rq:queue:q:intermediate:first_seen:b": ""}),
		},
		{name: "not registered", before: living("a", "DEL rq:worker:w"), act: claims(Unregistered, "", nil)},
		{name: "not registered, and suspended", before: living("a", "DEL rq:worker:w", "SET rq:suspended 1"), act: claims(Unregistered, "", nil)},
		{name: "a late heartbeat is no registration", before: living("a", "HDEL rq:worker:w birth"), act: claims(Unregistered, "", nil)},
		{name: "another worker has the name", before: living("a", "HSET rq:worker:w birth C", intermediate), act: claims(Unregistered, "", moved), want: back},
		{name: "dead already", before: living("a", "HSET rq:worker:w death D"), act: claims(Unregistered, "", nil)},
		{name: "not registered, with moved ids", before: living("a", "DEL rq:worker:w", intermediate), act: claims(Unregistered, "", moved), want: back},
	})
}

// TestClaimJobsOfOddTimeouts has the expiries that a timeout leads to: that of
// the entry in rq:wip is in want. RQ's are in rq/worker/base.py, get_heartbeat_ttl.
func TestClaimJobsOfOddTimeouts(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[string]int{
		"180": 1090, "30": 1090, "10": 1070, "1": 1061, "-1": 1090, "-5": 1090, "0": 1090, "": 1090, "3m": 1090, "10.9": 1070,
		"99999999999999999999": 1090, "1e400": 1090, "inf": 1090, "nan": 1090, "absent": 1090,
	} {
		t.Run(timeout, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			do(t, rdb, living("a")...)
			if timeout == "absent" {
				rdb.HDel(t.Context(), "rq:job:a", "timeout")
			} else {
				rdb.HSet(t.Context(), "rq:job:a", "timeout", timeout)
			}
			claims(Drained, "0:a:e1", nil)(t, rdb)
			after := dump(t, rdb)
			assert.Equal(t, fmt.Sprintf("zset a:e1=%d", want), after["rq:wip:q"])
			assert.Equal(t, fmt.Sprintf("zset e1=%d ttl %d", want+60, want-1000+60), after["rq:executions:a"])
			assert.Contains(t, after["rq:execution:a:e1"], fmt.Sprintf(" ttl %d", want-1000))
			assert.Equal(t, "hash birth=B last_heartbeat=T state=busy ttl 90", after["rq:worker:w"])
		})
	}
}

// TestAClaimLastsUntilTheNextHeartbeat also where the timeout of the job ends before:
// its callbacks run then.
func TestAClaimLastsUntilTheNextHeartbeat(t *testing.T) {
	t.Parallel()
	for interval, want := range map[int]string{1: "1061", 30: "1061", 31: "1061", 32: "1062", 100: "1130", 3600: "4630"} {
		rdb := redistest.New(t)
		do(t, rdb, living("a", "HSET rq:job:a timeout 1")...)

		claims(Drained, "0:a:e1", func(p *Claim) { p.Interval = interval })(t, rdb)

		assert.Equal(t, "zset a:e1="+want, dump(t, rdb)["rq:wip:q"], "an interval of %d s", interval)
	}
}

func TestClaimJobsForOldReaders(t *testing.T) {
	t.Parallel()
	old := func(p *Claim) { p.Composite, p.CurrentJob = false, true }
	busy := func(more string) keyspace {
		return keyspace{"rq:worker:w": "hash birth=B " + more + "last_heartbeat=T state=busy ttl 90", "rq:queue:q": ""}
	}
	play(t, []scene{
		{
			name: "RQ before 2.0 knows ids only", before: living("a"), act: claims(Drained, "0:a:e1", func(p *Claim) { p.Composite = false }),
			want: startedA.and(keyspace{"rq:queue:q": "", "rq:wip:q": "zset a=1090"}),
		},
		{
			name: "the oldest job is the current one", before: living("a b"), act: claims(Drained, "0:a:e1 0:b:e2", old),
			want: startedAB.and(keyspace{"rq:wip:q": "zset a=1090 b=1090"}).and(busy("current_job=a current_job_working_time=0 ")),
		},
		{
			name: "an id with a colon is entered as RQ 1 does it", before: living("a:b"),
			act:  claims(Drained, "0:a:b:e1", nil),
			want: started("a:b", "e1").and(keyspace{"rq:queue:q": "", "rq:wip:q": "zset a:b=1090", "rq:worker:w:executions": "set a:b:e1 ttl 150"}),
		},
		{
			name: "the current job stays until it ends", before: living("a", "HSET rq:worker:w current_job old current_job_working_time 7.5"),
			act:  claims(Drained, "0:a:e1", old),
			want: startedA.and(keyspace{"rq:wip:q": "zset a=1090"}).and(busy("current_job=old current_job_working_time=7.5 ")),
		},
	})
}

// TestClaimJobsLosesNone has keys that hold something else than RQ puts there.
func TestClaimJobsLosesNone(t *testing.T) {
	t.Parallel()
	two := func(p *Claim) { p.Queues = openQueues("bad", "q") }
	moved := func(p *Claim) { p.Named = []Named{{0, "a", true, 0}} }
	emptied := keyspace{"rq:queue:q": ""}
	play(t, []scene{
		{name: "queue", before: living("", "SET rq:queue:q x"), act: claimFails(nil)},
		{name: "queue, and another one has jobs", before: living("a", "SET rq:queue:bad x"), act: claims(Claimed, "0:a:e1", func(p *Claim) { p.Queues = openQueues("q", "bad") }), want: startedA.and(emptied)},
		{name: "queue, and one after it has jobs", before: living("a", "SET rq:queue:bad x"), act: claims(Claimed, "1:a:e1", two), want: startedA.and(emptied)},
		{name: "in turn", before: living("a", "SET rq:queue:bad x"), act: claims(Claimed, "1:a:e1", func(p *Claim) { two(p); p.InTurn = true }), want: startedA.and(emptied)},
		{name: "worker", before: living("a", "DEL rq:worker:w", "SET rq:worker:w x"), act: claimFails(nil)},
		{name: "started jobs", before: living("a b", "SET rq:wip:q x"), act: claimFails(nil)},
		{
			name: "started jobs of one job's origin", before: living("a b", "HSET rq:job:b origin bad", "SET rq:wip:bad x"),
			act: claims(Claimed, "0:a:e1", nil), want: startedA.and(keyspace{"rq:queue:q": "list b"}),
		},
		{name: "started jobs, of a moved one", before: living("", "RPUSH rq:queue:q:intermediate a", "HSET rq:job:a data x", "SET rq:wip:q x"), act: claimFails(moved)},
		{name: "queue that a moved one goes back to", before: living("", "RPUSH rq:queue:q:intermediate a", "HSET rq:job:a data x", "SET rq:queue:q x"), act: claimFails(func(p *Claim) { moved(p); p.Executions = nil })},
		{name: "executions of the job", before: living("a", "SET rq:executions:a x"), act: claims(Drained, "0:a:e1", nil), want: startedA.and(emptied)},
		{name: "executions of the worker", before: living("a", "SET rq:worker:w:executions x"), act: claims(Drained, "0:a:e1", nil), want: startedA.and(emptied)},
	})
}

// TestClaimJobsGivesOthersTheirTurn: a queue of ids without jobs does not keep
// the server busy for long.
func TestClaimJobsGivesOthersTheirTurn(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	do(t, rdb, living("")...)
	for range 25 {
		rdb.RPush(ctx, "rq:queue:q", strings.Split(strings.Repeat("gone ", 99)+"gone", " "))
	}
	do(t, rdb, "RPUSH rq:queue:q a", "HSET rq:job:a data x")

	claims(Claimed, "", nil)(t, rdb)
	claims(Claimed, "", nil)(t, rdb)
	claims(Drained, "0:a:e1", nil)(t, rdb)
}

// TestClaimManyJobsOfManyFields has more values than Lua has room for on its stack.
func TestClaimManyJobsOfManyFields(t *testing.T) {
	t.Parallel()
	const jobs, fields = 1100, 4500
	ctx, rdb := t.Context(), redistest.New(t)
	do(t, rdb, living("")...)
	p := Claim{Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Queues: openQueues("q")}
	_, err := rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i := range jobs {
			id := fmt.Sprint("j", i)
			pipe.HSet(ctx, "rq:job:"+id, "data", "x")
			pipe.RPush(ctx, "rq:queue:q", id)
			p.Executions = append(p.Executions, fmt.Sprint("e", i))
		}
		wide := make([]any, 0, 2*fields)
		for i := range fields {
			wide = append(wide, fmt.Sprint("foreign", i), i)
		}
		pipe.HSet(ctx, "rq:job:j7", wide...)
		return nil
	})
	require.NoError(t, err)

	state, got, err := ClaimJobs(ctx, rdb, p)

	require.NoError(t, err)
	assert.EqualValues(t, Drained, state)
	require.Len(t, got, jobs)
	assert.Len(t, got[7].Hash, fields+1)
	assert.EqualValues(t, jobs, rdb.SCard(ctx, "rq:worker:w:executions").Val())
}

func TestClaimedJobsAreReadAsTheyWere(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, living("a", "HSET rq:job:a err x ok y")...)
	rdb.HSet(t.Context(), "rq:job:a", "data", "\x00\xff\r\n")

	_, got, err := ClaimJobs(t.Context(), rdb, Claim{Worker: "w", Birth: "B", Interval: 30, Now: at, Float: "1000.5", Queues: openQueues("q"), Executions: []string{"e"}})

	require.NoError(t, err)
	assert.Equal(t, []ClaimedJob{{0, "a", "e", map[string]string{
		"data": "\x00\xff\r\n", "origin": "q", "status": "queued", "timeout": "180", "err": "x", "ok": "y",
	}, 0}}, got)
}

// TestClaimNamed takes jobs out of the middle of a queue of which no other may be taken,
// if they are near to where they were seen.
func TestClaimNamed(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		named []Named
		n     int
		want  string
		left  string
	}{
		"where they were seen":      {[]Named{{0, "b", false, 1}}, 2, "0:b:e1", "a c d"},
		"in the order of the claim": {[]Named{{0, "c", false, 2}, {0, "a", false, 0}}, 2, "0:c:e1 0:a:e2", "b d"},
		"some have gone":            {[]Named{{0, "gone", false, 0}, {0, "d", false, 3}}, 2, "0:d:e1", "a b c"},
		"others were taken before":  {[]Named{{0, "a", false, 150}, {0, "d", false, 199}}, 2, "0:a:e1 0:d:e2", "b c"},
		"others came before":        {[]Named{{0, "d", false, 0}}, 2, "0:d:e1", "a b c"},
		"no more than asked for":    {[]Named{{0, "b", false, 1}, {0, "c", false, 2}, {0, "d", false, 3}}, 2, "0:b:e1 0:c:e2", "a d"},
		"named twice":               {[]Named{{0, "b", false, 1}, {0, "b", false, 1}}, 2, "0:b:e1", "a c d"},
		"far away":                  {[]Named{{0, "d", false, 1000}}, 2, "", "a b c d"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			do(t, rdb, living("a b c d", "HSET rq:job:c data x", "HSET rq:job:d data x")...)
			named := func(p *Claim) {
				p.Queues, p.Named, p.Executions = []ClaimQueue{{"q", false}}, c.named, p.Executions[:c.n]
			}

			claims(Drained, c.want, named)(t, rdb)

			assert.Equal(t, strings.Fields(c.left), rdb.LRange(t.Context(), "rq:queue:q", 0, -1).Val())
			assert.EqualValues(t, len(strings.Fields(c.want)), rdb.SCard(t.Context(), "rq:worker:w:executions").Val())
		})
	}
}

// TestClaimNamedAndFail loses no id when its job cannot be started.
func TestClaimNamedAndFail(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, living("a b", "SET rq:wip:q x")...)
	p := Claim{Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5",
		Queues: []ClaimQueue{{"q", false}}, Named: []Named{{0, "b", false, 1}}, Executions: []string{"e1"}}

	_, jobs, err := ClaimJobs(t.Context(), rdb, p)

	require.ErrorContains(t, err, "WRONGTYPE")
	assert.Empty(t, jobs)
	assert.Equal(t, []string{"a", "b"}, rdb.LRange(t.Context(), "rq:queue:q", 0, -1).Val())
	assert.Equal(t, "queued", rdb.HGet(t.Context(), "rq:job:b", "status").Val())
	do(t, rdb, "DEL rq:wip:q rq:queue:q", "SET rq:queue:q x")

	_, _, err = ClaimJobs(t.Context(), rdb, p)

	require.ErrorContains(t, err, "WRONGTYPE")
}

// TestClaimNamedInALongQueue: it costs little to take a hundred jobs wherever they are.
// Far from both ends texts stay in their places, which are dropped when they are taken. It
// takes seconds to make a queue of a million.
func TestClaimNamedInALongQueue(t *testing.T) {
	const n, jobs = 1_000_000, 100
	ctx, rdb := t.Context(), idle(t)
	fill(t, rdb, n)
	do(t, rdb, living("")...)
	m := newMeter(t, rdb)
	for round, first := range []int64{0, 99_000, 500_000, n - 99_000, n - 200} {
		p := Claim{Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Queues: []ClaimQueue{{"q", false}}}
		length := rdb.LLen(ctx, "rq:queue:q").Val()
		for i := range int64(jobs) {
			id, place := fmt.Sprintf("j%d-%d", round, i), min(first+7*i, length-1-i)
			rdb.HSet(ctx, "rq:job:"+id, "data", "x", "origin", "q", "status", "queued")
			rdb.LSet(ctx, "rq:queue:q", place, id)
			p.Named = append(p.Named, Named{0, id, false, place + i%3})
			p.Executions = append(p.Executions, fmt.Sprintf("e%d-%d", round, i))
		}
		m.look()

		_, got, err := ClaimJobs(ctx, m.client(), p)

		require.NoError(t, err)
		require.Len(t, got, jobs)
		if far := first == 500_000; far {
			assert.Equal(t, length, rdb.LLen(ctx, "rq:queue:q").Val())
			assert.True(t, strings.HasPrefix(rdb.LIndex(ctx, "rq:queue:q", first).Val(), Gap))
		} else {
			assert.EqualValues(t, length-jobs, rdb.LLen(ctx, "rq:queue:q").Val())
		}
	}
	m.end()
	do(t, rdb, "LTRIM rq:queue:q 499000 500000")
	left := 0
	for _, id := range rdb.LRange(ctx, "rq:queue:q", 0, -1).Val() {
		if strings.HasPrefix(id, Gap) {
			left++
		} else {
			require.True(t, strings.HasPrefix(id, "00000000-"), id)
		}
	}
	assert.Positive(t, left)
	state, got, err := ClaimJobs(ctx, rdb, Claim{Worker: "w", Birth: "B", Interval: 30, Now: at, Float: "1000.5", Queues: openQueues("q"), Executions: []string{"e"}})
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.EqualValues(t, Claimed, state, "a thousand of them are enough for one claim")
}

// TestClaimHasABudget ends a claim after so many bytes, but for its first job, and leaves
// long data out.
func TestClaimHasABudget(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, living("a b c")...)
	rdb.HSet(t.Context(), "rq:job:a", "data", strings.Repeat("x", 100))
	rdb.HSet(t.Context(), "rq:job:b", "data", strings.Repeat("x", 101))
	p := Claim{
		Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Queues: openQueues("q"),
		Budget: 50, Longest: 100, Executions: []string{"e1", "e2", "e3"},
	}

	_, first, err := ClaimJobs(t.Context(), rdb, p)
	require.NoError(t, err)
	_, rest, err := ClaimJobs(t.Context(), rdb, p)
	require.NoError(t, err)

	require.Len(t, first, 1)
	assert.Len(t, first[0].Hash["data"], 100)
	assert.Zero(t, first[0].LeftOut)
	require.Len(t, rest, 2, "the data of b is not in the reply")
	assert.Equal(t, int64(101), rest[0].LeftOut)
	assert.Equal(t, map[string]string{"origin": "q", "status": "queued", "timeout": "180"}, rest[0].Hash)
	assert.Equal(t, "x", rest[1].Hash["data"])
}

// TestClaimCountsAllFields: the results that RQ keeps in hashes, and meta, may be as large
// as arguments.
func TestClaimCountsAllFields(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, living("a b c d")...)
	rdb.HSet(t.Context(), "rq:job:a", "meta", strings.Repeat("x", 60), "result", strings.Repeat("x", 40))
	rdb.HSet(t.Context(), "rq:job:b", "meta", strings.Repeat("x", 101), "result", strings.Repeat("x", 102))
	rdb.HSet(t.Context(), "rq:job:c", "meta", strings.Repeat("x", 101), "data", strings.Repeat("x", 103))
	p := Claim{
		Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Queues: openQueues("q"),
		Budget: 100, Longest: 100, Executions: []string{"e1", "e2", "e3", "e4"},
	}

	_, first, err := ClaimJobs(t.Context(), rdb, p)
	require.NoError(t, err)
	_, rest, err := ClaimJobs(t.Context(), rdb, p)
	require.NoError(t, err)

	require.Len(t, first, 1)
	assert.Len(t, first[0].Hash["meta"], 60)
	assert.Zero(t, first[0].LeftOut)
	require.Len(t, rest, 3)
	short := map[string]string{"origin": "q", "status": "queued", "timeout": "180"}
	assert.Equal(t, short, rest[1].Hash)
	assert.Equal(t, int64(101+103), rest[1].LeftOut)
	short["data"] = "x"
	assert.Equal(t, short, rest[0].Hash)
	assert.Equal(t, int64(101+102), rest[0].LeftOut)
	assert.Equal(t, short, rest[2].Hash)
}

func TestReadClaim(t *testing.T) {
	t.Parallel()
	for _, reply := range [][]any{{}, {"1"}, {int64(1), "x"}, {int64(1), []any{int64(1), "a"}}} {
		_, _, err := readClaim(reply)
		require.ErrorIs(t, err, errReply, "%v", reply)
	}
}

// TestClaimWithoutAPermission: an id stays where it is when the server refuses to read
// its job, and is claimed when it may be read.
func TestClaimWithoutAPermission(t *testing.T) {
	t.Parallel()
	rdb := idle(t)
	for _, command := range []string{"hstrlen", "hgetall", "hkeys"} {
		app := without(t, rdb, command)
		do(t, rdb, living("a", "RPUSH rq:queue:q:intermediate m", "HSET rq:job:m data x status queued", "RPUSH rq:queue:r l",
			"HSET rq:job:l status queued data "+strings.Repeat("x", 100))...)
		p := Claim{
			Worker: "w", Birth: "B", Interval: 30, Composite: true, Now: at, Float: "1000.5", Longest: 50,
			Queues: openQueues("r", "q"), Named: []Named{{Queue: 1, ID: "m", Moved: true}}, Executions: []string{"e1", "e2", "e3"},
		}

		_, jobs, err := ClaimJobs(t.Context(), app, p)
		assert.Less(t, len(jobs), 3, command)
		assert.Equal(t, len(jobs) == 0, err != nil, "%s: %v", command, err)
		require.NoError(t, rdb.Do(t.Context(), "acl", "setuser", "app", "+@all").Err())
		state, more, err := ClaimJobs(t.Context(), app, p)

		require.NoError(t, err, command)
		assert.EqualValues(t, Drained, state, command)
		assert.Len(t, append(jobs, more...), 3, command)
	}
}
