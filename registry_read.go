package rq

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// JobIDs returns up to length ids from offset on, the earliest first. Negative numbers
// mean the same as in Queue.JobIDs. With LatestFirst it counts and returns them from
// the last entry backwards (rq/registry.py BaseRegistry.get_job_ids, which takes the
// first and the last position instead).
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

// pairs splits the entries of Started, which are executions. An entry that looks like
// job:execution can be the id of a job that RQ 1 runs, so Redis is asked whether that
// job exists.
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
// error ends the iteration.
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

// Range is JobIDs with whole entries: their ids and times.
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
// by the caller too. An error ends the iteration.
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

// comesAfter reports whether entry e comes after z in the order of the registry.
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
// ErrInvalidJobOperation for any other registry than Scheduled.
func (r *Registry) ScheduledTime(ctx context.Context, id string) (time.Time, bool, error) {
	if !r.scheduled {
		return time.Time{}, false, r.impossible("read when job %s is due", id)
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
