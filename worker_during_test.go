package rq

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// A logBook is a logger's output that can be read while it is written.
type logBook struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines returns the lines that have this text.
func (b *logBook) lines(of string) (found []string) {
	for line := range strings.Lines(b.String()) {
		if strings.Contains(line, of) {
			found = append(found, line)
		}
	}
	return found
}

func (b *logBook) logger() *slog.Logger { return slog.New(slog.NewTextHandler(b, nil)) }

// A during is a worker in the middle of a job that takes as long as a test likes.
type during struct {
	*testWorker
	job      *Job
	log      logBook
	goOn     chan struct{} // lets the function return
	causes   chan error    // why its context has ended
	callback chan string
}

func runDuring(t *testing.T, opts ...EnqueueOption) *during {
	t.Helper()
	rdb := redistest.New(t)
	d := &during{goOn: make(chan struct{}), causes: make(chan error, 1), callback: make(chan string, 10)}
	running := make(chan struct{})
	d.testWorker = startWorker(t, rdb, Handlers{
		"f": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
			close(running)
			select {
			case <-d.goOn:
				return 1, nil
			case <-ctx.Done():
				d.causes <- context.Cause(ctx)
				return nil, context.Cause(ctx)
			}
		}),
		"ok":      HandlerFunc(func(context.Context, *Job) (any, error) { d.callback <- "ok"; return nil, nil }),
		"stopped": HandlerFunc(func(context.Context, *Job) (any, error) { d.callback <- "stopped"; return nil, nil }),
	}, WorkerConfig{Name: uuid.NewString(), JobMonitoringInterval: time.Second, Logger: d.log.logger()})
	var err error
	opts = append(opts, OnSuccess(Callback{Func: "ok"}), OnStopped(Callback{Func: "stopped"}))
	d.job, err = NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"), opts...)
	require.NoError(t, err)
	<-running
	return d
}

// beats waits until two heartbeats have been sent since now.
func (d *during) beats(t *testing.T) {
	t.Helper()
	for range 2 {
		before := d.field(t, "last_heartbeat")
		require.Eventually(t, func() bool { return d.field(t, "last_heartbeat") != before }, 10*time.Second, 5*time.Millisecond)
	}
}

func (d *during) field(t *testing.T, name string) string {
	t.Helper()
	return d.rdb.HGet(t.Context(), keys.Worker(d.Name()), name).Val()
}

func (d *during) isIdle(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return d.field(t, "state") == "idle" }, 10*time.Second, 5*time.Millisecond)
}

func TestCancelOfARunningJob(t *testing.T) {
	t.Parallel()
	ctx, d := t.Context(), runDuring(t)

	require.NoError(t, d.job.Cancel(ctx))
	d.beats(t)

	running, err := d.job.Executions(ctx)
	require.NoError(t, err)
	assert.Len(t, running, 1, "its heartbeats come")
	assert.Empty(t, d.causes, "its context has not ended")
	close(d.goOn)
	d.isIdle(t)
	assert.Equal(t, "ok", <-d.callback)
	value, err := d.job.ReturnValue(ctx)
	require.NoError(t, err)
	assert.EqualValues(t, 1, value)
	require.NoError(t, d.job.Refresh(ctx))
	assert.Equal(t, StatusFinished, d.job.Status())
	assert.Equal(t, "1", d.field(t, "successful_job_count"))
	assert.NotZero(t, d.rdb.ZScore(ctx, keys.Finished("default"), d.job.ID()).Val())
}

func TestStopOfACanceledJobThatRuns(t *testing.T) {
	t.Parallel()
	ctx, d := t.Context(), runDuring(t)

	require.NoError(t, d.job.Cancel(ctx))
	d.beats(t)
	require.NoError(t, SendStopJob(ctx, d.rdb, d.job.ID()))

	assert.ErrorIs(t, <-d.causes, errStopped)
	assert.Equal(t, "stopped", <-d.callback)
	d.isIdle(t)
	require.NoError(t, d.job.Refresh(ctx))
	assert.Equal(t, StatusStopped, d.job.Status())
	assert.Equal(t, "1", d.field(t, "failed_job_count"))
}

func TestDeletionOfARunningJob(t *testing.T) {
	t.Parallel()
	for _, opts := range [][]EnqueueOption{nil, {RateLimit{Key: "k", Concurrency: 1}}} {
		ctx, d := t.Context(), runDuring(t, opts...)

		require.NoError(t, d.job.Delete(ctx))

		assert.ErrorIs(t, <-d.causes, errNotOwner)
		d.isIdle(t)
		d.assertDeleted(t)
		assert.Equal(t, "1", d.field(t, "failed_job_count"))
		d.stop(t)
	}
}

// TestDeletionOfAJobThatIsNearlyDone has the function return before a heartbeat
// tells the worker.
func TestDeletionOfAJobThatIsNearlyDone(t *testing.T) {
	t.Parallel()
	ctx, d := t.Context(), runDuring(t)

	require.NoError(t, d.job.Delete(ctx))
	close(d.goOn)

	d.isIdle(t)
	d.assertDeleted(t)
	assert.Equal(t, "1", d.field(t, "successful_job_count"))
}

// assertDeleted checks that nothing is left of the job, and that the log says so.
func (d *during) assertDeleted(t *testing.T) {
	t.Helper()
	left, err := d.rdb.Keys(t.Context(), "*"+d.job.ID()+"*").Result()
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Eventually(t, func() bool {
		return strings.Contains(d.log.String(), "it was deleted while it ran") && strings.Contains(d.log.String(), d.job.ID())
	}, 10*time.Second, 5*time.Millisecond, "the log says so")
	assert.ErrorIs(t, d.rdb.ZScore(t.Context(), keys.Started("default"), d.job.ID()).Err(), redis.Nil)
}
