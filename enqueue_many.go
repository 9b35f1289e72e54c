package rq

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A Prepared describes a job for EnqueueMany (rq/queue.py EnqueueData).
type Prepared struct {
	call FuncCall
	opts []PrepareOption
}

// Prepare returns the description of a job for EnqueueMany, which reports bad arguments
// and options (rq/queue.py Queue.prepare_data).
func Prepare(call FuncCall, opts ...PrepareOption) Prepared { return Prepared{call, opts} }

// EnqueueMany puts many jobs in the queue and returns them in the same order
// (rq/queue.py Queue.enqueue_many). All are checked before anything is written. Up to
// 500 jobs or one megabyte are written in one atomic step, and up to 10,000 jobs or
// eight megabytes in one round trip.
//
// Pipeline adds all jobs to the caller's pipeline, and Group makes them all members of
// a group. Other options belong to each Prepared. It returns the errors of Enqueue. An
// error of Redis comes in a *PartialError, which says how many jobs were enqueued, and
// how many may have been.
func (q *Queue) EnqueueMany(ctx context.Context, items []Prepared, opts ...ManyOption) ([]*Job, error) {
	all, err := collect(opts)
	if err != nil {
		return nil, err
	}
	batch := make([]manyJob, 0, len(items))
	seen := make(map[string]bool)
	for _, item := range items {
		m, err := q.prepare(item, all)
		if err != nil {
			return nil, err
		}
		if m.job.ownsID && seen[m.job.id] {
			return nil, &InvalidError{"job id", m.job.id, "is given to two jobs of one call"}
		}
		if m.job.ownsID {
			seen[m.job.id] = true
		}
		batch = append(batch, m)
	}
	return q.enqueueBatch(ctx, batch)
}

type manyJob struct {
	job *Job
	set *settings
}

// prepare returns one checked job. The settings in all apply to every job.
func (q *Queue) prepare(item Prepared, all *settings) (manyJob, error) {
	j, set, err := create(q, item.call, item.opts)
	if err != nil {
		return manyJob{}, err
	}
	set.pipe = all.pipe
	if all.group != "" {
		j.rec.GroupID = all.group
	}
	if set.depFront {
		set.atFront = true // RQ's enqueue_many honors it, its enqueue does not
	}
	return manyJob{j, set}, q.check(j, set)
}

// enqueueBatch writes checked jobs: to the caller's pipeline, one by one in a
// queue with Sync, or else in chunks.
func (q *Queue) enqueueBatch(ctx context.Context, batch []manyJob) ([]*Job, error) {
	jobs := make([]*Job, len(batch))
	for i, m := range batch {
		jobs[i] = m.job
	}
	if len(batch) == 0 {
		return jobs, nil
	}
	if q.sync || batch[0].set.pipe != nil {
		for i, m := range batch {
			if err := q.enqueue(ctx, m.job, m.set); err != nil {
				return jobs[:i], &PartialError{Enqueued: i, Err: err}
			}
		}
		return jobs, nil
	}
	done := 0
	for group := range byBytes(batch, manySend, manySendBytes) {
		if m := group[0]; m.job.waitsForMany() {
			if err := q.enqueue(ctx, m.job, m.set); err != nil {
				unknown := 0
				if redisx.FateOf(err) == redisx.Unknown {
					unknown = 1
				}
				return jobs[:done], &PartialError{done, unknown, err}
			}
			done++
			continue
		}
		chunks, err := q.sendChunks(ctx, group)
		if err != nil {
			enqueued, unknown := countFates(chunks)
			done += enqueued
			return jobs[:done], &PartialError{done, unknown, wrapf(err, "enqueue %d jobs", len(batch))}
		}
		done += len(group)
	}
	return jobs, nil
}

// byBytes divides a batch into chunks of at most so many jobs and bytes. A job that is
// larger gets a chunk to itself.
func byBytes(batch []manyJob, most, bytes int) iter.Seq[[]manyJob] {
	return func(yield func([]manyJob) bool) {
		for len(batch) > 0 {
			n, size := 1, batch[0].job.size()
			for n < min(len(batch), most) && size+batch[n].job.size() <= bytes {
				size += batch[n].job.size()
				n++
			}
			if !yield(batch[:n]) {
				return
			}
			batch = batch[n:]
		}
	}
}

// size is roughly the job's bytes in Redis. Each dependency adds to it for the time that
// it takes. A job with many dependencies gets a chunk to itself, and is enqueued in
// steps.
func (j *Job) size() int {
	if j.waitsForMany() {
		return manySendBytes + 1
	}
	return len(j.rec.Data) + len(j.rec.Meta) + len(j.rec.Description) + 200*len(j.rec.DependencyIDs)
}

func (j *Job) waitsForMany() bool { return len(j.rec.DependencyIDs) > scripts.ManyDependencies }

// sendChunks writes jobs in one round trip. It returns the chunks, each with its own
// error, and the first error.
func (q *Queue) sendChunks(ctx context.Context, batch []manyJob) (chunks []*manyTx, first error) {
	pipe := q.rdb.Pipeline()
	for chunk := range byBytes(batch, manyChunk, manyBytes) {
		chunks = append(chunks, q.addChunk(ctx, pipe, chunk))
	}
	sent := redisx.Send(ctx, pipe)
	for _, c := range chunks {
		if c.err = c.settle(sent); first == nil {
			first = c.err
		}
	}
	return chunks, first
}

// countFates returns how many jobs of the chunks were enqueued, counted from the first,
// and how many of the next ones may have been.
func countFates(chunks []*manyTx) (enqueued, unknown int) {
	certain, behind := true, 0
	for _, c := range chunks {
		switch fate := redisx.FateOf(c.err); {
		case fate == redisx.Done && certain:
			enqueued += len(c.jobs)
			continue
		case fate == redisx.Done, fate == redisx.Unknown:
			unknown = behind + len(c.jobs)
		}
		certain = false
		behind += len(c.jobs)
	}
	return enqueued, unknown
}

// A manyTx is one chunk as a transaction inside a pipeline.
type manyTx struct {
	*redisx.Tx
	jobs  []manyJob
	now   time.Time
	reply []int // for each job, the index of its status in the transaction's reply; -1 for queued
	err   error
}

// addChunk adds some jobs as one transaction. Ids for the same end of the queue are
// pushed together.
func (q *Queue) addChunk(ctx context.Context, pipe redis.Pipeliner, jobs []manyJob) *manyTx {
	tx := &manyTx{jobs: jobs, now: now(), reply: make([]int, 0, len(jobs))}
	if slices.ContainsFunc(jobs, func(m manyJob) bool { return m.job.waits() }) {
		scripts.LoadEnqueueWaiting(ctx, pipe)
	}
	tx.Tx = redisx.AddTx(ctx, pipe, func(pipe redis.Pipeliner) { q.addJobs(ctx, pipe, tx) })
	return tx
}

func (q *Queue) addJobs(ctx context.Context, pipe redis.Pipeliner, tx *manyTx) {
	first := pipe.Len()
	pipe.Do(ctx, "sadd", keys.Queues, keys.Queue(q.name))
	var front, back []any
	push := func() {
		q.push(ctx, pipe, scripts.Front, front...)
		q.push(ctx, pipe, scripts.Back, back...)
		front, back = nil, nil
	}
	for _, m := range tx.jobs {
		if m.job.waits() {
			push() // the script may push too
			tx.reply = append(tx.reply, pipe.Len()-first)
			scripts.AddEnqueueWaiting(ctx, pipe, q.waiting(m.job, m.set, tx.now))
			continue
		}
		tx.reply = append(tx.reply, -1)
		m.job.queuedAt(tx.now)
		q.save(ctx, pipe, m.job)
		if m.set.atFront {
			front = append(front, m.job.id)
		} else {
			back = append(back, m.job.id)
		}
	}
	push()
}

// settle sets the statuses that the server has decided.
func (tx *manyTx) settle(sent error) error {
	replies, err := tx.Replies(sent)
	if err != nil {
		return err
	}
	for i, m := range tx.jobs {
		if at := tx.reply[i]; at >= 0 {
			status, ok := replies[at].(string)
			if !ok {
				return fmt.Errorf("enqueue job %s: %v", m.job.id, replies[at])
			}
			m.job.decided(status, tx.now)
		}
	}
	return nil
}
