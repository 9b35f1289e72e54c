package rqcli

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

var adding = rq.Handlers{"tasks.add": rq.Func(func(a, b int) int { return a + b }, "a", "b")}

// work runs the `worker` of a program with handlers.
func work(t *testing.T, rdb *redis.Client, h rq.Handlers, args ...string) said {
	t.Helper()
	return commandOf(t, h, append([]string{"--url", redistest.URL(rdb), "worker"}, args...)...)
}

func TestWorkerRunsJobs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	job, err := rq.NewQueue(rdb, "high").Enqueue(ctx, rq.Call("tasks.add", 2, 3))
	require.NoError(t, err)
	pid := filepath.Join(t.TempDir(), "pid")

	got := work(t, rdb, adding, "high", "default", "--burst", "--name", "w1", "--results-ttl", "60", "--concurrency", "2", "-s", "--pid", pid, "--fleet", "1.16", "--fail-unknown")

	require.Zero(t, got.Code, got.Err)
	assert.Contains(t, got.Err, "job finished")
	sum, err := rq.ResultOf[int](ctx, job)
	require.NoError(t, err)
	assert.Equal(t, 5, sum)
	assert.Less(t, rdb.TTL(ctx, "rq:job:"+job.ID()).Val(), 61*time.Second)
	assert.EqualValues(t, 1, rdb.Exists(ctx, "rq:worker:w1").Val())
	text, err := os.ReadFile(pid)
	require.NoError(t, err)
	assert.NotEmpty(t, text)
	assert.Contains(t, got.Err, "tasks.add(2, 3)")
	_, err = rq.NewQueue(rdb, "default").Enqueue(ctx, rq.Call("tasks.add", 2, 3))
	require.NoError(t, err)
	got = work(t, rdb, adding, "--burst", "--disable-job-desc-logging")
	assert.Contains(t, got.Err, "job finished")
	assert.NotContains(t, got.Err, "tasks.add(2, 3)")
	got = work(t, rdb, adding, "--burst", "--quiet")
	assert.Empty(t, got.Err)
}

// TestWorkerLeavesUnknownFunctions in their queue and warns of them, unless they are to fail.
func TestWorkerLeavesUnknownFunctions(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	job, err := rq.NewQueue(rdb, "default").Enqueue(ctx, rq.Call("tasks.other"))
	require.NoError(t, err)

	got := work(t, rdb, adding, "--burst", "--quiet")

	require.Zero(t, got.Code, got.Err)
	assert.Contains(t, got.Err, "function=tasks.other")
	assert.Contains(t, got.Err, "--fail-unknown")
	assert.Contains(t, got.Err, `the burst ends: all jobs that are left are for other workers`)
	require.NoError(t, job.Refresh(ctx))
	assert.Equal(t, rq.StatusQueued, job.Status())

	got = work(t, rdb, adding, "--burst", "--fail-unknown")

	require.Zero(t, got.Code, got.Err)
	require.NoError(t, job.Refresh(ctx))
	assert.Equal(t, rq.StatusFailed, job.Status())
}

func TestWorkerThatCannotRun(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for _, c := range []struct {
		args, want string
	}{
		{"--results-ttl 0", "--results-ttl 0"},
		{"--worker-ttl -5", "worker ttl"},
		{"--dequeue-strategy newest", "strategy"},
		{"--logging_level LOUD", "LOUD"},
		{"--fleet old", "old"},
		{"-v -q", "verbose"},
		{"a a", "must be given once"},
		{"-S yaml", "yaml"},
	} {
		got := work(t, rdb, adding, strings.Fields(c.args)...)
		assert.Equal(t, ExitUsage, got.Code, c.args)
		assert.Contains(t, got.Err, c.want, c.args)
	}
	got := command(t, rdb, "worker", "high")
	assert.Equal(t, ExitUsage, got.Code)
	assert.Contains(t, got.Err, "rqcli.Execute")

	require.NoError(t, rq.Suspend(t.Context(), rdb, rq.Forever))
	got = work(t, rdb, adding, "--burst")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "suspended until `rq resume`")
	require.NoError(t, rq.Suspend(t.Context(), rdb, time.Hour))
	got = work(t, rdb, adding, "--burst")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Regexp(t, `suspended until \d{4}-\d\d-\d\dT`, got.Err)
	assert.Empty(t, rdb.Keys(t.Context(), "rq:worker*").Val(), "nothing was written")
}

// TestWorkersAreListedAndStopped has a worker run a job until it is told not to.
func TestWorkersAreListedAndStopped(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	running := make(chan struct{})
	h := rq.Handlers{"wait": rq.HandlerFunc(func(ctx context.Context, _ *rq.Job) (any, error) {
		close(running)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	})}
	name := "w-" + rq.NewQueue(rdb, "default").Name() + redistest.URL(rdb)[len("redis://"):]
	name = strings.NewReplacer("/", "-", ":", "-").Replace(name) // channels are shared by all databases
	ended := make(chan said, 1)
	go func() { ended <- work(t, rdb, h, "--name", name) }()
	_, err := rq.NewQueue(rdb, "default").Enqueue(ctx, rq.Call("wait"), rq.JobID("j"))
	require.NoError(t, err)
	<-running

	var list []workerData
	require.Eventually(t, func() bool {
		data(t, rdb, &list, "worker", "list", "--queue", "default")
		return len(list) == 1 && list[0].State == "busy"
	}, 10*time.Second, time.Millisecond)
	require.Len(t, list[0].Running, 1)
	assert.Equal(t, "j", list[0].Running[0].JobID)
	text := command(t, rdb, "worker", "list").Out
	assert.Contains(t, text, name+" busy on default\n")
	assert.Contains(t, text, "  running j for ")

	got := command(t, rdb, "worker", "stop", name, "nobody")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "nobody (`rq worker list` lists the workers)")
	assert.Empty(t, got.Out, "the other one is told nothing")
	require.Eventually(t, func() bool {
		return command(t, rdb, "worker", "stop", "--kill-horse", name).Code == 0
	}, 10*time.Second, 5*time.Millisecond) // until it listens
	require.Zero(t, command(t, rdb, "worker", "stop", "--all").Code)

	require.Zero(t, (<-ended).Code)
	assert.Equal(t, "failed", rdb.HGet(ctx, "rq:job:j", "status").Val())
	assert.Equal(t, "No workers\n", command(t, rdb, "worker", "list").Out)
}

func TestStoppingManyWorkersIsAsked(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	assert.Equal(t, said{0, "Nothing to do\n", ""}, command(t, rdb, "worker", "stop", "--all"))
	addWorker(t, rdb, "ann", "idle", "q")
	addWorker(t, rdb, "bob", "idle", "q")

	got := command(t, rdb, "worker", "stop", "--all")

	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "use --yes")
	got = command(t, rdb, "worker", "stop")
	assert.Equal(t, ExitUsage, got.Code)
	got = command(t, rdb, "worker", "stop", "-y", "ann", "bob")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "no such worker: ann") // they do not listen
}
