package rqcli

import (
	"encoding/json"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

func TestNothingIsAnEmptyListInJSON(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"failed"}, "[]"},
		{[]string{"queue", "list"}, "[]"},
		{[]string{"worker", "list"}, "[]"},
		{[]string{"prune", "--dry-run"}, "[]"},
		{[]string{"registry", "clean", "--all"}, "[]"},
		{[]string{"empty", "--all"}, "[]"},
		{[]string{"requeue", "--queue", "q", "--all"}, `{"skipped": [], "done": 0}`},
	} {
		var got json.RawMessage
		data(t, rdb, &got, c.args...)
		assert.JSONEq(t, c.want, string(got), c.args)
	}
	for args, want := range map[string][]string{"-r": {"queues", "workers"}, "-Q": {"queues"}, "-W": {"workers"}} {
		var got map[string]json.RawMessage
		data(t, rdb, &got, "info", args)
		delete(got, "updated")
		require.Len(t, got, len(want), args)
		for _, name := range want {
			assert.Equal(t, "[]", string(got[name]), args)
		}
	}
}

func TestWhatAWorkerDoesNotSayInJSON(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	require.NoError(t, rdb.SAdd(t.Context(), "rq:workers", "rq:worker:w").Err())
	require.NoError(t, rdb.HSet(t.Context(), "rq:worker:w", "state", "idle").Err())

	var got []map[string]any
	data(t, rdb, &got, "worker", "list")

	require.Len(t, got, 1)
	assert.Equal(t, []any{}, got[0]["queues"])
	assert.NotContains(t, got[0], "birth")
	assert.NotContains(t, got[0], "last_heartbeat")
}

func TestJobResultThatNobodyCanRead(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	_, err := rq.NewQueue(rdb, "q").Enqueue(ctx, rq.Call("f"), rq.JobID("j"))
	require.NoError(t, err)
	add := func(values ...any) {
		require.NoError(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: "rq:results:j", Values: append([]any{"created_at", "2026-01-02T03:04:05.000006Z"}, values...)}).Err())
	}

	add("type", 1, "return_value", "bm8gcGlja2xl")

	got := command(t, rdb, "job", "result", "j")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Empty(t, got.Out)
	assert.Contains(t, got.Err, "return value")
	got = command(t, rdb, "job", "result", "j", "--json")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Out, `"malformed": `)

	add("type", 2, "exc_string", "") // failed, and nobody says how
	assert.Equal(t, ExitFailure, command(t, rdb, "job", "result", "j").Code)
}
