package rq

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// TestAJobWithAStatusOfTheFuture: a newer RQ has put a job in a queue in a way that
// this version does not understand. It is not run, not lost, and in nobody's way.
func TestAJobWithAStatusOfTheFuture(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := NewQueue(rdb, "default")
	strange, err := q.Enqueue(ctx, Call("tasks.add", 1, 2))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(ctx, keys.Job(strange.ID()), "status", "paused_by_rq_4").Err())
	check := func() {
		ids, err := q.JobIDs(ctx, 0, -1)
		require.NoError(t, err)
		assert.Equal(t, []string{strange.ID()}, ids)
		status, err := strange.GetStatus(ctx)
		require.NoError(t, err)
		assert.EqualValues(t, "paused_by_rq_4", status)
		assert.Zero(t, rdb.Exists(ctx, keys.Intermediate("default"), keys.Executions(strange.ID())).Val())
	}

	burst(t, rdb, WorkerConfig{}) // it ends
	check()

	w := startWorker(t, rdb, testHandlers, WorkerConfig{})
	for i := range 3 {
		j, err := q.Enqueue(ctx, Call("tasks.add", i, 2))
		require.NoError(t, err)
		sum, err := Await[int](ctx, j)
		require.NoError(t, err)
		assert.Equal(t, i+2, sum)
	}
	w.stop(t)
	check()
}

func TestQueuesOfTheFutureAreLeftAloneForAMoment(t *testing.T) {
	t.Parallel()
	f := newForeignJobs(&WorkerConfig{}, nil, &outcomes{}, nil, quiet)
	f.hold([]string{"a"})
	assert.True(t, f.in("a"))
	assert.False(t, f.in("b"))
	wait, ok := f.next()
	assert.True(t, ok)
	assert.LessOrEqual(t, wait, lastLook)
	assert.Positive(t, wait)
}
