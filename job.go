package rq

import (
	"maps"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/wire"
)

// A Status is the state of a job (rq/job.py JobStatus). Versions of RQ newer than this
// package may have more. A job with an unknown status is left alone: workers do not run
// it and move its id to the end of its queue, schedulers do not enqueue it, and it is
// neither requeued nor canceled. It can be deleted.
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

// A Job is a copy of a job's data as it was last created, fetched or refreshed
// (rq/job.py Job). Methods that take a context talk to Redis; no other method does. A
// Job is not safe for concurrent use.
type Job struct {
	// Meta is the user's own data about the job. SaveMeta stores it. Meta that cannot
	// be read is kept as bytes under the key "unserialized".
	Meta map[string]any

	id         string
	rdb        redis.UniversalClient
	serializer Serializer
	fleet      release
	rec        wire.Job
	ownsID     bool      // the caller chose the id
	call       *FuncCall // nil until it is read from rec.Data
	meta       *Dict     // as it was read, for the order and for keys that are not text
	metaKind   any       // the kind of dict that was read, for writing it back
	malformed  error
}

// CreateJob returns a job for call with the status created (rq/job.py Job.create).
// It does not talk to Redis: Queue.EnqueueJob and Queue.ScheduleJob write the job.
//
// It returns an *InvalidError for an argument or an option that is refused, and a
// *SerializeError for an argument or meta that the serializer cannot write.
func CreateJob(rdb redis.UniversalClient, call FuncCall, opts ...CreateOption) (*Job, error) {
	set, err := collect(opts)
	if err != nil {
		return nil, err
	}
	return newJob(rdb, orPickle(set.serializer), set.fleet, call, set)
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
		Status:      string(StatusCreated),
		CreatedAt:   now(),
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

// fill sets the fields of options that have several parts.
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

// Status returns the status that was read last. GetStatus reads it from Redis.
func (j *Job) Status() Status { return Status(j.rec.Status) }

// Malformed returns the errors of the fields that could not be read, joined, or
// nil. Such a field is treated as absent, where a Python worker exits. Save does
// not overwrite it.
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

// Call returns the call that the job makes. Call, FuncName, Args, Kwargs, Arg and
// Kwarg return a *DeserializeError when the serializer cannot read the job's data;
// the other methods of the job still work.
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

// Args returns the positional arguments: values of Go, or of this package where Go
// has no type.
func (j *Job) Args() ([]any, error) {
	call, err := j.readCall()
	if err != nil {
		return nil, err
	}
	return call.Args, nil
}

// Kwargs returns the keyword arguments in the order of the call.
func (j *Job) Kwargs() (*Dict, error) {
	call, err := j.readCall()
	if err != nil {
		return nil, err
	}
	return call.Kwargs, nil
}

// Arg stores positional argument i, counted from 0, in dst, a pointer to a Go value
// that can hold it. It returns an *InvalidError when there is no such argument, and
// an error that names the argument and both types when the value does not fit.
func (j *Job) Arg(i int, dst any) error {
	call, err := j.readCall()
	if err != nil {
		return err
	}
	if i < 0 || i >= len(call.Args) {
		return &InvalidError{"argument", i, "does not exist: " + call.Func + " is called with " + strconv.Itoa(len(call.Args)) + " positional arguments"}
	}
	return wrapf(py.Assign(dst, call.Args[i]), "read argument %d of %s", i, call.Func)
}

// Kwarg stores the keyword argument called name in dst, with the errors of Arg.
func (j *Job) Kwarg(name string, dst any) error {
	call, err := j.readCall()
	if err != nil {
		return err
	}
	v, ok := call.Kwargs.Get(name)
	if !ok {
		return &InvalidError{"keyword argument", name, "does not exist"}
	}
	return wrapf(py.Assign(dst, v), "read argument %s of %s", name, call.Func)
}

// splitPair splits an entry job:execution, the form of rq:wip. An execution is 32 hex
// digits. An entry with another ending is just a job's id, as RQ 1 wrote it: its ids
// may hold colons, on which rq/utils.py parse_composite_key fails.
func splitPair(member string) (job, execution string) {
	if job, execution = cutPair(member); isExecutionID(execution) {
		return job, execution
	}
	return member, ""
}

// cutPair splits a text that is known to be job:execution.
func cutPair(pair string) (job, execution string) {
	at := strings.LastIndexByte(pair, ':')
	if at < 0 {
		return pair, ""
	}
	return pair[:at], pair[at+1:]
}

// isExecutionID reports whether s looks like a result of uuid4().hex. The version
// digits are not checked.
func isExecutionID(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// wipMember is the entry of an execution in rq:wip. RQ 2 and later fail on an entry
// with two colons, so a job whose id has one gets the entry that RQ 1 writes.
func wipMember(fleet release, id, execution string) string {
	if fleet.before(executionsRelease) || strings.Contains(id, ":") {
		return id
	}
	return id + ":" + execution
}

// validateJobID refuses the ids that rq/job.py JOB_ID_PATTERN refuses, because Python
// workers exit on them. It uses no regexp because it runs for every id that is enqueued.
func validateJobID(id string) error {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return badJobID(id)
		}
	}
	if id == "" {
		return badJobID(id)
	}
	return nil
}

func badJobID(id string) error {
	return &InvalidError{"job id", id, "must be letters, digits, underscores and dashes"}
}

// jobIDOf returns the job of an entry job:execution (rq/job.py parse_job_id).
func jobIDOf(entry string) string {
	id, _ := splitPair(entry)
	return id
}
