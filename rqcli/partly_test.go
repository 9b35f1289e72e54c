package rqcli

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// halfBroken has three jobs in queue a, one that has expired in its registry, and
// under the names of queue b what nobody can read as a queue.
func halfBroken(t *testing.T) *redis.Client {
	t.Helper()
	ctx, rdb := t.Context(), redistest.New(t)
	fill(t, rdb, "a", 3)
	require.NoError(t, rdb.ZAdd(ctx, "rq:finished:a", redis.Z{Score: 1, Member: "expired"}).Err())
	require.NoError(t, rdb.SAdd(ctx, "rq:queues", "rq:queue:b").Err())
	require.NoError(t, rdb.Set(ctx, "rq:queue:b", "text", 0).Err())
	require.NoError(t, rdb.Set(ctx, "rq:finished:b", "text", 0).Err())
	return rdb
}

func TestWhatIsDoneIsSaidWhenTheRestCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"empty", "a", "b"}, "3 jobs removed from a queue\n"},
		{[]string{"registry", "clean", "--all"}, "1 entries of finished jobs removed from a queue\n"},
	} {
		got := command(t, halfBroken(t), c.args...)

		assert.Equal(t, ExitFailure, got.Code, c.args)
		assert.Equal(t, c.want, got.Out, c.args)
		assert.Contains(t, got.Err, "WRONGTYPE", c.args)

		got = command(t, halfBroken(t), append(c.args, "--json")...)
		assert.Equal(t, ExitFailure, got.Code, c.args)
		var all []map[string]any
		require.NoError(t, json.Unmarshal([]byte(got.Out), &all), got.Out)
		assert.Len(t, all, 1, c.args)
	}
}

func TestOneByOneSaysHowManyWereDone(t *testing.T) {
	t.Parallel()
	l := &bulk{meter: &meter{}}

	done, err := l.oneByOne([]string{"a", "b"}, func(id string) error {
		if id == "b" {
			return context.Canceled
		}
		return nil
	})

	assert.Equal(t, 1, done)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorContains(t, err, "1 jobs were done before")
}
