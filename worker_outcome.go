package rq

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// outcomes turns verdicts into outcomes, which are written.
type outcomes struct {
	worker     string
	fleet      release
	resultTTL  time.Duration
	rdb        redis.UniversalClient // the caller's, for jobs
	serializer Serializer
}

// The texts of RQ for jobs that a command has ended.
const (
	stoppedText = "Job stopped by user, work-horse terminated."
	killedText  = "Work-horse terminated unexpectedly; waitpid returned 9 (signal 9); "
)

// of returns the outcome to write for a run that has ended.
func (o *outcomes) of(e *execution, v verdict) outcome {
	switch v.kind {
	case finished:
		return o.finished(e, v.value)
	case retryAsked:
		retry, _ := asRetry(v.value)
		return o.retried(e, retry)
	case stopped:
		return o.stop(e)
	case notOwner:
		s := o.putBack(e) // the job is gone, but the run counts
		s.Counter, s.Seconds = "failed_job_count", worked(e, now())
		return outcome{what: "put back", settle: s}
	case unfinished:
		return outcome{what: "put back", settle: o.putBack(e)}
	case foreign:
		return outcome{what: "left for a worker that has its functions", settle: o.putBack(e)}
	default:
		out := o.failed(e, v.exc)
		out.err = v.err
		return out
	}
}

// An outcome is the result of a run: what to write, log and send.
type outcome struct {
	what    string
	settle  scripts.Settle
	webhook Status // whose webhooks are sent, or none
	exc     string
	err     error // that it failed with
}

// settlement returns the part that all outcomes have in common.
func (o *outcomes) settlement(e *execution, ended time.Time) scripts.Settle {
	return scripts.Settle{
		Worker: o.worker, ID: e.jobID, Execution: e.id, Queue: e.queue, Member: e.member,
		Now: serverMoment(ended), Fence: scripts.Own, CurrentJob: o.fleet.before(workerExecutionsRelease),
		RateLimit: e.rec.RateLimitKey,
	}
}

// finished is the outcome of a job whose function returned value (rq/worker/base.py
// BaseWorker.handle_job_success).
func (o *outcomes) finished(e *execution, value any) outcome {
	ended := now()
	ttl := inSeconds(o.resultTTL)
	if e.rec.ResultTTL != nil {
		ttl = *e.rec.ResultTTL
	}
	s := o.settlement(e, ended)
	s.Parent, s.Counter, s.Seconds = string(StatusFinished), "successful_job_count", worked(e, ended)
	s.Keep = strconv.Itoa(ttl)
	s.Fields = endFields(StatusFinished, ended)
	if ttl != 0 {
		res := e.result(wire.Successful, o.worker, ended)
		res.ReturnValue = returned(e.job.serializer, value)
		s.Result, s.ResultTTL = res.Fields(), s.Keep
		s.Registry, s.Score = "finished", score(ended, ttl, "+inf")
	}
	if left := e.rec.RepeatsLeft; left != nil && *left > 0 {
		o.repeat(&s, e, value, ended)
	}
	return outcome{what: "finished", settle: s, webhook: StatusFinished}
}

// repeat makes a job that succeeded run again (rq/repeat.py Repeat.schedule).
func (o *outcomes) repeat(s *scripts.Settle, e *execution, value any, ended time.Time) {
	rec := wire.Job{RepeatIntervals: e.rec.RepeatIntervals}
	wait := 0
	if n := len(rec.RepeatIntervals); n > 0 {
		wait = rec.RepeatIntervals[0]
		if n > 1 {
			rec.RepeatIntervals = rec.RepeatIntervals[1:]
		}
	}
	left := *e.rec.RepeatsLeft - 1
	s.Keep, s.Place = "", place(ended, wait, false)
	s.Fields = append(s.Fields[2:], "repeats_left", strconv.Itoa(left)) // the place says the status
	if len(rec.RepeatIntervals) > 0 {
		s.Fields = append(s.Fields, "repeat_intervals", wire.FormatInts(rec.RepeatIntervals))
	}
	s.Fields = append(s.Fields, hashResult(e.job.serializer, value)...)
}

// failed is the outcome of a job whose run failed. It is retried if it has retries left
// (rq/worker/base.py BaseWorker.handle_job_failure).
func (o *outcomes) failed(e *execution, exc string) outcome {
	ended := now()
	s := o.settlement(e, ended)
	s.Counter, s.Seconds = "failed_job_count", worked(e, ended)
	if left := e.rec.RetriesLeft; left != nil && *left > 0 {
		o.retry(&s, e, ended)
		return outcome{what: "failed, to be retried", settle: s}
	}
	res := e.result(wire.Failed, o.worker, ended)
	res.ExcString = &exc
	o.fail(&s, e, StatusFailed, res, ended)
	s.Parent = string(StatusFailed)
	return outcome{what: "failed", settle: s, webhook: StatusFailed, exc: exc}
}

// unwritten is the outcome of a job whose own outcome the server does not accept. The job
// is not retried: its function may have succeeded.
func (o *outcomes) unwritten(e *execution, reason string) outcome {
	ended := now()
	s := o.settlement(e, ended)
	s.Counter, s.Seconds, s.Parent = "failed_job_count", worked(e, ended), string(StatusFailed)
	res := e.result(wire.Failed, o.worker, ended)
	res.ExcString = &reason
	o.fail(&s, e, StatusFailed, res, ended)
	return outcome{what: "failed", settle: s, webhook: StatusFailed, exc: reason}
}

// fail puts a job in the failed registry with a result.
func (o *outcomes) fail(s *scripts.Settle, e *execution, status Status, res wire.Result, ended time.Time) {
	ttl := failureTTL(e)
	s.Keep, s.ResultTTL = strconv.Itoa(ttl), strconv.Itoa(ttl)
	s.Registry, s.Score = "failed", score(ended, ttl, "-1") // as RQ: below every time that the cleanup looks for
	s.Result, s.Fields = res.Fields(), endFields(status, ended)
}

// failureTTL is how many seconds a failed job and its results are kept. RQ keeps the
// results for ever.
func failureTTL(e *execution) int {
	if e.rec.FailureTTL != nil {
		return *e.rec.FailureTTL
	}
	return inSeconds(DefaultFailureTTL)
}

// retry makes a job that failed run again (rq/job.py Job.retry).
func (o *outcomes) retry(s *scripts.Settle, e *execution, ended time.Time) {
	left, wait := *e.rec.RetriesLeft, 0
	if n := len(e.rec.RetryIntervals); n > 0 {
		wait = e.rec.RetryIntervals[min(max(n-left, 0), n-1)]
	}
	s.Place = place(ended, wait, e.rec.EnqueueAtFrontOnRetry)
	s.Fields = append(endFields("", ended), "retries_left", strconv.Itoa(left-1))
}

// stop is the outcome of a job that a command stopped. Its dependents keep waiting.
func (o *outcomes) stop(e *execution) outcome {
	ended := now()
	s := o.settlement(e, ended)
	s.Counter, s.Seconds = "failed_job_count", worked(e, ended)
	res := e.result(wire.Failed, o.worker, ended)
	exc := stoppedText
	res.ExcString = &exc
	o.fail(&s, e, StatusStopped, res, ended)
	return outcome{what: "stopped", settle: s}
}

func isRetry(value any) bool {
	_, ok := asRetry(value)
	return ok
}

// asRetry returns the Retry that a handler returned to ask for another run, if it did.
func asRetry(value any) (Retry, bool) {
	switch v := value.(type) {
	case Retry:
		return v, true
	case *Retry:
		if v != nil {
			return *v, true
		}
	}
	return Retry{}, false
}

// retried is the outcome of a job that asked for another run (rq/worker/base.py
// BaseWorker.handle_job_retry).
func (o *outcomes) retried(e *execution, retry Retry) outcome {
	ended, count := now(), 0
	if e.rec.NumberOfRetries != nil {
		count = *e.rec.NumberOfRetries
	}
	s := o.settlement(e, ended)
	s.Counter, s.Seconds = "failed_job_count", worked(e, ended)
	value, waits := retryObject(retry)
	if count >= retry.Max && count > 0 {
		res := e.result(wire.MaxRetriesExceeded, o.worker, ended)
		if o.fleet.before(maxRetriesRelease) {
			exc := fmt.Sprintf("Job failed after %d retry attempts", retry.Max)
			res.Type, res.ExcString = wire.Failed, &exc
		} else {
			res.ReturnValue = returned(e.job.serializer, value)
		}
		o.fail(&s, e, StatusFailed, res, ended)
		s.Parent = string(StatusFailed)
		return outcome{what: "failed: it asked for more retries than it has", settle: s, webhook: StatusFailed}
	}
	if !o.fleet.before(retriedRelease) {
		res := e.result(wire.Retried, o.worker, ended)
		res.ReturnValue = returned(e.job.serializer, value)
		s.Result, s.ResultTTL = res.Fields(), strconv.Itoa(failureTTL(e))
	}
	wait := 0
	if len(waits) > 0 {
		wait = waits[min(len(waits)-1, count)]
	}
	front := e.rec.EnqueueAtFrontOnRetry || retry.AtFront
	s.Place = place(ended, wait, front)
	s.Fields = append(endFields("", ended), "number_of_retries", strconv.Itoa(count+1))
	if front {
		s.Fields = append(s.Fields, "enqueue_at_front_on_retry", "1")
	}
	s.Fields = append(s.Fields, hashResult(e.job.serializer, value)...)
	return outcome{what: "to be retried, as it asked", settle: s}
}

// retryObject returns Python's form of a Retry, and its intervals in seconds.
func retryObject(retry Retry) (any, []int) {
	waits, list := []int{0}, []any{0}
	if len(retry.Intervals) > 0 {
		waits, list = nil, nil
	}
	for _, d := range retry.Intervals {
		waits = append(waits, inSeconds(d))
		list = append(list, inSeconds(d))
	}
	state, _ := py.NewDict( // text is hashable
		py.Item{Key: "max", Value: retry.Max},
		py.Item{Key: "intervals", Value: list},
		py.Item{Key: "enqueue_at_front", Value: retry.AtFront},
	)
	class := Global{Module: "rq.job", Name: "Retry"}
	return &PyObject{Callable: class, New: true, State: state, HasState: true}, waits
}

// putBack returns a job to the front of its queue, as if it had not run.
func (o *outcomes) putBack(e *execution) scripts.Settle {
	s := o.settlement(e, now())
	s.Place = scripts.Front
	s.Fields = []any{"started_at", "", "last_heartbeat", "", "worker_name", ""}
	if !e.rec.EnqueuedAt.IsZero() {
		s.Fields = append(s.Fields, "enqueued_at", wire.FormatTime(e.rec.EnqueuedAt))
	}
	return s
}

// result begins the entry of the result stream for a run.
func (e *execution) result(kind int, worker string, ended time.Time) wire.Result {
	return wire.Result{Type: kind, WorkerName: worker, ExecutionID: e.id, StartedAt: e.created, EndedAt: ended}
}

// endFields are the fields of a job that a run sets when it ends.
func endFields(status Status, ended time.Time) []any {
	var fields []any
	if status != "" {
		fields = []any{"status", string(status)}
	}
	at := wire.FormatTime(ended)
	return append(fields, "ended_at", at, "last_heartbeat", at)
}

// hashResult is the field with the return value of a job that runs again.
func hashResult(s Serializer, value any) []any {
	if value == nil {
		return nil
	}
	data, err := dumps(s, "return value", value)
	if err != nil {
		data = []byte(unserializable)
	}
	return []any{"result", data}
}

// place returns where a job goes that runs again after wait seconds.
func place(now time.Time, wait int, front bool) string {
	switch {
	case wait > 0:
		return strconv.FormatInt(after(now, wait), 10)
	case front:
		return scripts.Front
	}
	return scripts.Back
}

// worked is how long a job took, in seconds.
func worked(e *execution, ended time.Time) string {
	s := math.Max(0, ended.Sub(e.created).Seconds())
	return strconv.FormatFloat(s, 'f', 6, 64)
}
