package rq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/wire"
)

// A ResultType is the way in which a run of a job ended (rq/results.py Result.Type).
type ResultType int

// The types of results. The result of a stopped job is ResultFailed.
const (
	ResultSuccessful         ResultType = wire.Successful
	ResultFailed             ResultType = wire.Failed
	ResultStopped            ResultType = wire.Stopped
	ResultRetried            ResultType = wire.Retried            // RQ 2.1
	ResultMaxRetriesExceeded ResultType = wire.MaxRetriesExceeded // RQ 2.8
)

// String returns the type in words, such as "failed".
func (t ResultType) String() string {
	switch t {
	case ResultSuccessful:
		return "successful"
	case ResultFailed:
		return "failed"
	case ResultStopped:
		return "stopped"
	case ResultRetried:
		return "retried"
	case ResultMaxRetriesExceeded:
		return "max retries exceeded"
	}
	return "result type " + strconv.Itoa(int(t))
}

// A Result is the outcome of one run of a job (rq/results.py Result).
type Result struct {
	// ID is the id of the entry in the job's stream of results. Later ids are greater.
	ID string
	// JobID is the id of the job.
	JobID string
	// Type says how the run ended.
	Type ResultType
	// CreatedAt is when the result was stored, by the clock of the server.
	CreatedAt time.Time
	// WorkerName is the name of the worker; "" for a job that ran in its caller, or
	// in a worker of RQ before 2.5.
	WorkerName string
	// ExecutionID is the id of the Execution; "" from RQ before 2.8.
	ExecutionID string
	// StartedAt and EndedAt are when the run started and ended; zero from RQ before 2.8.
	StartedAt, EndedAt time.Time
	// ExcInfo is the traceback of a failed run, otherwise "".
	ExcInfo string

	raw        []byte // the serializer's bytes; nil for None
	malformed  error  // of the fields that could not be read
	serializer Serializer
}

// ReturnValue returns the return value of the run: nil for None, and for a run that
// did not succeed. It returns a *DeserializeError when the serializer cannot read the
// value.
func (r *Result) ReturnValue() (any, error) {
	if err := fieldError(r.malformed, "return_value"); err != nil {
		return nil, &DeserializeError{JobID: r.JobID, Part: "return value", Serializer: serializerName(r.serializer), Err: err}
	}
	if r.raw == nil {
		return nil, nil
	}
	return loads(r.serializer, r.JobID, "return value", r.raw)
}

// Scan stores the return value in dst, a pointer to a Go value that can hold it. It
// returns the errors of ReturnValue, and an error that names both types when the value
// does not fit.
func (r *Result) Scan(dst any) error {
	v, err := r.ReturnValue()
	if err != nil {
		return err
	}
	return wrapf(py.Assign(dst, v), "read return value of job %s", r.JobID)
}

// failed returns a *FailedError unless the run succeeded.
func (r *Result) failed() error {
	if r.Type == ResultSuccessful {
		return nil
	}
	return &FailedError{r.JobID, r.Type, r.ExcInfo}
}

// A FailedError is returned by Await and ResultOf for a job that failed, was stopped,
// or asked for more retries than it has.
type FailedError struct {
	JobID string
	// Type is the type of the result, such as ResultFailed.
	Type ResultType
	// ExcInfo is the traceback, from Python or from Go.
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
		last = "it asked for more retries than it has"
	case last == "":
		last = "no traceback"
	}
	return fmt.Sprintf("rq: job %s failed: %s", e.JobID, last)
}

// Results returns the stored results of the job, the newest first (rq/job.py
// Job.results). About ten are kept.
func (j *Job) Results(ctx context.Context) ([]*Result, error) {
	entries, err := j.rdb.XRevRange(ctx, keys.Results(j.id), "+", "-").Result()
	if err != nil {
		return nil, wrapf(err, "fetch results of job %s", j.id)
	}
	results := make([]*Result, 0, len(entries))
	for _, e := range entries {
		results = append(results, j.resultOf(e))
	}
	return results, nil
}

// LatestResult returns the newest result of the job. It returns ErrNoResult when there
// is none (rq/job.py Job.latest_result).
func (j *Job) LatestResult(ctx context.Context) (*Result, error) {
	entries, err := j.rdb.XRevRangeN(ctx, keys.Results(j.id), "+", "-", 1).Result()
	if err != nil {
		return nil, wrapf(err, "fetch result of job %s", j.id)
	}
	if len(entries) == 0 {
		return nil, ErrNoResult
	}
	return j.resultOf(entries[0]), nil
}

// LatestResults returns the newest result of each job, nil for a job without one. It
// takes one round trip for each thousand jobs, more if results are large.
func LatestResults(ctx context.Context, rdb redis.UniversalClient, jobs ...*Job) ([]*Result, error) {
	results := make([]*Result, len(jobs))
	newest := func(pipe redis.Pipeliner, i int) *redis.XMessageSliceCmd {
		return pipe.XRevRangeN(ctx, keys.Results(jobs[i].id), "+", "-", 1)
	}
	err := redisx.Read(ctx, rdb, len(jobs), newest, func(i int, entries []redis.XMessage) int {
		if len(entries) == 0 {
			return 0
		}
		results[i] = jobs[i].resultOf(entries[0])
		return len(results[i].raw) + len(results[i].ExcInfo)
	})
	if err != nil {
		return nil, wrapf(err, "fetch results of %d jobs", len(jobs))
	}
	return results, nil
}

// fieldError returns the error of one field among the errors of a hash, or nil.
func fieldError(malformed error, field string) error {
	for _, err := range malformedFields(malformed) {
		if err.Field == field {
			return err
		}
	}
	return nil
}

// malformedFields returns the errors that a decoder of package wire has joined.
func malformedFields(malformed error) []*wire.FieldError {
	joined, ok := malformed.(interface{ Unwrap() []error })
	if !ok {
		return nil
	}
	var fields []*wire.FieldError
	for _, err := range joined.Unwrap() {
		var f *wire.FieldError
		if errors.As(err, &f) {
			fields = append(fields, f)
		}
	}
	return fields
}

// resultOf reads an entry of the stream of results. A field that cannot be read is left
// empty, so that it does not hide the rest.
func (j *Job) resultOf(entry redis.XMessage) *Result {
	hash := make(map[string]string, len(entry.Values))
	for k, v := range entry.Values {
		hash[k], _ = v.(string)
	}
	rec, malformed := wire.DecodeResult(hash)
	created, _ := wire.ResultTime(entry.ID)
	r := &Result{
		ID: entry.ID, JobID: j.id, Type: ResultType(rec.Type), CreatedAt: created,
		WorkerName: rec.WorkerName, ExecutionID: rec.ExecutionID,
		StartedAt: rec.StartedAt, EndedAt: rec.EndedAt,
		raw: rec.ReturnValue, malformed: malformed, serializer: j.serializer,
	}
	if rec.ExcString != nil {
		r.ExcInfo = *rec.ExcString
	}
	return r
}

// ReturnValue returns the return value of the last run, and nil when it did not succeed
// (rq/job.py Job.return_value). RQ before 1.12 stored the value in the job itself, and
// ReturnValue reads it there. It returns a *DeserializeError when the serializer cannot
// read the value.
func (j *Job) ReturnValue(ctx context.Context) (any, error) {
	r, err := j.LatestResult(ctx)
	switch {
	case errors.Is(err, ErrNoResult):
		return j.hashResult()
	case err != nil:
		return nil, err
	case r.Type != ResultSuccessful:
		return nil, nil
	}
	return r.ReturnValue()
}

func (j *Job) hashResult() (any, error) {
	if len(j.rec.Result) == 0 || j.Status() != StatusFinished {
		return nil, nil
	}
	if string(j.rec.Result) == unserializable {
		return unserializable, nil
	}
	return loads(j.serializer, j.id, "return value", j.rec.Result)
}

// DeleteResults deletes all results of the job (rq/results.py Result.delete_all).
func (j *Job) DeleteResults(ctx context.Context) error {
	return wrapf(j.rdb.Del(ctx, keys.Results(j.id)).Err(), "delete results of job %s", j.id)
}

// ExcInfo returns the traceback of the last run if it failed, otherwise "" (rq/job.py
// Job.exc_info).
func (j *Job) ExcInfo(ctx context.Context) (string, error) {
	r, err := j.LatestResult(ctx)
	switch {
	case errors.Is(err, ErrNoResult) && j.rec.ExcInfo != nil:
		return *j.rec.ExcInfo, nil
	case errors.Is(err, ErrNoResult):
		return "", nil
	case err != nil:
		return "", err
	}
	return r.ExcInfo, nil
}

// ResultOf returns the return value of the last run as a T. It does not wait. It returns
// ErrNoResult when there is no result, a *FailedError when the run failed, a
// *DeserializeError when the serializer cannot read the value, and an error that names
// both types when the value does not fit.
func ResultOf[T any](ctx context.Context, j *Job) (T, error) {
	var zero T
	if j == nil {
		return zero, noSuchJob("nil")
	}
	r, err := j.LatestResult(ctx)
	if err != nil {
		return zero, err
	}
	return valueOf[T](r)
}

func valueOf[T any](r *Result) (T, error) {
	var v T
	if err := r.failed(); err != nil {
		return v, err
	}
	err := r.Scan(&v)
	return v, err
}

// unserializable is the return value that RQ stores for a value that it cannot write.
const unserializable = "Unserializable return value"

// resultsKept is how many results of a job are kept. RQ asks for about ten and
// gets up to 109, because it lets Redis trim whole blocks.
const resultsKept = 10

// returned encodes a return value, and returns nil for None.
func returned(s Serializer, v any) []byte {
	if v == nil {
		return nil
	}
	data, err := dumps(s, "return value", v)
	if err != nil {
		data, err = dumps(s, "return value", unserializable)
	}
	if err != nil {
		return nil
	}
	return data
}
