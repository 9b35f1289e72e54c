package rq

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// Delete removes the job with its results, executions and relations, and from
// its queue, registry, group and rate limit, in one step (rq/job.py Job.delete).
// A job that is running runs on. It returns ErrNoSuchJob when there is no such job.
func (j *Job) Delete(ctx context.Context) error {
	done, err := scripts.DeleteJob(ctx, noRetryClient{j.rdb}, j.id, true, moment(time.Now()))
	if err != nil {
		return wrapf(err, "delete job %s", j.id)
	}
	if !done {
		return noSuchJob(j.id)
	}
	return nil
}

// DeleteWithDependents removes the job and those that wait for it, but not those
// that wait for these (rq/job.py Job.delete with delete_dependents). The
// dependents go first, so that a failure in between can be repeated.
func (j *Job) DeleteWithDependents(ctx context.Context) error {
	ids, err := j.DependentIDs(ctx)
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(ids, fetchChunk) {
		_, errs, err := scripts.DeleteJobs(ctx, j.rdb, chunk, false, moment(time.Now()))
		if err := errors.Join(append(errs, err)...); err != nil {
			return wrapf(err, "delete dependents of job %s", j.id)
		}
	}
	return j.Delete(ctx)
}

// A CancelOption says what else Cancel does.
type CancelOption func(*cancelSettings)

type cancelSettings struct{ enqueueDependents, leaveDependencies bool }

// EnqueueDependents lets the jobs that wait for the canceled one, and for no
// other, go to their queues. Without it they wait for ever.
func EnqueueDependents() CancelOption {
	return func(s *cancelSettings) { s.enqueueDependents = true }
}

// RemoveFromDependencies lets the jobs that the canceled one waits for forget it.
func RemoveFromDependencies() CancelOption {
	return func(s *cancelSettings) { s.leaveDependencies = true }
}

// Cancel keeps the job from being run, and keeps the job: it is in the canceled
// registry then (rq/job.py Job.cancel). A job that is running runs on. It
// returns ErrInvalidJobOperation when the job is canceled already, or has a status
// that only a newer RQ knows; ErrNoSuchJob when there is no such job.
// A long queue, and many dependents, are gone through in steps that are short for
// Redis. If Redis fails while dependents are enqueued, the same call goes on with them,
// and so does any worker in Go. Without memory it fails before it has changed anything.
func (j *Job) Cancel(ctx context.Context, opts ...CancelOption) error {
	var set cancelSettings
	for _, o := range opts {
		if o != nil {
			o(&set)
		}
	}
	code, err := scripts.CancelJob(ctx, noRetryClient{j.rdb}, j.id, moment(time.Now()), set.enqueueDependents, set.leaveDependencies)
	if err := refusal("cancel", j.id, code, err); err != nil {
		return err
	}
	j.rec.Status = string(StatusCanceled)
	return nil
}

// Requeue moves a failed or stopped job back to its queue, in one step (rq/job.py
// Job.requeue). AtFront is the one option it takes. The number of retries is not
// restored, as in RQ. It returns ErrInvalidJobOperation when the job is not in
// the failed registry, was enqueued again and runs or will, or has a status that only
// a newer RQ knows; ErrNoSuchJob when there is no such job. The job is read again then.
func (j *Job) Requeue(ctx context.Context, opts ...Option) error {
	set, err := collectPlacement(opts)
	if err == nil && (set.unique || set.pipe != nil) {
		err = &InvalidError{"option", "Unique or Pipeline", "is not possible for a requeue"}
	}
	if err := errors.Join(err, validateJobID(j.id)); err != nil {
		return err
	}
	origin, err := j.rdb.HGet(ctx, keys.Job(j.id), "origin").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return wrapf(err, "requeue job %s", j.id)
	}
	if err := requeueOne(ctx, j.rdb, keys.Failed(origin), j.id, set.atFront); err != nil {
		return err
	}
	_ = j.Refresh(ctx) // the job is requeued, whether or not this can be read
	return nil
}

// requeueOne moves a job of a registry back to its queue.
func requeueOne(ctx context.Context, rdb redis.UniversalClient, registry, id string, atFront bool) error {
	codes, errs, err := scripts.RequeueJobs(ctx, noRetryClient{rdb}, scripts.Requeue{
		Registry: registry, IDs: []string{id}, AtFront: atFront, Now: moment(time.Now()), Empty: wire.Deflate(nil),
	})
	if err != nil {
		return refusal("requeue", id, 0, err)
	}
	return refusal("requeue", id, codes[0], errs[0])
}
