package rq

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A Registry lists the jobs of a queue that are in one state (rq/registry.py
// BaseRegistry). Its entries are in the order of their times: when a job expires,
// is due, or came. Reading has no side effect; RQ's runs a cleanup each time.
// A Registry holds no state of its own, and is safe for concurrent use.
type Registry struct {
	queue *Queue
	*registryKind
	key string
}

func (q *Queue) registry(kind int) *Registry {
	k := &registryKinds[kind]
	return &Registry{q, k, k.keyOf(q.name)}
}

// Started is the registry of the jobs that run (rq/registry.py StartedJobRegistry).
// It has an entry for each running, with the time at which its heartbeat ends.
func (q *Queue) Started() *Registry { return q.registry(startedKind) }

// Finished is the registry of the jobs that succeeded and are still kept
// (rq/registry.py FinishedJobRegistry).
func (q *Queue) Finished() *Registry { return q.registry(finishedKind) }

// Failed is the registry of the jobs that failed or were stopped, and are still
// kept (rq/registry.py FailedJobRegistry).
func (q *Queue) Failed() *Registry { return q.registry(failedKind) }

// Deferred is the registry of the jobs that wait for others (rq/registry.py
// DeferredJobRegistry). Their times are of when they came.
func (q *Queue) Deferred() *Registry { return q.registry(deferredKind) }

// Scheduled is the registry of the jobs that are to be enqueued later
// (rq/registry.py ScheduledJobRegistry).
func (q *Queue) Scheduled() *Registry { return q.registry(scheduledKind) }

// Canceled is the registry of the jobs that were canceled (rq/registry.py
// CanceledJobRegistry). Their times are of when they came.
func (q *Queue) Canceled() *Registry { return q.registry(canceledKind) }

// Ready is the registry of the jobs that wait for no others any more and are about
// to be enqueued, since RQ 3.0 (rq/registry.py ReadyJobRegistry).
func (q *Queue) Ready() *Registry { return q.registry(readyKind) }

// Registries returns all of the queue's, in the order in which a job may see them.
func (q *Queue) Registries() []*Registry {
	registries := make([]*Registry, len(registryKinds))
	for i := range registries {
		registries[i] = q.registry(i)
	}
	return registries
}

// Name returns what the jobs of the registry are, such as "failed".
func (r *Registry) Name() string { return r.name }

// Queue returns the queue whose jobs these are.
func (r *Registry) Queue() *Queue { return r.queue }

func (r *Registry) wrap(err error, verb string) error {
	return wrapf(err, "%s %s jobs of queue %s", verb, r.name, r.queue.name)
}

// Count returns the number of jobs in the registry (rq/registry.py
// BaseRegistry.get_job_count). Entries whose time has passed, which RQ removes
// before it counts, stay and are not counted.
func (r *Registry) Count(ctx context.Context) (int, error) {
	replies, err := redisx.Transact(ctx, r.queue.rdb, func(pipe redis.Pipeliner) { r.addCount(ctx, pipe) })
	if err != nil {
		return 0, r.wrap(err, "count")
	}
	return r.count((*counts)(&replies)), nil
}

// size returns the number of entries, also of those whose time has passed.
func (r *Registry) size(ctx context.Context) (int, error) {
	n, err := r.queue.rdb.ZCard(ctx, r.key).Result()
	return int(n), r.wrap(err, "count")
}

// addCount adds the commands that count without looking at entries, however many
// there are. Their replies are for count.
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
	for i, id := range ids {
		ids[i] = jobIDOf(id)
	}
	return ids, nil
}

// A RegistryEntry is what a Registry knows of a job.
type RegistryEntry struct {
	// JobID is the job's.
	JobID string
	// ExecutionID is that of the running in Started, else "".
	ExecutionID string
	// Time is when the job expires, is due, or came, whichever the registry is
	// about; zero is never.
	Time time.Time
}

// Entries yields the entries that the registry has now, the earliest first. It
// reads them in chunks; entries may come and go meanwhile, also those that were
// yielded. An error ends it.
func (r *Registry) Entries(ctx context.Context) iter.Seq2[RegistryEntry, error] {
	return func(yield func(RegistryEntry, error) bool) {
		for page, err := range r.pages(ctx, fetchChunk) {
			if err != nil {
				yield(RegistryEntry{}, err)
				return
			}
			for _, e := range page {
				id, execution := splitPair(e.Member)
				score, _ := strconv.ParseFloat(e.Score, 64)
				if !yield(RegistryEntry{id, execution, timeOf(score)}, nil) {
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
	entries := make([]RegistryEntry, len(found))
	for i, z := range found {
		member, _ := z.Member.(string)
		id, execution := splitPair(member)
		entries[i] = RegistryEntry{id, execution, timeOf(z.Score)}
	}
	return entries, nil
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

// Jobs yields the jobs that are in the registry now and exist, the earliest first.
// It reads them in chunks; jobs may come and go meanwhile, also those that were
// yielded. An error ends it.
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

// pages yields the entries that are there now, up to the last one.
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

// comesAfter reports whether an entry is behind another one.
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

// ExpirationTime returns when a job leaves the registry, in UTC, zero for never;
// and false when it is not there (rq/registry.py BaseRegistry.get_expiration_time).
// In Deferred, Canceled and Ready it is when it came. For Started it reads all
// entries.
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

// ScheduledTime returns when a job is due, in UTC, and false when it is not
// scheduled (rq/registry.py ScheduledJobRegistry.get_scheduled_time). It returns
// ErrInvalidJobOperation for other registries than Scheduled.
func (r *Registry) ScheduledTime(ctx context.Context, id string) (time.Time, bool, error) {
	if !r.scheduled {
		return time.Time{}, false, r.impossible("tell when %s is due", id)
	}
	return r.ExpirationTime(ctx, id)
}

// find looks for the latest running of a job.
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

// Add puts a job in the registry, or gives it a new time there. That is one step, and
// changes nothing else of the job: not its status, as RQ's does not either, and not
// where else it is (rq/registry.py BaseRegistry.add). What ttl says depends on the
// registry:
//
//	Finished         how long the entry is kept, Forever for ever; the job's own TTL
//	                 stays as it is
//	Failed           how long the entry and the job are kept; Forever leaves the job's
//	                 own TTL as it is, and 0, with which RQ deletes it, is refused
//	Canceled         nothing expires there: the entry's time is that much later than
//	                 now, and with 0, as RQ's cancel has it, it is when the job came
//	Deferred, Ready  nothing: the entry's time is when the job came
//
// It returns ErrNoSuchJob when there is no such job, since an entry would have none,
// and ErrInvalidJobOperation for Started, where workers put what they run, and for
// Scheduled, which Queue.ScheduleJob is for.
func (r *Registry) Add(ctx context.Context, id string, ttl time.Duration) error {
	whole, err := wholeSeconds("ttl", ttl)
	if err := errors.Join(err, r.queue.err, validateJobID(id)); err != nil {
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
// BaseRegistry.requeue). A job without a TTL stays until it has run, where RQ's expires
// when it would have as a failed one. AtFront is the one option it takes. It returns
// ErrNoSuchJob when there is no such job, and ErrInvalidJobOperation when it is not
// in the registry, or was enqueued by another way and runs or will: RQ has it run
// twice then.
func (r *Registry) Requeue(ctx context.Context, id string, opts ...RequeueOption) error {
	set, err := collect(opts)
	if err := errors.Join(err, r.queue.err, validateJobID(id)); err != nil {
		return err
	}
	if r.running {
		return r.impossible("requeue job %s", id)
	}
	return requeueOne(ctx, r.queue.rdb, r.key, id, set.atFront)
}

// Cleanup removes the entries whose time has come, in Finished and Failed, and
// enqueues the jobs of Ready; it returns how many (rq/registry.py
// BaseRegistry.cleanup). In the others nothing expires; started jobs whose worker is
// gone are left to workers, which have the jobs' callbacks.
func (r *Registry) Cleanup(ctx context.Context) (int, error) {
	if r.clean == nil {
		return 0, nil
	}
	n, err := r.clean(ctx, maintenance{rdb: r.queue.rdb}, r)
	return n, r.wrap(err, "clean")
}
