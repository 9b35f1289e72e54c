package rqcli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

func TestMain(m *testing.M) {
	if os.Getenv(processEnv) != "" {
		Execute(waiting)
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial"))
}

// said is what a command printed, and how it ended.
type said struct {
	Code     int
	Out, Err string
}

// command runs a command line of rq on the database of rdb.
func command(t *testing.T, rdb *redis.Client, args ...string) said {
	t.Helper()
	return commandOf(t, nil, append([]string{"--url", redistest.URL(rdb)}, args...)...)
}

// commandOf runs a command line of a program that has these handlers.
func commandOf(t *testing.T, handlers rq.Handlers, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	root := New(handlers)
	root.SetArgs(args)
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(&errs)
	code := report(root.ExecuteContextC(t.Context()))
	return said{code, out.String(), errs.String()}
}

// data runs a command with --json, and reads what it prints into v.
func data(t *testing.T, rdb *redis.Client, v any, args ...string) {
	t.Helper()
	got := command(t, rdb, append(args, "--json")...)
	require.Zero(t, got.Code, got.Err)
	require.NoError(t, json.Unmarshal([]byte(got.Out), v), got.Out)
}
