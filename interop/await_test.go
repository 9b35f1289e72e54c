package interop

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// TestAwaitARunningWorker has Go wait while a stock `rq worker --with-scheduler`
// runs what Go enqueued: at once, at a later time, and after another job.
func TestAwaitARunningWorker(t *testing.T) {
	eachLab(t, []string{"redis7", "valkey8"}, func(t *testing.T, version string, s server) {
		ctx, cancel := context.WithTimeout(t.Context(), workerTimeout)
		defer cancel()
		e := newEnv(t, version, s)
		startWorker(t, version, e.db, "--with-scheduler")
		q := e.queue()

		later, err := q.EnqueueIn(ctx, time.Second, rq.Call("tasks.add", 3, 4))
		if err != nil {
			t.Fatal(err)
		}
		first, err := q.Enqueue(ctx, rq.Call("tasks.nap", 1))
		if err != nil {
			t.Fatal(err)
		}
		second, err := q.Enqueue(ctx, rq.Call("tasks.add", 1, 2), rq.DependsOn(first.ID()))
		if err != nil {
			t.Fatal(err)
		}
		broken, err := q.Enqueue(ctx, rq.Call("tasks.fail", "no"), rq.Retry{Max: 1})
		if err != nil {
			t.Fatal(err)
		}

		lab.runs.Add(1)
		for want, j := range map[int]*rq.Job{7: later, 1: first, 3: second} {
			got, err := rq.Await[int](ctx, j)
			equal(t, j.Description(), say(got, err), say(want, "<nil>"))
		}
		_, err = rq.Await[any](ctx, broken)
		var failed *rq.FailedError
		equal(t, "a job that fails twice", errors.As(err, &failed), true)
		if err := broken.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		left, _ := broken.RetriesLeft()
		equal(t, "retries left", left, 0)
	})
	lab.scenarios.Add(1)
}
