package rq

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/wire"
)

// A ResultType says how a run of a job ended (rq/results.py Result.Type).
type ResultType int

// The types of results. A stopped job's is ResultFailed.
const (
	ResultSuccessful         ResultType = wire.Successful
	ResultFailed             ResultType = wire.Failed
	ResultStopped            ResultType = wire.Stopped
	ResultRetried            ResultType = wire.Retried            // RQ 2.1
	ResultMaxRetriesExceeded ResultType = wire.MaxRetriesExceeded // RQ 2.8
)

// String returns what the run came to, such as "failed".
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
	// ID is its place in the job's results; a later one is greater.
	ID string
	// JobID is the job's.
	JobID string
	// Type says how the run ended.
	Type ResultType
	// CreatedAt is when it was stored, by the server's clock.
	CreatedAt time.Time
	// WorkerName is the worker's; "" for a job that ran without one, or with an
	// RQ before 2.5.
	WorkerName string
	// ExecutionID is that of the Execution; "" before RQ 2.8.
	ExecutionID string
	// StartedAt and EndedAt are when the run began and ended; zero before RQ 2.8.
	StartedAt, EndedAt time.Time
	// ExcInfo is the traceback of a failed run.
	ExcInfo string

	raw        []byte // the serializer's bytes; nil for None
	malformed  error  // what of the entry could not be read
	serializer Serializer
}

// ReturnValue returns what the job returned: nil for None and for a run that
// failed. The error is a *DeserializeError.
func (r *Result) ReturnValue() (any, error) {
	if err := fieldError(r.malformed, "return_value"); err != nil {
		return nil, &DeserializeError{JobID: r.JobID, Part: "return value", Serializer: serializerName(r.serializer), Err: err}
	}
	if r.raw == nil {
		return nil, nil
	}
	return loads(r.serializer, r.JobID, "return value", r.raw)
}

// Scan stores what the job returned in dst, a pointer to any Go value that can
// hold it.
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

// Results returns the results of the job that are kept, the newest first (rq/job.py
// Job.results). RQ keeps about the last ten.
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

// LatestResult returns the newest result of the job, or ErrNoResult (rq/job.py
// Job.latest_result).
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

// LatestResults returns the newest result of each job, and nil for those that have
// none, in a round trip for each thousand jobs.
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

// fieldError returns what is wrong with one field, of all that is wrong with a
// hash.
func fieldError(malformed error, field string) error {
	for _, err := range malformedFields(malformed) {
		if err.Field == field {
			return err
		}
	}
	return nil
}

// malformedFields takes apart what wire's decoders join.
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

// resultOf reads an entry of the result stream. What cannot be read in it is
// left out: one odd field must not hide the others.
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

// ReturnValue returns what the job returned, and nil while it has not
// succeeded (rq/job.py Job.return_value, and what was Job.result). A job that
// RQ before 1.12 ran has its value in the job itself.
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

// DeleteResults deletes the results of the job that are kept (rq/results.py
// Result.delete_all).
func (j *Job) DeleteResults(ctx context.Context) error {
	return wrapf(j.rdb.Del(ctx, keys.Results(j.id)).Err(), "delete results of job %s", j.id)
}

// ExcInfo returns the traceback of the job's last run if it failed, else ""
// (rq/job.py Job.exc_info).
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

// ResultOf returns what the job returned, as a T, without waiting. It returns
// ErrNoResult when there is none, and a *FailedError when the last run failed.
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

// unserializable is the return value that RQ stores for one it cannot write.
const unserializable = "Unserializable return value"

// resultsKept is how many results of a job are kept. RQ asks for about ten and
// gets up to 109, because it lets Redis trim whole blocks.
const resultsKept = 10

// returned encodes a return value; None is nil.
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
