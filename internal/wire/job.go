package wire

import (
	"strconv"
	"time"
)

// A Job is the hash rq:job:<id>. Its fields are in the order in which RQ writes them
// (rq/job.py, Job.to_dict). A nil pointer, slice or zero time is an absent field.
type Job struct {
	Status    string
	CreatedAt time.Time
	// Data is the serialized (function, instance, args, kwargs), not compressed.
	Data []byte

	SuccessCallback string
	FailureCallback string
	StoppedCallback string

	StartedAt     time.Time
	EndedAt       time.Time
	LastHeartbeat time.Time
	WorkerName    string
	GroupID       string

	NumberOfRetries       *int
	RetriesLeft           *int
	RetryIntervals        []int
	EnqueueAtFrontOnRetry bool

	Origin      string
	Description string
	EnqueuedAt  time.Time

	RepeatsLeft     *int
	RepeatIntervals []int

	RateLimitKey         string
	RateLimitConcurrency int

	// Result is a serialized return value. Since RQ 1.12 only a repeat or a returned
	// Retry stores it here.
	Result []byte
	// ExcInfo is a traceback, not compressed. Since RQ 1.12 only a requeue
	// writes it, empty.
	ExcInfo *string

	Timeout *int

	SuccessCallbackTimeout *int
	FailureCallbackTimeout *int
	StoppedCallbackTimeout *int

	Webhooks []Webhook

	ResultTTL  *int
	FailureTTL *int

	DependencyIDs []string

	// Meta is the serialized meta dict.
	Meta []byte

	TTL                     *int
	AllowDependencyFailures *bool
	EnqueueAtFront          *bool
}

// usualFields is the number of fields of a job without options, for sizing.
const usualFields = 15

// Fields returns the hash as alternating names and values for HSET, status
// first. The values are strings and byte slices.
func (j *Job) Fields() []any { return j.AppendFields(make([]any, 0, 2*usualFields)) }

// AppendFields appends Fields to args.
func (j *Job) AppendFields(args []any) []any {
	w := fieldWriter{args}
	if j.Status != "" {
		w.text("status", j.Status)
	}
	w.textIfAny("created_at", formatTimeOrEmpty(j.CreatedAt))
	w.add("data", Deflate(j.Data))
	w.text("success_callback_name", j.SuccessCallback)
	w.text("failure_callback_name", j.FailureCallback)
	w.text("stopped_callback_name", j.StoppedCallback)
	w.text("started_at", formatTimeOrEmpty(j.StartedAt))
	w.text("ended_at", formatTimeOrEmpty(j.EndedAt))
	w.text("last_heartbeat", formatTimeOrEmpty(j.LastHeartbeat))
	w.text("worker_name", j.WorkerName)
	w.text("group_id", j.GroupID)
	j.retryFields(&w)
	w.textIfAny("origin", j.Origin)
	w.textIfAny("description", j.Description)
	w.textIfAny("enqueued_at", formatTimeOrEmpty(j.EnqueuedAt))
	w.number("repeats_left", j.RepeatsLeft)
	w.numbers("repeat_intervals", j.RepeatIntervals)
	w.textIfAny("rate_limit_key", j.RateLimitKey)
	if j.RateLimitConcurrency != 0 {
		w.text("rate_limit_concurrency", strconv.Itoa(j.RateLimitConcurrency))
	}
	j.resultFields(&w)
	w.number("timeout", j.Timeout)
	w.number("success_callback_timeout", j.SuccessCallbackTimeout)
	w.number("failure_callback_timeout", j.FailureCallbackTimeout)
	w.number("stopped_callback_timeout", j.StoppedCallbackTimeout)
	if len(j.Webhooks) > 0 {
		w.text("webhooks", formatWebhooks(j.Webhooks))
	}
	w.number("result_ttl", j.ResultTTL)
	w.number("failure_ttl", j.FailureTTL)
	if len(j.DependencyIDs) > 0 {
		w.text("dependency_id", j.DependencyIDs[0])
		w.text("dependency_ids", formatStrings(j.DependencyIDs))
	}
	if len(j.Meta) > 0 {
		w.add("meta", j.Meta)
	}
	w.number("ttl", j.TTL)
	w.flag("allow_dependency_failures", j.AllowDependencyFailures)
	w.flag("enqueue_at_front", j.EnqueueAtFront)
	return w.fields
}

func (j *Job) retryFields(w *fieldWriter) {
	w.number("number_of_retries", j.NumberOfRetries)
	w.number("retries_left", j.RetriesLeft)
	w.numbers("retry_intervals", j.RetryIntervals)
	if j.EnqueueAtFrontOnRetry {
		w.text("enqueue_at_front_on_retry", "1")
	}
}

func (j *Job) resultFields(w *fieldWriter) {
	if len(j.Result) > 0 {
		w.add("result", j.Result)
	}
	if j.ExcInfo != nil {
		w.add("exc_info", Deflate([]byte(*j.ExcInfo)))
	}
}

// A fieldWriter collects the arguments of one HSET.
type fieldWriter struct{ fields []any }

func (w *fieldWriter) add(name string, value any) { w.fields = append(w.fields, name, value) }

func (w *fieldWriter) text(name, value string) { w.add(name, value) }

func (w *fieldWriter) textIfAny(name, value string) {
	if value != "" {
		w.add(name, value)
	}
}

func (w *fieldWriter) number(name string, n *int) {
	if n != nil {
		w.add(name, strconv.Itoa(*n))
	}
}

func (w *fieldWriter) numbers(name string, list []int) {
	if list != nil {
		w.add(name, FormatInts(list))
	}
}

func (w *fieldWriter) flag(name string, b *bool) {
	if b == nil {
		return
	}
	if *b {
		w.add(name, "1")
	} else {
		w.add(name, "0")
	}
}
