package rq

import (
	"context"
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/scripts"
)

// maxsize is Python's sys.maxsize, which people give for "never".
const maxsize = "9223372036854775807"

var farHandlers = Handlers{
	"good": HandlerFunc(func(context.Context, *Job) (any, error) { return 1, nil }),
	"bad":  HandlerFunc(func(context.Context, *Job) (any, error) { return nil, errors.New("no") }),
}

func TestAfter(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 0)
	for seconds, want := range map[int]int64{
		0: 1000, 30: 1030, 10_000_000_000: 10_000_001_000, lastMoment - 1000: lastMoment, lastMoment: lastMoment, math.MaxInt: lastMoment,
	} {
		assert.Equal(t, want, after(at, seconds), seconds)
	}
}

// TestNumbersThatNoClockReaches: whatever Python has stored, a job comes to an end
// that can be seen, and one that waits is not due before its time.
func TestNumbersThatNoClockReaches(t *testing.T) {
	t.Parallel()
	long := strconv.FormatInt(scripts.Longest, 10)
	tests := []struct {
		name, function string
		fields         map[string]any
		status         Status
		registry       string
		score          int64 // more than that
		ttl            string
	}{
		{"result_ttl", "good", map[string]any{"result_ttl": maxsize}, StatusFinished, "rq:finished:default", lastMoment - 1, long},
		{"failure_ttl", "bad", map[string]any{"failure_ttl": maxsize}, StatusFailed, "rq:failed:default", lastMoment - 1, long},
		{"timeout", "good", map[string]any{"timeout": maxsize}, StatusFinished, "rq:finished:default", 1, "500"},
		{"ttl", "good", map[string]any{"ttl": maxsize}, StatusFinished, "rq:finished:default", 1, "500"},
		{"callback timeout", "good", map[string]any{"success_callback_name": "good", "success_callback_timeout": maxsize}, StatusFinished, "rq:finished:default", 1, "500"},
		{"retry", "bad", map[string]any{"retries_left": 1, "retry_intervals": "[10000000000]"}, StatusScheduled, "rq:scheduled:default", 10_000_000_000, "-1"},
		{"retry, never", "bad", map[string]any{"retries_left": 1, "retry_intervals": "[" + maxsize + "]"}, StatusScheduled, "rq:scheduled:default", lastMoment - 1, "-1"},
		{"retry with a ttl", "bad", map[string]any{"retries_left": 1, "retry_intervals": "[30]", "ttl": maxsize}, StatusScheduled, "rq:scheduled:default", 30, long},
		{"repeat, never", "good", map[string]any{"repeats_left": 1, "repeat_intervals": "[" + maxsize + "]"}, StatusScheduled, "rq:scheduled:default", lastMoment - 1, "-1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)
			job, err := NewQueue(rdb, "default").Enqueue(ctx, Call(tt.function), JobID("j"))
			require.NoError(t, err)
			require.NoError(t, rdb.HSet(ctx, keys.Job("j"), tt.fields).Err())
			w, err := NewWorker(rdb, farHandlers, WorkerConfig{Burst: true, Logger: quiet})
			require.NoError(t, err)

			require.NoError(t, w.Run(ctx))

			require.NoError(t, job.Refresh(ctx))
			assert.Equal(t, tt.status, job.Status())
			assert.Greater(t, int64(rdb.ZScore(ctx, tt.registry, "j").Val()), tt.score)
			assertTTL(t, rdb, keys.Job("j"), tt.ttl)
		})
	}
}

// assertTTL checks the time to live of a key to about a minute.
func assertTTL(t *testing.T, rdb *redis.Client, key, want string) {
	t.Helper()
	n, err := strconv.ParseInt(want, 10, 64)
	require.NoError(t, err)
	got, err := rdb.Do(t.Context(), "ttl", key).Int64()
	require.NoError(t, err)
	assert.InDelta(t, n, got, 60, key)
}

func TestEnqueueWithATTLThatNoClockReaches(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]EnqueueOption{
		"plain": nil, "unique": {Unique()}, "waiting": {DependsOn("p")}, "limited": {RateLimit{Key: "k", Concurrency: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)
			q := NewQueue(rdb, "default")
			require.NoError(t, rdb.HSet(ctx, keys.Job("p"), "status", "queued").Err())

			_, err := q.Enqueue(ctx, Call("good"), append(opts, JobID("j"), TTL(math.MaxInt64))...)

			require.NoError(t, err)
			assertTTL(t, rdb, keys.Job("j"), strconv.FormatInt(scripts.Longest, 10))
		})
	}
}

// TestEnqueueAgainWithPythonsTTL: a job that Python made is enqueued by Go.
func TestEnqueueAgainWithPythonsTTL(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	_, err := q.Enqueue(ctx, Call("good"), JobID("j"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "ttl", maxsize).Err())
	j, err := q.FetchJob(ctx, "j")
	require.NoError(t, err)

	require.NoError(t, q.EnqueueJob(ctx, j))

	assertTTL(t, rdb, keys.Job("j"), strconv.FormatInt(scripts.Longest, 10))
}

func TestSyncWithTTLsThatNoClockReaches(t *testing.T) {
	t.Parallel()
	for function, opt := range map[string]EnqueueOption{"good": ResultTTL(math.MaxInt64), "bad": FailureTTL(math.MaxInt64)} {
		t.Run(function, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)

			j, err := NewQueue(rdb, "default", Sync(farHandlers)).Enqueue(ctx, Call(function), opt)

			require.NoError(t, err)
			assertTTL(t, rdb, keys.Job(j.ID()), strconv.FormatInt(scripts.Longest, 10))
			assertTTL(t, rdb, keys.Results(j.ID()), strconv.FormatInt(scripts.Longest, 10))
		})
	}
}

func TestEnqueueAtATimeThatPythonDoesNotHave(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	_, err := q.EnqueueAt(ctx, time.Unix(lastMoment, 0), Call("good"))
	require.NoError(t, err)
	before, err := rdb.DBSize(ctx).Result()
	require.NoError(t, err)

	_, err = q.EnqueueAt(ctx, time.Unix(lastMoment+1, 0), Call("good"))

	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	after, err := rdb.DBSize(ctx).Result()
	require.NoError(t, err)
	assert.Equal(t, before, after)
	_, err = q.EnqueueIn(ctx, math.MaxInt64, Call("good"))
	require.NoError(t, err)
}
