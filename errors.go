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
	// ErrDuplicateJob is returned by an enqueue with Unique when a job has the id, even
	// a finished one that has not expired (rq/exceptions.py DuplicateJobError).
	ErrDuplicateJob = errors.New("rq: a job with this id already exists")
	// ErrInvalidJobOperation is returned when the state of a job does not allow an
	// operation, such as requeueing a job that has not failed (rq/exceptions.py
	// InvalidJobOperation).
	ErrInvalidJobOperation = errors.New("rq: the job's state does not allow this")
	// ErrNoResult is returned when a job has no result: it has not run, or its
	// result has expired.
	ErrNoResult = errors.New("rq: the job has no result")
	// ErrCluster is returned for a Redis Cluster. RQ's keys have no hash tags, so the
	// keys of one job are on different nodes.
	ErrCluster = errors.New("rq: Redis Cluster cannot hold RQ's keys: use a single server, a replica set or Sentinel")
	// ErrOutcomeUnknown matches, with errors.Is, the error of a call whose reply was
	// lost: the connection broke or ctx ended after the call was sent. The server may
	// or may not have done it. An error of Redis that does not match it means that the
	// server refused the call, or never received it.
	ErrOutcomeUnknown = errors.New("rq: the reply was lost: it may have been done")
	// ErrTimeoutFormat is returned for a duration whose form RQ does not accept
	// (rq/exceptions.py TimeoutFormatError).
	ErrTimeoutFormat = errors.New(`rq: a timeout is a whole number of seconds, or digits and a unit d, h, m or s, such as "1h" or "23m"`)
)

// An InvalidError is returned for an argument or an option that RQ refuses, or
// stores in a form that makes a Python worker exit. Nothing has been written.
type InvalidError struct {
	// Name is the name of the argument or the option, such as "job id" or "ttl".
	Name string
	// Value is the value that was refused.
	Value any
	// Rule is the rule that the value breaks.
	Rule string
}

// Error returns the name, the value and the rule.
func (e *InvalidError) Error() string {
	if s, ok := e.Value.(string); ok {
		return fmt.Sprintf("rq: %s %q: %s", e.Name, s, e.Rule)
	}
	return fmt.Sprintf("rq: %s %v: %s", e.Name, e.Value, e.Rule)
}

// A SerializeError is returned for a value that the queue's serializer cannot
// write. Nothing has been written to Redis.
type SerializeError struct {
	// Part is the part of the job that holds the value, such as "the call of tasks.add" or "meta".
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
// often because the other side used another serializer (rq/exceptions.py
// DeserializationError).
type DeserializeError struct {
	// JobID is the job's id. Part is the part of the job that the bytes are: "call",
	// "meta" or "return value".
	JobID, Part string
	// Serializer is the name of the serializer that could not read them.
	Serializer string
	// LooksLike is the name of the serializer that seems to have written the bytes,
	// or "".
	LooksLike string
	Err       error
}

// Error names the part, the job, the serializer and the cause.
func (e *DeserializeError) Error() string {
	hint := ""
	if e.LooksLike != "" && e.LooksLike != e.Serializer {
		hint = fmt.Sprintf(" (the bytes look like %s: use that serializer for the queue)", e.LooksLike)
	}
	return fmt.Sprintf("rq: read %s of job %s as %s: %s%s", e.Part, e.JobID, e.Serializer, e.Err, hint)
}

// Unwrap returns the cause.
func (e *DeserializeError) Unwrap() error { return e.Err }

// A PartialError is returned by EnqueueMany when Redis fails. Jobs that were enqueued
// stay enqueued.
type PartialError struct {
	// Enqueued is the number of jobs, counted from the first, that were enqueued. With the
	// option Pipeline they are only queued in the caller's pipeline, and not sent yet.
	Enqueued int
	// Unknown is the number of jobs after them that may have been enqueued, because the
	// server's reply was lost. The rest were not enqueued.
	Unknown int
	Err     error
}

// Error says how many jobs were enqueued, and the cause.
func (e *PartialError) Error() string {
	unknown := ""
	if e.Unknown > 0 {
		unknown = fmt.Sprintf(", the next %d may have been", e.Unknown)
	}
	return fmt.Sprintf("rq: enqueue many: the first %d were enqueued%s: %s", e.Enqueued, unknown, strings.TrimPrefix(e.Err.Error(), "rq: "))
}

// Unwrap returns the cause.
func (e *PartialError) Unwrap() error { return e.Err }

// A PanicError is the error of a job whose handler panicked.
type PanicError struct {
	// Value is the argument of panic.
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

// An opError adds the operation that failed to an error.
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

// wrapf adds the operation that failed to err, and returns nil for nil. A redirection
// by a node of a cluster becomes ErrCluster.
func wrapf(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	if redisx.IsCluster(err) {
		err = fmt.Errorf("%w (%w)", ErrCluster, err)
	}
	return &opError{fmt.Sprintf(format, args...), err}
}

// errGoexit is the error of a handler that ends its goroutine.
var errGoexit = errors.New("rq: the handler called runtime.Goexit")

// ErrAbandoned is the error in the Outcome of a job whose worker missed its
// heartbeats (rq/exceptions.py AbandonedJobError).
var ErrAbandoned = errors.New("rq: the job was abandoned: its worker missed its heartbeats")

var (
	// ErrWorkerExists is returned by Run when a worker with the same name is alive.
	ErrWorkerExists = errors.New("rq: a worker with this name is already active")
	// ErrWorkerReplaced is returned by Run when another worker has taken the name
	// after this worker missed its heartbeats.
	ErrWorkerReplaced = errors.New("rq: another worker has taken this worker's name")
)

// A StuckError is returned by Run when handlers have not returned after their context
// ended. Their jobs are settled or back in their queues.
type StuckError struct {
	// JobIDs are the ids of the jobs whose handlers still run.
	JobIDs []string
}

// Error names the jobs.
func (e *StuckError) Error() string {
	return fmt.Sprintf("rq: the handlers of %d jobs have not returned after their context ended: %v", len(e.JobIDs), e.JobIDs)
}

// A JobTimeoutError is the error of a job or a callback that ran longer than its
// timeout (rq/timeouts.py JobTimeoutException).
type JobTimeoutError struct {
	// Limit is the timeout.
	Limit time.Duration
}

// Error returns RQ's text, with the limit in seconds.
func (e *JobTimeoutError) Error() string {
	return fmt.Sprintf("Task exceeded maximum timeout value (%d seconds)", int(e.Limit/time.Second))
}

// refusal returns the error of an operation that a script refused, or nil.
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

// ErrNoHandler is the error of a job whose function or callback has no handler.
var ErrNoHandler = errors.New("rq: no handler is registered")

// ErrNoSuchWorker is returned when no worker has the name, or when it does not listen
// for commands.
var ErrNoSuchWorker = errors.New("rq: no such worker")

func noSuchWorker(name string) error { return fmt.Errorf("%w: %s", ErrNoSuchWorker, name) }

// A SkippedJob is a job that could not be handled. Err is ErrNoSuchJob when the job
// is gone, ErrInvalidJobOperation when its state does not allow the operation, or an
// error of Redis.
type SkippedJob struct {
	ID  string
	Err error
}

// A SkippedError is returned when some of many jobs could not be handled. All others
// were handled.
type SkippedError struct {
	// Count is the number of jobs that were skipped.
	Count int
	// First holds the first hundred of them; OnSkip is called for all.
	First []SkippedJob
}

// Error returns the number of skipped jobs and the reason of the first one.
func (e *SkippedError) Error() string {
	return fmt.Sprintf("rq: %d jobs were skipped, the first is %s: %s", e.Count, e.First[0].ID, e.First[0].Err)
}

// Unwrap returns the errors of First.
func (e *SkippedError) Unwrap() []error {
	errs := make([]error, len(e.First))
	for i, s := range e.First {
		errs[i] = s.Err
	}
	return errs
}

const firstSkipped = 100

// ctxOr returns the error of ctx if ctx has ended, because then that is the cause.
func ctxOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
