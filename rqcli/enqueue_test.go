package rqcli

import (
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// job fetches the job with the id j.
func job(t *testing.T, rdb *redis.Client) *rq.Job {
	t.Helper()
	j, err := rq.FetchJob(t.Context(), rdb, "j")
	require.NoError(t, err)
	return j
}

func TestEnqueue(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)

	got := command(t, rdb, "enqueue", "tasks.add", "1", ":2", "k%=(3,)", "--job-id", "j")

	assert.Equal(t, said{Out: "Enqueued tasks.add('1', 2, k=(3,)) with job-id 'j'.\n"}, got)
	j := job(t, rdb)
	call, err := j.Call()
	require.NoError(t, err)
	assert.Equal(t, "tasks.add('1', 2, k=(3,))", call.String())
	assert.Equal(t, "tasks.add('1', 2, k=(3,))", j.Description())
	assert.Equal(t, rq.StatusQueued, j.Status())
	assert.Equal(t, []string{"j"}, rdb.LRange(t.Context(), "rq:queue:default", 0, -1).Val())
}

func TestEnqueueSaysTheWholeCall(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	long := strings.Repeat("x", 100)

	got := command(t, rdb, "enqueue", "f", long, "--job-id=j")

	assert.Equal(t, "Enqueued f('"+long+"') with job-id 'j'.\n", got.Out)
	assert.Equal(t, "f('"+long+"')", job(t, rdb).Description())
}

func TestEnqueueWithEveryFlag(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)

	got := command(t, rdb, "enqueue", "-q", "high", "f", "--timeout", "1h", "--result-ttl=-1", "--ttl", "2d", "--failure-ttl", "0",
		"--description", "what", "--depends-on", "a", "--depends-on", "b,c-", "--job-id", "j", "--at-front", "--retry-max", "010",
		"--retry-interval", "1", "--retry-interval", " 2 ", "--quiet", "--", "-1", "--ttl")

	assert.Equal(t, ExitUsage, got.Code, got.Err) // b,c- is one id, and none
	got = command(t, rdb, "enqueue", "-q", "high", "f", "--timeout", "1h", "--result-ttl=-1", "--ttl", "2d", "--failure-ttl", "0",
		"--description", "what", "--depends-on", "a", "--depends-on", "b", "--job-id", "j", "--at-front", "--retry-max", "010",
		"--retry-interval", "1", "--retry-interval", " 2 ", "--quiet", "--", "-1", "--ttl")
	assert.Equal(t, said{}, got)
	for field, want := range map[string]string{
		"origin": "high", "timeout": "3600", "result_ttl": "-1", "ttl": "172800", "failure_ttl": "0", "description": "what",
		"dependency_ids": `["a", "b"]`, "retries_left": "10", "retry_intervals": "[1, 2]",
	} {
		assert.Equal(t, want, rdb.HGet(t.Context(), "rq:job:j", field).Val(), field)
	}
	call, err := job(t, rdb).Call()
	require.NoError(t, err)
	assert.Equal(t, "f('-1', '--ttl')", call.String())
}

func TestEnqueueAsData(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	var now, later, waiting enqueued

	data(t, rdb, &now, "enqueue", "f", ":1", "--description", "what")
	data(t, rdb, &later, "enqueue", "f", "--schedule-at", "2031-05-07T01:02:03", "-q", "low")
	data(t, rdb, &waiting, "enqueue", "f", "--depends-on", now.ID, "--fleet", "2.6.1")

	assert.Equal(t, "f(1)", now.Call)
	assert.Equal(t, "what", now.Description)
	assert.Equal(t, rq.StatusQueued, now.Status)
	require.NotNil(t, now.EnqueuedAt)
	assert.Nil(t, now.ScheduledFor)
	assert.Equal(t, rq.StatusScheduled, later.Status)
	assert.Equal(t, "low", later.Queue)
	assert.Nil(t, later.EnqueuedAt)
	assert.Equal(t, time.Date(2031, 5, 7, 1, 2, 3, 0, time.Local).Unix(), later.ScheduledFor.Unix())
	assert.Equal(t, float64(later.ScheduledFor.Unix()), rdb.ZScore(t.Context(), "rq:scheduled:low", later.ID).Val())
	assert.Equal(t, rq.StatusDeferred, waiting.Status)
	score := rdb.Do(t.Context(), "zscore", "rq:deferred:default", waiting.ID)
	assert.Contains(t, score.String(), "nf", "a fleet that old fails a job whose score has passed")
}

func TestEnqueueWritesNothingThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for _, tc := range []struct {
		args []string
		says string
	}{
		{nil, "give a function"},
		{[]string{""}, "function"},
		{[]string{"f", ":x"}, "1. non keyword argument: not JSON"},
		{[]string{"f", "a=1", "a=2"}, "keyword argument a: given twice"},
		{[]string{"f", "-1"}, `go after "--"`},
		{[]string{"f", "--nothing"}, `go after "--"`},
		{[]string{"f", "--ttl"}, "needs an argument"},
		{[]string{"f", "--ttl", "0"}, "ttl"},
		{[]string{"f", "--ttl", "-1"}, "ttl"},
		{[]string{"f", "--ttl", ""}, "--ttl"},
		{[]string{"f", "--timeout", "0"}, `--timeout "0": must be a duration, or -1 for no limit`},
		{[]string{"f", "--timeout", "-2"}, "--timeout"},
		{[]string{"f", "--result-ttl", "1w"}, "--result-ttl"},
		{[]string{"f", "--failure-ttl", "1.5"}, "--failure-ttl"},
		{[]string{"f", "--job-id", ""}, "job id"},
		{[]string{"f", "--job-id", "a:b"}, "job id"},
		{[]string{"f", "--depends-on", "a b"}, "job id"},
		{[]string{"f", "--description", "\xff"}, "description"},
		{[]string{"f", "\xff=1"}, "must be UTF-8"},
		{[]string{"\xff"}, "dotted path"},
		{[]string{"f", "--retry-max", "1.5"}, "--retry-max"},
		{[]string{"f", "--retry-max", "0x10"}, "--retry-max"},
		{[]string{"f", "--retry-max", "1", "--retry-interval", "-1"}, "retry interval"},
		{[]string{"f", "--retry-interval", "1,2"}, "--retry-interval"},
		{[]string{"f", "--retry-interval", "99999999999"}, "--retry-interval"},
		{[]string{"f", "--schedule-in", "soon"}, "--schedule-in"},
		{[]string{"f", "--schedule-at", "2031-05-07"}, "--schedule-at"},
		{[]string{"f", "--schedule-in", "1", "--schedule-at", "2031-05-07T01:02:03"}, "not both"},
		{[]string{"f", "--fleet", "1.0"}, "fleet"},
		{[]string{"f", "%{1}", "-S", "json"}, "write the call of f as json"},
		{[]string{"f", "-S", "yaml"}, "must be pickle or json"},
	} {
		got := command(t, rdb, append([]string{"enqueue"}, tc.args...)...)
		assert.Equal(t, ExitUsage, got.Code, "%q: %s", tc.args, got.Err)
		assert.Contains(t, got.Err, tc.says, "%q", tc.args)
		assert.Empty(t, got.Out, "%q", tc.args)
	}
	got := command(t, rdb, "enqueue", "f", "@/no/such/file")
	assert.Equal(t, ExitFailure, got.Code)
	assert.Contains(t, got.Err, "1. non keyword argument: open /no/such/file")
	assert.Zero(t, rdb.DBSize(t.Context()).Val())
}

func TestEnqueueDue(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	now := time.Date(2031, 1, 2, 3, 4, 5, 6, time.UTC)
	due := func(flag, value string) (time.Time, error) {
		var e enqueueing
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		e.flags(flags)
		require.NoError(t, flags.Set(flag, value))
		return e.due(flags, now, berlin)
	}
	for _, tc := range []struct {
		flag, value string
		want        time.Time
	}{
		{"job-id", "j", time.Time{}},
		{"schedule-in", "10", now.Add(10 * time.Second)},
		{"schedule-in", "2d", now.Add(48 * time.Hour)},
		{"schedule-in", "-5m", now.Add(-5 * time.Minute)},
		{"schedule-at", "2031-07-01T12:00:00", time.Date(2031, 7, 1, 10, 0, 0, 0, time.UTC)}, // in summer
		{"schedule-at", "2031-01-01T12:00:00", time.Date(2031, 1, 1, 11, 0, 0, 0, time.UTC)}, // in winter
		{"schedule-at", "2031-03-30T01:59:59", time.Date(2031, 3, 30, 0, 59, 59, 0, time.UTC)},
		{"schedule-at", "2031-03-30T02:30:00", time.Date(2031, 3, 30, 0, 30, 0, 0, time.UTC)}, // there is no such time
		{"schedule-at", "2031-03-30T03:00:00", time.Date(2031, 3, 30, 1, 0, 0, 0, time.UTC)},
		{"schedule-at", "2031-10-26T02:30:00", time.Date(2031, 10, 26, 0, 30, 0, 0, time.UTC)}, // there are two
		{"schedule-at", "2031-10-26T03:00:00", time.Date(2031, 10, 26, 2, 0, 0, 0, time.UTC)},
		{"schedule-at", "2031-7-1T1:2:3", time.Date(2031, 6, 30, 23, 2, 3, 0, time.UTC)},
	} {
		got, err := due(tc.flag, tc.value)
		require.NoError(t, err, tc.value)
		assert.True(t, tc.want.Equal(got), "%s: want %s, got %s", tc.value, tc.want, got)
	}
	for _, value := range []string{
		"", "2031-07-01 12:00:00", "2031-07-01T12:00", "2031-07-01T12:00:00Z", "2031-07-01T12:00:00+01:00", "2031-07-01T12:00:00.5",
		"2031-02-29T12:00:00", "2031-07-01T24:00:00", "31-07-01T12:00:00", "0000-07-01T12:00:00", " 2031-07-01T12:00:00",
	} {
		_, err := due("schedule-at", value)
		assert.Error(t, err, value)
	}
}
