package rq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A Registry lists the jobs of a queue that are in one state (rq/registry.py
// BaseRegistry). Its entries are ordered by time: when a job expires, when it is due, or
// when it was added. Reading changes nothing, where RQ cleans the registry up first. A
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

// Ready returns the registry of jobs whose dependencies are met and that are about to be
// enqueued, since RQ 3.0 (rq/registry.py ReadyJobRegistry). The times are when they were
// added.
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
// BaseRegistry.get_job_count). Entries that have expired stay and are not counted; RQ
// removes them first.
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

// addCount adds the commands that count the registry without reading its entries.
// Their replies are for count.
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

// JobIDs returns up to length ids from offset on, the earliest first: Queue.JobIDs
// says what negative numbers mean. With LatestFirst it counts and returns them from
// the last entry backwards (rq/registry.py BaseRegistry.get_job_ids, which takes
// the first and the last place instead).
func (r *Registry) JobIDs(ctx context.Context, offset, length int, opts ...RangeOption) ([]string, error) {
	page, err := r.page(offset, length, opts)
	if err != nil || length == 0 {
		return nil, err
	}
	ids, err := r.queue.rdb.ZRangeArgs(ctx, page).Result()
	if err != nil {
		return nil, r.wrap(err, "list")
	}
	entries, err := r.pairs(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i, e := range entries {
		ids[i] = e.JobID
	}
	return ids, nil
}

// pairs takes entries apart: in Started they are of executions. One that looks like
// job:execution can be the id of a job that RQ 1 runs, so it is asked for.
func (r *Registry) pairs(ctx context.Context, members []string) ([]RegistryEntry, error) {
	entries := make([]RegistryEntry, len(members))
	for i, member := range members {
		entries[i].JobID = member
	}
	if !r.running || len(members) == 0 {
		return entries, nil
	}
	whole := make([]*redis.IntCmd, len(members))
	pipe := r.queue.rdb.Pipeline()
	for i, member := range members {
		whole[i] = pipe.Exists(ctx, keys.Job(member))
	}
	if err := redisx.Exec(ctx, pipe); err != nil {
		return nil, r.wrap(err, "list")
	}
	for i, member := range members {
		if whole[i].Val() == 0 {
			entries[i].JobID, entries[i].ExecutionID = splitPair(member)
		}
	}
	return entries, nil
}

// A RegistryEntry is an entry of a Registry.
type RegistryEntry struct {
	// JobID is the id of the job.
	JobID string
	// ExecutionID is the id of the execution in Started, else "".
	ExecutionID string
	// Time is when the job expires, is due, or was added, depending on the registry;
	// zero is never.
	Time time.Time
}

// Entries yields the entries that the registry has now, the earliest first. It reads
// them in chunks. Entries may be added and removed meanwhile, by the caller too. An
// error is yielded last.
func (r *Registry) Entries(ctx context.Context) iter.Seq2[RegistryEntry, error] {
	return func(yield func(RegistryEntry, error) bool) {
		for page, err := range r.pages(ctx, fetchChunk) {
			if err != nil {
				yield(RegistryEntry{}, err)
				return
			}
			entries, err := r.pairs(ctx, members(page))
			if err != nil {
				yield(RegistryEntry{}, err)
				return
			}
			for i, e := range entries {
				score, _ := strconv.ParseFloat(page[i].Score, 64)
				e.Time = timeOf(score)
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// Range returns the entries whose ids JobIDs returns, with their times.
func (r *Registry) Range(ctx context.Context, offset, length int, opts ...RangeOption) ([]RegistryEntry, error) {
	page, err := r.page(offset, length, opts)
	if err != nil || length == 0 {
		return nil, err
	}
	found, err := r.queue.rdb.ZRangeArgsWithScores(ctx, page).Result()
	if err != nil {
		return nil, r.wrap(err, "list")
	}
	ids := make([]string, len(found))
	for i, z := range found {
		ids[i], _ = z.Member.(string)
	}
	entries, err := r.pairs(ctx, ids)
	for i := range entries {
		entries[i].Time = timeOf(found[i].Score)
	}
	return entries, err
}

// page returns the arguments of the command that reads one page.
func (r *Registry) page(offset, length int, opts []RangeOption) (redis.ZRangeArgs, error) {
	set, err := collect(opts)
	if err != nil {
		return redis.ZRangeArgs{}, err
	}
	first, last := span(offset, length)
	return redis.ZRangeArgs{Key: r.key, Start: first, Stop: last, Rev: set.latestFirst}, nil
}

// Jobs yields the jobs that are in the registry now, the earliest first. Entries without
// a job are left out. It reads them in chunks. Jobs may be added and removed meanwhile,
// by the caller too. An error is yielded last.
func (r *Registry) Jobs(ctx context.Context) iter.Seq2[*Job, error] {
	return func(yield func(*Job, error) bool) {
		for page, err := range r.pages(ctx, jobChunk) {
			var jobs []*Job
			if err == nil {
				jobs, err = r.queue.FetchJobs(ctx, members(page)...)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, j := range jobs {
				if j != nil && !yield(j, nil) {
					return
				}
			}
		}
	}
}

func members(page []scripts.Entry) []string {
	ids := make([]string, len(page))
	for i, e := range page {
		ids[i] = e.Member
	}
	return ids
}

// pages yields the entries in chunks, up to the one that is the last one now.
func (r *Registry) pages(ctx context.Context, size int) iter.Seq2[[]scripts.Entry, error] {
	return func(yield func([]scripts.Entry, error) bool) {
		last, err := r.queue.rdb.ZRangeWithScores(ctx, r.key, -1, -1).Result()
		if err != nil {
			yield(nil, r.wrap(err, "list"))
			return
		}
		if len(last) == 0 {
			return
		}
		for after := (scripts.Entry{}); ; {
			page, err := scripts.PageRegistry(ctx, r.queue.rdb, r.key, after, size)
			if err != nil {
				yield(nil, r.wrap(err, "list"))
				return
			}
			full := len(page) == size
			for n := len(page); n > 0 && comesAfter(page[n-1], last[0]); n-- {
				page, full = page[:n-1], false
			}
			if len(page) > 0 && !yield(page, nil) || !full {
				return
			}
			after = page[len(page)-1]
		}
	}
}

// comesAfter reports whether entry e is behind z in the order of the registry.
func comesAfter(e scripts.Entry, z redis.Z) bool {
	score, _ := strconv.ParseFloat(e.Score, 64)
	member, _ := z.Member.(string)
	return score > z.Score || (score == z.Score && e.Member > member)
}

// Contains reports whether a job is in the registry (rq/registry.py
// BaseRegistry.__contains__). For Started it reads all entries.
func (r *Registry) Contains(ctx context.Context, id string) (bool, error) {
	_, ok, err := r.ExpirationTime(ctx, id)
	return ok, err
}

// ExpirationTime returns the time of a job's entry in UTC, zero for never, and false
// when the job is not in the registry (rq/registry.py BaseRegistry.get_expiration_time).
// In Deferred, Canceled and Ready it is when the job was added. For Started it reads all
// entries, and returns the time of the latest execution.
func (r *Registry) ExpirationTime(ctx context.Context, id string) (time.Time, bool, error) {
	if r.running {
		return r.find(ctx, id)
	}
	score, err := r.queue.rdb.ZScore(ctx, r.key, id).Result()
	if errors.Is(err, redis.Nil) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, r.wrap(err, "look for job "+id+" in")
	}
	return timeOf(score), true, nil
}

// ScheduledTime returns when a job is due, in UTC, and false when it is not scheduled
// (rq/registry.py ScheduledJobRegistry.get_scheduled_time). It returns
// ErrInvalidJobOperation for every registry but Scheduled.
func (r *Registry) ScheduledTime(ctx context.Context, id string) (time.Time, bool, error) {
	if !r.scheduled {
		return time.Time{}, false, r.impossible("tell when %s is due", id)
	}
	return r.ExpirationTime(ctx, id)
}

// find looks for the latest execution of a job.
func (r *Registry) find(ctx context.Context, id string) (at time.Time, found bool, err error) {
	for e, err := range r.Entries(ctx) {
		if err != nil {
			return time.Time{}, false, err
		}
		if e.JobID == id {
			at, found = e.Time, true
		}
	}
	return at, found, nil
}

func (r *Registry) impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %s in the %s jobs of queue %s", ErrInvalidJobOperation, fmt.Sprintf(format, args...), r.name, r.queue.name)
}

// Add puts a job in the registry, or gives its entry a new time, in one step
// (rq/registry.py BaseRegistry.add). As in RQ, the status of the job and its other places
// do not change. The meaning of ttl, in whole seconds, depends on the registry:
//
//	Finished         the entry is kept for ttl; the job expires as before
//	Failed           the entry and the job are kept for ttl; with Forever the job
//	                 expires as before; 0 is refused, where RQ deletes the job
//	Canceled         nothing expires: the time of the entry is ttl from now, so that
//	                 it is now with 0, as in RQ's cancel
//	Deferred, Ready  ttl is ignored: the time of the entry is now
//
// It returns ErrNoSuchJob when there is no such job, an *InvalidError for a bad
// ttl, and ErrInvalidJobOperation for Started, whose entries workers add, and for
// Scheduled: use Queue.ScheduleJob.
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
// itself stays as it is (rq/registry.py BaseRegistry.remove). It returns
// ErrInvalidJobOperation for Started, whose entries are their workers'.
func (r *Registry) Remove(ctx context.Context, id string) (bool, error) {
	return r.remove(ctx, id, false)
}

// Delete takes a job out of the registry, deletes it as Job.Delete does, and
// reports whether it was there, in one step (rq/registry.py BaseRegistry.remove
// with delete_job). A job that is not in the registry is not deleted.
//
// It returns ErrInvalidJobOperation when the job's status says that it is elsewhere
// by now, such as back in its queue: only the entry goes then. RQ deletes the job
// all the same. It returns ErrInvalidJobOperation for Started too.
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
// BaseRegistry.requeue). The job expires by its TTL only; in RQ it still expires by the
// time of the registry.
//
// It returns ErrNoSuchJob when there is no such job, and ErrInvalidJobOperation when the
// job is not in the registry, or when its status says that it is queued or running
// already: RQ runs it twice then.
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

// Cleanup removes the entries of Finished and Failed that have expired, and enqueues the
// jobs of Ready. It returns the number of entries (rq/registry.py BaseRegistry.cleanup).
// For the rest it does nothing: in most of them nothing expires, and abandoned jobs in
// Started are left to workers, which call the jobs' callbacks.
func (r *Registry) Cleanup(ctx context.Context) (int, error) {
	if r.clean == nil {
		return 0, nil
	}
	n, err := r.clean(ctx, maintenance{rdb: r.queue.rdb}, r)
	return n, r.wrap(err, "clean")
}
