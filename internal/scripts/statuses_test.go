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

// newer is a status that no RQ has yet.
const newer = "paused_by_rq_4"

// TestStatusesOfJobsInAQueue: RQ runs whatever it finds in a queue, and so does a
// worker here but for canceled jobs and for what only a newer RQ understands.
func TestStatusesOfJobsInAQueue(t *testing.T) {
	t.Parallel()
	for _, s := range append([]status{{name: "''"}, {name: newer}}, statuses...) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			do(t, rdb, living("a b")...)
			do(t, rdb, "HSET rq:job:a status "+s.name)
			state, jobs, err := ClaimJobs(t.Context(), rdb, Claim{
				Worker: "w", Birth: "B", Interval: 30, Now: at, Float: "1000.5", Queues: openQueues("q"), Executions: []string{"e1", "e2"},
			})
			require.NoError(t, err)
			var ran []string
			for _, j := range jobs {
				ran = append(ran, j.ID)
			}
			switch {
			case s.name == newer:
				assert.Equal(t, []string{"b"}, ran)
				assert.EqualValues(t, Held, state)
				assert.Equal(t, []string{"a"}, rdb.LRange(t.Context(), "rq:queue:q", 0, -1).Val())
				assert.Equal(t, newer, rdb.HGet(t.Context(), "rq:job:a", "status").Val())
			case s.dropped:
				assert.Equal(t, []string{"b"}, ran)
				assert.EqualValues(t, Drained, state)
			default:
				assert.Equal(t, []string{"a", "b"}, ran)
			}
		})
	}
}

// TestAJobOfANewerRQIsLeftAlone is about all that scripts do to jobs by their status.
func TestAJobOfANewerRQIsLeftAlone(t *testing.T) {
	t.Parallel()
	strange := "HSET rq:job:a data x origin q enqueued_at E status " + newer
	idle := []string{"HSET rq:worker:w birth B state idle", strange}
	movedA := func(p *Claim) { p.Named = []Named{{0, "a", true, 0}} }
	with := func(more ...string) []string { return append(idle[:2:2], more...) }
	play(t, []scene{
		{name: "claimed, alone", before: with("RPUSH rq:queue:q a"), act: claims(Held, "", nil)},
		{name: "claimed, with others of them", before: with("HSET rq:job:b data x status z", "RPUSH rq:queue:q a b"), act: claims(Held, "", nil)},
		{
			name: "claimed, with more than there is room for", before: living("b c d", strange, "LPUSH rq:queue:q a"),
			act: claims(Claimed, "0:b:e1 0:c:e2", nil),
			want: started("b", "e1").and(started("c", "e2")).and(keyspace{
				"rq:wip:q": "zset b:e1=1090 c:e2=1090", "rq:worker:w:executions": "set b:e1 c:e2 ttl 150", "rq:queue:q": "list d a",
			}),
		},
		{
			name: "claimed, moved", before: with("RPUSH rq:queue:q:intermediate a", "SET rq:queue:q:intermediate:first_seen:a 1"),
			act:  claims(Held, "", movedA),
			want: keyspace{"rq:queue:q": "list a", "rq:queue:q:intermediate": "", "rq:queue:q:intermediate:first_seen:a": ""},
		},
		{
			name: "claimed, moved out of what is no queue", before: with("SET rq:queue:q x", "RPUSH rq:queue:q:intermediate a"), act: claimFails(movedA),
		},
		{name: "canceled", before: with("RPUSH rq:queue:q a"), act: cancels(Refused, false, false)},
		{name: "requeued", before: with("ZADD rq:failed:q 1 a"), act: requeues(Refused, false)},
		{
			name: "removed from a registry", before: with("ZADD rq:failed:q 1 a 2 b"), act: removes(Refused, "a"), want: keyspace{"rq:failed:q": "zset b=2"},
		},
		{
			name: "due", before: with("SET rq:scheduler-lock:q o", "ZADD rq:scheduled:q 1 a 2 b", "HSET rq:job:b data x status scheduled timeout 5"),
			act:  moves(Enqueued{Held: true, Seen: 2, Stay: []string{"a"}}),
			want: keyspace{"rq:scheduled:q": "zset a=1", "rq:queue:q": "list b", "rq:job:b": "hash data=x enqueued_at=T origin=q status=queued timeout=5"},
		},
		{name: "stuck: it goes back to its queue", before: with("RPUSH "+middle+" a", "RPUSH rq:queue:q b"), act: recovers(GoneBack, PutBack), want: keyspace{middle: "", "rq:queue:q": "list a b", "rq:queues": "set rq:queue:q"}},
		{name: "nowhere that is known", before: with(), act: prunesJob("")},
		{
			name:   "others wait for it",
			before: with("SADD rq:job:p:dependents c", "SADD rq:job::c:dependencies a p", "HSET rq:job:c status deferred origin q", "ZADD rq:deferred:q 1 c", "HSET rq:job:p status queued origin q"),
			act:    func(t *testing.T, rdb *redis.Client) { cancelP(t, rdb) },
			want:   keyspace{"rq:job:p": "hash origin=q status=canceled", "rq:canceled:q": "zset p=1000"},
		},
	})
}

// cancelP cancels job p, and lets go those that wait for it and for no other.
func cancelP(t *testing.T, rdb *redis.Client) {
	t.Helper()
	code, err := CancelJob(t.Context(), rdb, "p", at, true, false)
	require.NoError(t, err)
	require.EqualValues(t, Done, code)
}

// TestManyJobsOfANewerRQ: a claim looks at a bounded number of them, and the next one
// comes to what is behind.
func TestManyJobsOfANewerRQ(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	do(t, rdb, living("known")...)
	pipe := rdb.Pipeline()
	for i := range 2500 {
		id := fmt.Sprintf("s%04d", i)
		pipe.HSet(ctx, "rq:job:"+id, "data", "x", "status", newer)
		pipe.LPush(ctx, "rq:queue:q", id)
	}
	_, err := pipe.Exec(ctx)
	require.NoError(t, err)

	claims(Held, "", nil)(t, rdb)
	claims(Held, "", nil)(t, rdb)
	claims(Claimed, "0:known:e1", nil)(t, rdb)

	ids := rdb.LRange(ctx, "rq:queue:q", 0, -1).Val()
	require.Len(t, ids, 2500)
	seen := map[string]bool{}
	for _, id := range ids {
		seen[id] = true
	}
	assert.Len(t, seen, 2500)
}

func TestTheTableOfStatusesIsWhole(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, s := range statuses {
		assert.False(t, names[s.name], s.name)
		names[s.name] = true
		assert.Contains(t, []string{"", "always", "failed"}, s.met, s.name)
		assert.True(t, s.registry == "" || (strings.HasPrefix(s.registry, "rq:") && strings.HasSuffix(s.registry, ":")), s.name)
	}
	for name := range statusTables {
		assert.NotContains(t, statusTable(name), "{}", name)
	}
}
