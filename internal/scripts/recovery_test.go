package scripts

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestTakeLock(t *testing.T) {
	t.Parallel()
	takes := func(want bool) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := TakeLock(t.Context(), rdb, "lock", "mine", 20*time.Second)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	play(t, []scene{
		{name: "that is free", act: takes(true), want: keyspace{"lock": "string mine ttl 20"}},
		{name: "that is the caller's: it is renewed", before: []string{"SET lock mine EX 5"}, act: takes(true), want: keyspace{"lock": "string mine ttl 20"}},
		{name: "that is another's", before: []string{"SET lock 1 EX 5"}, act: takes(false)},
		{name: "that is no string", before: []string{"RPUSH lock x"}, act: takes(false)},
	})
}

func TestLookQueues(t *testing.T) {
	t.Parallel()
	looks := func(want ...Look) func(*testing.T, *redis.Client) {
		return func(t *testing.T, rdb *redis.Client) {
			got, err := LookQueues(t.Context(), rdb, []string{"q", "p"}, at.Unix)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
	play(t, []scene{
		{name: "that are empty", act: looks(Look{}, Look{})},
		{
			name: "with something each", before: []string{"RPUSH rq:queue:q:intermediate a b", "ZADD rq:ready:p 1 a", "ZADD rq:wip:p 1000 a:e 999 b:e"},
			act: looks(Look{Taken: 2}, Look{Ready: 1, Abandoned: true}),
		},
		{name: "with jobs that run", before: []string{"ZADD rq:wip:q 1001 a:e -1 b:e"}, act: looks(Look{}, Look{})},
		{
			name: "of the wrong types", before: []string{"SET rq:queue:q:intermediate x", "SET rq:ready:q x", "SET rq:wip:q x", "ZADD rq:ready:p 1 a"},
			act: looks(Look{}, Look{Ready: 1}),
		},
	})
}

func TestLookLimits(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, "SADD rq:rl-keys a b c d", "ZADD rq:rl:a:rate_limited 1 j", "ZADD rq:rl:b:allowed 1 j", "SET rq:rl:c:rate_limited x", "SADD rq:workers v w")

	limits, workers, next, err := LookLimits(t.Context(), rdb, "0", 100)

	require.NoError(t, err)
	assert.Equal(t, []string{"a"}, limits)
	assert.EqualValues(t, 2, workers)
	assert.Equal(t, "0", next)
}

func TestFindAbandoned(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	do(t, rdb, "ZADD rq:wip:q -1 kept:e 0 a:e 999.5 b:e 1000 c:e 1000.5 d:e +inf never:e")
	for skip, want := range [][]string{{"a:e", "b:e"}, {"b:e", "c:e"}, {"c:e"}, {}} {
		got, err := FindAbandoned(t.Context(), rdb, "q", skip, 2, at.Unix)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
}

// TestTheServersTime: whoever gives no time of his own gets the server's.
func TestTheServersTime(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	server, err := rdb.Time(t.Context()).Result()
	require.NoError(t, err)
	do(t, rdb, "ZADD rq:wip:q "+strconv.FormatInt(server.Unix()-1, 10)+" past:e "+strconv.FormatInt(server.Unix()+1000, 10)+" later:e")

	got, err := FindAbandoned(t.Context(), rdb, "q", 0, 9, ServerTime)

	require.NoError(t, err)
	assert.Equal(t, []string{"past:e"}, got)
}

// takesOver runs TakeOver of job a in queue q with execution n, which is kept for
// 30 s, with changes to the usual. It found a in the entry a:e.
func takesOver(want string, changes ...func(*Takeover)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Takeover{Queue: "q", ID: "a", Entry: "a:e", Execution: "e", OwnEntry: "a:n", Own: "n", Keep: 30, Now: at.Unix, Float: "1000.5"}
		for _, change := range changes {
			change(&p)
		}
		got, hash, err := TakeOver(t.Context(), rdb, p)
		require.NoError(t, err)
		require.Equal(t, want, got)
		if want == TakenOver {
			require.Equal(t, "x", hash["data"])
		} else {
			require.Nil(t, hash)
		}
	}
}

// dead is job a, whose worker w has died with it. The hash of its execution has
// expired.
func dead(more ...string) []string {
	return append(running("DEL rq:execution:a:e", "ZADD rq:wip:q 1000 a:e", "ZADD rq:executions:a 1060 e"), more...)
}

var takenA = keyspace{
	"rq:execution:a:n": "hash created_at=1000.5 id=n job_id=a last_heartbeat=1000.5 worker_name=w ttl 30",
	"rq:executions:a":  "zset n=1090 ttl 90", "rq:wip:q": "zset a:n=1030", "rq:worker:w:executions": "",
}

func TestTakeOver(t *testing.T) {
	t.Parallel()
	renewed := func(p *Takeover) { p.Now += 10 }
	over := keyspace{"rq:executions:a": "", "rq:wip:q": ""}
	play(t, []scene{
		{name: "abandoned", before: dead(), act: takesOver(TakenOver), want: takenA},
		{name: "with nothing left of the worker", before: dead("DEL rq:worker:w rq:worker:w:executions rq:executions:a"), act: takesOver(TakenOver), want: takenA.without("rq:worker:w:executions")},
		{
			name: "twice: it is renewed", before: dead(),
			act: func(t *testing.T, rdb *redis.Client) {
				takesOver(TakenOver)(t, rdb)
				takesOver(TakenOver, renewed)(t, rdb)
			},
			want: takenA.and(keyspace{"rq:executions:a": "zset n=1100 ttl 90", "rq:wip:q": "zset a:n=1040"}),
		},
		{
			name: "given up: others find it", before: dead(),
			act: func(t *testing.T, rdb *redis.Client) {
				takesOver(TakenOver)(t, rdb)
				takesOver(TakenOver, func(p *Takeover) { p.Keep = 0 })(t, rdb)
				takesOver(TakenOver, func(p *Takeover) { p.Entry, p.Execution, p.OwnEntry, p.Own = "a:n", "n", "a:m", "m" })(t, rdb)
			},
			want: keyspace{
				"rq:execution:a:m": strings.ReplaceAll(takenA["rq:execution:a:n"], "id=n", "id=m"),
				"rq:executions:a":  "zset m=1090 ttl 90", "rq:wip:q": "zset a:m=1030", "rq:worker:w:executions": "",
			},
		},
		{
			name: "twice by different callers: the first has it", before: dead(),
			act: func(t *testing.T, rdb *redis.Client) {
				takesOver(TakenOver)(t, rdb)
				takesOver(Alive, func(p *Takeover) { p.OwnEntry, p.Own = "a:m", "m" })(t, rdb)
			},
			want: takenA,
		},
		{name: "that has a heartbeat", before: dead("ZADD rq:wip:q 1001 a:e"), act: takesOver(Alive)},
		{name: "that was written by a clock that is late", before: dead("HSET rq:execution:a:e id e", "EXPIRE rq:execution:a:e 60"), act: takesOver(Alive)},
		{name: "with a hash that a late heartbeat has left", before: dead("HSET rq:execution:a:e id e"), act: takesOver(TakenOver), want: takenA.and(keyspace{"rq:execution:a:e": ""})},
		{name: "that is settled", before: dead("ZREM rq:wip:q a:e"), act: takesOver(Alive)},
		{name: "with executions of the wrong type", before: dead("DEL rq:executions:a", "SET rq:executions:a x"), act: takesOver(TakenOver), want: takenA.without("rq:worker:w:executions")},
		{name: "that runs elsewhere", before: dead("ZADD rq:wip:q 1050 a:f", "ZADD rq:executions:a 1110 f"), act: takesOver(Over), want: keyspace{"rq:wip:q": "zset a:f=1050", "rq:executions:a": "zset f=1110"}},
		{
			name: "that runs elsewhere, by a clock that is late", before: dead("ZADD rq:executions:a 900 f", "HSET rq:execution:a:f id f", "EXPIRE rq:execution:a:f 60"),
			act: takesOver(Over), want: keyspace{"rq:wip:q": "", "rq:executions:a": "zset f=900"},
		},
		{name: "that is queued again", before: dead("HSET rq:job:a status queued"), act: takesOver(Over), want: over},
		{name: "that is gone", before: dead("DEL rq:job:a"), act: takesOver(Over), want: over},
		{name: "that is no hash", before: dead("DEL rq:job:a", "SET rq:job:a x"), act: takesOver(Over), want: over},
	})
}

func TestTakeOverBeforeRQ2(t *testing.T) {
	t.Parallel()
	bare := func(p *Takeover) { p.Entry, p.Execution, p.OwnEntry = "a", "", "a" }
	bareDead := func(more ...string) []string {
		return dead(append([]string{"ZREM rq:wip:q a:e", "ZADD rq:wip:q 1000 a"}, more...)...)
	}
	play(t, []scene{
		{name: "abandoned", before: bareDead(), act: takesOver(TakenOver, bare), want: takenA.and(keyspace{"rq:wip:q": "zset a=1030"})},
		{name: "started again since by RQ 1", before: bareDead("ZADD rq:wip:q 1060 a"), act: takesOver(Alive, bare)},
		{
			name:   "whose execution in Go lives, so that the entry may be its own",
			before: bareDead("HSET rq:execution:a:e id e", "EXPIRE rq:execution:a:e 60"), act: takesOver(Alive, bare),
		},
	})
}

// TestTakeOverWhatIsStuck is about jobs that were started and are in no execution.
func TestTakeOverWhatIsStuck(t *testing.T) {
	t.Parallel()
	stuck := func(p *Takeover) { p.Entry, p.Execution = "", "" }
	nowhere := func(more ...string) []string { return dead(append([]string{"ZREM rq:wip:q a:e"}, more...)...) }
	play(t, []scene{
		{name: "stuck", before: nowhere(), act: takesOver(TakenOver, stuck), want: takenA},
		{name: "queued", before: nowhere("HSET rq:job:a status queued"), act: takesOver(Alive, stuck)},
		{name: "in an execution", before: running(), act: takesOver(Alive, stuck)},
		{name: "started by RQ 1", before: nowhere("ZADD rq:wip:q 900 a"), act: takesOver(Alive, stuck)},
		{name: "gone", before: nowhere("DEL rq:job:a"), act: takesOver(Alive, stuck)},
	})
}
