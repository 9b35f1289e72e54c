package rq

import (
	"maps"
	"slices"
	"time"
)

// IsQueued reports whether Status is queued. Like the other predicates it uses the
// status that was read last. RQ's read it from Redis; here, call GetStatus or Refresh
// first.
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

// IsRateLimited reports whether Status is rate_limited.
func (j *Job) IsRateLimited() bool { return j.Status() == StatusRateLimited }

// IsReadyToEnqueue reports whether Status is ready_to_enqueue.
func (j *Job) IsReadyToEnqueue() bool { return j.Status() == StatusReadyToEnqueue }

// Origin returns the name of the queue that the job was last put in, or "".
func (j *Job) Origin() string { return j.rec.Origin }

// Description returns the text that RQ's tools show for the job.
func (j *Job) Description() string { return j.rec.Description }

// CreatedAt returns when the job was created, in UTC like the times below.
func (j *Job) CreatedAt() time.Time { return j.rec.CreatedAt }

// EnqueuedAt returns when the job was last put in a queue, zero for never.
func (j *Job) EnqueuedAt() time.Time { return j.rec.EnqueuedAt }

// StartedAt returns when the job last started, zero for never.
func (j *Job) StartedAt() time.Time { return j.rec.StartedAt }

// EndedAt returns when the job last ended, zero for never.
func (j *Job) EndedAt() time.Time { return j.rec.EndedAt }

// LastHeartbeat returns the time of the last heartbeat for the job, zero for none.
func (j *Job) LastHeartbeat() time.Time { return j.rec.LastHeartbeat }

// WorkerName returns the name of the worker that last ran the job, or "".
func (j *Job) WorkerName() string { return j.rec.WorkerName }

// Group returns the name of the job's group, or "".
func (j *Job) Group() string { return j.rec.GroupID }

// Timeout returns how long the job may run, and false when the job has no timeout of its
// own. Forever is no limit.
func (j *Job) Timeout() (time.Duration, bool) { return seconds(j.rec.Timeout) }

// ResultTTL returns how long the job and its result are kept after it has succeeded, and
// false when the worker's default applies.
func (j *Job) ResultTTL() (time.Duration, bool) { return seconds(j.rec.ResultTTL) }

// TTL returns how long the job may wait before it starts, and false for no limit.
func (j *Job) TTL() (time.Duration, bool) { return seconds(j.rec.TTL) }

// FailureTTL returns how long the job is kept after it has failed, and false when the
// worker's default applies.
func (j *Job) FailureTTL() (time.Duration, bool) { return seconds(j.rec.FailureTTL) }

// RetriesLeft returns the number of retries that are left, and false when the job has no
// Retry.
func (j *Job) RetriesLeft() (int, bool) { return intOf(j.rec.RetriesLeft) }

// NumberOfRetries returns how often the job was retried because it returned a Retry
// (RQ 2.1).
func (j *Job) NumberOfRetries() int {
	n, _ := intOf(j.rec.NumberOfRetries)
	return n
}

// RetryIntervals returns the delays before the retries.
func (j *Job) RetryIntervals() []time.Duration { return durations(j.rec.RetryIntervals) }

// RepeatIntervals returns the delays before the repeats.
func (j *Job) RepeatIntervals() []time.Duration { return durations(j.rec.RepeatIntervals) }

// OnSuccess returns the callback set by the option OnSuccess, and false for none.
func (j *Job) OnSuccess() (Callback, bool) {
	return callbackOf(j.rec.SuccessCallback, j.rec.SuccessCallbackTimeout)
}

// OnFailure returns the callback set by the option OnFailure, and false for none.
func (j *Job) OnFailure() (Callback, bool) {
	return callbackOf(j.rec.FailureCallback, j.rec.FailureCallbackTimeout)
}

// OnStopped returns the callback set by the option OnStopped, and false for none.
func (j *Job) OnStopped() (Callback, bool) {
	return callbackOf(j.rec.StoppedCallback, j.rec.StoppedCallbackTimeout)
}

// Webhooks returns the requests that are sent when the job ends.
func (j *Job) Webhooks() []Webhook {
	var hooks []Webhook
	for _, h := range j.rec.Webhooks {
		hooks = append(hooks, Webhook{
			URL: h.URL, JobStatus: Status(h.JobStatus), Method: h.Method, Headers: maps.Clone(h.Headers), Timeout: h.Timeout,
		})
	}
	return hooks
}

// RateLimit returns the job's rate limit, and false when it has none.
func (j *Job) RateLimit() (RateLimit, bool) {
	return RateLimit{j.rec.RateLimitKey, j.rec.RateLimitConcurrency}, j.rec.RateLimitKey != ""
}

// RepeatsLeft returns the number of repeats that are left, and false when the job has no
// Repeat.
func (j *Job) RepeatsLeft() (int, bool) { return intOf(j.rec.RepeatsLeft) }

// DependencyIDs returns the ids of the jobs that this job depends on, including those
// that have finished.
func (j *Job) DependencyIDs() []string { return slices.Clone(j.rec.DependencyIDs) }

func callbackOf(name string, timeout *int) (Callback, bool) {
	if name == "" {
		return Callback{}, false
	}
	d, ok := seconds(timeout)
	if !ok {
		d = DefaultCallbackTimeout
	}
	return Callback{name, d}, true
}
