package rq

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// A rateLimited is a running worker with room for all, and jobs of one rate limit
// with a slot: a runs until it is let go, b and c wait for it.
type rateLimited struct {
	*testWorker
	a, b, c *Job
	letGo   chan struct{}
	began   chan string
}

func newRateLimited(t *testing.T) *rateLimited {
	t.Helper()
	rdb := redistest.New(t)
	l := &rateLimited{letGo: make(chan struct{}), began: make(chan string, 3)}
	q := NewQueue(rdb, "default")
	enqueue := func(id string) *Job {
		j, err := q.Enqueue(t.Context(), Call("f"), JobID(id), RateLimit{Key: "k", Concurrency: 1})
		require.NoError(t, err)
		return j
	}
	l.a, l.b, l.c = enqueue("a"), enqueue("b"), enqueue("c")
	l.testWorker = startWorker(t, rdb, Handlers{"f": HandlerFunc(func(_ context.Context, j *Job) (any, error) {
		l.began <- j.ID()
		<-l.letGo
		return nil, nil
	})}, WorkerConfig{Concurrency: 3})
	require.Equal(t, "a", <-l.began)
	return l
}

func (l *rateLimited) holders(t *testing.T) []string {
	t.Helper()
	ids, err := l.rdb.ZRange(t.Context(), keys.RateLimitAllowed("k"), 0, -1).Result()
	require.NoError(t, err)
	return ids
}

func TestTheSlotOfARunningJobIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(context.Context, *Job) error{
		"deleted":  func(ctx context.Context, j *Job) error { return j.Delete(ctx) },
		"canceled": func(ctx context.Context, j *Job) error { return j.Cancel(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newRateLimited(t)
			require.NoError(t, end(t.Context(), l.a))
			require.Equal(t, "b", <-l.began) // while a runs on

			l.letGo <- struct{}{} // a or b ends
			l.letGo <- struct{}{} // and the other: only b's end may give a slot on
			require.Equal(t, "c", <-l.began)
			assert.Equal(t, []string{"c"}, l.holders(t))

			close(l.letGo)
			l.stop(t)
			assert.Empty(t, l.holders(t))
		})
	}
}

// TestASlotThatPythonLeftWithARunningJob: RQ deletes a job that runs and leaves its
// slot to whoever runs it.
func TestASlotThatPythonLeftWithARunningJob(t *testing.T) {
	t.Parallel()
	l := newRateLimited(t)
	require.NoError(t, l.rdb.Del(t.Context(), keys.Job("a")).Err())
	l.letGo <- struct{}{}
	require.Equal(t, "b", <-l.began)
	assert.Equal(t, []string{"b"}, l.holders(t))
	close(l.letGo)
	require.Equal(t, "c", <-l.began)
	l.stop(t)
}

func TestEmptyGivesSlotsOn(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	limit := RateLimit{Key: "k", Concurrency: 1}
	full, other := NewQueue(rdb, "full"), NewQueue(rdb, "other")
	_, err := full.Enqueue(ctx, Call("f"), limit)
	require.NoError(t, err)
	waiting, err := other.Enqueue(ctx, Call("f"), limit)
	require.NoError(t, err)
	require.Equal(t, StatusRateLimited, waiting.Status())

	n, err := full.Empty(ctx)

	require.NoError(t, err)
	require.Equal(t, 1, n)
	status, err := waiting.GetStatus(ctx)
	require.NoError(t, err)
	assert.Equal(t, StatusQueued, status)
	ids, err := other.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{waiting.ID()}, ids)
}
