package rq

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// Enqueue puts a job for call in the queue and returns it (rq/queue.py
// Queue.enqueue). It takes one round trip, and all or nothing is written.
//
// The error is an *InvalidError or a *SerializeError for what cannot be
// enqueued, ErrDuplicateJob with Unique, or Redis's. A connection that breaks
// before the reply leaves open whether the job is enqueued, never twice; to
// repeat the call safely, give it JobID and Unique. In a queue with Sync the job
// has run when Enqueue returns, and whether it failed is in its status.
func (q *Queue) Enqueue(ctx context.Context, call FuncCall, opts ...Option) (*Job, error) {
	j, set, err := q.create(call, opts)
	if err != nil {
		return nil, err
	}
	if err := q.enqueue(ctx, j, set); err != nil {
		return nil, err
	}
	return j, nil
}

// CreateJob returns a job for call that is not in Redis yet, as the function
// CreateJob does, with the queue's serializer and timeout.
func (q *Queue) CreateJob(call FuncCall, opts ...Option) (*Job, error) {
	j, set, err := q.create(call, opts)
	switch {
	case err != nil:
		return nil, err
	case set.placed():
		return nil, errPlaced
	}
	return j, nil
}

var errPlaced = &InvalidError{"option", "AtFront, Unique or Pipeline", "is given when the job is enqueued"}

// placed reports whether there are options about the enqueueing itself.
func (s *settings) placed() bool { return s.atFront || s.unique || s.pipe != nil }

// create returns a job of this queue, valid and with its arguments encoded.
func (q *Queue) create(call FuncCall, opts []Option) (*Job, *settings, error) {
	if q.err != nil {
		return nil, nil, q.err
	}
	set, err := collect(opts)
	if err != nil {
		return nil, nil, err
	}
	if set.serializer != nil {
		return nil, nil, &InvalidError{"option", "WithSerializer", "is a setting of the queue"}
	}
	j, err := newJob(q.rdb, q.serializer, q.fleet, call, set)
	if err != nil {
		return nil, nil, err
	}
	return j, set, q.adopt(j, set)
}

// adopt makes j a job of this queue, and refuses what cannot be enqueued here.
func (q *Queue) adopt(j *Job, set *settings) error {
	limited := j.rec.RateLimitKey != ""
	switch {
	case q.err != nil:
		return q.err
	case set.unique && !j.ownsID:
		return &InvalidError{"unique", j.id, "needs an id of your own: give JobID too"}
	case set.unique && len(j.rec.DependencyIDs) > 0:
		return &InvalidError{"unique", j.id, "is not possible with dependencies"}
	case set.unique && limited:
		return &InvalidError{"unique", j.id, "is not possible with a rate limit"}
	case set.unique && set.pipe != nil:
		return &InvalidError{"unique", j.id, "is not possible in a pipeline"}
	case limited && set.pipe != nil:
		return &InvalidError{"rate limit", j.rec.RateLimitKey, "is not possible in a pipeline"}
	case limited && q.sync:
		return &InvalidError{"rate limit", j.rec.RateLimitKey, "is not possible in a queue with Sync"}
	case limited && q.fleet.before(rateLimitRelease):
		return &InvalidError{"rate limit", j.rec.RateLimitKey, "is unknown to the fleet's oldest RQ"}
	case set.pipe != nil && q.sync:
		return &InvalidError{"pipeline", q.name, "is not possible in a queue with Sync"}
	}
	j.rec.Origin = q.name
	if j.rec.Timeout == nil {
		timeout, err := wholeSeconds("queue timeout", q.timeout)
		if err != nil {
			return err
		}
		j.rec.Timeout = &timeout
	}
	return nil
}

// EnqueueJob puts a job in the queue that CreateJob made, or that exists already
// (rq/queue.py Queue.enqueue_job). Of the options, those are taken that say how:
// AtFront, Unique and Pipeline. Errors are those of Enqueue.
func (q *Queue) EnqueueJob(ctx context.Context, j *Job, opts ...Option) error {
	set, err := collect(opts)
	if err != nil {
		return err
	}
	if err := q.adopt(j, set); err != nil {
		return err
	}
	if j.rec.Meta, err = j.encodeMeta(); err != nil {
		return err
	}
	return q.enqueue(ctx, j, set)
}

// enqueue writes an adopted job.
func (q *Queue) enqueue(ctx context.Context, j *Job, set *settings) error {
	if err := q.write(ctx, j, set); err != nil {
		return err
	}
	if q.sync && j.Status() == StatusQueued {
		return q.runSync(ctx, j)
	}
	return nil
}

// write does the round trip of an enqueue, and sets the job's status.
func (q *Queue) write(ctx context.Context, j *Job, set *settings) error {
	conn, release := once(q.rdb)
	defer release()
	before := j.rec
	now := time.Now().UTC()
	var err error
	switch {
	case j.waits():
		err = q.writeWaiting(ctx, conn, j, set, now)
	case set.unique:
		j.queuedAt(now)
		err = q.writeUnique(ctx, conn, j, q.place(set), keys.Queue(q.name))
	case set.pipe != nil:
		j.queuedAt(now)
		q.writePlain(ctx, set.pipe, j, set)
	default:
		j.queuedAt(now)
		_, err = conn.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			q.writePlain(ctx, pipe, j, set)
			return nil
		})
	}
	if err != nil {
		j.rec = before
		return wrapf(err, "enqueue job %s", j.id)
	}
	return nil
}

// queuedAt sets what a job in a queue has (rq/queue.py Queue._prepare_for_queue).
func (j *Job) queuedAt(now time.Time) {
	j.rec.Status, j.rec.EnqueuedAt = string(StatusQueued), now
}

// place says where in the queue the job goes. In a queue with Sync it goes
// nowhere: no worker may run it too.
func (q *Queue) place(set *settings) string {
	switch {
	case q.sync:
		return scripts.Nowhere
	case set.atFront:
		return scripts.Front
	}
	return scripts.Back
}

// writePlain adds the commands of a job without conditions to a transaction.
func (q *Queue) writePlain(ctx context.Context, pipe redis.Pipeliner, j *Job, set *settings) {
	pipe.SAdd(ctx, keys.Queues, keys.Queue(q.name))
	q.store(ctx, pipe, j, set)
}

// store adds the commands that save a job and put it in the queue.
func (q *Queue) store(ctx context.Context, pipe redis.Pipeliner, j *Job, set *settings) {
	q.save(ctx, pipe, j)
	switch q.place(set) {
	case scripts.Front:
		pipe.LPush(ctx, keys.Queue(q.name), j.id)
	case scripts.Back:
		pipe.RPush(ctx, keys.Queue(q.name), j.id)
	}
}

// save adds the commands that store a job and start its ttl (rq/queue.py
// Queue._persist_job).
func (q *Queue) save(ctx context.Context, pipe redis.Pipeliner, j *Job) {
	pipe.HSet(ctx, keys.Job(j.id), j.rec.Fields()...)
	if j.rec.TTL != nil {
		ttl := time.Duration(*j.rec.TTL) * time.Second
		pipe.Expire(ctx, keys.Job(j.id), ttl)
		pipe.Expire(ctx, keys.Dependents(j.id), ttl)
		pipe.Expire(ctx, keys.Dependencies(j.id), ttl)
	}
	if j.rec.GroupID != "" {
		pipe.SAdd(ctx, keys.Group(j.rec.GroupID), j.id)
		pipe.SAdd(ctx, keys.Groups, j.rec.GroupID)
	}
}

// writeUnique stores the job unless its id is taken.
func (q *Queue) writeUnique(ctx context.Context, c redis.Scripter, j *Job, where, target string) error {
	created, err := scripts.CreateJob(ctx, c, scripts.Create{
		ID: j.id, Queue: q.name, Target: target, Where: where,
		TTL: intOr0(j.rec.TTL), Group: j.rec.GroupID, Fields: j.rec.Fields(),
	})
	if err == nil && !created {
		err = ErrDuplicateJob
	}
	return err
}

// waits reports whether the job may have to wait before it is queued.
func (j *Job) waits() bool { return j.rec.RateLimitKey != "" || len(j.rec.DependencyIDs) > 0 }

// writeWaiting stores a job with dependencies or a rate limit. The server
// decides in the same step whether it has to wait (rq/queue.py
// Queue.setup_dependencies and _enqueue_rate_limited_job).
func (q *Queue) writeWaiting(ctx context.Context, c redis.Scripter, j *Job, set *settings, now time.Time) error {
	if set.pipe != nil {
		c = set.pipe
	}
	status, err := scripts.EnqueueWaiting(ctx, c, q.waiting(j, set, now))
	if err != nil {
		return err
	}
	if status == "" {
		status = string(StatusDeferred) // until the caller's transaction says
	}
	j.decided(status, now)
	return nil
}

func (q *Queue) waiting(j *Job, set *settings, now time.Time) scripts.Waiting {
	if set.atFront && j.rec.RateLimitKey != "" {
		front := true // it has to be known when its turn comes
		j.rec.EnqueueAtFront = &front
	}
	rec := j.rec
	rec.Status, rec.EnqueuedAt = "", time.Time{}
	return scripts.Waiting{
		ID: j.id, Queue: q.name, Where: q.place(set), TTL: intOr0(rec.TTL),
		Score: q.fleet.deferredScore(now.Unix()), Now: moment(now), Group: rec.GroupID,
		RateLimit: rec.RateLimitKey, Concurrency: rec.RateLimitConcurrency,
		AllowFailure: rec.AllowDependencyFailures != nil && *rec.AllowDependencyFailures,
		Dependencies: rec.DependencyIDs, Fields: rec.Fields(),
	}
}

// decided takes over the status that the server gave to a job that might wait.
func (j *Job) decided(status string, now time.Time) {
	j.rec.Status, j.rec.EnqueuedAt = status, time.Time{}
	if j.Status() == StatusQueued {
		j.rec.EnqueuedAt = now
	}
}

func intOr0(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
