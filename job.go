package rq

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/wire"
)

// A Status is where a job is in its life (rq/job.py JobStatus). A newer RQ may
// have others.
type Status string

// The statuses of RQ.
const (
	StatusCreated        Status = "created"
	StatusQueued         Status = "queued"
	StatusStarted        Status = "started"
	StatusFinished       Status = "finished"
	StatusFailed         Status = "failed"
	StatusStopped        Status = "stopped"
	StatusDeferred       Status = "deferred"
	StatusScheduled      Status = "scheduled"
	StatusCanceled       Status = "canceled"
	StatusRateLimited    Status = "rate_limited"     // RQ 3.0
	StatusReadyToEnqueue Status = "ready_to_enqueue" // RQ 3.0
)

// A Job is what is known of a job when it was created, fetched or refreshed
// last (rq/job.py Job). Methods that take a context talk to Redis. A Job is not
// safe for concurrent use.
type Job struct {
	// Meta is any data about the job, as the user likes; SaveMeta stores it.
	// Meta that cannot be read is the bytes under the key "unserialized".
	Meta map[string]any

	id         string
	rdb        redis.UniversalClient
	serializer Serializer
	fleet      release
	rec        wire.Job
	ownsID     bool      // the caller chose the id
	call       *FuncCall // nil until it is read from rec.Data
	meta       *Dict     // as it was read, for the order and the keys Meta cannot have
	malformed  error
}

// CreateJob returns a job for call that is in no queue and not in Redis:
// Queue.EnqueueJob puts it there (rq/job.py Job.create). The options are those
// of Enqueue but for AtFront, Unique and Pipeline, which are said when the job
// is enqueued, plus WithSerializer. It does no I/O.
//
// The error is an *InvalidError or a *SerializeError.
func CreateJob(rdb redis.UniversalClient, call FuncCall, opts ...Option) (*Job, error) {
	set, err := collect(opts)
	if err != nil {
		return nil, err
	}
	if set.placed() {
		return nil, errPlaced
	}
	return newJob(rdb, orPickle(set.serializer), nil, call, set)
}

func newJob(rdb redis.UniversalClient, ser Serializer, fleet release, call FuncCall, set *settings) (*Job, error) {
	if err := call.validate(); err != nil {
		return nil, err
	}
	data, err := call.dumps(ser)
	if err != nil {
		return nil, err
	}
	j := &Job{
		Meta:       maps.Clone(set.meta),
		id:         set.id,
		ownsID:     set.id != "",
		rdb:        rdb,
		serializer: ser,
		fleet:      fleet,
	}
	if j.id == "" {
		j.id = uuid.NewString()
	}
	if j.Meta == nil {
		j.Meta = map[string]any{}
	}
	j.rec = wire.Job{
		CreatedAt:   time.Now().UTC(),
		Data:        data,
		Description: set.description,
		GroupID:     set.group,
		Timeout:     set.timeout,
		ResultTTL:   set.resultTTL,
		TTL:         set.ttl,
		FailureTTL:  set.failureTTL,
	}
	if j.rec.Description == "" {
		j.rec.Description = call.String()
	}
	set.fill(&j.rec)
	if err := set.err(); err != nil {
		return nil, err
	}
	if j.rec.Meta, err = j.encodeMeta(); err != nil {
		return nil, err
	}
	return j, nil
}

// fill sets the fields that come from options of several parts.
func (s *settings) fill(rec *wire.Job) {
	if r := s.retry; r != nil {
		left := r.Max
		rec.RetriesLeft, rec.EnqueueAtFrontOnRetry = &left, r.AtFront
		rec.RetryIntervals = s.intervals("retry interval", r.Intervals)
	}
	if r := s.repeat; r != nil {
		left := r.Times
		rec.RepeatsLeft = &left
		rec.RepeatIntervals = s.intervals("repeat interval", r.Intervals)
	}
	if c := s.onSuccess; c != nil {
		rec.SuccessCallback, rec.SuccessCallbackTimeout = c.Func, c.seconds(s, "on_success")
	}
	if c := s.onFailure; c != nil {
		rec.FailureCallback, rec.FailureCallbackTimeout = c.Func, c.seconds(s, "on_failure")
	}
	if c := s.onStopped; c != nil {
		rec.StoppedCallback, rec.StoppedCallbackTimeout = c.Func, c.seconds(s, "on_stopped")
	}
	for _, w := range s.webhooks {
		rec.Webhooks = append(rec.Webhooks, w.wire())
	}
	if l := s.rateLimit; l != nil {
		rec.RateLimitKey, rec.RateLimitConcurrency = l.Key, l.Concurrency
	}
	rec.DependencyIDs = s.dependsOn
	if s.dependency {
		allow, front := s.allowFailure, s.depFront
		rec.AllowDependencyFailures, rec.EnqueueAtFront = &allow, &front
	}
}

// ID returns the job's id.
func (j *Job) ID() string { return j.id }

// String returns the id and the description.
func (j *Job) String() string { return "<Job " + j.id + ": " + j.rec.Description + ">" }

// Status returns the status that was read last; GetStatus asks Redis.
func (j *Job) Status() Status { return Status(j.rec.Status) }

// IsQueued reports whether Status is queued. Like the other predicates it does
// not ask Redis, which Python's do: Refresh or GetStatus first.
func (j *Job) IsQueued() bool { return j.Status() == StatusQueued }

// IsStarted reports whether Status is started.
func (j *Job) IsStarted() bool { return j.Status() == StatusStarted }

// IsFinished reports whether Status is finished.
func (j *Job) IsFinished() bool { return j.Status() == StatusFinished }

// IsFailed reports whether Status is failed.
func (j *Job) IsFailed() bool { return j.Status() == StatusFailed }

// IsStopped reports whether Status is stopped.
func (j *Job) IsStopped() bool { return j.Status() == StatusStopped }

// IsDeferred reports whether Status is deferred.
func (j *Job) IsDeferred() bool { return j.Status() == StatusDeferred }

// IsScheduled reports whether Status is scheduled.
func (j *Job) IsScheduled() bool { return j.Status() == StatusScheduled }

// IsCanceled reports whether Status is canceled.
func (j *Job) IsCanceled() bool { return j.Status() == StatusCanceled }

// Origin returns the name of the queue the job was put in last, or "".
func (j *Job) Origin() string { return j.rec.Origin }

// Description returns what RQ's tools show for the job.
func (j *Job) Description() string { return j.rec.Description }

// CreatedAt returns when the job was made.
func (j *Job) CreatedAt() time.Time { return j.rec.CreatedAt }

// EnqueuedAt returns when the job was put in a queue last; zero is never.
func (j *Job) EnqueuedAt() time.Time { return j.rec.EnqueuedAt }

// StartedAt returns when the job began to run last; zero is never.
func (j *Job) StartedAt() time.Time { return j.rec.StartedAt }

// EndedAt returns when the job ended last; zero is never.
func (j *Job) EndedAt() time.Time { return j.rec.EndedAt }

// LastHeartbeat returns when a worker last said that the job runs; zero is never.
func (j *Job) LastHeartbeat() time.Time { return j.rec.LastHeartbeat }

// WorkerName returns the name of the worker that ran the job last, or "".
func (j *Job) WorkerName() string { return j.rec.WorkerName }

// Group returns the name of the job's group, or "".
func (j *Job) Group() string { return j.rec.GroupID }

// Timeout returns how long the job may run, and false when nothing is stored:
// then it is DefaultTimeout. Forever is no limit.
func (j *Job) Timeout() (time.Duration, bool) { return seconds(j.rec.Timeout) }

// ResultTTL returns how long job and result are kept after success, and false
// when the worker decides.
func (j *Job) ResultTTL() (time.Duration, bool) { return seconds(j.rec.ResultTTL) }

// TTL returns how long the job may wait to be started, and false for no limit.
func (j *Job) TTL() (time.Duration, bool) { return seconds(j.rec.TTL) }

// FailureTTL returns how long the job is kept after a failure, and false when
// the worker decides.
func (j *Job) FailureTTL() (time.Duration, bool) { return seconds(j.rec.FailureTTL) }

// RetriesLeft returns how often the job is still retried, and false when it
// never was to be.
func (j *Job) RetriesLeft() (int, bool) { return intOf(j.rec.RetriesLeft) }

// RepeatsLeft returns how often the job is still repeated, and false when it
// never was to be.
func (j *Job) RepeatsLeft() (int, bool) { return intOf(j.rec.RepeatsLeft) }

func intOf(n *int) (int, bool) {
	if n == nil {
		return 0, false
	}
	return *n, true
}

// DependencyIDs returns the ids of the jobs that this one was told to wait for.
func (j *Job) DependencyIDs() []string { return slices.Clone(j.rec.DependencyIDs) }

// Malformed returns what of the job's hash could not be read, joined, or nil.
// Such a field is treated as absent; a Python worker would exit on it.
func (j *Job) Malformed() error { return j.malformed }

// readCall reads the call from the job's data the first time it is needed.
func (j *Job) readCall() (*FuncCall, error) {
	if j.call != nil {
		return j.call, nil
	}
	v, err := loads(j.serializer, j.id, "call", j.rec.Data)
	if err != nil {
		return nil, err
	}
	call, err := callOf(v)
	if err != nil {
		return nil, &DeserializeError{j.id, "call", serializerName(j.serializer), looksLike(j.rec.Data), err}
	}
	j.call = call
	return call, nil
}

// Call returns the call that the job makes. Here as in FuncName, Args, Kwargs,
// Arg and Kwarg the error is a *DeserializeError when the job's data cannot be
// read; all else that can be done with a job can be done then too.
func (j *Job) Call() (FuncCall, error) {
	call, err := j.readCall()
	if err != nil {
		return FuncCall{}, err
	}
	return *call, nil
}

// FuncName returns the dotted path of the function that the job calls.
func (j *Job) FuncName() (string, error) {
	call, err := j.readCall()
	if err != nil {
		return "", err
	}
	return call.Func, nil
}

// Args returns the positional arguments as Go and Python values.
func (j *Job) Args() ([]any, error) {
	call, err := j.readCall()
	if err != nil {
		return nil, err
	}
	return call.Args, nil
}

// Kwargs returns the keyword arguments, in order.
func (j *Job) Kwargs() (*Dict, error) {
	call, err := j.readCall()
	if err != nil {
		return nil, err
	}
	return call.Kwargs, nil
}

// Arg stores positional argument i, counted from 0, in dst, a pointer to any Go
// value that can hold it. The error names the argument and both types when it
// does not fit, and is an *InvalidError when there are not so many.
func (j *Job) Arg(i int, dst any) error {
	call, err := j.readCall()
	if err != nil {
		return err
	}
	if i < 0 || i >= len(call.Args) {
		return &InvalidError{"argument", i, "is not there: " + call.Func + " is called with " + strconv.Itoa(len(call.Args))}
	}
	return wrapf(py.Assign(dst, call.Args[i]), "read argument %d of %s", i, call.Func)
}

// Kwarg stores the keyword argument called name in dst, as Arg does.
func (j *Job) Kwarg(name string, dst any) error {
	call, err := j.readCall()
	if err != nil {
		return err
	}
	v, ok := call.Kwargs.Get(name)
	if !ok {
		return &InvalidError{"keyword argument", name, "is not there"}
	}
	return wrapf(py.Assign(dst, v), "read argument %s of %s", name, call.Func)
}
