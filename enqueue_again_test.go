package rq

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// inRegistry returns a job of the queue default that is in one registry, and is to
// expire there.
func inRegistry(t *testing.T, rdb *redis.Client, kind int, opts ...JobOption) *Job {
	t.Helper()
	ctx, q := t.Context(), NewQueue(rdb, "default")
	j, err := q.CreateJob(Call("f"), append(opts, JobID("j"))...)
	require.NoError(t, err)
	require.NoError(t, j.Save(ctx))
	k := registryKinds[kind]
	status := k.name
	if kind == readyKind {
		status = string(StatusReadyToEnqueue)
	}
	require.NoError(t, rdb.HSet(ctx, keys.Job("j"), "status", status).Err())
	require.NoError(t, rdb.ZAdd(ctx, k.keyOf("default"), zs("j", 4e9)).Err())
	require.NoError(t, rdb.Expire(ctx, keys.Job("j"), time.Minute).Err())
	require.NoError(t, j.Refresh(ctx))
	return j
}

// placesOf returns the keys of the queues and registries that a job is in.
func placesOf(t *testing.T, rdb *redis.Client, id string) []string {
	t.Helper()
	var places []string
	for _, name := range []string{"default", "other"} {
		q := NewQueue(rdb, name)
		ids, err := q.JobIDs(t.Context(), 0, -1)
		require.NoError(t, err)
		for _, queued := range ids {
			if queued == id {
				places = append(places, keys.Queue(name))
			}
		}
		for _, r := range q.Registries() {
			there, err := r.Contains(t.Context(), id)
			require.NoError(t, err)
			if there {
				places = append(places, r.key)
			}
		}
	}
	return places
}

// TestEnqueueAgainLeavesTheRegistry enqueues and schedules jobs of each registry: a
// job is in one place, or it would run twice, and stays until it has run.
func TestEnqueueAgainLeavesTheRegistry(t *testing.T) {
	t.Parallel()
	tomorrow := time.Now().Add(24 * time.Hour)
	for name, c := range map[string]struct {
		enqueue func(context.Context, *redis.Client, *Job) error
		opts    []JobOption
		want    string
		ttl     time.Duration
	}{
		"its queue": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			return NewQueue(rdb, "default").EnqueueJob(ctx, j)
		}, nil, keys.Queue("default"), -1},
		"another queue": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			return NewQueue(rdb, "other").EnqueueJob(ctx, j, AtFront())
		}, nil, keys.Queue("other"), -1},
		"a pipeline": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			_, err := rdb.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				return NewQueue(rdb, "default").EnqueueJob(ctx, j, Pipeline(pipe))
			})
			return err
		}, nil, keys.Queue("default"), -1},
		"with a ttl": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			return NewQueue(rdb, "default").EnqueueJob(ctx, j)
		}, []JobOption{TTL(time.Hour)}, keys.Queue("default"), time.Hour},
		"with a rate limit": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			return NewQueue(rdb, "other").EnqueueJob(ctx, j)
		}, []JobOption{RateLimit{"k", 1}}, keys.Queue("other"), -1},
		"with a dependency": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			rdb.HSet(ctx, keys.Job("parent"), "status", "started")
			return NewQueue(rdb, "other").EnqueueJob(ctx, j)
		}, []JobOption{DependsOn("parent")}, keys.Deferred("other"), -1},
		"with a dependency in a pipeline": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			_, err := rdb.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				return NewQueue(rdb, "default").EnqueueJob(ctx, j, Pipeline(pipe))
			})
			return err
		}, []JobOption{DependsOn("done")}, keys.Queue("default"), -1},
		"later": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			return NewQueue(rdb, "default").ScheduleJob(ctx, j, tomorrow)
		}, nil, keys.Scheduled("default"), -1},
		"later, elsewhere": {func(ctx context.Context, rdb *redis.Client, j *Job) error {
			return NewQueue(rdb, "other").ScheduleJob(ctx, j, tomorrow)
		}, nil, keys.Scheduled("other"), -1},
	} {
		for kind, k := range registryKinds {
			if kind == startedKind {
				continue
			}
			t.Run(name+" from "+k.name, func(t *testing.T) {
				t.Parallel()
				rdb := redistest.New(t)
				j := inRegistry(t, rdb, kind, c.opts...)

				require.NoError(t, c.enqueue(t.Context(), rdb, j))

				assert.Equal(t, []string{c.want}, placesOf(t, rdb, "j"))
				if k.expires {
					assert.InDelta(t, c.ttl, rdb.TTL(t.Context(), keys.Job("j")).Val(), float64(time.Second))
				}
			})
		}
	}
}

// TestFailedEnqueueKeepsTheRegistry has ctx end before the call: the job stays where it was.
func TestFailedEnqueueKeepsTheRegistry(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for _, opts := range [][]JobOption{nil, {DependsOn("parent")}} {
		j := inRegistry(t, rdb, scheduledKind, opts...)
		ended, cancel := context.WithCancel(t.Context())
		cancel()

		err := NewQueue(rdb, "other").EnqueueJob(ended, j)

		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, StatusScheduled, j.Status())
		assert.Equal(t, "default", j.Origin())
		assert.Equal(t, []string{keys.Scheduled("default")}, placesOf(t, rdb, "j"))
	}
}
