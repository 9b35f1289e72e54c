package rq

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

func TestSuspend(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	suspended := func() bool {
		yes, err := IsSuspended(ctx, rdb)
		require.NoError(t, err)
		return yes
	}
	left := func() time.Duration {
		d, err := SuspendedFor(ctx, rdb)
		require.NoError(t, err)
		return d
	}
	require.False(t, suspended())
	assert.Zero(t, left())

	require.NoError(t, Suspend(ctx, rdb, 90*time.Second+time.Millisecond))
	assert.True(t, suspended())
	assert.Equal(t, 90*time.Second, rdb.TTL(ctx, "rq:suspended").Val())
	assert.InDelta(t, 90*time.Second, left(), float64(20*time.Second))

	require.NoError(t, Suspend(ctx, rdb, Forever))
	assert.True(t, suspended())
	assert.Equal(t, Forever, left())
	assert.Equal(t, time.Duration(-1), rdb.TTL(ctx, "rq:suspended").Val(), "no limit")

	was, err := Resume(ctx, rdb)
	require.NoError(t, err)
	assert.True(t, was)
	assert.False(t, suspended())
	was, err = Resume(ctx, rdb)
	require.NoError(t, err)
	assert.False(t, was)
}

func TestSuspendRefusesOtherDurations(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	require.NoError(t, Suspend(t.Context(), rdb, Forever))
	for _, d := range []time.Duration{0, time.Millisecond, -2 * time.Second} {
		var invalid *InvalidError
		require.ErrorAs(t, Suspend(t.Context(), rdb, d), &invalid, d)
	}
	assert.Equal(t, time.Duration(-1), rdb.TTL(t.Context(), "rq:suspended").Val(), "nothing was changed")
}

// TestSuspendIsOneCommand checks that nothing can come between the two halves of
// a suspension that ends by itself.
func TestSuspendIsOneCommand(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	commands := redistest.Commands(t, rdb)

	require.NoError(t, Suspend(t.Context(), rdb, time.Minute))

	var got []string
	for _, c := range commands() {
		got = append(got, c.String())
	}
	assert.Equal(t, []string{"set rq:suspended 1 ex 60"}, got)
}

// TestASuspendedWorkerSaysUntilWhen has one that ends by itself, and one that does not.
func TestASuspendedWorkerSaysUntilWhen(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{`until="they are resumed"`: Forever, time.Now().Add(time.Hour).Format("until=2006-01-"): time.Hour} {
		rdb, log := redistest.New(t), new(logBook)
		require.NoError(t, Suspend(t.Context(), rdb, d))
		w := startWorker(t, rdb, Handlers{}, WorkerConfig{Logger: log.logger()})
		require.Eventually(t, func() bool { return strings.Contains(log.String(), "workers are suspended") }, 10*time.Second, time.Millisecond)
		assert.Contains(t, log.String(), want)
		w.stop(t)
	}
}
