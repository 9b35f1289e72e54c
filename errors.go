package rq

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

var (
	// ErrNoSuchJob is returned when a job is not in Redis: never saved, deleted,
	// or expired (rq/exceptions.py NoSuchJobError).
	ErrNoSuchJob = errors.New("rq: no such job")
	// ErrDuplicateJob is returned by an enqueue with Unique when the id is taken,
	// also by a finished job that has not expired (rq/exceptions.py DuplicateJobError).
	ErrDuplicateJob = errors.New("rq: a job with this id exists")
	// ErrInvalidJobOperation is returned when a job is not in the state for what
	// was asked of it, such as requeueing one that has not failed
	// (rq/exceptions.py InvalidJobOperation).
	ErrInvalidJobOperation = errors.New("rq: not possible in the job's state")
	// ErrNoResult is returned when a job has no result: it has not run, or its
	// result has expired.
	ErrNoResult = errors.New("rq: the job has no result")
	// ErrCluster is returned for a Redis Cluster. RQ's keys have no hash tags,
	// so those of one job are on different nodes.
	ErrCluster = errors.New("rq: Redis Cluster cannot hold RQ's keys: use a single server, a replica set or Sentinel")
	// ErrOutcomeUnknown is in the error of a call, for errors.Is, when the connection
	// broke or ctx ended after something was sent and before the server's reply was
	// read: it may be done or not. An error of Redis without it means that the server
	// has refused it, or never got it.
	ErrOutcomeUnknown = errors.New("rq: it is not known whether it was done")
	// ErrTimeoutFormat is returned for a duration in a form that RQ does not know
	// (rq/exceptions.py TimeoutFormatError).
	ErrTimeoutFormat = errors.New(`rq: a timeout is a whole number of seconds, or digits and a unit d, h, m or s, such as "1h" or "23m"`)
)

// An InvalidError is returned for an argument or an option that RQ would
// refuse, or would store in a form that makes a Python worker exit. Nothing has
// been written then.
type InvalidError struct {
	// Name is what was given, such as "job id" or "ttl".
	Name string
	// Value is what it was.
	Value any
	// Rule is what it must be.
	Rule string
}

// Error names the thing, its value and the rule.
func (e *InvalidError) Error() string {
	if s, ok := e.Value.(string); ok {
		return fmt.Sprintf("rq: %s %q: %s", e.Name, s, e.Rule)
	}
	return fmt.Sprintf("rq: %s %v: %s", e.Name, e.Value, e.Rule)
}

// A SerializeError is returned for a value that the queue's serializer cannot
// write. Nothing has been written then.
type SerializeError struct {
	// Part is the part of the job, such as "the call of tasks.add" or "meta".
	Part string
	// Serializer is the name of the serializer, such as "pickle".
	Serializer string
	Err        error
}

// Error names the part, the serializer and the cause.
func (e *SerializeError) Error() string {
	return fmt.Sprintf("rq: write %s as %s: %s", e.Part, e.Serializer, e.Err)
}

// Unwrap returns the cause.
func (e *SerializeError) Unwrap() error { return e.Err }

// A DeserializeError is returned for bytes that the serializer cannot read, most
// often because the other side used another one (rq/exceptions.py
// DeserializationError).
type DeserializeError struct {
	// JobID is the job's, and Part the part of it: "call", "meta" or "return value".
	JobID, Part string
	// Serializer is the name of the one that was used.
	Serializer string
	// LooksLike is the name of the one that the bytes look written by, or "".
	LooksLike string
	Err       error
}

// Error says what could not be read and what it looks like.
func (e *DeserializeError) Error() string {
	hint := ""
	if e.LooksLike != "" && e.LooksLike != e.Serializer {
		hint = fmt.Sprintf(" (they look like %s: give the queue that serializer)", e.LooksLike)
	}
	return fmt.Sprintf("rq: read %s of job %s as %s: %s%s", e.Part, e.JobID, e.Serializer, e.Err, hint)
}

// Unwrap returns the cause.
func (e *DeserializeError) Unwrap() error { return e.Err }

// A FailedError is returned by Await and ResultOf for a job that failed, was
// stopped, or was retried more often than it may be.
type FailedError struct {
	JobID string
	// Type is ResultFailed or ResultMaxRetriesExceeded.
	Type ResultType
	// ExcInfo is the traceback of the side that ran the job, Python's or Go's.
	ExcInfo string
}

// Error returns the last line of the traceback, which in Python names the
// exception.
func (e *FailedError) Error() string {
	last := strings.TrimSpace(e.ExcInfo)
	if i := strings.LastIndexByte(last, '\n'); i >= 0 {
		last = strings.TrimSpace(last[i+1:])
	}
	switch {
	case e.Type == ResultMaxRetriesExceeded:
		last = "it asked for more retries than it may have"
	case last == "":
		last = "no traceback"
	}
	return fmt.Sprintf("rq: job %s failed: %s", e.JobID, last)
}

// A PartialError is returned by EnqueueMany when Redis failed. Jobs that are enqueued
// stay so.
type PartialError struct {
	// Enqueued is how many of the jobs, counted from the first, are enqueued
	// for certain.
	Enqueued int
	// Unknown is how many of the jobs after them may be enqueued or not, because
	// the server's reply was lost. All others are not enqueued.
	Unknown int
	Err     error
}

// Error says how many jobs are enqueued, and the cause.
func (e *PartialError) Error() string {
	unknown := ""
	if e.Unknown > 0 {
		unknown = fmt.Sprintf(", the next %d may be", e.Unknown)
	}
	return fmt.Sprintf("rq: enqueue many: the first %d are enqueued%s: %s", e.Enqueued, unknown, strings.TrimPrefix(e.Err.Error(), "rq: "))
}

// Unwrap returns the cause.
func (e *PartialError) Unwrap() error { return e.Err }

// A PanicError is what a handler's panic becomes.
type PanicError struct {
	// Value is what panic was called with.
	Value any
	// Stack is the goroutine's stack as runtime/debug prints it.
	Stack []byte
}

// Error returns the panic's value.
func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

func noSuchJob(id string) error { return fmt.Errorf("%w: %s", ErrNoSuchJob, id) }

// An opError adds what was being done to an error.
type opError struct {
	doing string
	err   error
}

func (e *opError) Error() string {
	return "rq: " + e.doing + ": " + strings.TrimPrefix(e.err.Error(), "rq: ")
}

func (e *opError) Unwrap() error { return e.err }

// Is reports whether the error is ErrOutcomeUnknown.
func (e *opError) Is(target error) bool {
	return target == ErrOutcomeUnknown && redisx.FateOf(e.err) == redisx.Unknown
}

// wrapf adds what was being done to err, and leaves nil nil. What a node of a
// cluster answers becomes ErrCluster.
func wrapf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if redisx.IsCluster(err) {
		err = fmt.Errorf("%w (%w)", ErrCluster, err)
	}
	return &opError{fmt.Sprintf(format, args...), err}
}

// errGoexit is how a handler fails that ends its goroutine.
var errGoexit = errors.New("rq: the handler called runtime.Goexit")

// ErrAbandoned is the JobOutcome of a job whose worker was not heard of any
// more (rq/exceptions.py AbandonedJobError).
var ErrAbandoned = errors.New("rq: the job's worker was not heard of any more")

var (
	// ErrWorkerExists is returned by Run when a worker of that name is alive.
	ErrWorkerExists = errors.New("rq: there is an active worker of this name already")
	// ErrWorkerReplaced is returned by Run when another worker has taken the
	// name, because this one was not heard of for too long.
	ErrWorkerReplaced = errors.New("rq: another worker has taken the name of this one")
)

// A StuckError is returned by Run for handlers that have not returned although
// their context has ended. Their jobs are settled or back in their queues.
type StuckError struct {
	// JobIDs are the jobs whose handlers still run.
	JobIDs []string
}

// Error names the jobs.
func (e *StuckError) Error() string {
	return fmt.Sprintf("rq: the handlers of %d jobs ignore that their context has ended: %v", len(e.JobIDs), e.JobIDs)
}

// A JobTimeoutError is how a job or a callback fails that ran longer than it may
// (rq/timeouts.py JobTimeoutException).
type JobTimeoutError struct {
	// Limit is how long it may run.
	Limit time.Duration
}

// Error says what the limit was, as RQ does.
func (e *JobTimeoutError) Error() string {
	return fmt.Sprintf("Task exceeded maximum timeout value (%d seconds)", int(e.Limit/time.Second))
}

// refusal is the error of what a script was to do with a job, if it did not.
func refusal(verb, id string, code int64, err error) error {
	switch {
	case err != nil:
		return wrapf(err, "%s job %s", verb, id)
	case code == scripts.NoJob:
		return noSuchJob(id)
	case code == scripts.Refused:
		return fmt.Errorf("%w: %s job %s", ErrInvalidJobOperation, verb, id)
	}
	return nil
}

// ErrNoHandler is how a job fails whose function has no handler, and a job
// whose callback has none.
var ErrNoHandler = errors.New("rq: no handler is registered")

// ErrNoSuchWorker is returned when no worker has a name, or none that has it
// listens.
var ErrNoSuchWorker = errors.New("rq: no such worker")

func noSuchWorker(name string) error { return fmt.Errorf("%w: %s", ErrNoSuchWorker, name) }

// A SkippedJob is a job that could not be handled, and why: ErrNoSuchJob when it is
// gone, ErrInvalidJobOperation when it is not in the state for it any more, or what
// Redis said.
type SkippedJob struct {
	ID  string
	Err error
}

// A SkippedError is returned when some of many jobs could not be handled. All the
// others were.
type SkippedError struct {
	// Count is how many were skipped.
	Count int
	// First are the first hundred of them; OnSkip gets all.
	First []SkippedJob
}

// Error says how many jobs were skipped, and why the first one was.
func (e *SkippedError) Error() string {
	return fmt.Sprintf("rq: %d jobs were skipped: the first is %s: %s", e.Count, e.First[0].ID, e.First[0].Err)
}

// Unwrap returns why jobs were skipped.
func (e *SkippedError) Unwrap() []error {
	errs := make([]error, len(e.First))
	for i, s := range e.First {
		errs[i] = s.Err
	}
	return errs
}

const firstSkipped = 100

// ctxOr returns ctx's error if it has ended, because that is then the cause.
func ctxOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
