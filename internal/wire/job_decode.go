package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// ErrNoData is returned for a hash without the field data, which RQ treats as
// no job at all.
var ErrNoData = errors.New("the job has no data")

// A FieldError is a field of a hash whose value cannot be read.
type FieldError struct {
	Field string
	Err   error
}

// Error names the field and what is wrong with its value.
func (e *FieldError) Error() string { return fmt.Sprintf("field %s: %s", e.Field, e.Err) }

// Unwrap returns the cause.
func (e *FieldError) Unwrap() error { return e.Err }

// DecodeJob reads the hash of a job (rq/job.py, Job.restore). Fields that
// cannot be read are left zero and joined into the error as FieldErrors; the
// job is then still usable. Only ErrNoData comes with a nil job.
func DecodeJob(hash map[string]string) (*Job, error) {
	data, ok := hash["data"]
	if !ok {
		return nil, ErrNoData
	}
	r := fieldReader{hash: hash}
	j := &Job{Data: r.inflated("data", data)}
	j.readIdentity(&r)
	j.readTimes(&r)
	j.readPolicies(&r)
	j.readCallbacks(&r)
	j.DependencyIDs = r.dependencies()
	if v := hash["meta"]; v != "" {
		j.Meta = []byte(v)
	}
	if v := hash["result"]; v != "" {
		j.Result = []byte(v)
	}
	if v := hash["exc_info"]; v != "" {
		j.ExcInfo = asText(r.inflated("exc_info", v))
	}
	return j, errors.Join(r.errs...)
}

func (j *Job) readIdentity(r *fieldReader) {
	if j.Status = r.text("status"); j.Status == "" {
		j.Status = "created"
	}
	j.Origin = r.text("origin")
	j.Description = r.text("description")
	j.WorkerName = r.text("worker_name")
	j.GroupID = r.text("group_id")
	j.RateLimitKey = r.text("rate_limit_key")
	if n := r.number("rate_limit_concurrency"); n != nil {
		j.RateLimitConcurrency = *n
	}
}

func (j *Job) readTimes(r *fieldReader) {
	j.CreatedAt = r.time("created_at")
	j.EnqueuedAt = r.time("enqueued_at")
	j.StartedAt = r.time("started_at")
	j.EndedAt = r.time("ended_at")
	j.LastHeartbeat = r.time("last_heartbeat")
}

func (j *Job) readPolicies(r *fieldReader) {
	j.Timeout = r.number("timeout")
	j.ResultTTL = r.number("result_ttl")
	j.FailureTTL = r.number("failure_ttl")
	j.TTL = r.number("ttl")
	j.NumberOfRetries = r.number("number_of_retries")
	j.RetriesLeft = r.number("retries_left")
	j.RetryIntervals = r.numbers("retry_intervals")
	if b := r.flag("enqueue_at_front_on_retry"); b != nil {
		j.EnqueueAtFrontOnRetry = *b
	}
	j.RepeatsLeft = r.number("repeats_left")
	j.RepeatIntervals = r.numbers("repeat_intervals")
	j.AllowDependencyFailures = r.flag("allow_dependency_failures")
	j.EnqueueAtFront = r.flag("enqueue_at_front")
}

func (j *Job) readCallbacks(r *fieldReader) {
	j.SuccessCallback = r.text("success_callback_name")
	j.FailureCallback = r.text("failure_callback_name")
	j.StoppedCallback = r.text("stopped_callback_name")
	j.SuccessCallbackTimeout = r.number("success_callback_timeout")
	j.FailureCallbackTimeout = r.number("failure_callback_timeout")
	j.StoppedCallbackTimeout = r.number("stopped_callback_timeout")
	if v := r.hash["webhooks"]; v != "" {
		j.Webhooks = parseWebhooks(v) // RQ ignores what it cannot read here
	}
}

// A fieldReader reads fields and collects the errors of those that it could not read.
// An empty field counts as absent.
type fieldReader struct {
	hash map[string]string
	errs []error
}

func (r *fieldReader) fail(field string, err error) {
	r.errs = append(r.errs, &FieldError{field, err})
}

func (r *fieldReader) text(field string) string {
	v := r.hash[field]
	if !utf8.ValidString(v) {
		r.fail(field, fmt.Errorf("%s is not UTF-8", quote(v)))
		return ""
	}
	return v
}

func (r *fieldReader) time(field string) time.Time {
	v := r.hash[field]
	if v == "" {
		return time.Time{}
	}
	t, err := ParseTime(v)
	if err != nil {
		r.fail(field, err)
	}
	return t
}

func (r *fieldReader) number(field string) *int {
	v := r.hash[field]
	if v == "" {
		return nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		r.fail(field, fmt.Errorf("%s is not a whole number", quote(v)))
		return nil
	}
	return &n
}

func (r *fieldReader) flag(field string) *bool {
	n := r.number(field)
	if n == nil {
		return nil
	}
	b := *n != 0
	return &b
}

func (r *fieldReader) numbers(field string) []int {
	v := r.hash[field]
	if v == "" {
		return nil
	}
	list, err := parseInts(v)
	if err != nil {
		r.fail(field, err)
	}
	return list
}

// dependencies reads dependency_ids, or the single dependency_id of RQ before 1.8.
func (r *fieldReader) dependencies() []string {
	if v := r.hash["dependency_ids"]; v != "" {
		var ids []string
		if err := json.Unmarshal([]byte(v), &ids); err != nil {
			r.fail("dependency_ids", fmt.Errorf("%s is not a JSON list of strings", quote(v)))
			return nil
		}
		return ids
	}
	if v := r.text("dependency_id"); v != "" {
		return []string{v}
	}
	return nil
}

// inflated returns the content of a compressed field, or the bytes as they are
// when they are not compressed, as RQ does; nil when they cannot be read.
func (r *fieldReader) inflated(field, v string) []byte {
	p := []byte(v)
	out, err := Inflate(p)
	if errors.Is(err, ErrNotDeflated) {
		return p
	}
	if err != nil {
		r.fail(field, err)
		return nil
	}
	return out
}

// asText returns a traceback, in which bytes that are not UTF-8 are replaced, since it
// is for people to read. nil stays nil.
func asText(p []byte) *string {
	if p == nil {
		return nil
	}
	s := strings.ToValidUTF8(string(p), "\uFFFD")
	return &s
}

// quote quotes a value for an error, and shortens a long one.
func quote(v string) string {
	const most = 80
	if len(v) > most {
		return fmt.Sprintf("%q...", v[:most])
	}
	return strconv.Quote(v)
}
