package rq

import "context"

type jobKey struct{}

// CurrentJob returns the job whose handler ctx was given to, and false outside
// a job (rq/job.py get_current_job).
func CurrentJob(ctx context.Context) (*Job, bool) {
	job, ok := ctx.Value(jobKey{}).(*Job)
	return job, ok
}

func withJob(ctx context.Context, job *Job) context.Context {
	return context.WithValue(ctx, jobKey{}, job)
}

type outcomeKey struct{}

// JobOutcome returns what the job of a callback has come to: what its function
// returned, or the error that it failed with. It is false outside callbacks.
// RQ gives its callbacks the same as arguments.
func JobOutcome(ctx context.Context) (value any, err error, ok bool) {
	o, ok := ctx.Value(outcomeKey{}).(result)
	return o.value, o.err, ok
}

func withOutcome(ctx context.Context, value any, err error) context.Context {
	return context.WithValue(ctx, outcomeKey{}, result{value, err})
}
