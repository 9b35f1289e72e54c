package rq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// An execution is one run of a job by this worker.
type execution struct {
	id       string
	jobID    string
	queue    string // whose registries the job is in
	member   string // in rq:wip
	job      *Job   // for handlers; other parts of the worker do not read it
	rec      wire.Job
	hash     map[string]string
	leftOut  int64 // bytes that the claim's reply left out
	created  time.Time
	limit    time.Duration   // of its function
	ctx      context.Context // of the handler
	cancel   context.CancelCauseFunc
	settling atomic.Bool // it is being settled
	callback atomic.Bool // its function has returned
}

// newExecution makes an execution of a claimed job. It has no context yet.
func newExecution(out *outcomes, queue string, claimed scripts.ClaimedJob, now time.Time) *execution {
	e := &execution{id: claimed.Execution, jobID: claimed.ID, queue: queue, created: now, hash: claimed.Hash, leftOut: claimed.LeftOut}
	if _, read := e.hash["data"]; e.leftOut > 0 && !read {
		e.hash["data"] = "" // until it is read
	}
	e.restore(out)
	e.limit = e.timeout()
	if e.rec.Origin != "" {
		e.queue = e.rec.Origin
	}
	e.member = wipMember(out.fleet, claimed.ID, claimed.Execution)
	e.begun(out.worker)
	return e
}

// restore makes the job from its hash, with the caller's connection: handlers do not use
// the worker's.
func (e *execution) restore(out *outcomes) {
	e.job = &Job{id: e.jobID, rdb: out.rdb, serializer: out.serializer, fleet: out.fleet, ownsID: true}
	_ = e.job.restore(e.hash) // a job that is gone has no fields
	e.rec = e.job.rec
}

// begun sets the fields of the job that the claim has written.
func (e *execution) begun(worker string) {
	rec := &e.job.rec
	rec.Origin, rec.Status, rec.WorkerName = e.queue, string(StatusStarted), worker
	rec.StartedAt, rec.LastHeartbeat = e.created, e.created
}

// Why the context of a job's handler ends, besides its timeout and errShutdown.
var (
	errStopped  = errors.New("rq: the job was stopped by a command")
	errKilled   = errors.New("rq: the job was killed by a command")
	errNotOwner = errors.New("rq: the job no longer belongs to this worker: it was deleted, or found abandoned")
)

// A verdict is how a run of a job has ended, before anything is written.
type verdict struct {
	kind  verdictKind
	value any    // of finished and retryAsked
	err   error  // of failed
	exc   string // of failed, as a traceback
}

type verdictKind int

const (
	finished   verdictKind = iota // the function returned a value
	failed                        // it failed, or could not be run
	retryAsked                    // it returned a Retry
	stopped                       // a command stopped it
	unfinished                    // the worker shut down first
	notOwner                      // it no longer belongs to this worker
	foreign                       // its function is for another worker
)

// ran reports whether the job has had its run.
func (k verdictKind) ran() bool { return k < unfinished }

// An executor runs jobs with Go functions.
type executor struct {
	handlers   Handlers
	exceptions []ExceptionHandler
	foreign    *foreignJobs
	stuck      *stuckHandlers
	payloads   *payloads       // for jobs that are large
	out        *outcomes       // makes the job once its data is there
	jobs       context.Context // ends when the running jobs have had their time; for callbacks
	log        *slog.Logger
}

// run runs the job's function and its callbacks, and returns how that ended
// (rq/worker/base.py BaseWorker.perform_job).
func (x *executor) run(e *execution) verdict {
	if err := x.load(e); err != nil {
		return x.failure(e, "", err)
	}
	name, err := e.readable()
	if function := missing(x.handlers, name, &e.rec); err == nil && function != "" {
		if x.foreign.leaveInQueue(e.queue, e.jobID, function, rememberLong) {
			return verdict{kind: foreign}
		}
		err = fmt.Errorf("%w for %s", ErrNoHandler, function)
	}
	if err != nil {
		return x.failure(e, name, err)
	}
	value, err := x.call(e.ctx, e, name, e.limit)
	e.callback.Store(true)
	switch {
	case err != nil:
		return x.failure(e, name, err)
	case isRetry(value):
		return verdict{kind: retryAsked, value: value}
	}
	return x.success(e, value)
}

// missing returns the first function of a job that has no handler. It includes callbacks,
// so that a missing one is found before the job runs.
func missing(handlers Handlers, name string, rec *wire.Job) string {
	for _, function := range []string{name, rec.SuccessCallback, rec.FailureCallback, rec.StoppedCallback} {
		if _, known := handlers[function]; !known && function != "" {
			return function
		}
	}
	return ""
}

// success calls the success callback. If that fails, so does the job, unless the worker
// shut down before it ended: the function must not run again.
func (x *executor) success(e *execution, value any) verdict {
	e.ended(StatusFinished)
	onSuccess, _ := e.job.OnSuccess()
	err := x.callback(e, onSuccess, value, nil)
	if errors.Is(err, errShutdown) {
		x.log.Error("rq: the worker shut down before the success callback of a finished job had ended", "job", e.jobID, "callback", onSuccess.Func)
		err = nil
	}
	if err != nil {
		return x.failure(e, onSuccess.Func, err)
	}
	return verdict{kind: finished, value: value}
}

// failure calls the job's callback and the exception handlers for an error. The error of a
// callback that fails replaces it, as in RQ.
func (x *executor) failure(e *execution, function string, err error) verdict {
	switch {
	case errors.Is(err, errNotOwner):
		return verdict{kind: notOwner}
	case errors.Is(err, errShutdown):
		return verdict{kind: unfinished}
	case errors.Is(err, errStopped):
		x.stopped(e)
		return verdict{kind: stopped}
	case errors.Is(err, errKilled):
		return verdict{kind: failed, exc: killedText}
	}
	e.ended(StatusFailed)
	exc := excInfo(function, err)
	onFailure, _ := e.job.OnFailure()
	if second := x.callback(e, onFailure, nil, err); second != nil && !errors.Is(second, errShutdown) {
		exc += "\nDuring handling of the above exception, another exception occurred:\n\n" + excInfo(onFailure.Func, second)
		err = second
	}
	x.callExceptionHandlers(e, err)
	return verdict{kind: failed, err: err, exc: exc}
}

// stopped calls the callback of a job that was stopped by a command
// (rq/worker/worker_classes.py Worker._handle_stopped_job).
func (x *executor) stopped(e *execution) {
	onStopped, _ := e.job.OnStopped()
	if err := x.callback(e, onStopped, nil, errStopped); err != nil {
		x.log.Error("rq: stopped callback", "job", e.jobID, "error", err)
	}
}

// callExceptionHandlers calls the exception handlers (rq/job_lifecycle.py call_exception_handlers).
func (x *executor) callExceptionHandlers(e *execution, err error) {
	for _, h := range x.exceptions {
		more := make(chan bool, 1)
		handler := HandlerFunc(func(ctx context.Context, j *Job) (any, error) {
			more <- h(ctx, j, err)
			return nil, nil
		})
		if _, err := x.invoke(x.jobs, e, handler, DefaultCallbackTimeout); err != nil {
			x.log.Error("rq: exception handler", "job", e.jobID, "error", err)
			continue
		}
		if !<-more {
			return
		}
	}
}

// callback runs a callback of a job, if the job has it.
func (x *executor) callback(e *execution, c Callback, value any, err error) error {
	if c.Func == "" {
		return nil
	}
	_, err = x.call(withOutcome(x.jobs, value, err), e, c.Func, c.Timeout)
	return err
}

// call runs the handler of a function under a timeout.
func (x *executor) call(ctx context.Context, e *execution, name string, limit time.Duration) (any, error) {
	handler, ok := x.handlers[name]
	if !ok {
		return nil, fmt.Errorf("%w for %s", ErrNoHandler, name)
	}
	return x.invoke(ctx, e, handler, limit)
}

// invoke runs a handler with a timeout. Go cannot stop a handler. One that does not return
// when its context ends is left running, and the execution gets a copy of the job, since
// the handler may still use the old one.
func (x *executor) invoke(ctx context.Context, e *execution, handler Handler, limit time.Duration) (any, error) {
	if limit > 0 { // as in RQ, 0 is no timeout
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
			e.job = job.copyWith(e.rec)
			x.stuck.watch(job.id, done)
			return nil, context.Cause(ctx)
		}
	}
	cause := context.Cause(ctx)
	if cause == nil || (errors.Is(cause, errShutdown) && res.err == nil) {
		return res.value, res.err
	}
	return nil, cause
}

// within gives a handler a moment to return if its context ended with the worker.
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

// load reads the fields that the claim's reply left out. While the server cannot be
// reached, it retries until the job's context ends.
func (x *executor) load(e *execution) error {
	var failed payloadTries
	for tries := 0; e.leftOut > 0; tries++ {
		var hash map[string]string
		limit, err := x.payloads.carry(e.ctx, int(e.leftOut), failed.unanswered, func(db *redis.Client) (err error) {
			hash, err = db.HGetAll(e.ctx, keys.Job(e.jobID)).Result()
			return err
		})
		switch {
		case err == nil && len(hash) == 0, isForeign(err):
			return errNotOwner // the job was deleted
		case err == nil:
			if e.hash["data"] == "" {
				delete(e.hash, "data")
			}
			maps.Copy(hash, e.hash) // these are from before the claim
			e.hash, e.leftOut = hash, 0
			e.restore(x.out)
			e.begun(x.out.worker)
			return nil
		case e.ctx.Err() != nil:
			return context.Cause(e.ctx)
		case x.payloads.hopeless(e.ctx, err, &failed):
			return fmt.Errorf("%d bytes of the job could not be read from Redis, the last time in %v: %w", e.leftOut, limit.Round(time.Millisecond), err)
		}
		x.log.Error("rq: read a job", "job", e.jobID, "bytes", e.leftOut, "error", err)
		sleep(e.ctx, backOff(tries))
	}
	return nil
}

// ended sets the fields that callbacks see when the job has ended.
func (e *execution) ended(status Status) {
	e.job.rec.Status, e.job.rec.EndedAt = string(status), now()
}

// readable returns the function's name, or an error for a job with fields that cannot be
// read. A Python worker would exit on it.
func (e *execution) readable() (string, error) {
	name, err := e.job.FuncName()
	if e.job.malformed != nil {
		err = fmt.Errorf("the job cannot be run: %w", e.job.malformed)
	}
	return name, err
}

// timeout is how long the job may run (rq/worker/base.py BaseWorker.perform_job).
func (e *execution) timeout() time.Duration {
	if limit, _ := seconds(e.rec.Timeout); limit != 0 {
		return limit
	}
	return DefaultTimeout
}
