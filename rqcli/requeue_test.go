package rqcli

import (
	"bytes"
	"errors"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// failed writes failed jobs of a queue, in that order.
func failed(t *testing.T, rdb *redis.Client, queue string, ids ...string) {
	t.Helper()
	for n, id := range ids {
		require.NoError(t, rdb.HSet(t.Context(), "rq:job:"+id, "status", "failed", "origin", queue).Err())
		require.NoError(t, rdb.ZAdd(t.Context(), "rq:failed:"+queue, redis.Z{Score: float64(4_000_000_000 + n), Member: id}).Err())
	}
}

func TestRequeueReportsAsJSON(t *testing.T) {
	t.Parallel()
	const none = "{\n  \"skipped\": [],\n  \"done\": 0\n}\n"
	tests := []struct {
		name, gone, want string
		args             []string
		code             int
	}{
		{"all", "", "{\n  \"skipped\": [],\n  \"done\": 3\n}\n", []string{"--all"}, 0},
		{"one is gone", "b", `{
  "skipped": [
    {"id":"b","reason":"no such job: b"}
  ],
  "done": 2
}
`, []string{"--all"}, 1},
		{"two are not there", "", `{
  "skipped": [
    {"id":"x\"","reason":"no such job: x\""},
    {"id":"y","reason":"no such job: y"}
  ],
  "done": 1
}
`, []string{"a", `x"`, "y"}, 1},
		{"none are asked for", "", none, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			failed(t, rdb, "q", "a", "b", "c")
			rdb.Del(t.Context(), "rq:job:"+tt.gone)

			got := command(t, rdb, append([]string{"requeue", "--queue", "q", "--json"}, tt.args...)...)

			assert.Equal(t, said{tt.code, tt.want, ""}, got)
		})
	}
}

// A failure in between leaves data that can be read, and says what is done.
func TestRequeueReportsAFailureAsJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	cmd := new(cobra.Command)
	cmd.SetOut(&out)
	broken := errors.New("broken")

	err := (&app{json: true}).bulk(cmd, "", func(*bulk) (int, error) { return 50, broken })

	require.ErrorIs(t, err, broken)
	assert.JSONEq(t, `{"skipped": [], "done": 50}`, out.String())
}
