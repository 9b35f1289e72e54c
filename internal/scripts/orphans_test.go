package scripts

import (
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// prunesEntry prunes one entry of a registry, and wants it to be found or not.
// To look before it does so changes nothing.
func prunesEntry(registry, member string, want bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		before := dump(t, rdb)
		for _, remove := range []bool{false, true} {
			require.Empty(t, changes(before, dump(t, rdb)))
			got, err := PruneEntries(t.Context(), rdb, registry, strings.HasPrefix(registry, "rq:wip:"), []string{member}, at.Unix, remove)
			require.NoError(t, err)
			require.Equal(t, []bool{want}, got)
		}
	}
}

func TestPruneEntries(t *testing.T) {
	t.Parallel()
	started := func(more ...string) []string {
		return append([]string{"ZADD rq:wip:q 1500 a:x 999 b:y 1500 plain 1000 old -1 never"}, more...)
	}
	left := func(entries string) keyspace { return keyspace{"rq:wip:q": "zset " + entries} }
	play(t, []scene{
		{name: "no job", before: []string{"ZADD rq:failed:q 1 a 2 b"}, act: prunesEntry("rq:failed:q", "a", true), want: keyspace{"rq:failed:q": "zset b=2"}},
		{name: "a job", before: []string{"ZADD rq:failed:q 1 a", "HSET rq:job:a status failed"}, act: prunesEntry("rq:failed:q", "a", false)},
		{name: "not there any more", before: []string{"ZADD rq:failed:q 2 b"}, act: prunesEntry("rq:failed:q", "a", false)},
		{name: "the last one", before: []string{"ZADD rq:failed:q 1 a"}, act: prunesEntry("rq:failed:q", "a", true), want: keyspace{"rq:failed:q": ""}},
		{name: "started, alive", before: started("HSET rq:execution:a:x id x"), act: prunesEntry("rq:wip:q", "a:x", false)},
		{name: "started, without its execution", before: started(), act: prunesEntry("rq:wip:q", "a:x", true), want: left("never=-1 b:y=999 old=1000 plain=1500")},
		{name: "started, expired", before: started("HSET rq:execution:b:y id y"), act: prunesEntry("rq:wip:q", "b:y", true), want: left("never=-1 old=1000 a:x=1500 plain=1500")},
		{name: "started, with its job", before: started("HSET rq:job:b status started"), act: prunesEntry("rq:wip:q", "b:y", false)},
		{name: "started by RQ 1, alive", before: started(), act: prunesEntry("rq:wip:q", "plain", false)},
		{name: "started by RQ 1 for ever", before: started(), act: prunesEntry("rq:wip:q", "never", false)},
		{name: "started by RQ 1, expired", before: started(), act: prunesEntry("rq:wip:q", "old", true), want: left("never=-1 b:y=999 a:x=1500 plain=1500")},
		{
			name: "started by RQ 1, its id has a colon", before: []string{"ZADD rq:wip:q 1 b:y", "HSET rq:job:b:y status started"},
			act: prunesEntry("rq:wip:q", "b:y", false),
		},
	})
}

// prunesKey is prunesEntry for a key of the job a.
func prunesKey(key, kind string, want bool) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		before := dump(t, rdb)
		for _, remove := range []bool{false, true} {
			require.Empty(t, changes(before, dump(t, rdb)))
			got, err := PruneKeys(t.Context(), rdb, []Leftover{{key, kind, "a"}}, at.Unix, remove)
			require.NoError(t, err)
			require.Equal(t, []bool{want}, got)
		}
	}
}

func TestPruneKeys(t *testing.T) {
	t.Parallel()
	const dependents, dependencies = "rq:job:a:dependents", "rq:job::a:dependencies"
	const executions, execution = "rq:executions:a", "rq:execution:a:x"
	job, gone := "HSET rq:job:a status failed", func(key string) keyspace { return keyspace{key: ""} }
	play(t, []scene{
		{name: "results", before: []string{"XADD rq:results:a * type 1"}, act: prunesKey("rq:results:a", ResultsKey, true), want: gone("rq:results:a")},
		{name: "results of a job", before: []string{"XADD rq:results:a * type 1", job}, act: prunesKey("rq:results:a", ResultsKey, false)},
		{name: "no results", before: []string{"SET rq:results:a x"}, act: prunesKey("rq:results:a", ResultsKey, false)},
		{name: "a key that is gone", act: prunesKey("rq:results:a", ResultsKey, false)},
		{name: "dependencies", before: []string{"SADD " + dependencies + " b"}, act: prunesKey(dependencies, DependenciesKey, true), want: gone(dependencies)},
		{name: "dependencies of a job", before: []string{"SADD " + dependencies + " b", job}, act: prunesKey(dependencies, DependenciesKey, false)},
		{name: "dependents that are gone", before: []string{"SADD " + dependents + " b c"}, act: prunesKey(dependents, DependentsKey, true), want: gone(dependents)},
		{
			name: "dependents that do not wait", before: []string{"SADD " + dependents + " b c", "HSET rq:job:b status finished", "SET rq:job:c x"},
			act: prunesKey(dependents, DependentsKey, true), want: gone(dependents),
		},
		{name: "dependents that wait", before: []string{"SADD " + dependents + " b c", "HSET rq:job:c status deferred"}, act: prunesKey(dependents, DependentsKey, false)},
		{name: "dependents of a job", before: []string{"SADD " + dependents + " b", job}, act: prunesKey(dependents, DependentsKey, false)},
		{name: "executions that have ended", before: []string{"ZADD " + executions + " 1000 x"}, act: prunesKey(executions, ExecutionsKey, true), want: gone(executions)},
		{name: "executions that are alive", before: []string{"ZADD " + executions + " 1000 x 1001 y"}, act: prunesKey(executions, ExecutionsKey, false)},
		{name: "an execution of none", before: []string{"HSET " + execution + " id x"}, act: prunesKey(execution, ExecutionKey, true), want: gone(execution)},
		{
			name: "an execution that has ended", before: []string{"HSET " + execution + " id x", "ZADD " + executions + " 1000 x"},
			act: prunesKey(execution, ExecutionKey, true), want: gone(execution),
		},
		{name: "an execution that is alive", before: []string{"HSET " + execution + " id x", "ZADD " + executions + " 1001 x"}, act: prunesKey(execution, ExecutionKey, false)},
		{name: "an execution of a job", before: []string{"HSET " + execution + " id x", job}, act: prunesKey(execution, ExecutionKey, false)},
	})
}

func TestPruneKeysLetsOthersHaveTheirTurn(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	add := func(key string, n int) {
		ids := make([]any, n)
		for i := range ids {
			ids[i] = i
		}
		require.NoError(t, rdb.SAdd(t.Context(), key, ids...).Err())
	}
	add("rq:job:a:dependents", dependentsBudget-1)
	add("rq:job:b:dependents", 1)
	add("rq:job:c:dependents", dependentsBudget+1)
	at3 := []Leftover{{"rq:job:a:dependents", DependentsKey, "a"}, {"rq:job:b:dependents", DependentsKey, "b"}, {"rq:job:c:dependents", DependentsKey, "c"}}

	first, err := PruneKeys(t.Context(), rdb, at3, at.Unix, true)
	require.NoError(t, err)
	rest, err := PruneKeys(t.Context(), rdb, at3[2:], at.Unix, true)
	require.NoError(t, err)

	assert.Equal(t, []bool{true, true}, first)
	assert.Equal(t, []bool{false}, rest, "too many to look at")
	assert.Equal(t, []string{"rq:job:c:dependents"}, rdb.Keys(t.Context(), "*").Val())
}

// prunesJob is prunesEntry for the job a.
func prunesJob(want string) func(*testing.T, *redis.Client) {
	return func(t *testing.T, rdb *redis.Client) {
		before, like := dump(t, rdb), ""
		for _, remove := range []bool{false, false, true} {
			require.Empty(t, changes(before, dump(t, rdb)))
			got, err := PruneJobs(t.Context(), rdb, []OrphanCandidate{{"a", like}}, at, remove)
			require.NoError(t, err)
			require.Equal(t, []string{want}, got)
			like = got[0]
		}
	}
}

// keepsListed wants a job to be found in a list, which is looked through only to
// delete it.
func keepsListed(t *testing.T, rdb *redis.Client) {
	like, err := PruneJobs(t.Context(), rdb, []OrphanCandidate{{"a", ""}}, at, false)
	require.NoError(t, err)
	require.NotEmpty(t, like[0])
	like, err = PruneJobs(t.Context(), rdb, []OrphanCandidate{{"a", like[0]}}, at, true)
	require.NoError(t, err)
	require.Empty(t, like[0])
}

func TestPruneJobs(t *testing.T) {
	t.Parallel()
	gone := keyspace{"rq:job:a": ""}
	job := func(status string, more ...string) []string {
		return append([]string{"HSET rq:job:a data x origin q status " + status}, more...)
	}
	var scenes []scene
	for status, place := range map[string]string{
		"queued": "", "rate_limited": "rq:rl:k:rate_limited", "started": "rq:wip:q", "deferred": "rq:deferred:q", "scheduled": "rq:scheduled:q",
		"finished": "rq:finished:q", "failed": "rq:failed:q", "stopped": "rq:failed:q", "canceled": "rq:canceled:q", "ready_to_enqueue": "rq:ready:q",
	} {
		scenes = append(scenes, scene{name: status + ", nowhere", before: job(status), act: prunesJob(status + "\n\n\nq"), want: gone})
		if place != "" {
			limit := "HSET rq:job:a rate_limit_key k rate_limit_concurrency 1"
			scenes = append(scenes, scene{name: status + ", in its place", before: job(status, limit, "ZADD "+place+" 1 a"), act: prunesJob("")})
		}
	}
	play(t, append(scenes, []scene{
		{name: "never enqueued", before: job("created"), act: prunesJob("")},
		{name: "of a status that nobody knows", before: job("new"), act: prunesJob("")},
		{name: "without a status", before: []string{"HSET rq:job:a data x origin q"}, act: prunesJob("")},
		{name: "without a queue", before: []string{"HSET rq:job:a data x status queued"}, act: prunesJob("")},
		{name: "gone", act: prunesJob("")},
		{name: "no job", before: []string{"SET rq:job:a x"}, act: prunesJob("")},
		{name: "run by its caller", before: job("started", "HSET rq:job:a worker_name sync"), act: prunesJob("")},
		{name: "in its queue", before: job("queued", "RPUSH rq:queue:q b a"), act: keepsListed},
		{name: "in its intermediate queue", before: job("queued", "RPUSH rq:queue:q:intermediate a"), act: keepsListed},
		{name: "its queue is something else", before: job("queued", "SET rq:queue:q x"), act: keepsListed},
		{name: "in a registry of another status", before: job("started", "ZADD rq:scheduled:q 1 a"), act: prunesJob("")},
		{name: "in a registry of another queue", before: job("failed", "ZADD rq:failed:p 1 a"), act: prunesJob("failed\n\n\nq"), want: gone},
		{name: "executed", before: job("started", "ZADD rq:wip:q 1 a:x", "ZADD rq:executions:a 1 x"), act: prunesJob("")},
		{name: "with a slot", before: job("rate_limited", "HSET rq:job:a rate_limit_key k rate_limit_concurrency 1", "ZADD rq:rl:k:allowed 1 a"), act: prunesJob("")},
		{name: "finished, expires", before: job("finished", "EXPIRE rq:job:a 500"), act: prunesJob("")},
		{name: "failed, expires soon", before: job("failed", "EXPIRE rq:job:a 59"), act: prunesJob("")},
		{name: "failed, expires in a year", before: job("failed", "EXPIRE rq:job:a 31536000"), act: prunesJob("failed\n\n\nq"), want: gone},
		{name: "queued, expires", before: job("queued", "EXPIRE rq:job:a 10"), act: prunesJob("queued\n\n\nq"), want: gone},
		{
			name: "with all that belongs to it", act: prunesJob("failed\ne\nb\nq"),
			before: job("failed", "HSET rq:job:a enqueued_at e last_heartbeat b group_id g", "SADD rq:group:g a c", "XADD rq:results:a * type 2", "SADD rq:job:a:dependents d"),
			want:   keyspace{"rq:job:a": "", "rq:group:g": "set c", "rq:results:a": "", "rq:job:a:dependents": ""},
		},
		{
			name: "changed since", before: job("failed", "HSET rq:job:a enqueued_at e"),
			act: func(t *testing.T, rdb *redis.Client) {
				got, err := PruneJobs(t.Context(), rdb, []OrphanCandidate{{"a", "failed\nd\n\nq"}}, at, true)
				require.NoError(t, err)
				require.Equal(t, []string{""}, got)
			},
		},
	}...))
}

func TestPruneJobsLetsOthersHaveTheirTurn(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	var all []OrphanCandidate
	for _, id := range []string{"a", "b", "c"} {
		do(t, rdb, "HSET rq:job:"+id+" origin q status queued", "RPUSH rq:queue:q other")
		all = append(all, OrphanCandidate{id, "queued\n\n\nq"})
	}

	first, err := prunedJobs(t.Context(), rdb, all, at, true, 5)
	require.NoError(t, err)

	assert.Len(t, first, 2)
	assert.Equal(t, []string{"rq:job:c", "rq:queue:q"}, slices.Sorted(slices.Values(rdb.Keys(t.Context(), "*").Val())))
}
