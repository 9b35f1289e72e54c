package rq

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

func TestFetchJob(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	_, err := q.Enqueue(ctx, Call("tasks.send", "a@b", 3, Kw("retry", true)),
		JobID("j"), Timeout(time.Hour), ResultTTL(Forever), Meta(map[string]any{"n": 1}), Retry{Max: 2})
	require.NoError(t, err)

	j, err := FetchJob(ctx, rdb, "j")

	require.NoError(t, err)
	assert.Equal(t, "j", j.ID())
	assert.Equal(t, StatusQueued, j.Status())
	assert.True(t, j.IsQueued())
	assert.False(t, j.IsFailed() || j.IsFinished() || j.IsStarted() || j.IsDeferred() || j.IsScheduled() || j.IsStopped() || j.IsCanceled())
	assert.Equal(t, "default", j.Origin())
	assert.Equal(t, "tasks.send('a@b', 3, retry=True)", j.Description())
	assert.Equal(t, "<Job j: tasks.send('a@b', 3, retry=True)>", j.String())
	assert.WithinDuration(t, time.Now(), j.EnqueuedAt(), time.Minute)
	assert.Zero(t, j.StartedAt())
	assert.Zero(t, j.EndedAt())
	assert.Equal(t, map[string]any{"n": int64(1)}, j.Meta)
	assertOptional(t, time.Hour, true)(j.Timeout())
	assertOptional(t, Forever, true)(j.ResultTTL())
	assertOptional(t, time.Duration(0), false)(j.TTL())
	assertOptional(t, time.Duration(0), false)(j.FailureTTL())
	assertOptional(t, 2, true)(j.RetriesLeft())
	assertOptional(t, 0, false)(j.RepeatsLeft())
	assert.NoError(t, j.Malformed())
}

func assertOptional[T any](t *testing.T, want T, wantOK bool) func(T, bool) {
	return func(got T, ok bool) {
		t.Helper()
		assert.Equal(t, want, got)
		assert.Equal(t, wantOK, ok)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	type address struct {
		Street string `json:"street"`
		No     int    `json:"no"`
	}
	sent, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.send", []address{{"a", 1}}, time.Minute, Kw("to", "b")))
	require.NoError(t, err)
	fetched, err := FetchJob(ctx, rdb, sent.ID())
	require.NoError(t, err)

	// A job that was made here reads as one that was fetched.
	for _, j := range []*Job{sent, fetched} {
		name, err := j.FuncName()
		require.NoError(t, err)
		assert.Equal(t, "tasks.send", name)

		var addresses []address
		var wait time.Duration
		var to string
		require.NoError(t, errors.Join(j.Arg(0, &addresses), j.Arg(1, &wait), j.Kwarg("to", &to)))
		assert.Equal(t, []address{{"a", 1}}, addresses)
		assert.Equal(t, time.Minute, wait)
		assert.Equal(t, "b", to)

		var n int
		assert.ErrorContains(t, j.Arg(2, &n), "argument 2: does not exist: tasks.send is called with 2 positional arguments")
		assert.ErrorContains(t, j.Arg(-1, &n), "does not exist")
		assert.ErrorContains(t, j.Kwarg("cc", &n), `keyword argument "cc": does not exist`)
		assert.ErrorContains(t, j.Kwarg("to", &n), "read argument to of tasks.send")
	}
}

// TestUnreadableArguments checks that such a job can be handled all the same.
func TestUnreadableArguments(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	for name, c := range map[string]struct{ data, want string }{
		"JSON":        {`["f", null, [], {}]`, "the bytes look like JSON: use that serializer for the queue"},
		"MessagePack": {"\x94\xa1f\xc0\x90\x80", "the bytes look like MessagePack"},
		"garbage":     {"garbage", "rq: read call of job j as pickle"},
		"no call":     {"\x80\x04K\x01.", "a call is a tuple of four, not a value of type int"},
		"empty":       {"", "as pickle"},
	} {
		_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("j"))
		require.NoError(t, err)
		require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "data", c.data).Err())

		j, err := FetchJob(ctx, rdb, "j")
		require.NoError(t, err, name)
		_, err = j.Args()
		var unreadable *DeserializeError
		assert.ErrorAs(t, err, &unreadable, name)
		assert.ErrorContains(t, err, c.want, name)

		assert.Equal(t, "f()", j.Description(), name)
		require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "status", "failed").Err())
		require.NoError(t, rdb.ZAdd(ctx, keys.Failed("default"), z("j")).Err())
		assert.NoError(t, j.Requeue(ctx), name)
		assert.NoError(t, j.Delete(ctx), name)
	}
}

// TestMalformedFields checks that they are reported, and do no other harm.
func TestMalformedFields(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f", 1), JobID("j"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "timeout", "3m", "started_at", "yesterday", "status", "rate_limited").Err())

	jobs, err := FetchJobs(ctx, rdb, "j", "gone")

	require.NoError(t, err)
	require.Len(t, jobs, 2)
	assert.Nil(t, jobs[1])
	assert.ErrorContains(t, jobs[0].Malformed(), "field timeout")
	assert.ErrorContains(t, jobs[0].Malformed(), "field started_at")
	assert.Equal(t, StatusRateLimited, jobs[0].Status())
	assert.NoError(t, jobs[0].Arg(0, new(int)))
}

func TestNoSuchJob(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	require.NoError(t, rdb.HSet(ctx, keys.Job("half"), "status", "queued").Err())
	require.NoError(t, rdb.Set(ctx, keys.Job("text"), "x", 0).Err())
	j, err := CreateJob(rdb, Call("f"), JobID("new"))
	require.NoError(t, err)

	for _, id := range []string{"gone", "half", "text"} {
		_, err := FetchJob(ctx, rdb, id)
		assert.ErrorIs(t, err, ErrNoSuchJob, id)
	}
	jobs, err := FetchJobs(ctx, rdb, "gone", "half", "text")
	assert.NoError(t, err)
	assert.Equal(t, []*Job{nil, nil, nil}, jobs)
	_, err = j.GetStatus(ctx)
	assert.ErrorIs(t, err, ErrNoSuchJob)
	for _, err := range []error{j.Refresh(ctx), j.Delete(ctx), j.Cancel(ctx), j.Requeue(ctx), j.SaveMeta(ctx)} {
		assert.ErrorIs(t, err, ErrNoSuchJob)
	}
	exists, err := JobExists(ctx, rdb, "new")
	assert.NoError(t, err)
	assert.False(t, exists, "nothing was written")
}

func TestMetaKeepsWhatItCannotSay(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("j"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "meta", "not a pickle").Err())

	j, err := FetchJob(ctx, rdb, "j")
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"unserialized": []byte("not a pickle")}, j.Meta)
	require.NoError(t, j.SaveMeta(ctx))
	assert.Equal(t, "not a pickle", rdb.HGet(ctx, keys.Job("j"), "meta").Val())

	j.Meta = map[string]any{"a": 1}
	require.NoError(t, j.SaveMeta(ctx))
	meta, err := j.GetMeta(ctx)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"a": int64(1)}, meta)

	j.Meta = nil
	require.NoError(t, j.SaveMeta(ctx))
	meta, err = j.GetMeta(ctx)
	require.NoError(t, err)
	assert.Empty(t, meta)
}

func TestExecutions(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	j, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("j"))
	require.NoError(t, err)
	now := time.Now()
	require.NoError(t, rdb.ZAdd(ctx, keys.Executions("j"), zs("running", now.Unix()+90), zs("dead", now.Unix()+90), zs("old", now.Unix()-1)).Err())
	require.NoError(t, rdb.HSet(ctx, keys.Execution("j", "running"), "id", "running", "created_at", "1795428955.92728",
		"last_heartbeat", "1795428956.0", "worker_name", "w").Err())
	require.NoError(t, rdb.HSet(ctx, keys.Execution("j", "dead"), "last_heartbeat", "1795428956.0").Err())

	got, err := j.Executions(ctx)

	require.NoError(t, err)
	assert.Equal(t, []Execution{{
		ID: "running", JobID: "j", WorkerName: "w",
		CreatedAt:     time.UnixMicro(1795428955927280).UTC(),
		LastHeartbeat: time.Unix(1795428956, 0).UTC(),
	}}, got)
}

func TestAccessors(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	hook := Webhook{URL: "http://h", JobStatus: StatusFailed, Method: "POST", Headers: map[string]string{"A": "b"}, Timeout: 3 * time.Second}
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("j"), Group("g"), hook,
		Retry{Max: 2, Intervals: []time.Duration{time.Second, time.Minute}}, Repeat{Times: 3, Intervals: []time.Duration{time.Hour}},
		OnSuccess(Callback{Func: "ok"}), OnStopped(Callback{Func: "stop", Timeout: time.Second}),
		RateLimit{"k", 2}, DependsOn("p"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "number_of_retries", "4").Err())

	j, err := FetchJob(ctx, rdb, "j", Fleet("2.0"), WithSerializer(Pickle{}))
	require.NoError(t, err)

	assertOptional(t, Callback{"ok", time.Minute}, true)(j.OnSuccess())
	assertOptional(t, Callback{}, false)(j.OnFailure())
	assertOptional(t, Callback{"stop", time.Second}, true)(j.OnStopped())
	assert.Equal(t, []Webhook{hook}, j.Webhooks())
	assert.Equal(t, []time.Duration{time.Second, time.Minute}, j.RetryIntervals())
	assert.Equal(t, []time.Duration{time.Hour}, j.RepeatIntervals())
	assertOptional(t, RateLimit{"k", 2}, true)(j.RateLimit())
	assert.Equal(t, 4, j.NumberOfRetries())
	assert.Equal(t, "g", j.Group())
	assert.Equal(t, []string{"p"}, j.DependencyIDs())
	assert.False(t, j.IsReadyToEnqueue())
	assert.False(t, j.IsRateLimited(), "there was a slot")

	_, err = FetchJob(ctx, rdb, "j", Fleet("x"))
	assert.ErrorContains(t, err, "must be a version of RQ")
}

// TestStatusThatWasNotStored is of a job that was saved for an old fleet.
func TestStatusThatWasNotStored(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	j, err := CreateJob(rdb, Call("f"), JobID("j"), Fleet("2.0.0"))
	require.NoError(t, err)
	require.NoError(t, j.Save(ctx))

	status, err := j.GetStatus(ctx)

	require.NoError(t, err)
	assert.Equal(t, StatusCreated, status)
	assert.False(t, rdb.HExists(ctx, keys.Job("j"), "status").Val())
}

// TestSaveKeepsWhatItCouldNotRead checks that saving a job with a field in an
// unknown form does not lose it.
func TestSaveKeepsWhatItCouldNotRead(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("j"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "started_at", "yesterday").Err())
	j, err := FetchJob(ctx, rdb, "j")
	require.NoError(t, err)

	require.NoError(t, j.Save(ctx))

	assert.Equal(t, "yesterday", rdb.HGet(ctx, keys.Job("j"), "started_at").Val())
}

// TestUnreadableMetaIsKeptBesideOtherKeys adds a key to meta that cannot be read, as
// RQ 3.0 lets its users do.
func TestUnreadableMetaIsKeptBesideOtherKeys(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), JobID("j"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "meta", "not a pickle").Err())
	j, err := FetchJob(ctx, rdb, "j")
	require.NoError(t, err)

	j.Meta["a"] = 1
	require.NoError(t, j.SaveMeta(ctx))

	meta, err := j.GetMeta(ctx)
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"unserialized": []byte("not a pickle"), "a": int64(1)}, meta)
	j.Meta["unserialized"] = []byte{}
	require.NoError(t, j.SaveMeta(ctx))
}

func TestCreatedJobIsCreated(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q := NewQueue(rdb, "default", Fleet("1.16"))

	j, err := CreateJob(rdb, Call("f"))
	require.NoError(t, err)
	ofQueue, err := q.CreateJob(Call("f"))
	require.NoError(t, err)

	assert.Equal(t, StatusCreated, j.Status())
	assert.Equal(t, StatusCreated, ofQueue.Status())
	require.NoError(t, ofQueue.Save(t.Context()))
	assert.Equal(t, StatusCreated, ofQueue.Status())
	assert.Empty(t, rdb.HGet(t.Context(), keys.Job(ofQueue.ID()), "status").Val(), "the fleet cannot read it")
}

func TestDeleteWithDependents(t *testing.T) {
	t.Parallel()
	ctx, q := t.Context(), NewQueue(redistest.New(t), "default")
	j, err := q.Enqueue(ctx, Call("f"), JobID("j"))
	require.NoError(t, err)
	_, err = q.Enqueue(ctx, Call("f"), JobID("child"), DependsOn("j"))
	require.NoError(t, err)
	_, err = q.Enqueue(ctx, Call("f"), JobID("grandchild"), DependsOn("child"))
	require.NoError(t, err)
	require.NoError(t, q.rdb.SAdd(ctx, keys.Dependents("j"), "gone").Err())

	require.NoError(t, j.DeleteWithDependents(ctx))

	jobs, err := q.rdb.Keys(ctx, "rq:job:*").Result()
	require.NoError(t, err)
	assert.ElementsMatch(t, []string{keys.Job("grandchild"), keys.Dependencies("grandchild")}, jobs)
}
