package rq

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

const (
	// abandonedHold is how long the worker that takes over a job owns it. It is renewed
	// while the callbacks run, so other workers wait this long if the owner dies.
	abandonedHold = 30 * time.Second
	// abandonedMost is how many abandoned jobs run their callbacks at once.
	abandonedMost = 10
)

// An abandoner fails or retries jobs whose worker has died. Many workers can do so at
// once: only one takes over each job, with an execution of its own. As in RQ the callbacks
// run before the outcome is written (rq/registry.py StartedJobRegistry.cleanup). If the
// worker dies in between, the next one calls them again, so none are lost. They run in
// the background.
type abandoner struct {
	rdb                  redis.UniversalClient
	log                  *slog.Logger
	fleet                release
	hasExceptionHandlers bool
	hooks                *webhookSender

	// Functions of the parts that run jobs.
	adopt                 func(queue string, claimed scripts.ClaimedJob, now time.Time) *execution
	failed                func(e *execution, exc string) outcome
	callback              func(e *execution, c Callback, value any, err error) error
	callExceptionHandlers func(e *execution, err error)
	releaseDependents     func() // enqueues dependents that were too many for the settlement

	slots chan struct{} // holds one item per job whose callbacks run
	quiet sync.Mutex    // held by wait
}

// sweep takes over the jobs of a queue that missed their heartbeats.
func (a *abandoner) sweep(ctx context.Context, queue string) error {
	var errs []error
	for stay := 0; ctx.Err() == nil; {
		entries, err := scripts.FindAbandoned(ctx, a.rdb, queue, stay, abandonChunk, scripts.ServerTime)
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, entry := range entries {
			done, err := a.abandoned(ctx, queue, entry)
			if err != nil {
				errs = append(errs, wrapf(err, "end abandoned execution %s", entry))
			}
			if !done {
				stay++ // in front
			}
		}
		if len(entries) < abandonChunk {
			break
		}
	}
	return errors.Join(errs...)
}

// abandoned ends one execution that missed its heartbeats. It reports whether its entry
// has left the registry.
func (a *abandoner) abandoned(ctx context.Context, queue, entry string) (done bool, err error) {
	id, execution, err := a.parse(ctx, entry)
	if err != nil {
		return false, err
	}
	at := now().Format("2006-01-02 15:04:05.000000-07:00")
	exc := "Moved to FailedJobRegistry, due to AbandonedJobError, at " + strings.Replace(at, "Z", "+00:00", 1)
	return a.failOrRetry(ctx, queue, id, scripts.Takeover{Entry: entry, Execution: execution}, exc)
}

// parse returns the job and the execution of an entry. In RQ 1 an entry is only a job id,
// which may contain colons.
func (a *abandoner) parse(ctx context.Context, entry string) (id, execution string, err error) {
	id, execution = splitPair(entry)
	if execution == "" {
		return id, "", nil
	}
	n, err := a.rdb.Exists(ctx, keys.Job(entry)).Result()
	if err != nil || n == 1 { // a job of RQ 1 whose id looks like a pair
		return entry, "", err
	}
	return id, execution, nil
}

// stuck fails or retries a job that was started but has no execution, because its worker
// died in between. It also removes the job from the intermediate queue.
func (a *abandoner) stuck(ctx context.Context, queue, id string) error {
	_, err := a.failOrRetry(ctx, queue, id, scripts.Takeover{}, "Job was stuck in intermediate queue.")
	return err
}

// failOrRetry takes a job over and fails or retries it. A job without callbacks is settled
// when failOrRetry returns, others in the background. When no slot is free for callbacks, the
// job stays as it is.
func (a *abandoner) failOrRetry(ctx context.Context, queue, id string, p scripts.Takeover, exc string) (done bool, err error) {
	callbacks, err := a.hasCallbacks(ctx, id)
	if err != nil {
		return false, err
	}
	if callbacks && !a.acquireSlot() {
		return false, nil
	}
	e, done, err := a.takeOver(ctx, queue, id, &p)
	if e == nil {
		if callbacks {
			a.releaseSlot()
		}
		return done, err
	}
	if !callbacks {
		defer e.cancel(nil)
		return true, a.settle(ctx, e, exc)
	}
	go func() {
		defer a.releaseSlot()
		defer e.cancel(nil)
		if err := a.notifyAndSettle(context.WithoutCancel(ctx), e, p, exc); err != nil {
			a.log.Error("rq: fail or retry an abandoned job", "job", id, "error", err)
		}
	}()
	return true, nil
}

// hasCallbacks reports whether callbacks run before the end of a job is written.
func (a *abandoner) hasCallbacks(ctx context.Context, id string) (bool, error) {
	if a.hasExceptionHandlers {
		return true, nil
	}
	name, err := a.rdb.HGet(ctx, keys.Job(id), "failure_callback_name").Result()
	if errors.Is(err, redis.Nil) || isForeign(err) {
		return false, nil
	}
	return name != "", err
}

// takeOver makes this worker the owner of a job. It returns no execution if the job has
// another owner or has ended.
func (a *abandoner) takeOver(ctx context.Context, queue, id string, p *scripts.Takeover) (*execution, bool, error) {
	p.Queue, p.ID, p.Own = queue, id, executionIDs(1)[0]
	p.Keep, p.Now, p.Float = inSeconds(abandonedHold), scripts.ServerTime, wire.FormatUnix(now())
	p.OwnEntry = wipMember(a.fleet, id, p.Own)
	found, hash, err := scripts.TakeOver(ctx, a.rdb, *p)
	if err != nil || found != scripts.TakenOver {
		return nil, found == scripts.Over, err
	}
	if p.Entry == "" {
		if err := a.rdb.LRem(ctx, keys.Intermediate(queue), -1, id).Err(); err != nil {
			a.log.Error("rq: remove a job from the intermediate queue", "job", id, "error", err)
		}
		a.rdb.Del(ctx, keys.FirstSeen(queue, id)) // it expires anyway
	}
	e := a.adopt(queue, scripts.ClaimedJob{ID: id, Execution: p.Own, Hash: hash}, now())
	e.queue, e.member = queue, p.OwnEntry
	return e, true, nil
}

// notifyAndSettle calls the failure callback and the exception handlers of a job, and
// settles it. If the worker shuts down meanwhile, others can take over the job at once.
func (a *abandoner) notifyAndSettle(ctx context.Context, e *execution, p scripts.Takeover, exc string) error {
	p.Entry, p.Execution = "", ""
	holding, release := context.WithCancel(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() { a.renew(holding, p) })
	done := a.notify(e)
	release()
	renewing.Wait()
	if !done {
		p.Keep = 0
		_, _, err := scripts.TakeOver(ctx, a.rdb, p)
		return err
	}
	return a.settle(ctx, e, exc)
}

// renew keeps the ownership of a job until ctx ends.
func (a *abandoner) renew(ctx context.Context, p scripts.Takeover) {
	for sleep(ctx, abandonedHold/3) {
		if _, _, err := scripts.TakeOver(ctx, a.rdb, p); err != nil && ctx.Err() == nil {
			a.log.Error("rq: keep the ownership of an abandoned job", "job", p.ID, "error", err)
		}
	}
}

// notify calls the failure callback and the exception handlers of an abandoned job. It
// reports false when the worker shut down before the callback had ended.
func (a *abandoner) notify(e *execution) bool {
	e.job.rec.Status = string(StatusFailed)
	onFailure, _ := e.job.OnFailure()
	err := a.callback(e, onFailure, nil, ErrAbandoned)
	if errors.Is(err, errShutdown) {
		return false
	}
	if err != nil {
		a.log.Error("rq: failure callback of an abandoned job", "job", e.jobID, "error", err)
	}
	a.callExceptionHandlers(e, ErrAbandoned)
	return true
}

// settle writes that a job has failed or is retried.
func (a *abandoner) settle(ctx context.Context, e *execution, exc string) error {
	out := a.failed(e, exc)
	s := &out.settle
	s.Worker, s.Fence, s.Counter, s.Seconds, s.CurrentJob = e.rec.WorkerName, scripts.TakenOver, "", "", false
	s.Fields = withoutEnd(s.Fields)
	if len(s.Result) > 0 {
		s.Result = (&wire.Result{Type: wire.Failed, ExcString: &exc}).Fields()
	}
	done, err := a.write(ctx, *s)
	if err != nil || !done {
		return err
	}
	a.log.Warn("rq: job "+out.what, "job", e.jobID, "queue", e.queue, "reason", exc)
	if out.webhook != "" {
		a.hooks.send(ctx, e.job, out.webhook, exc)
	}
	return nil
}

// write settles a job. An earlier try whose reply was lost may have settled it already.
func (a *abandoner) write(ctx context.Context, s scripts.Settle) (done bool, err error) {
	const tries = 3
	maybe := false // an earlier try may have settled it
	for try := range tries {
		var more bool
		done, more, err = scripts.SettleJob(ctx, noRetryClient{a.rdb}, s)
		if more {
			a.releaseDependents()
		}
		if err == nil {
			return done || maybe, nil
		}
		maybe = maybe || redisx.FateOf(err) == redisx.Unknown
		if !isPassing(err) || !sleep(ctx, firstBackOff<<try) {
			break
		}
	}
	return false, err
}

// acquireSlot takes a slot for callbacks, and reports whether one was free.
func (a *abandoner) acquireSlot() bool {
	select {
	case a.slots <- struct{}{}:
		return true
	default:
		return false
	}
}

func (a *abandoner) releaseSlot() { <-a.slots }

// wait returns when no callbacks run. None start meanwhile.
func (a *abandoner) wait() {
	a.quiet.Lock()
	defer a.quiet.Unlock()
	for range cap(a.slots) {
		a.slots <- struct{}{}
	}
	for range cap(a.slots) {
		a.releaseSlot()
	}
}

// withoutEnd removes the fields that say when the run ended, which is unknown.
func withoutEnd(fields []any) []any {
	var rest []any
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] != "ended_at" && fields[i] != "last_heartbeat" {
			rest = append(rest, fields[i], fields[i+1])
		}
	}
	return rest
}
