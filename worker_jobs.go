package rq

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rqgo/rq/internal/scripts"
)

// A jobRunner runs claimed jobs, each in a goroutine, and has their outcomes settled.
type jobRunner struct {
	executor *executor
	out      *outcomes
	settler  *settler
	hooks    *webhookSender
	slots    *slots
	running  *executions
	jobs     context.Context // ends after ShutdownTimeout
	writing  context.Context // ends when nothing more can be written
	inOrder  bool            // a job starts only when the one before it is settled
	log      *slog.Logger
	ran      *atomic.Int64

	handling sync.WaitGroup // jobs whose handlers run
	working  sync.WaitGroup // jobs that are not settled, or whose webhooks are not queued
}

// adopt makes an execution of a job, with a context for its functions.
func (r *jobRunner) adopt(queue string, claimed scripts.ClaimedJob, now time.Time) *execution {
	e := newExecution(r.out, queue, claimed, now)
	e.ctx, e.cancel = context.WithCancelCause(r.jobs)
	return e
}

// begin starts a claimed job.
func (r *jobRunner) begin(e *execution) {
	r.slots.take()
	r.running.add(e)
	r.handling.Add(1)
	r.working.Go(func() { r.run(e) })
}

// giveBack puts jobs of one claim back to the front of their queues, in their order.
func (r *jobRunner) giveBack(foreign []*execution) {
	var done []<-chan settled
	for _, e := range slices.Backward(foreign) {
		defer e.cancel(nil)
		r.running.add(e) // until it is settled, its heartbeats go on
		defer r.running.remove(e)
		e.settling.Store(true)
		done = append(done, r.settler.submit(r.writing, r.out.putBack(e), nil))
	}
	for _, d := range done {
		if end := <-d; end.more {
			r.releaseDependents()
		}
	}
}

// run is the life of one job's goroutine.
func (r *jobRunner) run(e *execution) {
	defer e.cancel(nil)
	v := r.executor.run(e)
	out := r.outcome(e, v)
	r.handling.Done()
	e.settling.Store(true)
	done := r.settler.submit(r.writing, out.settle, func(reason string) scripts.Settle { return r.out.unwritten(e, reason).settle })
	// The next job is claimed while this outcome is written. But with a concurrency of 1,
	// jobs run in order, as in RQ, and webhooks may have to wait for room.
	if r.inOrder || (out.webhook != "" && len(e.rec.Webhooks) > 0) {
		defer r.slots.give()
	} else {
		r.slots.give()
	}
	end := <-done
	if end.more {
		r.releaseDependents()
	}
	r.running.remove(e)
	if !end.mine {
		return
	}
	if end.refused != nil {
		out = r.out.unwritten(e, end.refused.Error())
		out.err = end.refused
	}
	if v.kind.ran() {
		r.ran.Add(1)
	}
	r.report(e, out)
	if out.webhook != "" {
		r.hooks.send(r.jobs, e.job, out.webhook, out.exc)
	}
}

// outcome turns a verdict into the outcome to write. Serialising a value may never end, so
// it has the timeout of the function, and ends with the running jobs. The function is not
// run again then.
func (r *jobRunner) outcome(e *execution, v verdict) outcome {
	if v.value == nil {
		return r.out.of(e, v)
	}
	made, returned := make(chan outcome, 1), make(chan result, 1)
	go func() {
		defer close(returned)
		made <- r.out.of(e, v)
	}()
	var late <-chan time.Time
	if e.limit > 0 {
		late = time.After(e.limit)
	}
	err := errShutdown
	select {
	case out := <-made:
		return out
	case <-late:
		err = &JobTimeoutError{e.limit}
	case <-r.jobs.Done():
		select {
		case out := <-made:
			return out
		case <-time.After(cancelGrace):
		}
	}
	r.executor.stuck.watch(e.jobID, returned)
	err = fmt.Errorf("the result of the job was not serialised in time: %w", err)
	out := r.out.unwritten(e, err.Error())
	out.err = err
	return out
}

// releaseDependents enqueues dependents that were too many for one step. Their parent
// counts as running meanwhile, so that a burst does not end before they are in their
// queues.
func (r *jobRunner) releaseDependents() {
	if err := scripts.ReleaseAllDependents(r.writing, r.settler.db, moment(now())); err != nil {
		r.log.Error("rq: enqueue dependents: any worker will continue", "error", err)
	}
}

// report logs the outcome of a job.
func (r *jobRunner) report(e *execution, out outcome) {
	log := r.log.With("job", e.jobID, "queue", e.queue, "call", e.rec.Description, "took", time.Since(e.created))
	if out.err != nil {
		log.Error("rq: job "+out.what, "error", out.err)
		return
	}
	log.Info("rq: job " + out.what)
}
