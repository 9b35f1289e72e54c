package rqcli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// A stockError has a name of its own, as Python exceptions have.
type stockError struct{ item string }

func (e *stockError) Error() string { return "no " + e.item + "\nask again" }

var shop = rq.Handlers{
	"shop.hello": rq.HandlerFunc(func(context.Context, *rq.Job) (any, error) { return "hello", nil }),
	"shop.pair":  rq.HandlerFunc(func(context.Context, *rq.Job) (any, error) { return rq.Tuple{1, time.Unix(0, 0).UTC()}, nil }),
	"shop.sell":  rq.Func(func(item string) error { return &stockError{item} }, "item"),
	"shop.pack":  rq.HandlerFunc(func(context.Context, *rq.Job) (any, error) { return nil, errors.New("no boxes") }),
}

// enqueue puts a job in the queue q.
func enqueue(t *testing.T, rdb *redis.Client, id, function string, args ...any) {
	t.Helper()
	_, err := rq.NewQueue(rdb, "q").Enqueue(t.Context(), rq.Call(function, args...), rq.JobID(id))
	require.NoError(t, err)
}

// ran returns a database in which the shop's functions have run.
func ran(t *testing.T) *redis.Client {
	t.Helper()
	rdb := redistest.Real(t)
	enqueue(t, rdb, "hello", "shop.hello")
	enqueue(t, rdb, "pair", "shop.pair")
	for i := range 3 {
		enqueue(t, rdb, fmt.Sprintf("sell%d", i), "shop.sell", "tea")
	}
	require.Zero(t, work(t, rdb, shop, "q", "--burst", "--quiet").Code)
	enqueue(t, rdb, "pack", "shop.pack") // last, also by a clock of milliseconds
	require.Zero(t, work(t, rdb, shop, "q", "--burst", "--quiet").Code)
	return rdb
}

func TestJobShow(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ran(t)
	q := rq.NewQueue(rdb, "q")
	_, err := q.Enqueue(ctx, rq.Call("shop.sell", "tea", rq.Kw("n", 2)), rq.JobID("a"), rq.Meta(map[string]any{"by": "ann"}),
		rq.ResultTTL(rq.Forever), rq.TTL(90*time.Second), rq.Retry{Max: 3}, rq.Description("sells"), rq.Group("g"))
	require.NoError(t, err)
	_, err = q.Enqueue(ctx, rq.Call("f"), rq.JobID("b"), rq.DependsOn("a"))
	require.NoError(t, err)

	out := command(t, rdb, "job", "show", "a").Out
	for _, line := range []string{
		"id           a\n", "status       queued\n", "call         shop.sell('tea', n=2)\n", "description  sells\n", "queue        q\n",
		"position     0 jobs ahead\n", "timeout      180 s\n", "ttl          90 s\n", "result ttl   for ever\n", "retries left 3\n", "group        g\n",
		"dependents   b\n", `meta         {"by": "ann"}` + "\n", "(0s ago)\n",
	} {
		assert.Contains(t, out, line)
	}
	assert.Contains(t, command(t, rdb, "job", "show", "b").Out, "depends on   a\n")
	assert.Contains(t, command(t, rdb, "job", "show", "sell0").Out, "\nTraceback (most recent call last):\n")

	var got jobData
	data(t, rdb, &got, "job", "show", "a")
	assert.Equal(t, "queued", got.Status)
	assert.JSONEq(t, `{"by": "ann"}`, string(got.Meta))
	assert.InDelta(t, -1, *got.ResultTTL, 0)
	assert.Equal(t, []string{"b"}, got.Dependents)
	assert.Nil(t, got.FailureTTL)
}

func TestJobShowWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	require.NoError(t, rdb.HSet(t.Context(), "rq:job:odd", "data", "?", "created_at", "yesterday", "origin", "q").Err())

	got := command(t, rdb, "job", "show", "odd")

	require.Zero(t, got.Code, got.Err)
	assert.Contains(t, got.Out, "call         ? (")
	assert.Contains(t, got.Out, "malformed    ")
	got = command(t, rdb, "job", "show", "never")
	assert.Equal(t, said{ExitFailure, "", "rq: no such job: never\n"}, got)
}

func TestJobResult(t *testing.T) {
	t.Parallel()
	rdb := ran(t)
	enqueue(t, rdb, "waits", "f")

	assert.Equal(t, said{0, "hello\n", ""}, command(t, rdb, "job", "result", "hello"))
	assert.Equal(t, said{0, "(1, datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))\n", ""}, command(t, rdb, "job", "result", "pair"))
	got := command(t, rdb, "job", "result", "sell0")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Out, "stockError: no tea")
	assert.Empty(t, got.Err)
	assert.Equal(t, said{ExitFailure, "", "rq: job waits has no result: its status is queued\n"}, command(t, rdb, "job", "result", "waits"))

	var one resultData
	data(t, rdb, &one, "job", "result", "pair")
	assert.Equal(t, "successful", one.Type)
	assert.JSONEq(t, `"(1, datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc))"`, string(one.Value))
	data(t, rdb, &one, "job", "result", "hello")
	assert.JSONEq(t, `"hello"`, string(one.Value))

	require.Zero(t, command(t, rdb, "job", "requeue", "sell0").Code)
	require.Zero(t, work(t, rdb, rq.Handlers{"shop.sell": shop["shop.hello"], "f": shop["shop.hello"]}, "q", "--burst", "--quiet").Code)
	var all []resultData
	data(t, rdb, &all, "job", "result", "--all", "sell0")
	require.Len(t, all, 2)
	assert.Equal(t, "successful", all[0].Type)
	assert.Equal(t, "failed", all[1].Type)
	assert.Contains(t, command(t, rdb, "job", "result", "-a", "sell0").Out, " failed\nTraceback")
}

func TestJobsAreChanged(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ran(t)
	q := rq.NewQueue(rdb, "q")
	enqueue(t, rdb, "a", "f")
	enqueue(t, rdb, "b", "f")

	got := command(t, rdb, "job", "cancel", "a", "never", "b")
	assert.Equal(t, said{ExitFailure, "", "no such job: never\nUnable to cancel 1 jobs\n"}, got)
	n, err := q.Canceled().Count(ctx)
	require.NoError(t, err)
	assert.Equal(t, 2, n)

	got = command(t, rdb, "job", "requeue", "sell0", "hello", "never")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "requeue job hello")
	assert.Contains(t, got.Err, "Unable to requeue 2 jobs\n")
	ids, err := q.JobIDs(ctx, 0, -1)
	require.NoError(t, err)
	assert.Equal(t, []string{"sell0"}, ids)

	got = command(t, rdb, "job", "delete", "a", "b")
	assert.Equal(t, said{ExitFailure, "", "rq: Delete 2 jobs: use --yes to confirm, there is no terminal to ask on\n"}, got)
	var report struct{ Done int }
	data(t, rdb, &report, "job", "delete", "-y", "a", "b")
	assert.Equal(t, 2, report.Done)
	assert.Zero(t, command(t, rdb, "job", "delete", "hello").Code)
	assert.Zero(t, rdb.Exists(ctx, "rq:job:a", "rq:job:b", "rq:job:hello").Val())

	got = command(t, rdb, "job", "stop", "sell1", "never")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "stop job sell1")
	assert.Contains(t, got.Err, "Unable to stop 2 jobs\n")
}

func TestFailed(t *testing.T) {
	t.Parallel()
	rdb := ran(t)

	var got []*failure
	data(t, rdb, &got, "failed", "q")

	require.Len(t, got, 2)
	assert.Equal(t, "pack", got[0].JobID, "the newest comes first")
	latest := got[1].Latest
	assert.WithinDuration(t, time.Now(), latest, time.Minute)
	got[1].Latest = time.Time{}
	assert.Equal(t, &failure{Exception: "stockError", Function: "shop.sell", Count: 3, Queues: []string{"q"}, JobID: "sell2", Message: "no tea"}, got[1])

	out := command(t, rdb, "failed").Out
	assert.Contains(t, out, "     1  0s      error: no boxes\n                shop.pack in q, latest pack\n")
	assert.Contains(t, out, "     3  0s      stockError: no tea\n                shop.sell in q, latest sell2\n4 failed jobs, 2 kinds\n")
	for line := range strings.Lines(out) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80)
	}
	no := "no queue \"other\" (`rq queue list` lists the queues)\n"
	assert.Equal(t, said{ExitFailure, "", "rq: " + no}, command(t, rdb, "failed", "other"))
	assert.Equal(t, said{ExitFailure, "", "rq: " + no}, command(t, rdb, "worker", "list", "--queue", "other"))
	assert.Equal(t, said{0, "Nothing to do\n", no}, command(t, rdb, "requeue", "--queue", "other", "--all"))
	require.NoError(t, rdb.SAdd(t.Context(), "rq:queues", "rq:queue:other").Err())
	assert.Equal(t, "No failed jobs\n", command(t, rdb, "failed", "other").Out)
}

func TestLastWords(t *testing.T) {
	t.Parallel()
	const top = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    x: y()\n"
	tests := []struct{ exc, exception, message string }{
		{top + "ZeroDivisionError: division by zero\n", "ZeroDivisionError", "division by zero"},
		{top + "a.b.Error: x: y\nnext: line\n", "Error", "x: y"},
		{top + "KeyboardInterrupt\n", "KeyboardInterrupt", ""},
		{top + "ValueError: one\n\nDuring handling of the above exception, another exception occurred:\n\n" + top + "KeyError: 'two'\n", "KeyError", "'two'"},
		{"Moved to FailedJobRegistry, due to AbandonedJobError, at 2026", "?", "Moved to FailedJobRegistry, due to AbandonedJobError, at 2026"},
		{"Work-horse terminated unexpectedly; waitpid returned 9: x", "?", "Work-horse terminated unexpectedly; waitpid returned 9: x"},
		{"", "?", ""},
	}
	for _, tt := range tests {
		exception, message := lastException(tt.exc)
		assert.Equal(t, tt.exception, exception, tt.exc)
		assert.Equal(t, tt.message, message, tt.exc)
	}
}
