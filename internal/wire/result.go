package wire

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The types of a result (rq/results.py, Result.Type).
const (
	Successful         = 1
	Failed             = 2
	Stopped            = 3 // defined by RQ, never written: a stopped job's result is Failed
	Retried            = 4 // RQ 2.1
	MaxRetriesExceeded = 5 // RQ 2.8
)

// A Result is one entry of the stream rq:results:<id>. Its fields are in the order in
// which RQ writes them (rq/results.py, Result.serialize).
type Result struct {
	Type       int
	WorkerName string
	// ExcString is the traceback, not encoded; nil when absent.
	ExcString *string
	// ReturnValue is the serialized value, not encoded; nil when absent, which means
	// None.
	ReturnValue []byte
	ExecutionID string
	StartedAt   time.Time
	EndedAt     time.Time
}

// Fields returns the entry as alternating names and values for XADD.
func (r *Result) Fields() []any {
	w := fieldWriter{make([]any, 0, 14)}
	w.text("type", strconv.Itoa(r.Type))
	w.text("worker_name", r.WorkerName)
	if r.ExcString != nil {
		w.text("exc_string", base64.StdEncoding.EncodeToString(Deflate([]byte(*r.ExcString))))
	}
	if r.ReturnValue != nil {
		w.text("return_value", base64.StdEncoding.EncodeToString(r.ReturnValue))
	}
	w.textIfAny("execution_id", r.ExecutionID)
	if !r.StartedAt.IsZero() {
		w.text("execution_started_at", FormatUnix(r.StartedAt))
	}
	if !r.EndedAt.IsZero() {
		w.text("execution_ended_at", FormatUnix(r.EndedAt))
	}
	return w.fields
}

// DecodeResult reads an entry of a result stream. Fields that cannot be read are left
// zero and joined into the error as FieldErrors; the result is still usable. An unknown
// type is not an error: a newer RQ may have more types.
func DecodeResult(entry map[string]string) (*Result, error) {
	r := fieldReader{hash: entry}
	res := &Result{WorkerName: r.text("worker_name"), ExecutionID: r.text("execution_id")}
	if entry["type"] == "" {
		r.fail("type", errors.New("missing"))
	} else if n := r.number("type"); n != nil {
		res.Type = *n
	}
	if v, ok := entry["return_value"]; ok {
		res.ReturnValue = r.base64("return_value", v)
	}
	if v := entry["exc_string"]; v != "" {
		if p := r.base64("exc_string", v); p != nil {
			res.ExcString = asText(r.inflated("exc_string", string(p)))
		}
	}
	res.StartedAt = r.unix("execution_started_at")
	res.EndedAt = r.unix("execution_ended_at")
	return res, errors.Join(r.errs...)
}

func (r *fieldReader) base64(field, v string) []byte {
	p, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		r.fail(field, fmt.Errorf("not base64: %w", err))
		return nil
	}
	return p
}

func (r *fieldReader) unix(field string) time.Time {
	v := r.hash[field]
	if v == "" {
		return time.Time{}
	}
	t, err := ParseUnix(v)
	if err != nil {
		r.fail(field, err)
	}
	return t
}

// ResultTime returns when the result with this stream id was added.
func ResultTime(id string) (time.Time, error) {
	ms, _, _ := strings.Cut(id, "-")
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not the id of a stream entry", quote(id))
	}
	return time.UnixMilli(n).UTC(), nil
}
