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
