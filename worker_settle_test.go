package rq

import (
	"context"
	"regexp"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// A heldJob is a job that runs until the test says so.
type heldJob struct {
	*testWorker
	runs atomic.Int64
	goOn chan struct{}
}

// holdJob has a worker run a job.
func holdJob(t *testing.T, rdb, through *redis.Client) *heldJob {
	t.Helper()
	j := &heldJob{goOn: make(chan struct{})}
	running := make(chan struct{}, 10)
	h := Handlers{"f": HandlerFunc(func(context.Context, *Job) (any, error) {
		j.runs.Add(1)
		running <- struct{}{}
		<-j.goOn
		return 42, nil
	})}
	_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"), JobID("j"))
	require.NoError(t, err)
	j.testWorker = startWorker(t, through, h, WorkerConfig{})
	wait(t, running)
	return j
}

// finishes checks that what came of the job is written, once.
func (j *heldJob) finishes(t *testing.T, rdb *redis.Client) {
	t.Helper()
	require.Eventually(t, func() bool { return rdb.HGet(t.Context(), keys.Job("j"), "status").Val() == "finished" }, 20*time.Second, 2*time.Millisecond)
	job, err := FetchJob(t.Context(), rdb, "j")
	require.NoError(t, err)
	value, err := ResultOf[int](t.Context(), job)
	require.NoError(t, err)
	assert.Equal(t, 42, value)
	assert.EqualValues(t, 1, rdb.XLen(t.Context(), keys.Results("j")).Val())
	assert.EqualValues(t, 1, j.runs.Load())
	j.stop(t)
	assertNoExecutions(t, rdb)
}

// TestErrorsAtSettle has the server refuse, for a while and in many words, to settle a
// job: what came of it is kept until it is written.
func TestErrorsAtSettle(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"ERR something new", "SOMETHING NEW", "NOPERM this user has no permissions to run the 'evalsha' command",
		"NOAUTH Authentication required.", "OOM command not allowed when used memory > 'maxmemory'.",
		"MISCONF Redis is configured to save RDB snapshots", "BUSY Redis is busy running a script.",
		"READONLY You can't write against a read only replica.", "ERR Error running script: @user_script:3: something new",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			c, beside, gate := gated(t)
			j := holdJob(t, beside, c)
			var refused atomic.Int64
			gate.Set(func(_ int, args []string) redistest.Answer {
				if !isSettle(args) || refused.Load() == 4 {
					return redistest.Answer{}
				}
				refused.Add(1)
				return redistest.Answer{Error: text}
			})

			close(j.goOn)

			j.finishes(t, beside)
			assert.EqualValues(t, 4, refused.Load(), "it was refused so often before")
		})
	}
}

// TestPermissionsAtSettle takes the permissions of a worker away while a job runs, and
// gives them back after the worker has been refused some times.
func TestPermissionsAtSettle(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ refuse, allow []any }{
		"NOPERM":    {[]any{"app", "-@all"}, []any{"app", "+@all"}},
		"WRONGPASS": {[]any{"app", "resetpass", ">new"}, []any{"app", ">p"}},
		"NOAUTH":    {[]any{"default", "resetpass", ">new"}, []any{"default", "nopass"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), ownServer(t)
			admin := asUser(t, rdb, "~*", "&*", "+@all")
			require.NoError(t, admin.Do(ctx, "acl", "setuser", "admin", "on", ">a", "~*", "&*", "+@all").Err())
			opts := *rdb.Options()
			opts.Username, opts.Password = "admin", "a"
			admin = redis.NewClient(&opts)
			defer admin.Close()
			through := rdb
			if c.refuse[0] == "app" {
				through = asUser(t, rdb, "~*", "&*", "+@all")
			}
			j := holdJob(t, admin, through)
			require.NoError(t, admin.Do(ctx, append([]any{"acl", "setuser"}, c.refuse...)...).Err())
			require.NoError(t, admin.Do(ctx, "client", "kill", "type", "normal").Err())

			close(j.goOn)

			require.Eventually(t, func() bool { return timesRefused(t, admin, name) >= 4 }, 20*time.Second, 2*time.Millisecond)
			assert.Equal(t, "started", admin.HGet(ctx, keys.Job("j"), "status").Val())
			require.NoError(t, admin.Do(ctx, append([]any{"acl", "setuser"}, c.allow...)...).Err())
			j.finishes(t, admin)
		})
	}
}

// timesRefused returns how often a server has refused something with an error code.
func timesRefused(t *testing.T, rdb *redis.Client, code string) int {
	t.Helper()
	m := regexp.MustCompile(`errorstat_` + code + `:count=(\d+)`).FindStringSubmatch(rdb.Info(t.Context(), "errorstats").Val())
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1])
	require.NoError(t, err)
	return n
}
