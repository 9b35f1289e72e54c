package rq

import (
	"context"
	"iter"
	"slices"

	"github.com/rqgo/rq/internal/keys"
)

// JobIDs returns up to length ids from offset on, the next one to run first. A negative
// length returns all from offset on. A negative offset counts from the end of the
// queue, so that -1 is the last id (rq/queue.py Queue.get_job_ids).
func (q *Queue) JobIDs(ctx context.Context, offset, length int) ([]string, error) {
	if length == 0 {
		return nil, nil
	}
	first, last := span(offset, length)
	ids, err := q.rdb.LRange(ctx, keys.Queue(q.name), first, last).Result()
	return ids, wrapf(err, "list queue %s", q.name)
}

// span returns the first and the last place, as Redis counts them, of length
// entries from offset on.
func span(offset, length int) (first, last int64) {
	last = -1
	if end := offset + length - 1; length > 0 && end >= offset && (offset >= 0 || end < 0) {
		last = int64(end) // else it is past the end
	}
	return int64(offset), last
}

// Jobs yields the jobs of the queue, the next one to run first (rq/queue.py
// Queue.get_jobs). Ids without a job, or with a job of another queue, are left out.
//
// It reads the queue in chunks, while jobs may be added and taken. Every job that stays
// in the queue is yielded. A job is yielded twice only if ids are removed from the
// middle of the queue. An error ends the iteration. To read one page of the queue, use
// JobIDs and FetchJobs.
func (q *Queue) Jobs(ctx context.Context) iter.Seq2[*Job, error] {
	return func(yield func(*Job, error) bool) {
		for ids, err := range q.pages(ctx, jobChunk) {
			var jobs []*Job
			if err == nil {
				jobs, err = q.FetchJobs(ctx, ids...)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, j := range jobs {
				if j != nil && j.rec.Origin == q.name && !yield(j, nil) {
					return
				}
			}
		}
	}
}

// pages yields as many ids as the queue has now, in chunks. Workers take ids from the
// front meanwhile, so positions shift. Therefore the last id of a chunk is read again,
// with the ids before it, and the next chunk starts after it.
func (q *Queue) pages(ctx context.Context, size int) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		left, err := q.Count(ctx)
		at, last := 0, "" // the next place, and the id before it
		for err == nil && left > 0 {
			from := max(at-size, 0)
			var ids []string
			if ids, err = q.JobIDs(ctx, from, at-from+min(size, left)); err != nil {
				break
			}
			if last != "" {
				i := slices.Index(ids, last)
				if i < 0 {
					at, last, err = q.after(ctx, last)
					continue
				}
				from, ids = from+i+1, ids[i+1:]
			}
			ids = ids[:min(len(ids), size, left)]
			if len(ids) == 0 || !yield(ids, nil) {
				return
			}
			at, last, left = from+len(ids), ids[len(ids)-1], left-len(ids)
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// after returns the position behind an id, and the id. If the id has left the queue,
// the ids before it have left too, and the position is the front.
func (q *Queue) after(ctx context.Context, id string) (int, string, error) {
	n, there, err := q.JobPosition(ctx, id)
	if !there {
		return 0, "", err
	}
	return n + 1, id, nil
}

// FetchJob returns the job with this id. It returns ErrNoSuchJob when there is none,
// or when it belongs to another queue (rq/queue.py Queue.fetch_job).
func (q *Queue) FetchJob(ctx context.Context, id string) (*Job, error) {
	j, err := FetchJob(ctx, q.rdb, id, WithSerializer(q.serializer))
	if err != nil {
		return nil, err
	}
	if j.rec.Origin != q.name {
		return nil, noSuchJob(id + " in queue " + q.name)
	}
	j.fleet = q.fleet
	return j, nil
}

// FetchJobs is the package's FetchJobs with the serializer of the queue. The jobs may
// belong to any queue.
func (q *Queue) FetchJobs(ctx context.Context, ids ...string) ([]*Job, error) {
	return fetchJobs(ctx, q.rdb, q.serializer, q.fleet, ids)
}

// JobPosition returns the number of ids ahead of this one, and false when it is not in
// the queue (rq/queue.py Queue.get_job_position).
func (q *Queue) JobPosition(ctx context.Context, id string) (int, bool, error) {
	return position(ctx, q.rdb, q.name, id)
}

// Contains reports whether the id is in the queue.
func (q *Queue) Contains(ctx context.Context, id string) (bool, error) {
	_, ok, err := q.JobPosition(ctx, id)
	return ok, err
}
