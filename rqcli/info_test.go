package rqcli

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// addWorker writes what a worker says of itself.
func addWorker(t *testing.T, rdb *redis.Client, name, state string, queues ...string) {
	t.Helper()
	ctx := t.Context()
	require.NoError(t, rdb.SAdd(ctx, "rq:workers", "rq:worker:"+name).Err())
	for _, q := range queues {
		require.NoError(t, rdb.SAdd(ctx, "rq:workers:"+q, "rq:worker:"+name).Err())
	}
	require.NoError(t, rdb.HSet(ctx, "rq:worker:"+name, "state", state, "queues", strings.Join(queues, ","), "hostname", "host",
		"ip_address", "10.0.0.1", "pid", 7, "successful_job_count", 3, "failed_job_count", 1, "birth", "2026-01-02T03:04:05.000006Z").Err())
}

// someQueues makes a queue "low" of 2 jobs, one "high" of 30, and two workers.
func someQueues(t *testing.T) *redis.Client {
	t.Helper()
	ctx, rdb := t.Context(), redistest.New(t)
	for i := range 32 {
		name := "high"
		if i < 2 {
			name = "low"
		}
		_, err := rq.NewQueue(rdb, name).Enqueue(ctx, rq.Call("f", i), rq.JobID(fmt.Sprintf("j%d", i)))
		require.NoError(t, err)
	}
	far := float64(4e9)
	require.NoError(t, rdb.ZAdd(ctx, "rq:failed:low", redis.Z{Score: far, Member: "x"}, redis.Z{Score: 1, Member: "expired"}).Err())
	require.NoError(t, rdb.ZAdd(ctx, "rq:finished:low", redis.Z{Score: far, Member: "y"}, redis.Z{Score: -1, Member: "kept"}).Err())
	require.NoError(t, rdb.ZAdd(ctx, "rq:wip:high", redis.Z{Score: far, Member: "z:1"}).Err())
	addWorker(t, rdb, "ann", "busy", "high", "low")
	addWorker(t, rdb, "bob", "idle", "other")
	return rdb
}

func TestInfo(t *testing.T) {
	t.Parallel()
	rdb := someQueues(t)
	for _, c := range []struct{ args, want string }{
		{"-r", `queue high 30, 1 executing, 0 finished, 0 failed
queue low 2, 0 executing, 2 finished, 1 failed
worker ann (host 10.0.0.1 7) busy high, low. jobs: 3 finished, 1 failed
worker bob (host 10.0.0.1 7) idle other. jobs: 3 finished, 1 failed
`},
		{"-Q", `high         |████████████ 30, 1 executing, 0 finished, 0 failed
low          | 2, 0 executing, 2 finished, 1 failed
2 queues, 32 jobs total
`},
		{"-W -R", `high: ann (busy)
low:  ann (busy)
2 workers, 2 queues
`},
		{"low nobody", `low          |██ 2, 0 executing, 2 finished, 1 failed
nobody       | 0, 0 executing, 0 finished, 0 failed
2 queues, 2 jobs total

ann (host 10.0.0.1 7): busy high, low. jobs: 3 finished, 1 failed
1 workers, 2 queues

Updated: …
`},
		{"-W -R other nobody", `other:  bob (idle)
nobody: –
1 workers, 2 queues
`},
	} {
		got := command(t, rdb, append([]string{"info"}, strings.Fields(c.args)...)...)
		require.Zero(t, got.Code, got.Err)
		out := regexp.MustCompile(`Updated: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}`).ReplaceAllString(got.Out, "Updated: …")
		assert.Equal(t, c.want, out, c.args)
	}
}

func TestInfoAsJSON(t *testing.T) {
	t.Parallel()
	var got overview
	data(t, someQueues(t), &got, "info")

	assert.Equal(t, []queueData{
		{Name: "high", Queued: 30, Started: 1, Workers: 1}, {Name: "low", Queued: 2, Finished: 2, Failed: 1, Workers: 1},
	}, got.Queues)
	require.Len(t, got.Workers, 2)
	assert.Equal(t, "ann", got.Workers[0].Name)
	assert.Equal(t, []string{"high", "low"}, got.Workers[0].Queues)
	assert.False(t, got.Updated.IsZero())
}

// TestInfoAgainAndAgain has it shown until an interrupt, which is no failure.
func TestInfoAgainAndAgain(t *testing.T) {
	t.Parallel()
	rdb := someQueues(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &endingWriter{after: 3, end: cancel}
	root := New(nil)
	root.SetArgs([]string{"--url", redistest.URL(rdb), "info", "-Q", "-i", "0.01"})
	root.SetOut(out)
	root.SetErr(out)

	require.Zero(t, report(root.ExecuteContextC(ctx)))

	assert.GreaterOrEqual(t, strings.Count(out.text.String(), "2 queues, 32 jobs total"), 3)
}

// An endingWriter calls end when it was written to so many times.
type endingWriter struct {
	text  strings.Builder
	after int
	end   func()
}

func (w *endingWriter) Write(p []byte) (int, error) {
	if w.after--; w.after == 0 {
		w.end()
	}
	return w.text.Write(p)
}

// TestInfoOfMany has a thousand queues and workers read in few round trips.
func TestInfoOfMany(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	pipe := rdb.Pipeline()
	for i := range 1000 {
		name := fmt.Sprintf("q%d", i)
		pipe.SAdd(ctx, "rq:queues", "rq:queue:"+name)
		pipe.RPush(ctx, "rq:queue:"+name, "j")
		pipe.SAdd(ctx, "rq:workers", "rq:worker:"+name)
		pipe.SAdd(ctx, "rq:workers:"+name, "rq:worker:"+name)
		pipe.HSet(ctx, "rq:worker:"+name, "queues", name, "state", "idle")
	}
	_, err := pipe.Exec(ctx)
	require.NoError(t, err)

	got := command(t, rdb, "info")

	assert.Contains(t, got.Out, "1000 queues, 1000 jobs total")
	assert.Contains(t, got.Out, "1000 workers, 1000 queues")
}
