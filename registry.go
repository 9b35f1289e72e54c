package rq

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A Registry lists the jobs of a queue that are in one state (rq/registry.py
// BaseRegistry). Its entries are ordered by time: when a job expires, when it is due, or
// when it was added. Reading changes nothing; RQ cleans the registry up first. A
// Registry has no state of its own, and is safe for concurrent use.
type Registry struct {
	queue *Queue
	*registryKind
	key string
}

func (q *Queue) registry(kind int) *Registry {
	k := &registryKinds[kind]
	return &Registry{q, k, k.keyOf(q.name)}
}

// Started returns the registry of running jobs (rq/registry.py StartedJobRegistry). It
// has an entry for each execution, with the time at which its heartbeat expires.
func (q *Queue) Started() *Registry { return q.registry(startedKind) }

// Finished returns the registry of jobs that succeeded and have not expired
// (rq/registry.py FinishedJobRegistry). The times are when they expire.
func (q *Queue) Finished() *Registry { return q.registry(finishedKind) }

// Failed returns the registry of jobs that failed or were stopped and have not expired
// (rq/registry.py FailedJobRegistry). The times are when they expire.
func (q *Queue) Failed() *Registry { return q.registry(failedKind) }

// Deferred returns the registry of jobs that wait for other jobs (rq/registry.py
// DeferredJobRegistry). The times are when they were added.
func (q *Queue) Deferred() *Registry { return q.registry(deferredKind) }

// Scheduled returns the registry of scheduled jobs (rq/registry.py
// ScheduledJobRegistry). The times are when they are due.
func (q *Queue) Scheduled() *Registry { return q.registry(scheduledKind) }

// Canceled returns the registry of canceled jobs (rq/registry.py CanceledJobRegistry).
// The times are when they were added.
func (q *Queue) Canceled() *Registry { return q.registry(canceledKind) }

// Ready returns the registry of jobs whose dependencies are met and which are about to
// be enqueued, since RQ 3.0 (rq/registry.py ReadyJobRegistry). The times are when they
// were added.
func (q *Queue) Ready() *Registry { return q.registry(readyKind) }

// Registries returns all registries of the queue, in the order in which a job may pass
// through them.
func (q *Queue) Registries() []*Registry {
	registries := make([]*Registry, len(registryKinds))
	for i := range registries {
		registries[i] = q.registry(i)
	}
	return registries
}

// Name returns the state of the registry's jobs, such as "failed".
func (r *Registry) Name() string { return r.name }

// Queue returns the queue that the registry belongs to.
func (r *Registry) Queue() *Queue { return r.queue }

func (r *Registry) wrap(err error, verb string) error {
	return wrapf(err, "%s %s jobs of queue %s", verb, r.name, r.queue.name)
}

// Count returns the number of jobs in the registry (rq/registry.py
// BaseRegistry.get_job_count). Expired entries are left and not counted; RQ removes
// them first.
func (r *Registry) Count(ctx context.Context) (int, error) {
	replies, err := redisx.Transact(ctx, r.queue.rdb, func(pipe redis.Pipeliner) { r.addCount(ctx, pipe) })
	if err != nil {
		return 0, r.wrap(err, "count")
	}
	return r.count((*counts)(&replies)), nil
}

// size returns the number of entries, including those that have expired.
func (r *Registry) size(ctx context.Context) (int, error) {
	n, err := r.queue.rdb.ZCard(ctx, r.key).Result()
	return int(n), r.wrap(err, "count")
}

// addCount adds the commands that count the registry without reading its entries. count
// takes their replies.
func (r *Registry) addCount(ctx context.Context, pipe redis.Pipeliner) {
	pipe.ZCard(ctx, r.key)
	if r.expires {
		pipe.ZCount(ctx, r.key, "0", strconv.FormatInt(now().Unix(), 10))
	}
}

func (r *Registry) count(n *counts) int {
	all := n.next()
	if r.expires {
		all -= n.next()
	}
	return all
}

func (r *Registry) impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %s in the %s jobs of queue %s", ErrInvalidJobOperation, fmt.Sprintf(format, args...), r.name, r.queue.name)
}

// Add puts a job in the registry, or gives its entry a new time, in one step
// (rq/registry.py BaseRegistry.add). As in RQ, the job's status does not change, nor do
// its queue and its other registries. The meaning of ttl, in whole seconds, depends on
// the registry:
//
//	Finished         the entry is kept for ttl; the job expires as before
//	Failed           the entry and the job are kept for ttl; with Forever the job
//	                 expires as before; 0 is refused, where RQ deletes the job
//	Canceled         nothing expires: the time of the entry is ttl from now, so that
//	                 it is now with 0, as in RQ's cancel
//	Deferred, Ready  ttl is ignored: the time of the entry is now
//
// It returns ErrNoSuchJob when there is no such job, and an *InvalidError for a bad
// ttl. It returns ErrInvalidJobOperation for Started, whose entries belong to workers,
// and for Scheduled: use Queue.ScheduleJob.
func (r *Registry) Add(ctx context.Context, id string, ttl time.Duration) error {
	whole, err := wholeSeconds("ttl", ttl)
	if err := errors.Join(err, r.queue.err); err != nil {
		return err
	}
	if r.entry == nil {
		return fmt.Errorf("%w: %s", r.impossible("put job %s", id), r.instead)
	}
	score, kept, err := r.entry(r.queue.fleet, now().Unix(), whole)
	if err != nil {
		return err
	}
	ok, err := scripts.AddEntry(ctx, r.queue.rdb, r.key, id, score, kept)
	if err == nil && !ok {
		return noSuchJob(id)
	}
	return r.wrap(err, "add job "+id+" to")
}

// Remove takes a job out of the registry and reports whether it was there. The job
// itself does not change (rq/registry.py BaseRegistry.remove). It returns
// ErrInvalidJobOperation for Started, whose entries belong to workers.
func (r *Registry) Remove(ctx context.Context, id string) (bool, error) {
	return r.remove(ctx, id, false)
}

// Delete takes a job out of the registry, deletes it as Job.Delete does, and
// reports whether it was there, in one step (rq/registry.py BaseRegistry.remove
// with delete_job). A job that is not in the registry is not deleted.
//
// It returns ErrInvalidJobOperation when the job's status says that it has moved, for
// example back to its queue: then only the entry is removed. RQ deletes the job all the
// same. It returns ErrInvalidJobOperation for Started too.
func (r *Registry) Delete(ctx context.Context, id string) (bool, error) {
	return r.remove(ctx, id, true)
}

func (r *Registry) remove(ctx context.Context, id string, deleteJob bool) (bool, error) {
	if r.running {
		return false, r.impossible("remove job %s", id)
	}
	codes, errs, err := scripts.RemoveJobs(ctx, noRetryClient{r.queue.rdb}, r.key, []string{id}, deleteJob, moment(now()))
	if err == nil {
		err = errs[0]
	}
	switch {
	case err != nil:
		return false, r.wrap(err, "remove job "+id+" from")
	case codes[0] == scripts.Refused:
		return true, refusal("delete", id, codes[0], nil)
	}
	return codes[0] == scripts.Done, nil
}

// Requeue moves a job of the registry back to its queue, in one step (rq/registry.py
// BaseRegistry.requeue). The job then expires by its TTL only; in RQ it still expires
// with its entry.
//
// It returns ErrNoSuchJob when there is no such job, and ErrInvalidJobOperation when the
// job is not in the registry, or is already queued or running by its status: RQ then
// runs it twice.
func (r *Registry) Requeue(ctx context.Context, id string, opts ...RequeueOption) error {
	set, err := collect(opts)
	if err := errors.Join(err, r.queue.err); err != nil {
		return err
	}
	if r.running {
		return r.impossible("requeue job %s", id)
	}
	return requeueOne(ctx, r.queue.rdb, r.key, id, set.atFront)
}

// Cleanup removes the expired entries of Finished and Failed, and enqueues the jobs of
// Ready. It returns the number of entries (rq/registry.py BaseRegistry.cleanup). In
// other registries it does nothing: in most of them nothing expires, and abandoned jobs
// in Started are left to workers, which call the jobs' callbacks.
func (r *Registry) Cleanup(ctx context.Context) (int, error) {
	if r.clean == nil {
		return 0, nil
	}
	n, err := r.clean(ctx, maintenance{rdb: r.queue.rdb}, r)
	return n, r.wrap(err, "clean")
}
