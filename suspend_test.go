package rq

import (
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
	require.False(t, suspended())

	require.NoError(t, Suspend(ctx, rdb, 90*time.Second+time.Millisecond))
	assert.True(t, suspended())
	assert.Equal(t, 90*time.Second, rdb.TTL(ctx, "rq:suspended").Val())

	require.NoError(t, Suspend(ctx, rdb, Forever))
	assert.True(t, suspended())
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
