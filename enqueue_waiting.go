package rq

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// waits reports whether the job may have to wait until it is queued.
func (j *Job) waits() bool { return j.rec.RateLimitKey != "" || len(j.rec.DependencyIDs) > 0 }

// writeWaiting stores a job with dependencies or a rate limit. The server
// decides in the same step whether it has to wait (rq/queue.py
// Queue.setup_dependencies and _enqueue_rate_limited_job).
func (q *Queue) writeWaiting(ctx context.Context, j *Job, set *settings, now time.Time) error {
	status, err := q.sendWaiting(ctx, j, set, q.waiting(j, set, now))
	if err != nil {
		return err
	}
	if status == "" {
		status = string(StatusDeferred) // until the caller reads it again
	}
	j.decided(status, now)
	return nil
}

// sendWaiting runs the script, in one transaction with the commands that take the job
// out of its registry. In the caller's pipeline the status that it returns is "".
func (q *Queue) sendWaiting(ctx context.Context, j *Job, set *settings, w scripts.Waiting) (string, error) {
	if set.pipe == nil && set.fromRegistry == "" {
		return scripts.EnqueueWaiting(ctx, noRetryClient{q.rdb}, w)
	}
	add := func(pipe redis.Pipeliner) {
		leaveRegistry(ctx, pipe, j, set, keys.Deferred(q.name))
		_, _ = scripts.EnqueueWaiting(ctx, pipe, w) // a pipeline has no status and no error yet
	}
	if set.pipe != nil {
		add(set.pipe)
		return "", nil
	}
	replies, err := redisx.Transact(ctx, q.rdb, add)
	if err != nil {
		return "", err
	}
	status, ok := replies[len(replies)-1].(string)
	if !ok {
		return "", fmt.Errorf("the status is %v", replies[len(replies)-1])
	}
	return status, nil
}

func (q *Queue) waiting(j *Job, set *settings, now time.Time) scripts.Waiting {
	if set.atFront && j.rec.RateLimitKey != "" {
		front := true // it is read when the job's turn comes
		j.rec.EnqueueAtFront = &front
	}
	rec := j.rec
	rec.Status, rec.EnqueuedAt = "", time.Time{}
	return scripts.Waiting{
		ID: j.id, Queue: q.name, Where: q.where(set), TTL: intOr0(rec.TTL),
		Score: q.fleet.deferredScore(now.Unix()), Now: moment(now), Group: rec.GroupID,
		RateLimit: rec.RateLimitKey, Concurrency: rec.RateLimitConcurrency,
		AllowFailure: rec.AllowDependencyFailures != nil && *rec.AllowDependencyFailures,
		Dependencies: rec.DependencyIDs, Fields: rec.Fields(),
	}
}

// decided sets the status that the server has decided for a job that may wait.
func (j *Job) decided(status string, now time.Time) {
	j.rec.Status, j.rec.EnqueuedAt = status, time.Time{}
	if j.Status() == StatusQueued {
		j.rec.EnqueuedAt = now
	}
}
