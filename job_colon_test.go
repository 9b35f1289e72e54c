package rq

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

func TestPairs(t *testing.T) {
	t.Parallel()
	execution := hexID("f")
	for member, want := range map[string][2]string{
		"a":                     {"a", ""},
		"a:" + execution:        {"a", execution},
		"a:b":                   {"a:b", ""},
		"a:b:" + execution:      {"a:b", execution},
		"a:" + execution[1:]:    {"a:" + execution[1:], ""},
		"a:" + execution + "f":  {"a:" + execution + "f", ""},
		"a:" + hexID("F"):       {"a:" + hexID("F"), ""},
		execution:               {execution, ""},
		"a:" + execution + ":b": {"a:" + execution + ":b", ""},
		"":                      {"", ""},
	} {
		job, execution := splitPair(member)
		assert.Equal(t, want, [2]string{job, execution}, member)
	}
}

// colonJobs puts jobs of RQ 1 in the queue "default": what their ids begin with is
// the id of another job there.
func colonJobs(t *testing.T) (*redis.Client, *Queue, []string) {
	t.Helper()
	rdb, ids := redistest.New(t), []string{"a:b", "a:b:c", "a:" + hexID("e")}
	call := Call("f")
	data, err := call.dumps(Pickle{})
	require.NoError(t, err)
	for _, id := range append([]string{"a"}, ids...) {
		placeJob(t, rdb, id, "queued", "data", data, "origin", "default", "timeout", 180)
		pushIDs(t, rdb, keys.Queue("default"), id)
	}
	return rdb, NewQueue(rdb, "default"), ids
}

func TestJobsWhoseIDsHaveColonsAreFetched(t *testing.T) {
	t.Parallel()
	rdb, _, ids := colonJobs(t)
	ctx := t.Context()
	for _, id := range ids {
		j, err := FetchJob(ctx, rdb, id)
		require.NoError(t, err)
		assert.Equal(t, id, j.ID())
	}
	asked := append([]string{"b:c", "a:" + hexID("f"), "gone:" + hexID("f")}, ids...)
	jobs, err := FetchJobs(ctx, rdb, asked...)
	require.NoError(t, err)
	var got []string
	for _, j := range jobs {
		if j == nil {
			got = append(got, "none")
		} else {
			got = append(got, j.ID())
		}
	}
	assert.Equal(t, append([]string{"none", "a", "none"}, ids...), got)
	for id, want := range map[string]bool{"a:b": true, "a:" + hexID("f"): true, "a:x": false, "gone:" + hexID("f"): false} {
		exists, err := JobExists(ctx, rdb, id)
		require.NoError(t, err)
		assert.Equal(t, want, exists, id)
	}
}

func TestJobsWhoseIDsHaveColonsAreListed(t *testing.T) {
	t.Parallel()
	rdb, q, ids := colonJobs(t)
	ctx := t.Context()
	for i, member := range append(ids, "a:b:"+hexID("f"), "a:"+hexID("f")) {
		require.NoError(t, rdb.ZAdd(ctx, keys.Started(q.name), zs(member, int64(i+1))).Err())
		require.NoError(t, rdb.ZAdd(ctx, keys.Failed(q.name), zs(member, int64(i+1))).Err())
	}
	want := slices.Concat(ids, []string{"a:b", "a"})

	got, err := q.Started().JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, want, got)
	ranged, err := q.Started().Range(ctx, 0, -1)
	require.NoError(t, err)
	var listed []RegistryEntry
	for e, err := range q.Started().Entries(ctx) {
		require.NoError(t, err)
		listed = append(listed, e)
	}
	assert.Equal(t, ranged, listed)
	for i, execution := range []string{"", "", "", hexID("f"), hexID("f")} {
		assert.Equal(t, RegistryEntry{want[i], execution, time.Unix(int64(i+1), 0).UTC()}, ranged[i])
	}
	failed, err := q.Failed().JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, append(ids, "a:b:"+hexID("f"), "a:"+hexID("f")), failed, "only Started has executions")
}

// TestJobsWhoseIDsHaveColonsAreSteered does to one job all that can be done to it.
// Nothing may happen to the one whose id it begins with.
func TestJobsWhoseIDsHaveColonsAreSteered(t *testing.T) {
	t.Parallel()
	rdb, q, ids := colonJobs(t)
	ctx := t.Context()
	before := rdb.HGetAll(ctx, keys.Job("a")).Val()
	for _, id := range ids {
		j, err := FetchJob(ctx, rdb, id)
		require.NoError(t, err)
		require.NoError(t, j.Cancel(ctx))
		require.NoError(t, q.Canceled().Requeue(ctx, id))
		require.NoError(t, rdb.LRem(ctx, keys.Queue(q.name), 0, id).Err())
		require.NoError(t, rdb.HSet(ctx, keys.Job(id), "status", "failed").Err())
		require.NoError(t, q.Failed().Add(ctx, id, time.Hour))
		require.NoError(t, j.Requeue(ctx))
		n, err := CancelJobs(ctx, rdb, []string{id})
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		require.NoError(t, j.Delete(ctx))
	}
	assert.Equal(t, before, rdb.HGetAll(ctx, keys.Job("a")).Val())
	assert.Equal(t, []string{"a"}, rdb.LRange(ctx, keys.Queue(q.name), 0, -1).Val())
}

// TestJobsWhoseIDsHaveColonsRun runs them. Python's readers fail on entries of
// rq:wip with two colons, so there must be none.
func TestJobsWhoseIDsHaveColonsRun(t *testing.T) {
	t.Parallel()
	rdb, q, ids := colonJobs(t)
	ctx := t.Context()
	running, goOn := make(chan string, 4), make(chan struct{})
	startWorker(t, rdb, Handlers{"f": HandlerFunc(func(_ context.Context, j *Job) (any, error) {
		running <- j.ID()
		<-goOn
		return 1, nil
	})}, WorkerConfig{Name: "w", Concurrency: 4, JobMonitoringInterval: time.Second})
	for range 4 {
		<-running
	}
	for _, id := range ids {
		_, err := rdb.ZScore(ctx, keys.Started(q.name), id).Result()
		require.NoError(t, err, "%s is entered as RQ 1 does it", id)
	}
	infos, err := WorkerExecutions(ctx, rdb, "w")
	require.NoError(t, err)
	assert.Len(t, infos, 4)
	for _, e := range infos {
		assert.True(t, isExecutionID(e.ID), e.ID)
	}
	first := rdb.HGet(ctx, keys.Job("a:b"), "last_heartbeat").Val()
	assert.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Job("a:b"), "last_heartbeat").Val() != first },
		10*time.Second, 10*time.Millisecond, "its heartbeats come")
	close(goOn)
	for _, id := range append(ids, "a") {
		assert.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Job(id), "status").Val() == "finished" }, 10*time.Second, 10*time.Millisecond)
	}
	assert.Zero(t, rdb.ZCard(ctx, keys.Started(q.name)).Val())
}

// TestAbandonedJobsWhoseIDsHaveColons checks that the job is failed that was
// abandoned, and not the one whose id it begins with.
func TestAbandonedJobsWhoseIDsHaveColons(t *testing.T) {
	t.Parallel()
	rdb, q, ids := colonJobs(t)
	ctx := t.Context()
	require.NoError(t, rdb.Del(ctx, keys.Queue(q.name)).Err())
	require.NoError(t, rdb.HSet(ctx, keys.Job("a"), "status", "started").Err())
	for _, id := range ids {
		require.NoError(t, rdb.HSet(ctx, keys.Job(id), "status", "started").Err())
		require.NoError(t, rdb.ZAdd(ctx, keys.Started(q.name), zs(id, 1)).Err())
	}
	startWorker(t, rdb, Handlers{}, WorkerConfig{})
	for _, id := range ids {
		assert.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Job(id), "status").Val() == "failed" }, 10*time.Second, 10*time.Millisecond, id)
	}
	assert.Equal(t, "started", rdb.HGet(ctx, keys.Job("a"), "status").Val())
}
