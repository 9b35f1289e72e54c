package rqcli

import (
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

func TestWholeNumbersAreDecimal(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)

	got := command(t, rdb, "suspend", "--duration", "010")

	require.Zero(t, got.Code, got.Err)
	assert.Contains(t, got.Out, "for 10 seconds")
	assert.InDelta(t, 10, rdb.TTL(ctx, "rq:suspended").Val().Seconds(), 1)

	require.Zero(t, command(t, rdb, "resume").Code)
	var f workerFlags
	cmd := new(cobra.Command)
	f.define(cmd)
	require.NoError(t, cmd.ParseFlags([]string{"--results-ttl", "010", "--max-jobs", "011", "--concurrency", "012"}))
	require.NoError(t, f.read(cmd))
	assert.Equal(t, []any{10 * time.Second, 11, 12}, []any{f.cfg.ResultTTL, f.cfg.MaxJobs, f.cfg.Concurrency})
}

func TestNumbersTooLargeAreRefused(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	_, err := rq.NewQueue(rdb, "default").Enqueue(t.Context(), rq.Call("f"))
	require.NoError(t, err)
	for _, args := range [][]string{
		{"suspend", "--duration", "99999999999"},         // as nanoseconds another number
		{"suspend", "--duration", "9223372036854775807"}, // as nanoseconds -1, which is for ever
		{"worker", "--worker-ttl", "9223372036854775807"},
		{"worker", "--shutdown-timeout", "99999999999"},
		{"registry", "list", "default", "failed", "--start", "5", "--limit", "9223372036854775807"},
		{"queue", "peek", "default", "--from", "5", "-n", "9223372036854775807"},
	} {
		got := command(t, rdb, args...)
		assert.Equal(t, ExitUsage, got.Code, "%v: %s", args, got.Out)
		assert.Contains(t, got.Err, "must be a whole number", args)
	}
	assert.Zero(t, rdb.Exists(t.Context(), "rq:suspended").Val())
}
