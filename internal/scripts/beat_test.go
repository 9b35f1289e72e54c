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

// beats runs SendBeat of worker w, born at B, with changes.
func beats(want BeatReply, changes ...func(*Beat)) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		p := Beat{Worker: "w", Birth: "B", Now: at, Float: "1000.5", Keep: 90}
		for _, change := range changes {
			change(&p)
		}
		got, err := SendBeat(t.Context(), rdb, p)
		require.NoError(t, err)
		server, err := rdb.Time(t.Context()).Result()
		require.NoError(t, err)
		assert.InDelta(t, server.Unix(), got.Time, 10)
		got.Time = 0
		assert.Equal(t, want, *got)
	}
}

// with adds executions of queue q, each written as job:execution.
func with(pairs ...string) func(*Beat) {
	return func(p *Beat) {
		for _, pair := range pairs {
			id, execution, _ := strings.Cut(pair, ":")
			p.Executions = append(p.Executions, Beating{id, execution, "q", pair, 70, "990.5"})
		}
	}
}

// beating is a worker that was born at B, and jobs that it started, each written
// as job:execution.
func beating(pairs []string, more ...string) []string {
	commands := []string{"HSET rq:worker:w birth B state busy", "EXPIRE rq:worker:w 9"}
	for _, pair := range pairs {
		id, execution, _ := strings.Cut(pair, ":")
		commands = append(commands,
			"HSET rq:job:"+id+" data x worker_name w", "ZADD rq:wip:q 1030 "+pair, "ZADD rq:executions:"+id+" 1090 "+execution,
			"HSET rq:execution:"+pair+" id "+execution, "SADD rq:worker:w:executions "+pair,
		)
	}
	return append(commands, more...)
}

// alive is what a heartbeat leaves of worker w.
var alive = keyspace{"rq:worker:w": "hash birth=B last_heartbeat=T state=busy ttl 90"}

// renewed is what a heartbeat leaves of an execution.
func renewed(id, execution string) keyspace {
	return keyspace{
		"rq:job:" + id:                         "hash data=x last_heartbeat=T worker_name=w",
		"rq:execution:" + id + ":" + execution: "hash created_at=990.5 id=" + execution + " job_id=" + id + " last_heartbeat=1000.5 worker_name=w ttl 70",
		"rq:executions:" + id:                  "zset " + execution + "=1130 ttl 130",
	}
}

var (
	renewedA  = alive.and(renewed("a", "e")).and(keyspace{"rq:wip:q": "zset a:e=1070", "rq:worker:w:executions": "set a:e ttl 90"})
	renewedAB = renewedA.and(renewed("b", "f")).and(keyspace{"rq:wip:q": "zset a:e=1070 b:f=1070", "rq:worker:w:executions": "set a:e b:f ttl 90"})
)

func TestSendBeat(t *testing.T) {
	t.Parallel()
	a := []string{"a:e"}
	ab := []string{"a:e", "b:f"}
	queues := func(names ...string) func(*Beat) { return func(p *Beat) { p.Queues = names } }
	play(t, []scene{
		{name: "an idle worker", before: beating(nil), act: beats(BeatReply{State: Registered}), want: alive},
		{name: "a busy one", before: beating(ab), act: beats(BeatReply{State: Registered}, with(ab...)), want: renewedAB},
		{name: "with executions that others tell of", before: beating(ab), act: beats(BeatReply{State: Registered}, with("a:e")), want: renewedA.and(keyspace{"rq:wip:q": "zset b:f=1030 a:e=1070", "rq:worker:w:executions": "set a:e b:f ttl 90"})},
		{name: "suspended", before: beating(a, "SET rq:suspended 1"), act: beats(BeatReply{State: Registered, Suspended: true}, with(a...)), want: renewedA},
		{
			name: "the expiries that come first", before: beating(a, "ZADD rq:wip:r 500 old 2000 new", "ZADD rq:wip:inf +inf x", "ZADD rq:wip:past -5 x"),
			act:  beats(BeatReply{State: Registered, Expiries: []int64{1070, 500, 0, 0, 0}}, with(a...), queues("q", "r", "empty", "inf", "past")),
			want: renewedA,
		},
		{
			name: "what has expired comes back, as long as it is among the started ones", act: beats(BeatReply{State: Registered}, with(a...)),
			before: beating(a, "DEL rq:execution:a:e rq:executions:a rq:worker:w:executions"), want: renewedA,
		},

		{name: "registered no more", before: beating(a, "DEL rq:worker:w"), act: beats(BeatReply{State: Forgotten}, with(a...)), want: renewedA.without("rq:worker:w").without("rq:worker:w:executions")},
		{name: "another one has its name", before: beating(a, "HSET rq:worker:w birth C"), act: beats(BeatReply{State: Replaced}, with(a...)), want: renewedA.without("rq:worker:w").without("rq:worker:w:executions")},

		{name: "abandoned", before: beating(ab, "ZREM rq:wip:q a:e"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, with(ab...)), want: renewedAB.without("rq:job:a").without("rq:execution:a:e").without("rq:executions:a").and(keyspace{"rq:wip:q": "zset b:f=1070"})},
		{name: "deleted", before: beating(a, "DEL rq:job:a"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, with(a...)), want: alive.and(keyspace{"rq:worker:w:executions": "set a:e ttl 90"})},
		{name: "deleted, and brought back by another's late heartbeat", before: beating(a, "DEL rq:job:a", "HSET rq:job:a last_heartbeat S"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, with(a...)), want: alive.and(keyspace{"rq:worker:w:executions": "set a:e ttl 90"})},
		{
			name: "canceled: it runs on", before: beating(a, "HSET rq:job:a status canceled", "ZREM rq:wip:q a:e"), act: beats(BeatReply{State: Registered}, with(a...)),
			want: renewedA.without("rq:wip:q").and(keyspace{"rq:job:a": "hash data=x last_heartbeat=T status=canceled worker_name=w"}),
		},
		{name: "canceled, and its execution is over", before: beating(a, "HSET rq:job:a status canceled", "DEL rq:executions:a"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, with(a...)), want: alive.and(keyspace{"rq:worker:w:executions": "set a:e ttl 90"})},
		{name: "canceled, and run by another worker since", before: beating(a, "HSET rq:job:a status canceled worker_name v"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, with(a...)), want: alive.and(keyspace{"rq:worker:w:executions": "set a:e ttl 90"})},
		{name: "all of them away", before: beating(nil), act: beats(BeatReply{State: Registered, NotOwned: []string{"e", "f"}}, with(ab...)), want: alive},
		{
			name: "of a job that Python has saved since", before: beating(a, "HSET rq:job:a worker_name ''"), act: beats(BeatReply{State: Registered}, with(a...)),
			want: renewedA.and(keyspace{"rq:job:a": "hash data=x last_heartbeat=T worker_name="}),
		},
	})
}

func TestSendBeatBeforeRQ2(t *testing.T) {
	t.Parallel()
	bare := func(p *Beat) { p.Executions = []Beating{{"a", "e", "q", "a", 70, "990.5"}} }
	before := beating([]string{"a:e"}, "ZREM rq:wip:q a:e", "ZADD rq:wip:q 1030 a")
	kept := alive.and(keyspace{"rq:worker:w:executions": "set a:e ttl 90"})
	play(t, []scene{
		{name: "renewed", before: before, act: beats(BeatReply{State: Registered}, bare), want: renewedA.and(keyspace{"rq:wip:q": "zset a=1070"})},
		{name: "another worker has the job", before: append(before, "HSET rq:job:a worker_name v"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, bare), want: kept},
		{name: "nobody has it", before: append(before, "ZREM rq:wip:q a"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, bare), want: kept},
	})
}

// TestSendBeatWithWrongKeys: one execution that cannot be renewed is no reason
// for others to be found abandoned.
func TestSendBeatWithWrongKeys(t *testing.T) {
	t.Parallel()
	ab := []string{"a:e", "b:f"}
	onlyB := alive.and(renewed("b", "f")).and(keyspace{"rq:wip:q": "zset a:e=1030 b:f=1070", "rq:worker:w:executions": "set a:e b:f ttl 90"})
	play(t, []scene{
		{
			name: "worker", before: beating(ab, "DEL rq:worker:w", "SET rq:worker:w x"),
			act: func(t *testing.T, rdb *redis.Client) {
				_, err := SendBeat(t.Context(), rdb, Beat{Worker: "w", Now: at})
				require.ErrorContains(t, err, "WRONGTYPE")
			},
		},
		{name: "job: it is no job any more", before: beating(ab, "DEL rq:job:a", "SET rq:job:a x"), act: beats(BeatReply{State: Registered, NotOwned: []string{"e"}}, with(ab...)), want: onlyB},
		{name: "executions of a job", before: beating(ab, "DEL rq:executions:a", "SET rq:executions:a x"), act: beats(BeatReply{State: Registered}, with(ab...)), want: renewedAB},
		{name: "executions of the worker", before: beating(ab, "DEL rq:worker:w:executions", "SET rq:worker:w:executions x"), act: beats(BeatReply{State: Registered}, with(ab...)), want: renewedAB},
		{
			name: "started jobs of one queue", before: beating(ab, "SET rq:wip:bad x", "HSET rq:job:c data x worker_name w"),
			act: beats(BeatReply{State: Registered, Expiries: []int64{0, 1070}}, with(ab...), func(p *Beat) {
				p.Queues = []string{"bad", "q"}
				p.Executions = append([]Beating{{"c", "g", "bad", "c:g", 70, "990.5"}}, p.Executions...)
			}),
			want: renewedAB,
		},
	})
}

func TestSendBeatOfManyExecutions(t *testing.T) {
	t.Parallel()
	const n = 200 // as many as a worker sends at once
	ctx, rdb := t.Context(), redistest.New(t)
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("j%d:e%d", i, i))
	}
	do(t, rdb, beating(pairs)...)

	beats(BeatReply{State: Registered, Expiries: []int64{1070}}, with(pairs...), func(p *Beat) { p.Queues = []string{"q"} })(t, rdb)

	assert.EqualValues(t, n, rdb.ZCount(ctx, "rq:wip:q", "1070", "1070").Val())
}
