package rq

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/scripts"
)

// leaveStarted leaves a job as a worker does that was killed while it ran it, some
// time ago.
func leaveStarted(t *testing.T, rdb *redis.Client, id string, opts ...EnqueueOption) {
	t.Helper()
	ctx := t.Context()
	_, err := NewQueue(rdb, "default").Enqueue(ctx, Call("f"), append(opts, JobID(id))...)
	require.NoError(t, err)
	rdb.LRem(ctx, keys.Queue("default"), 0, id)
	rdb.HSet(ctx, keys.Job(id), "status", "started", "worker_name", "dead")
	rdb.ZAdd(ctx, keys.Started("default"), zs(id+":"+hexID("e"), time.Now().Unix()-1))
	rdb.ZAdd(ctx, keys.Executions(id), zs(hexID("e"), time.Now().Unix()+59))
}

// abandonerOf returns the abandoner of a worker that does nothing else.
func abandonerOf(t *testing.T, rdb *redis.Client, handlers Handlers, cfg WorkerConfig) (a *abandoner, stop func()) {
	t.Helper()
	cfg.Logger = quiet
	w, err := NewWorker(rdb, handlers, cfg)
	require.NoError(t, err)
	r, err := w.newRun()
	require.NoError(t, err)
	r.jobs, r.cancelJobs = context.WithCancelCause(context.Background())
	r.hooks = newWebhookSender(quiet)
	r.runner = &jobRunner{executor: r.executor(), out: r.out, jobs: r.jobs}
	a = r.abandoner()
	stop = sync.OnceFunc(func() { r.cancelJobs(errShutdown); a.wait(); r.hooks.close(t.Context()); r.close() })
	t.Cleanup(stop)
	return a, stop
}

// holdEnds lets the time go by after which a job that was taken over is abandoned
// again.
func holdEnds(t *testing.T, rdb *redis.Client, id string) {
	t.Helper()
	for _, execution := range zsetOf(t, rdb, keys.Executions(id)) {
		rdb.Del(t.Context(), keys.Execution(id, execution))
		rdb.ZAddXX(t.Context(), keys.Started("default"), zs(id+":"+execution, 1))
	}
}

// TestManySweepersTellOnce: however many workers look for abandoned jobs at once,
// one calls the callback of each, and the job fails once.
func TestManySweepersTellOnce(t *testing.T) {
	t.Parallel()
	const jobs = 40
	rdb, c := redistest.Real(t), new(calls)
	for i := range jobs {
		leaveStarted(t, rdb, fmt.Sprint("j", i), OnFailure(Callback{Func: "bad"}))
		leaveStarted(t, rdb, fmt.Sprint("k", i), Retry{Max: 1})
	}
	handlers := Handlers{"bad": HandlerFunc(func(_ context.Context, j *Job) (any, error) {
		c.note(j.ID())
		return nil, nil
	})}
	var sweeping sync.WaitGroup
	for range 4 {
		a, _ := abandonerOf(t, rdb, handlers, WorkerConfig{})
		sweeping.Go(func() {
			for len(zsetOf(t, rdb, keys.Started("default"))) > 0 {
				assert.NoError(t, a.sweep(t.Context(), "default"))
				a.wait()
			}
		})
	}
	sweeping.Wait()

	slices.Sort(c.list)
	assert.Len(t, slices.Compact(c.list), jobs)
	assert.Len(t, c.list, jobs)
	assert.Len(t, zsetOf(t, rdb, keys.Failed("default")), jobs)
	assert.Len(t, listOf(t, rdb, keys.Queue("default")), jobs)
	for i := range jobs {
		assert.EqualValues(t, 1, rdb.XLen(t.Context(), keys.Results(fmt.Sprint("j", i))).Val())
	}
	assertNoExecutions(t, rdb)
}

// TestASweeperThatDies between the callbacks of a job and its end: the next one calls
// them again, and ends it.
func TestASweeperThatDies(t *testing.T) {
	t.Parallel()
	rdb, c := redistest.Real(t), new(calls)
	leaveStarted(t, rdb, "j", OnFailure(Callback{Func: "bad"}))
	handlers := Handlers{"bad": c.callback("bad")}
	first, _ := abandonerOf(t, rdb, handlers, WorkerConfig{})
	first.failed = func(*execution, string) outcome {
		runtime.Goexit() // as far as anybody can see, it has died
		return outcome{}
	}
	second, _ := abandonerOf(t, rdb, handlers, WorkerConfig{})
	require.NoError(t, first.sweep(t.Context(), "default"))
	first.wait()
	require.NoError(t, second.sweep(t.Context(), "default"))
	second.wait()
	require.Equal(t, "started", rdb.HGet(t.Context(), keys.Job("j"), "status").Val(), "it is still the first one's")

	holdEnds(t, rdb, "j")
	require.NoError(t, second.sweep(t.Context(), "default"))
	second.wait()

	assert.Equal(t, slices.Repeat([]string{"bad failed " + ErrAbandoned.Error()}, 2), c.list)
	assert.Equal(t, "failed", rdb.HGet(t.Context(), keys.Job("j"), "status").Val())
	assertNoExecutions(t, rdb)
}

// TestAWorkerThatEndsDuringACallback of an abandoned job leaves the job to others at
// once.
func TestAWorkerThatEndsDuringACallback(t *testing.T) {
	t.Parallel()
	rdb, c := redistest.Real(t), new(calls)
	leaveStarted(t, rdb, "j", OnFailure(Callback{Func: "bad"}))
	began := make(chan bool)
	first, stop := abandonerOf(t, rdb, Handlers{"bad": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		close(began)
		<-ctx.Done()
		return nil, ctx.Err()
	})}, WorkerConfig{})
	require.NoError(t, first.sweep(t.Context(), "default"))
	<-began
	stop()

	second, _ := abandonerOf(t, rdb, Handlers{"bad": c.callback("bad")}, WorkerConfig{})
	require.NoError(t, second.sweep(t.Context(), "default"))
	second.wait()

	assert.Len(t, c.list, 1)
	assert.Equal(t, "failed", rdb.HGet(t.Context(), keys.Job("j"), "status").Val())
}

// TestAPausedWorkerHasLostItsJob while the callbacks of the one that took it over run.
func TestAPausedWorkerHasLostItsJob(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	leaveStarted(t, rdb, "j", OnFailure(Callback{Func: "bad"}))
	a, _ := abandonerOf(t, rdb, Handlers{"bad": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		members := rdb.ZRange(ctx, keys.Started("default"), 0, -1).Val()
		if len(members) != 1 || members[0] == "j:"+hexID("e") {
			return nil, errors.New("the entry is the old worker's")
		}
		return nil, rdb.Set(ctx, "called", 1, 0).Err()
	})}, WorkerConfig{})

	require.NoError(t, a.sweep(t.Context(), "default"))
	a.wait()

	assert.EqualValues(t, 1, rdb.Exists(t.Context(), "called").Val())
}

// TestSlowCallbacksKeepNoOtherJob from being failed, and not more of them run than
// may.
func TestSlowCallbacksKeepNoOtherJob(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	for i := range 2 * abandonedMost {
		leaveStarted(t, rdb, fmt.Sprint("slow", i), OnFailure(Callback{Func: "slow"}))
	}
	leaveStarted(t, rdb, "plain")
	began, end := make(chan bool, 3*abandonedMost), make(chan bool)
	a, _ := abandonerOf(t, rdb, Handlers{"slow": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		began <- true
		<-end
		return nil, nil
	})}, WorkerConfig{})

	require.NoError(t, a.sweep(t.Context(), "default"))

	assert.Equal(t, []string{"plain"}, zsetOf(t, rdb, keys.Failed("default")))
	for range abandonedMost {
		<-began
	}
	assert.Empty(t, began)
	close(end)
	a.wait()
	require.NoError(t, a.sweep(t.Context(), "default"))
	a.wait()
	assert.Len(t, zsetOf(t, rdb, keys.Failed("default")), 2*abandonedMost+1)
}

// TestALostReplyToASettlementOfAnAbandonedJob: it is settled once, and its webhook is
// sent.
func TestALostReplyToASettlementOfAnAbandonedJob(t *testing.T) {
	t.Parallel()
	rdb, s := ownServer(t), newHookServer(t)
	settle := func(id string, through *redis.Client) {
		leaveStarted(t, rdb, id, Webhook{URL: s.URL + "/" + id, JobStatus: StatusFailed})
		a, stop := abandonerOf(t, through, nil, WorkerConfig{})
		require.NoError(t, a.sweep(t.Context(), "default"))
		stop()
	}
	settle("first", rdb) // the server learns the scripts
	through, hit := losing(t, rdb, isSettle, redistest.Answer{Lose: true})

	settle("second", through)

	wait(t, hit)
	assert.EqualValues(t, 1, rdb.XLen(t.Context(), keys.Results("second")).Val())
	assert.Equal(t, []string{"GET /first", "GET /second"}, s.lines())
}

// TestAbandonedJobsOfOddIDs: the ids of RQ 1 may hold colons.
func TestAbandonedJobsOfOddIDs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	started := func(id, entry string) {
		placeJob(t, rdb, id, "started", "created_at", "2026-01-02T03:04:05.000000Z")
		rdb.ZAdd(ctx, keys.Started("q"), zs(entry, 1))
	}
	started("deploy:42", "deploy:42:"+hexID("e"))
	a, _ := abandonerOf(t, rdb, nil, WorkerConfig{})
	require.NoError(t, a.sweep(ctx, "q"))
	started("deploy:43", "deploy:43")
	started("plain", "plain:"+hexID("e"))
	old, _ := abandonerOf(t, rdb, nil, WorkerConfig{Fleet: "1.16"})
	require.NoError(t, old.sweep(ctx, "q"))

	assert.Equal(t, []string{"deploy:42", "deploy:43", "plain"}, zsetOf(t, rdb, keys.Failed("q")))
	assert.Empty(t, zsetOf(t, rdb, keys.Started("q")))
}

// TestAStuckJobLeavesTheIntermediateQueueBeforeItsEnd, since RQ's maintenance would
// fail it there once more.
func TestAStuckJobLeavesTheIntermediateQueueBeforeItsEnd(t *testing.T) {
	t.Parallel()
	ctx, rdb, c := t.Context(), redistest.Real(t), new(calls)
	leaveStarted(t, rdb, "j", OnFailure(Callback{Func: "bad"}))
	rdb.Del(ctx, keys.Started("default"), keys.Executions("j"))
	pushIDs(t, rdb, keys.Intermediate("default"), "j")
	a, _ := abandonerOf(t, rdb, Handlers{"bad": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		c.note(strconv.FormatInt(rdb.LLen(ctx, keys.Intermediate("default")).Val(), 10))
		return nil, nil
	})}, WorkerConfig{})

	require.NoError(t, a.stuck(ctx, "default", "j"))
	a.wait()

	assert.Equal(t, []string{"0"}, c.list)
	assert.Equal(t, "failed", rdb.HGet(ctx, keys.Job("j"), "status").Val())
	assertNoExecutions(t, rdb)
}

// TestSettlingAnAbandonedJobAgain: only a try whose reply was lost may have settled the
// job. If the first one was refused, somebody else has.
func TestSettlingAnAbandonedJobAgain(t *testing.T) {
	t.Parallel()
	for first, done := range map[redistest.Answer]bool{
		{Error: "LOADING Redis is loading the dataset in memory"}: false,
		{Lose: true}: true,
	} {
		rdb, _, gate := gated(t)
		a, _ := abandonerOf(t, rdb, nil, WorkerConfig{})
		ofAnother := scripts.Settle{Worker: "w", ID: "j", Execution: "e", Queue: "default", Member: "j:e", Now: serverMoment(now()), Fence: scripts.TakenOver}
		_, _, err := scripts.SettleJob(t.Context(), rdb, ofAnother) // the script is loaded
		require.NoError(t, err)
		gate.Set(nth("evalsha", 1, 1, first))

		got, err := a.write(t.Context(), ofAnother)

		require.NoError(t, err)
		assert.Equal(t, done, got, "%+v", first)
	}
}
