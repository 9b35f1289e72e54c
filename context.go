package rq

import "context"

type jobKey struct{}

// CurrentJob returns the job that a handler or a callback with this ctx belongs to, and
// false outside of them (rq/job.py get_current_job).
func CurrentJob(ctx context.Context) (*Job, bool) {
	job, ok := ctx.Value(jobKey{}).(*Job)
	return job, ok
}

func withJob(ctx context.Context, job *Job) context.Context {
	return context.WithValue(ctx, jobKey{}, job)
}

type outcomeKey struct{}

// An Outcome is how a job ended, for its callbacks.
type Outcome struct {
	// Value is the return value of a job that succeeded, else nil.
	Value any
	// Err is the error that the job failed with, else nil.
	Err error
}

// JobOutcome returns how the job ended, to a callback with this ctx, and false outside
// of callbacks. RQ passes the outcome to its callbacks as arguments.
func JobOutcome(ctx context.Context) (Outcome, bool) {
	o, ok := ctx.Value(outcomeKey{}).(Outcome)
	return o, ok
}

func withOutcome(ctx context.Context, value any, err error) context.Context {
	return context.WithValue(ctx, outcomeKey{}, Outcome{value, err})
}
