package rqcli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// offered returns what a shell would offer for a command line.
func offered(t *testing.T, url string, args ...string) []string {
	t.Helper()
	got := commandOf(t, nil, append([]string{"__complete", "--url", url}, args...)...)
	require.Zero(t, got.Code, got.Err)
	lines := strings.Fields(got.Out)
	require.Equal(t, ":4", lines[len(lines)-1], "no files are offered")
	return lines[:len(lines)-1]
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	failed(t, rdb, "q", "f1", "f2")
	enqueue(t, rdb, "a", "f")
	_, err := rq.NewQueue(rdb, "other").Enqueue(ctx, rq.Call("f"), rq.JobID("b"))
	require.NoError(t, err)
	addWorker(t, rdb, "ann", "idle", "q")
	url := redistest.URL(rdb)

	for line, want := range map[string]string{
		"info ":                         "other q",
		"info o":                        "other",
		"empty q ":                      "other",
		"requeue --queue ":              "other q",
		"requeue --queue q ":            "f2 f1",
		"requeue --queue q f1 ":         "f2",
		"requeue --queue other ":        "",
		"worker stop ":                  "ann",
		"job show ":                     "b a f2 f1",
		"job requeue f":                 "f2 f1",
		"job stop ":                     "",
		"enqueue --queue ":              "other q",
		"worker list --queue o":         "other",
		"failed ":                       "other q",
		"job cancel --serializer json ": "b a",
		"job show a ":                   "", // it takes no second one
		"job result a ":                 "",
		"queue peek q ":                 "",
		"registry list ":                "other q",
		"registry list q f":             "finished failed",
		"registry list q failed ":       "",
	} {
		assert.Equal(t, strings.Fields(want), offered(t, url, strings.Split(line, " ")...), line)
	}
	assert.Empty(t, offered(t, "redis://127.0.0.1:1/0", "info", ""), "without a server")
}

func TestCompletionOffersWhatItFindsInTime(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	enqueue(t, rdb, "a", "f")
	require.NoError(t, rdb.SAdd(ctx, "rq:queues", "rq:queue:zz").Err())
	require.NoError(t, rdb.Set(ctx, "rq:queue:zz", "what cannot be read, as what comes too late", 0).Err())

	assert.Equal(t, []string{"a"}, offered(t, redistest.URL(rdb), "job", "cancel", ""))
}

func TestCompletionIsOfCommandsThatThereAre(t *testing.T) {
	t.Parallel()
	root := New(nil)
	for path := range completions {
		cmd, rest, err := root.Find(strings.Fields(path))
		require.NoError(t, err, path)
		require.Empty(t, rest, path)
		assert.NotNil(t, cmd.ValidArgsFunction, path)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		got := commandOf(t, nil, "completion", shell)
		assert.Zero(t, got.Code)
		assert.Greater(t, len(got.Out), 1000, shell)
	}
}

func TestCompletionScriptsTakeNoArguments(t *testing.T) {
	t.Parallel()
	got := commandOf(t, nil, "completion", "bash", "extra")
	assert.Equal(t, ExitUsage, got.Code, got.Err)
}
