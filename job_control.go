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
//
// A running job stays deleted. Its handler's context ends at the next heartbeat of the
// Go worker, within WorkerConfig.JobMonitoringInterval. The worker drops the outcome,
// logs that, and counts the run: as succeeded if the handler returned without an error
// before that heartbeat, else as failed. RQ's own worker runs the job to its end and
// stores it again as finished.
//
// It returns ErrNoSuchJob when there is no such job.
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

// DeleteWithDependents deletes the jobs that wait for this job, and then the job itself
// (rq/job.py Job.delete with delete_dependents). Dependents of the dependents stay. It
// can be repeated after an error. It returns ErrNoSuchJob when there is no such job.
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

// A CancelOption is an option of Cancel: EnqueueDependents or RemoveFromDependencies.
type CancelOption func(*cancelSettings)

type cancelSettings struct{ enqueueDependents, leaveDependencies bool }

// EnqueueDependents enqueues the jobs that wait for the canceled job and for no other.
// By default they wait for ever.
func EnqueueDependents() CancelOption {
	return func(s *cancelSettings) { s.enqueueDependents = true }
}

// RemoveFromDependencies removes the canceled job from the dependents of the jobs that it
// waits for. By default it stays one of them.
func RemoveFromDependencies() CancelOption {
	return func(s *cancelSettings) { s.leaveDependencies = true }
}

// Cancel keeps the job from starting, and moves it to the canceled registry (rq/job.py
// Job.cancel).
//
// A running job is not interrupted, as in RQ: its context does not end, its callbacks
// are called, and it finishes, fails or is retried as if it had not been canceled. Its
// entry in the canceled registry stays. Its dependents stay deferred when it succeeds;
// those that allow failures are enqueued when it fails. To stop it, use SendStopJob.
//
// It returns ErrInvalidJobOperation when the job is already canceled or has a status
// that only a newer RQ knows, and ErrNoSuchJob when there is no such job.
//
// A long queue and many dependents are handled in short steps. If Redis fails while
// dependents are enqueued, repeat the call to enqueue the rest; any Go worker does so
// too. When Redis is out of memory, Cancel fails before it changes anything.
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

// Requeue moves a failed or stopped job back to its queue, in one step, and reads it
// again (rq/job.py Job.requeue). As in RQ, the number of retries is not restored.
//
// It returns ErrNoSuchJob when there is no such job, and ErrInvalidJobOperation when the
// job is not in the failed registry, is queued or running already, or has a status that
// only a newer RQ knows.
func (j *Job) Requeue(ctx context.Context, opts ...RequeueOption) error {
	set, err := collect(opts)
	if err != nil {
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
