package rq

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
)

// TestThePasswordChangesWhileAJobRuns changes the password of a worker's user and kills
// its connections while a job runs and others wait. The program learns the new password
// only after the worker has been refused with the old one. What came of the job is kept
// until it can be written, and the work goes on.
func TestThePasswordChangesWhileAJobRuns(t *testing.T) {
	t.Parallel()
	ctx, admin := t.Context(), ownServer(t)
	app := asUser(t, admin, "~*", "&*", "+@all")
	opts := *app.Options()
	var known atomic.Value
	known.Store("p")
	opts.Username, opts.Password = "", ""
	opts.CredentialsProvider = func() (string, string) { return "app", known.Load().(string) }
	rotating := redis.NewClient(&opts)
	t.Cleanup(func() { _ = rotating.Close() })
	runs, begun, goOn := atomic.Int64{}, make(chan struct{}, 4), make(chan struct{})
	h := Handlers{"f": Func(func() int {
		begun <- struct{}{}
		<-goOn
		return int(runs.Add(1))
	})}
	var jobs []*Job
	for range 3 {
		j, err := NewQueue(admin, "default").Enqueue(ctx, Call("f"))
		require.NoError(t, err)
		jobs = append(jobs, j)
	}
	log := new(logBook)
	w := startWorker(t, rotating, h, WorkerConfig{JobMonitoringInterval: time.Second, Logger: log.logger()})
	<-begun

	require.NoError(t, admin.Do(ctx, "acl", "setuser", "app", "resetpass", ">q").Err())
	require.NoError(t, admin.ClientKillByFilter(ctx, "USER", "app").Err())
	close(goOn) // the first job has ended, and cannot be settled
	require.Eventually(t, func() bool { return runs.Load() == 1 }, 10*time.Second, time.Millisecond)
	refused := func() bool {
		return strings.Count(log.String(), "settle jobs") >= 3 && strings.Contains(log.String(), "WRONGPASS")
	}
	require.Eventually(t, refused, 10*time.Second, 5*time.Millisecond)
	assert.Equal(t, "started", admin.HGet(ctx, keys.Job(jobs[0].ID()), "status").Val())
	known.Store("q")

	for i, j := range jobs {
		n, err := Await[int](ctx, j)
		require.NoError(t, err)
		assert.Equal(t, i+1, n, "in order, and each once")
	}
	w.untilItWaits(t)
	j, err := NewQueue(admin, "default").Enqueue(ctx, Call("f"))
	require.NoError(t, err)
	_, err = Await[int](ctx, j)
	require.NoError(t, err)
	w.stop(t)
	assert.EqualValues(t, 4, runs.Load())
	assertNoExecutions(t, admin)
}
