package rq

import (
	"context"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// EnqueueAt schedules a job for call and returns it (rq/queue.py Queue.enqueue_at). A
// scheduler enqueues the job at t, in whole seconds; without a running scheduler it
// stays scheduled. Schedulers run in Python workers with --with-scheduler, and in Go
// workers with WorkerConfig.Scheduler.
//
// It returns the errors of Enqueue, and an *InvalidError for the zero time and for a
// time after the year 9999, which Python cannot represent. As in RQ, dependencies are
// stored, but the job does not wait for them.
func (q *Queue) EnqueueAt(ctx context.Context, t time.Time, call FuncCall, opts ...EnqueueOption) (*Job, error) {
	j, set, err := create(q, call, opts)
	if err == nil {
		err = q.checkAny(j, set)
	}
	if err == nil {
		err = q.schedule(ctx, j, t, set)
	}
	if err != nil {
		return nil, err
	}
	return j, nil
}

// EnqueueIn is EnqueueAt for the time d from now, by this machine's clock (rq/queue.py
// Queue.enqueue_in).
func (q *Queue) EnqueueIn(ctx context.Context, d time.Duration, call FuncCall, opts ...EnqueueOption) (*Job, error) {
	return q.EnqueueAt(ctx, time.Now().Add(d), call, opts...)
}

// ScheduleJob is EnqueueAt for a job that CreateJob made, or that already exists
// (rq/queue.py Queue.schedule_job). It takes the job out of its registry as EnqueueJob
// does. After an error the job is unchanged.
func (q *Queue) ScheduleJob(ctx context.Context, j *Job, t time.Time, opts ...PlaceOption) error {
	return q.place(j, opts, q.checkAny, func(set *settings) error { return q.schedule(ctx, j, t, set) })
}

func (q *Queue) schedule(ctx context.Context, j *Job, t time.Time, set *settings) error {
	switch {
	case t.IsZero():
		return &InvalidError{"time", t, "must not be zero"}
	case t.Unix() > lastMoment:
		return &InvalidError{"time", t, "must not be after the year 9999"}
	}
	j.rec.Status = string(StatusScheduled)
	if set.atFront {
		front := true
		j.rec.EnqueueAtFront = &front
	}
	var err error
	if set.unique {
		err = q.writeUnique(ctx, j, strconv.FormatInt(t.Unix(), 10), keys.Scheduled(q.name))
	} else {
		err = q.inTransaction(ctx, set, func(pipe redis.Pipeliner) { q.writeScheduled(ctx, pipe, j, set, t) })
	}
	return wrapf(err, "schedule job %s", j.id)
}

// writeScheduled adds the commands for a scheduled job to a transaction. RQ before 3.0
// sends the ZADD outside of the transaction, so that a crash leaves an id without a
// job.
func (q *Queue) writeScheduled(ctx context.Context, pipe redis.Pipeliner, j *Job, set *settings, t time.Time) {
	pipe.SAdd(ctx, keys.Queues, keys.Queue(q.name))
	leaveRegistry(ctx, pipe, j, set, keys.Scheduled(q.name))
	q.save(ctx, pipe, j)
	redisx.AddOnce(ctx, pipe, "zadd", keys.Scheduled(q.name), t.Unix(), j.id)
}
