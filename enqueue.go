package rq

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// DefaultQueue is the name of the queue that RQ uses when none is given.
const DefaultQueue = "default"

// Enqueue puts a job for call in the queue and returns it (rq/queue.py Queue.enqueue).
// Everything is written in one round trip and one transaction. For a job with more than
// 200 dependencies, these are registered first, in several steps.
//
// It returns an *InvalidError for an argument or an option that is refused, a
// *SerializeError for a value that the serializer cannot write, ErrDuplicateJob with
// Unique, or an error of Redis. When the reply is lost, the job is enqueued once or not
// at all: with JobID and Unique the call can safely be retried. In a queue with Sync
// the job has run when Enqueue returns; its status says whether it failed.
func (q *Queue) Enqueue(ctx context.Context, call FuncCall, opts ...EnqueueOption) (*Job, error) {
	j, set, err := create(q, call, opts)
	if err == nil {
		err = q.check(j, set)
	}
	if err == nil {
		err = q.enqueue(ctx, j, set)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// CreateJob returns a job for call as the package's CreateJob does, with the name, the
// serializer and the timeout of the queue. It does not talk to Redis.
func (q *Queue) CreateJob(call FuncCall, opts ...JobOption) (*Job, error) {
	j, _, err := create(q, call, opts)
	return j, err
}

// create returns a job of q with its arguments encoded.
func create[O option](q *Queue, call FuncCall, opts []O) (*Job, *settings, error) {
	if q.err != nil {
		return nil, nil, q.err
	}
	set, err := collect(opts)
	if err != nil {
		return nil, nil, err
	}
	j, err := newJob(q.rdb, q.serializer, q.fleet, call, set)
	if err != nil {
		return nil, nil, err
	}
	q.setQueue(j)
	return j, set, nil
}

// setQueue makes j a job of this queue.
func (q *Queue) setQueue(j *Job) {
	j.rec.Origin = q.name
	if j.rec.Timeout == nil {
		timeout := q.timeout
		j.rec.Timeout = &timeout
	}
}

// check returns why a job cannot be enqueued here. checkAny has the rules that apply to
// scheduling too: a scheduled job waits for no other jobs and takes no slot of a rate
// limit.
func (q *Queue) check(j *Job, set *settings) error {
	limited := j.rec.RateLimitKey != ""
	switch {
	case set.unique && len(j.rec.DependencyIDs) > 0:
		return &InvalidError{"unique", j.id, "cannot be combined with dependencies"}
	case set.unique && limited:
		return &InvalidError{"unique", j.id, "cannot be combined with a rate limit"}
	case limited && set.pipe != nil:
		return &InvalidError{"rate limit", j.rec.RateLimitKey, "is not possible in a pipeline"}
	case limited && q.sync:
		return &InvalidError{"rate limit", j.rec.RateLimitKey, "is not possible in a queue with Sync"}
	case set.pipe != nil && q.sync:
		return &InvalidError{"pipeline", q.name, "is not possible in a queue with Sync"}
	}
	return q.checkAny(j, set)
}

func (q *Queue) checkAny(j *Job, set *settings) error {
	if err := errors.Join(q.err, validateJobID(j.id)); err != nil {
		return err
	}
	switch {
	case set.unique && !j.ownsID:
		return &InvalidError{"unique", j.id, "needs an id: use JobID too"}
	case set.unique && set.pipe != nil:
		return &InvalidError{"unique", j.id, "is not possible in a pipeline"}
	case j.rec.RateLimitKey != "" && q.fleet.before(rateLimitRelease):
		return &InvalidError{"rate limit", j.rec.RateLimitKey, "is not supported by the oldest RQ of the fleet"}
	}
	return nil
}

// EnqueueJob puts a job that CreateJob made, or that already exists, in the queue
// (rq/queue.py Queue.enqueue_job). In the same transaction it takes the job out of the
// registry that its status names, such as Scheduled or Failed, so that it expires by
// its TTL only. RQ leaves it in both places, and a scheduled job runs twice. The status
// is the one that was read last. A job that is queued or running is enqueued a second
// time, as in RQ.
//
// It returns the errors of Enqueue, and ErrNoSuchJob for nil. After an error the job is
// unchanged.
func (q *Queue) EnqueueJob(ctx context.Context, j *Job, opts ...PlaceOption) error {
	return q.place(j, opts, q.check, func(set *settings) error { return q.enqueue(ctx, j, set) })
}

// place makes j a job of this queue and writes it. After an error j is unchanged.
func (q *Queue) place(j *Job, opts []PlaceOption, check func(*Job, *settings) error, write func(*settings) error) error {
	if j == nil {
		return noSuchJob("nil")
	}
	set, err := collect(opts)
	if err == nil {
		err = check(j, set)
	}
	if err != nil {
		return err
	}
	before := j.rec
	set.fromRegistry = scripts.RegistryOf(j.rec.Status, j.rec.Origin)
	q.setQueue(j)
	if j.rec.Meta, err = j.encodeMeta(); err == nil {
		err = write(set)
	}
	if err != nil {
		j.rec = before
	}
	return err
}

// enqueue writes a checked job, and runs it in a queue with Sync.
func (q *Queue) enqueue(ctx context.Context, j *Job, set *settings) error {
	if err := q.write(ctx, j, set); err != nil {
		return wrapf(err, "enqueue job %s", j.id)
	}
	if q.sync && j.Status() == StatusQueued {
		return q.runSync(ctx, j)
	}
	return nil
}

// write does the round trip of an enqueue, and sets the job's status.
func (q *Queue) write(ctx context.Context, j *Job, set *settings) error {
	if j.waits() {
		return q.writeWaiting(ctx, j, set, now())
	}
	j.queuedAt(now())
	if set.unique {
		return q.writeUnique(ctx, j, q.where(set), keys.Queue(q.name))
	}
	return q.inTransaction(ctx, set, func(pipe redis.Pipeliner) { q.writePlain(ctx, pipe, j, set) })
}

// inTransaction sends the commands that add appends, or leaves them in the caller's
// pipeline.
func (q *Queue) inTransaction(ctx context.Context, set *settings, add func(redis.Pipeliner)) error {
	if set.pipe != nil {
		add(set.pipe)
		return nil
	}
	_, err := redisx.Transact(ctx, q.rdb, add)
	return err
}

// queuedAt sets the fields of a queued job (rq/queue.py Queue._prepare_for_queue).
func (j *Job) queuedAt(now time.Time) {
	j.rec.Status, j.rec.EnqueuedAt = string(StatusQueued), now
}

// where returns the end of the queue that the job is pushed to. In a queue with Sync it
// is not pushed, so that no worker runs it too.
func (q *Queue) where(set *settings) string {
	switch {
	case q.sync:
		return scripts.Nowhere
	case set.atFront:
		return scripts.Front
	}
	return scripts.Back
}

// writePlain adds to a transaction the commands for a job that need not wait.
func (q *Queue) writePlain(ctx context.Context, pipe redis.Pipeliner, j *Job, set *settings) {
	pipe.Do(ctx, "sadd", keys.Queues, keys.Queue(q.name))
	leaveRegistry(ctx, pipe, j, set, "")
	q.save(ctx, pipe, j)
	if where := q.where(set); where != scripts.Nowhere {
		q.push(ctx, pipe, where, j.id)
	}
}

// leaveRegistry adds the commands that take a job out of its registry, unless that is the
// target. The job no longer expires with its entry; save starts its TTL.
func leaveRegistry(ctx context.Context, pipe redis.Pipeliner, j *Job, set *settings, target string) {
	if set.fromRegistry == "" || set.fromRegistry == target {
		return
	}
	redisx.AddOnce(ctx, pipe, "zrem", set.fromRegistry, j.id)
	for _, key := range []string{keys.Job(j.id), keys.Dependents(j.id), keys.Dependencies(j.id)} {
		pipe.Do(ctx, "persist", key)
	}
}

// push adds the command that puts ids in the queue, one after the other.
func (q *Queue) push(ctx context.Context, pipe redis.Pipeliner, where string, ids ...any) {
	if len(ids) == 0 {
		return
	}
	name := "rpush"
	if where == scripts.Front {
		name = "lpush"
	}
	args := append(make([]any, 0, 2+len(ids)), name, keys.Queue(q.name))
	redisx.AddOnce(ctx, pipe, append(args, ids...)...)
}

// save adds the commands that store a job and start its TTL (rq/queue.py
// Queue._persist_job). Do accepts any reply, since EnqueueMany gets QUEUED for each
// command, and takes the fields without a copy.
func (q *Queue) save(ctx context.Context, pipe redis.Pipeliner, j *Job) {
	args := append(make([]any, 0, 32), "hset", keys.Job(j.id)) // the usual job has 15 fields
	pipe.Do(ctx, j.rec.AppendFields(args)...)
	if j.rec.TTL != nil {
		for _, key := range []string{keys.Job(j.id), keys.Dependents(j.id), keys.Dependencies(j.id)} {
			pipe.Do(ctx, "expire", key, scripts.Cut(*j.rec.TTL))
		}
	}
	if j.rec.GroupID != "" {
		pipe.Do(ctx, "sadd", keys.Group(j.rec.GroupID), j.id)
		pipe.Do(ctx, "sadd", keys.Groups, j.rec.GroupID)
	}
}

// writeUnique stores the job unless its id is taken.
func (q *Queue) writeUnique(ctx context.Context, j *Job, where, target string) error {
	created, err := scripts.CreateJob(ctx, noRetryClient{q.rdb}, scripts.Create{
		ID: j.id, Queue: q.name, Target: target, Where: where,
		TTL: intOr0(j.rec.TTL), Group: j.rec.GroupID, Fields: j.rec.Fields(),
	})
	if err == nil && !created {
		err = ErrDuplicateJob
	}
	return err
}
