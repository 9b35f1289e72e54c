package scripts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// A promise is a script at work: a script that fails, for whatever reason, has changed
// nothing of what it promises to leave as it was.
type promise struct {
	script, name string
	before       []string
	act          func(context.Context, *redis.Client) error
	spent        []string // keys that an error may change, as the script's contract says
}

func firstOf(errs []error, err error) error { return errors.Join(append(errs, err)...) }

// limitedJobs are a, which holds the one slot of k, and next, which waits for it.
func limitedJobs(status string, more ...string) []string {
	return append([]string{
		"HSET rq:job:a data x origin q group_id g ttl 60 timeout 180 rate_limit_key k rate_limit_concurrency 1 status " + status,
		"SADD rq:rl-keys k", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 3 a", "ZADD rq:rl:k:rate_limited 5 next",
		"HSET rq:job:next data x origin other status rate_limited", "SADD rq:group:g a",
	}, more...)
}

// promises returns one or more for each script.
func promises() []promise {
	one := func(codes []int64, errs []error, err error) error { return firstOf(errs, err) }
	list := []promise{
		{"update_job", "", []string{"HSET rq:job:a data x"}, func(ctx context.Context, c *redis.Client) error {
			_, err := UpdateJob(ctx, c, "a", "meta", "m")
			return err
		}, nil},
		{"delete_job", "with a slot", limitedJobs("queued", "RPUSH rq:queue:q b a"), func(ctx context.Context, c *redis.Client) error {
			_, err := DeleteJob(ctx, c, "a", true, at)
			return err
		}, nil},
		{"delete_job", "while it runs", limitedJobs("started", "ZADD rq:wip:q 2000 a:e", "ZADD rq:executions:a 2000 e",
			"HSET rq:execution:a:e worker_name w", "SADD rq:worker:w:executions a:e"), func(ctx context.Context, c *redis.Client) error {
			_, err := DeleteJob(ctx, c, "a", true, at)
			return err
		}, nil},
		{"cancel_job", "with dependents and dependencies", limitedJobs("queued", "RPUSH rq:queue:q b a", "SADD rq:job:a:dependents c",
			"HSET rq:job:c data x origin q status deferred", "SADD rq:job::a:dependencies p", "SADD rq:job:p:dependents a"), func(ctx context.Context, c *redis.Client) error {
			_, err := CancelJob(ctx, c, "a", at, true, true)
			return err
		}, nil},
		{"leave_queue", "canceled there", limitedJobs("queued", "RPUSH rq:queue:q b a gone", "SADD rq:job:a:dependents c",
			"HSET rq:job:c data x origin later status deferred"), func(ctx context.Context, c *redis.Client) error {
			_, err := leaveLongQueue(ctx, c, "q", []string{"a"}, []string{"gone"}, true, at)
			return err
		}, nil},
		{"leave_queue", "deleted", []string{"RPUSH rq:queue:q b a"}, func(ctx context.Context, c *redis.Client) error {
			_, err := leaveLongQueue(ctx, c, "q", nil, []string{"a"}, false, at)
			return err
		}, nil},
		{"release_dependents", "", []string{"HSET rq:job:p data x status finished", "EXPIRE rq:job:p 60",
			"ZADD rq:releasing 0 finished:0:p", "SADD rq:releasing:finished:0:p c d", "HSET rq:job:c data x origin later status deferred ttl 60",
			"HSET rq:job:d data x origin later status deferred", "ZADD rq:deferred:later 1 c 2 d", "SADD rq:job::d:dependencies p u",
			"HSET rq:job:u data x status queued"}, func(ctx context.Context, c *redis.Client) error {
			return ReleaseAllDependents(ctx, c, at)
		}, nil},
		{"find_unmet", "and register_dependencies", []string{"HSET rq:job:p data x status queued"}, func(ctx context.Context, c *redis.Client) error {
			_, err := enqueueWithMany(ctx, c, Waiting{ID: "a", Queue: "q", Where: Back, Score: "1", Now: at, Dependencies: []string{"p", "r"}, Fields: []any{"data", "x"}})
			return err
		}, []string{"rq:job:p:dependents", "rq:job:r:dependents", "rq:job::a:dependencies"}},
		{"register_dependencies", "of what is done", []string{"HSET rq:job:p data x status finished", "SADD rq:job:p:dependents a"}, func(ctx context.Context, c *redis.Client) error {
			_, err := enqueueWithMany(ctx, c, Waiting{ID: "a", Queue: "q", Where: Back, Score: "1", Now: at, Dependencies: []string{"p", "r"}, Fields: []any{"data", "x"}})
			return err
		}, []string{"rq:job:p:dependents", "rq:job:r:dependents", "rq:job::a:dependencies"}},
		{"empty_queue", "", limitedJobs("queued", "RPUSH rq:queue:q a b"), func(ctx context.Context, c *redis.Client) error {
			_, err := EmptyQueue(ctx, c, "q", 1, at)
			return err
		}, nil},
		{"compact_queue", "", []string{"RPUSH rq:queue:q gone a", "HSET rq:job:a data x"}, func(ctx context.Context, c *redis.Client) error {
			_, _, err := CompactQueue(ctx, c, "q", 0, 10, "t:t")
			return err
		}, nil},
		{"add_entry", "", []string{"HSET rq:job:a data x", "SADD rq:job:a:dependents d"}, func(ctx context.Context, c *redis.Client) error {
			_, err := AddEntry(ctx, c, "rq:failed:q", "a", "5", 60)
			return err
		}, nil},
		{"check_permissions", "", nil, func(ctx context.Context, c *redis.Client) error {
			_, err := CheckPermissions(ctx, c, "get")
			return err
		}, nil},
		{"page_registry", "", []string{"ZADD rq:failed:q 1 a"}, func(ctx context.Context, c *redis.Client) error {
			_, err := PageRegistry(ctx, c, "rq:failed:q", Entry{}, 5)
			return err
		}, nil},
		{"remove_jobs", "", limitedJobs("failed", "ZADD rq:failed:q 1 a 2 b", "XADD rq:results:a * type 2"), func(ctx context.Context, c *redis.Client) error {
			return one(RemoveJobs(ctx, c, "rq:failed:q", []string{"a"}, true, at))
		}, nil},
		{"create_job", "", []string{"SADD rq:groups other"}, func(ctx context.Context, c *redis.Client) error {
			_, err := CreateJob(ctx, c, Create{ID: "a", Queue: "q", Target: "rq:queue:q", Where: Back, TTL: 60, Group: "g", Fields: []any{"data", "x"}})
			return err
		}, []string{"rq:queues", "rq:group:g", "rq:groups"}},
		{"enqueue_due", "", append(limitedJobs("scheduled", "DEL rq:rl:k:allowed"), "SET rq:scheduler-lock:q o", "ZADD rq:scheduled:q 1 a 2 b 3 gone",
			"HSET rq:job:b data x status scheduled ttl 60", "RPUSH rq:queue:q z"), func(ctx context.Context, c *redis.Client) error {
			_, err := EnqueueDue(ctx, c, Due{Queue: "q", Owner: "o", Now: at, Timeout: 180, Most: 100})
			return err
		}, nil},
		{"hold_locks", "", []string{"SET rq:scheduler-lock:q o"}, func(ctx context.Context, c *redis.Client) error {
			_, err := HoldLocks(ctx, c, Hold{Scheduler: "s", Owner: "o", Keep: 60, Queues: []string{"q", "r"}, Fields: []any{"name", "s"}})
			return err
		}, nil},
		{"release_locks", "", []string{"SET rq:scheduler-lock:q o", "HSET rq:scheduler:s name s"}, func(ctx context.Context, c *redis.Client) error {
			_, err := ReleaseLocks(ctx, c, "s", "o", []string{"q"})
			return err
		}, nil},
		{"clean_unlock", "", []string{"SET rq:clean_registries:q t"}, func(ctx context.Context, c *redis.Client) error {
			_, err := CleanUnlock(ctx, c, "rq:clean_registries:q", "t", 0)
			return err
		}, nil},
		{"clean_expired", "", []string{"ZADD rq:failed:q 1 a 2000 b"}, func(ctx context.Context, c *redis.Client) error {
			_, err := CleanExpired(ctx, c, "rq:failed:q", at.Unix, 10)
			return err
		}, nil},
		{"clean_workers", "", []string{"SADD rq:workers rq:worker:w", "SADD rq:workers:q rq:worker:w"}, func(ctx context.Context, c *redis.Client) error {
			_, err := CleanWorkers(ctx, c, "rq:workers:q", []string{"rq:worker:w"})
			return err
		}, []string{"rq:workers:q"}},
		{"clean_group", "", []string{"SADD rq:groups g", "SADD rq:group:g gone"}, func(ctx context.Context, c *redis.Client) error {
			_, err := CleanGroup(ctx, c, "g", []string{"gone"})
			return err
		}, []string{"rq:group:g"}},
		{"clean_rate_limit", "", limitedJobs("failed"), func(ctx context.Context, c *redis.Client) error {
			_, _, err := CleanRateLimit(ctx, c, "k", 0, 100, at)
			return err
		}, nil},
		{"clean_rate_limit", "of nobody", []string{"SADD rq:rl-keys k", "HSET rq:rl:k concurrency 1", "ZADD rq:rl:k:allowed 1 gone"}, func(ctx context.Context, c *redis.Client) error {
			_, _, err := CleanRateLimit(ctx, c, "k", 0, 100, at)
			return err
		}, nil},
		{"clean_intermediate", "", []string{"RPUSH rq:queue:q:intermediate a gone", "HSET rq:job:a data x"}, func(ctx context.Context, c *redis.Client) error {
			_, err := CleanIntermediate(ctx, c, "q", 0, 10, true, "1000.5")
			return err
		}, nil},
		{"take_lock", "", nil, func(ctx context.Context, c *redis.Client) error {
			_, err := TakeLock(ctx, c, "rq:clean_registries:q", "t", time.Second)
			return err
		}, nil},
		{"recover_stuck", "", []string{"RPUSH rq:queue:q:intermediate a", "HSET rq:job:a data x status queued enqueued_at E", "SET rq:queue:q:intermediate:first_seen:a 1"}, func(ctx context.Context, c *redis.Client) error {
			_, err := RecoverStuck(ctx, c, "q", Stuck{ID: "a", EnqueuedAt: "E"}, PutBack)
			return err
		}, []string{"rq:queues"}},
		{"prune_entries", "", []string{"ZADD rq:failed:q 1 gone"}, func(ctx context.Context, c *redis.Client) error {
			_, err := PruneEntries(ctx, c, "rq:failed:q", false, []string{"gone"}, at.Unix, true)
			return err
		}, nil},
		{"prune_keys", "", []string{"SADD rq:job:a:dependents d"}, func(ctx context.Context, c *redis.Client) error {
			_, err := PruneKeys(ctx, c, []Leftover{{"rq:job:a:dependents", DependentsKey, "a"}}, at.Unix, true)
			return err
		}, nil},
		{"prune_jobs", "", limitedJobs("queued", "RPUSH rq:queue:q other"), func(ctx context.Context, c *redis.Client) error {
			like, err := PruneJobs(ctx, c, []OrphanCandidate{{"a", ""}}, at, false)
			if err == nil {
				_, err = PruneJobs(ctx, c, []OrphanCandidate{{"a", like[0]}}, at, true)
			}
			return err
		}, nil},
		{"register_worker", "", []string{"HSET rq:worker:w birth old death d"}, func(ctx context.Context, c *redis.Client) error {
			_, err := RegisterWorker(ctx, c, "w", New, 60, []string{"q"}, []any{"birth", "B"})
			return err
		}, []string{"rq:workers", "rq:workers:q"}},
		{"beat", "", running(), func(ctx context.Context, c *redis.Client) error {
			_, err := SendBeat(ctx, c, Beat{Worker: "w", Birth: "B", Now: at, Float: "1000.5", Keep: 90, Queues: []string{"q"},
				Executions: []Beating{{"a", "e", "q", "a:e", 90, "900"}}})
			return err
		}, nil},
		{"claim_jobs", "", living("a b", "RPUSH rq:queue:q:intermediate m", "HSET rq:job:m data x status queued", "HSET rq:job:b timeout -1"), func(ctx context.Context, c *redis.Client) error {
			_, _, err := ClaimJobs(ctx, c, Claim{Worker: "w", Birth: "B", Interval: 30, Composite: true, CurrentJob: true, Now: at, Float: "1000.5",
				Queues: openQueues("q"), Named: []Named{{0, "m", true, 0}}, Executions: []string{"e1", "e2"}})
			return err
		}, nil},
	}
	for name, change := range map[string][]func(*Settle){
		"finished": {asFinished}, "failed": {asFailed}, "retried": {to(Back)}, "retried later": {to("1030")},
		"repeated": {asFinished, to(Front), func(p *Settle) { p.Keep = "" }}, "not kept": {asFinished, func(p *Settle) { p.Keep, p.Registry, p.Result = "0", "", nil }},
	} {
		list = append(list, promise{"settle_job", name, limitedJobs("started", running()...), func(ctx context.Context, c *redis.Client) error {
			_, _, err := SettleJob(ctx, c, settling(change...))
			return err
		}, []string{"rq:queues"}})
	}
	return list
}

// others are the scripts that have tests of their own for this, and those that only read.
var others = []string{
	"enqueue_waiting", "requeue_jobs", "clean_ready", "take_over",
	"find_abandoned", "look_limits", "look_queues",
}

func TestEveryScriptIsHeldToItsPromise(t *testing.T) {
	t.Parallel()
	held := map[string]bool{}
	for _, p := range promises() {
		held[p.script] = true
	}
	for _, name := range others {
		held[name] = true
	}
	files, err := filepath.Glob("*.lua")
	require.NoError(t, err)
	for _, file := range files {
		name := strings.TrimSuffix(file, ".lua")
		assert.True(t, held[name] || strings.HasPrefix(name, "lib_"), "%s has no promise", name)
	}
}

// eachPromise plays all with a fault, as separate tests.
func eachPromise(t *testing.T, run func(*testing.T, promise)) {
	for _, p := range promises() {
		t.Run(p.script+" "+p.name, func(t *testing.T) {
			t.Parallel()
			run(t, p)
		})
	}
}

// kept checks that what failed has changed nothing but what it may.
func (p promise) kept(t *testing.T, before, after keyspace, err error, fault string) {
	t.Helper()
	diff := changes(before, after)
	for _, key := range p.spent {
		delete(diff, key)
	}
	assert.Empty(t, diff, "%s %s with %s: %v", p.script, p.name, fault, err)
}

// TestWithoutMemory: a server that is out of memory refuses the first write of a script
// that needs some. Whatever comes after a write it takes.
func TestWithoutMemory(t *testing.T) {
	t.Parallel()
	for _, env := range []string{redistest.Env, "RQ_LAB_REDIS62", "RQ_LAB_VALKEY"} {
		binary := os.Getenv(env)
		if binary == "" {
			continue
		}
		t.Run(env, func(t *testing.T) {
			t.Parallel()
			s := redistest.Start(t, binary)
			for _, p := range promises() {
				p.runWithoutMemory(t, s)
			}
		})
	}
}

func (p promise) runWithoutMemory(t *testing.T, s *redistest.Server) {
	t.Helper()
	ctx, normal, full := t.Context(), s.Client(t), s.Client(t)
	do(t, normal, p.before...)
	require.NoError(t, p.act(ctx, normal), p.script)
	do(t, full, p.before...)
	before := dump(t, full)
	require.NoError(t, full.ConfigSet(ctx, "maxmemory", "1").Err())
	err := p.act(ctx, full)
	require.NoError(t, full.ConfigSet(ctx, "maxmemory", "0").Err())
	if err != nil {
		assert.ErrorContains(t, err, "OOM", p.script)
		assert.Empty(t, changes(before, dump(t, full)), "%s %s: %v", p.script, p.name, err)
		return
	}
	assert.Empty(t, changes(dump(t, normal), dump(t, full)), "%s %s has done less than it says", p.script, p.name)
}

// TestWithKeysOfAnotherKind: one of the keys that a script reads or writes holds
// something else.
func TestWithKeysOfAnotherKind(t *testing.T) {
	t.Parallel()
	eachPromise(t, func(t *testing.T, p promise) {
		ctx, rdb := t.Context(), redistest.Real(t)
		touched := map[string]bool{}
		do(t, rdb, p.before...)
		for key := range dump(t, rdb) {
			touched[key] = true
		}
		require.NoError(t, p.act(ctx, rdb))
		for key := range dump(t, rdb) {
			touched[key] = true
		}
		for key := range touched {
			for _, other := range []string{"SET " + key + " x", "RPUSH " + key + " x"} {
				require.NoError(t, rdb.FlushDB(ctx).Err())
				do(t, rdb, p.before...)
				do(t, rdb, "DEL "+key, other)
				before := dump(t, rdb)
				if err := p.act(ctx, rdb); err != nil {
					p.kept(t, before, dump(t, rdb), err, other)
				}
			}
		}
	})
}

// TestWithAbsurdNumbers: what jobs and rate limits store as numbers is anything.
func TestWithAbsurdNumbers(t *testing.T) {
	t.Parallel()
	fields := map[string][]string{
		"rq:job:a":    {"ttl", "timeout", "rate_limit_concurrency", "enqueue_at_front", "enqueue_at_front_on_retry"},
		"rq:rl:k":     {"concurrency"},
		"rq:worker:w": {"successful_job_count", "failed_job_count", "total_working_time"},
	}
	eachPromise(t, func(t *testing.T, p promise) {
		ctx, rdb := t.Context(), redistest.Real(t)
		for key, names := range fields {
			for _, name := range names {
				for _, value := range []string{"nan", "inf", "-1e400", "1e400", "x", "''", "-1", "0x10", "99999999999999999999", "9223372036854775807"} {
					require.NoError(t, rdb.FlushDB(ctx).Err())
					do(t, rdb, p.before...)
					if rdb.Exists(ctx, key).Val() == 0 {
						continue
					}
					do(t, rdb, fmt.Sprintf("HSET %s %s %s", key, name, value))
					assert.NoError(t, p.act(ctx, rdb), "%s %s with %s = %s", p.script, p.name, name, value)
				}
			}
		}
	})
}
