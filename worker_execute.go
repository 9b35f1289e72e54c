package rq

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// An execution is one running of a job by this worker.
type execution struct {
	id      string
	jobID   string
	queue   string // whose registries the job is in
	member  string // in rq:wip
	job     *Job   // what handlers see; the others of the worker do not look at it
	rec     wire.Job
	created time.Time
	ctx     context.Context // of the handler
	cancel  context.CancelCauseFunc
	over    atomic.Bool // it is being settled
}

// newExecution takes over a job from the server.
func (r *run) newExecution(queue string, claimed scripts.ClaimedJob, now time.Time) *execution {
	e := &execution{id: claimed.Execution, jobID: claimed.ID, queue: queue, created: now}
	e.job = r.newJob(claimed.ID, claimed.Hash)
	e.rec = e.job.rec
	if e.rec.Origin != "" {
		e.queue = e.rec.Origin
	}
	e.member = claimed.ID
	if !r.fleet.before(executionsRelease) {
		e.member = claimed.ID + ":" + claimed.Execution
	}
	rec := &e.job.rec
	rec.Origin, rec.Status, rec.WorkerName = e.queue, string(StatusStarted), r.cfg.Name
	rec.StartedAt, rec.LastHeartbeat = now, now
	e.ctx, e.cancel = context.WithCancelCause(r.jobs)
	return e
}

// newJob makes a job of its hash, with the caller's connection: handlers have
// nothing of the worker's.
func (r *run) newJob(id string, hash map[string]string) *Job {
	j := &Job{id: id, rdb: r.rdb, serializer: r.cfg.Serializer, fleet: r.fleet, ownsID: true}
	_ = j.restore(hash) // a job that is gone has no fields
	return j
}

// Why the context of a job's handler ends, besides its timeout.
var (
	errStopped = errors.New("rq: the job was stopped by a command")
	errKilled  = errors.New("rq: the job was killed by a command")
	errAway    = errors.New("rq: the job is not this worker's any more: it was abandoned, deleted or canceled")
)

// What RQ writes of jobs that were ended by a command.
const (
	stoppedText = "Job stopped by user, work-horse terminated."
	killedText  = "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "
)

// execute runs a claimed job and settles it. It is the life of one goroutine.
func (r *run) execute(e *execution) {
	defer e.cancel(nil)
	out := r.perform(e)
	r.handling.Done()
	e.over.Store(true)
	done := r.settler.submit(out.settle)
	// The next job is claimed while this one is written. But those that run one
	// at a time do so in order, as in RQ, and webhooks may have to wait for room.
	last := r.cfg.Concurrency == 1 || (out.webhook != "" && len(e.rec.Webhooks) > 0)
	if last {
		defer r.slots.give()
	} else {
		r.slots.give()
	}
	mine := <-done
	r.remove(e)
	if !mine {
		return
	}
	r.report(e, out)
	if out.webhook != "" {
		r.hooks.send(r.jobs, e.job, out.webhook, out.exc)
	}
}

// perform runs the job's function and its callbacks, and returns what is to be
// written (rq/worker/base.py BaseWorker.perform_job).
func (r *run) perform(e *execution) outcome {
	name, err := e.readable()
	if err == nil && r.unknown.putsBack(e.queue, name) {
		r.log.Warn("rq: no handler for the job: put back for others", "job", e.job.id, "function", name)
		return outcome{what: "put back", settle: r.released(e, scripts.Back)}
	}
	var value any
	if err == nil {
		value, err = r.call(e.ctx, e, name, e.timeout())
	}
	switch {
	case errors.Is(err, errAway), errors.Is(err, errShutdown):
		return outcome{what: "put back", settle: r.released(e, scripts.Front)}
	case errors.Is(err, errStopped):
		return r.stopped(e)
	case errors.Is(err, errKilled):
		return r.failed(e, killedText)
	case err != nil:
		return r.failedBy(e, name, err)
	}
	if retry, ok := asRetry(value); ok {
		return r.retried(e, retry)
	}
	e.ended(StatusFinished)
	onSuccess, _, _ := e.job.Callbacks()
	switch err := r.callback(e, onSuccess, value, nil); {
	case errors.Is(err, errShutdown):
		return outcome{what: "put back", settle: r.released(e, scripts.Front)}
	case err != nil:
		return r.failedBy(e, onSuccess.Func, err)
	}
	return r.finished(e, value)
}

// failedBy tells the job's callback and the exception handlers of an error. A
// callback that fails takes the place of the error, as in RQ.
func (r *run) failedBy(e *execution, function string, err error) outcome {
	e.ended(StatusFailed)
	exc := excInfo(function, err)
	_, onFailure, _ := e.job.Callbacks()
	if second := r.callback(e, onFailure, nil, err); second != nil && !errors.Is(second, errShutdown) {
		exc += "\nDuring handling of the above exception, another exception occurred:\n\n" + excInfo(onFailure.Func, second)
		err = second
	}
	r.tell(e, err)
	out := r.failed(e, exc)
	out.err = err
	return out
}

// report logs what has become of a job.
func (r *run) report(e *execution, out outcome) {
	log := r.log.With("job", e.job.id, "queue", e.queue, "call", e.rec.Description, "took", time.Since(e.created))
	if out.err != nil {
		log.Error("rq: job "+out.what, "error", out.err)
		return
	}
	log.Info("rq: job " + out.what)
}

// tell calls the exception handlers (rq/job_lifecycle.py call_exception_handlers).
func (r *run) tell(e *execution, err error) {
	for _, h := range r.cfg.ExceptionHandlers {
		more := make(chan bool, 1)
		handler := HandlerFunc(func(ctx context.Context, j *Job) (any, error) {
			more <- h(ctx, j, err)
			return nil, nil
		})
		if _, err := r.invoke(r.jobs, e, handler, DefaultCallbackTimeout); err != nil {
			r.log.Error("rq: exception handler", "job", e.jobID, "error", err)
			continue
		}
		if !<-more {
			return
		}
	}
}

// stopped is what becomes of a job that was stopped by a command
// (rq/worker/worker_classes.py Worker._handle_stopped_job).
func (r *run) stopped(e *execution) outcome {
	_, _, onStopped := e.job.Callbacks()
	if err := r.callback(e, onStopped, nil, errStopped); err != nil {
		r.log.Error("rq: stopped callback", "job", e.job.id, "error", err)
	}
	return r.stop(e)
}

// callback runs a callback of a job, if it has it.
func (r *run) callback(e *execution, c Callback, value any, err error) error {
	if c.Func == "" {
		return nil
	}
	_, err = r.call(withOutcome(r.jobs, value, err), e, c.Func, c.Timeout)
	return err
}

// ended notes on the job what callbacks see of its end.
func (e *execution) ended(status Status) {
	e.job.rec.Status, e.job.rec.EndedAt = string(status), now()
}

// readable returns the function's name, and an error for a job that has fields
// which cannot be read: a Python worker would exit on it.
func (e *execution) readable() (string, error) {
	name, err := e.job.FuncName()
	if e.job.malformed != nil {
		err = fmt.Errorf("the job cannot be run: %w", e.job.malformed)
	}
	return name, err
}

// timeout is how long the job may run (rq/worker/base.py BaseWorker.perform_job).
func (e *execution) timeout() time.Duration {
	switch t := e.rec.Timeout; {
	case t == nil || *t == 0:
		return DefaultTimeout
	case *t < 0:
		return Forever
	default:
		return time.Duration(*t) * time.Second
	}
}

// call runs the handler of a function under a timeout.
func (r *run) call(ctx context.Context, e *execution, name string, limit time.Duration) (any, error) {
	handler, ok := r.handlers[name]
	if !ok {
		return nil, fmt.Errorf("%w for %s", ErrNoHandler, name)
	}
	return r.invoke(ctx, e, handler, limit)
}

// invoke runs a handler under a timeout. Go cannot end it: its context does, and
// one that does not return then is left behind. The job is another one then, so
// that nobody else has it.
func (r *run) invoke(ctx context.Context, e *execution, handler Handler, limit time.Duration) (any, error) {
	if limit > 0 { // as in RQ, 0 is none either
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, &JobTimeoutError{limit})
		defer cancel()
	}
	job, done := e.job, make(chan result, 1)
	go func() {
		res := result{err: errGoexit}
		defer func() { done <- res }()
		res.value, res.err = Handlers{"": handler}.run(ctx, "", job)
	}()
	var res result
	select {
	case res = <-done:
	case <-ctx.Done():
		var returned bool
		if res, returned = within(done, context.Cause(ctx)); !returned {
			e.job = job.again(e.rec)
			r.strays.leave(job.id, done)
			return nil, context.Cause(ctx)
		}
	}
	cause := context.Cause(ctx)
	if cause == nil || (errors.Is(cause, errShutdown) && res.err == nil) {
		return res.value, res.err
	}
	return nil, cause
}

// within gives a handler a moment to return, if it is only the worker that ends.
func within(done <-chan result, cause error) (result, bool) {
	if !errors.Is(cause, errShutdown) {
		return result{}, false
	}
	select {
	case res := <-done:
		return res, true
	case <-time.After(cancelGrace):
		return result{}, false
	}
}

// errShutdown is the cause for which a job's context ends with its worker.
var errShutdown = errors.New("rq: the worker shuts down")
