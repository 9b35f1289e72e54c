package rq

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// syncWorker is the worker name that RQ stores for a job that ran in the caller.
const syncWorker = "sync"

// runSync runs a stored job in the caller (rq/queue.py Queue.run_sync). A failed job is
// not an error here; the job's status says so.
func (q *Queue) runSync(ctx context.Context, j *Job) error {
	started := now()
	j.rec.WorkerName, j.rec.Status = syncWorker, string(StatusStarted)
	j.rec.StartedAt, j.rec.LastHeartbeat = started, started
	name, err := j.FuncName()
	var value any
	if err == nil {
		limit, _ := j.Timeout() // the queue has set one
		value, err = q.runTimed(ctx, name, j, limit)
	}
	// The outcome is stored also when the caller's context has ended.
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		return q.syncFailed(ctx, j, name, err)
	}
	j.rec.EndedAt = now()
	return q.syncSucceeded(ctx, j, value)
}

// runTimed runs a handler under a timeout. Go cannot interrupt it: only its context
// ends. A handler that returns too late has failed, whatever it returns.
func (q *Queue) runTimed(ctx context.Context, name string, j *Job, limit time.Duration) (any, error) {
	if limit == Forever {
		return q.handlers.run(ctx, name, j)
	}
	late := &JobTimeoutError{limit}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	value, err := q.handlers.run(ctx, name, j)
	if errors.Is(context.Cause(ctx), late) {
		return nil, late
	}
	return value, err
}

func (q *Queue) syncSucceeded(ctx context.Context, j *Job, value any) error {
	ttl := int(DefaultResultTTL / time.Second)
	if j.rec.ResultTTL != nil {
		ttl = *j.rec.ResultTTL
	}
	j.rec.Status = string(StatusFinished)
	if ttl == 0 {
		if err := j.Delete(ctx); err != nil && !errors.Is(err, ErrNoSuchJob) {
			return err
		}
	} else {
		result := wire.Result{Type: wire.Successful, ReturnValue: returned(j.serializer, value)}
		if err := j.storeOutcome(ctx, result, ttl, keys.Finished(q.name), expiry(ttl)); err != nil {
			return err
		}
	}
	onSuccess, _ := j.OnSuccess()
	if err := q.syncCallback(withOutcome(ctx, value, nil), j, onSuccess); err != nil {
		return err
	}
	j.sendWebhooks(ctx, slog.Default(), StatusFinished, "")
	return nil
}

func (q *Queue) syncFailed(ctx context.Context, j *Job, function string, failure error) error {
	exc := excInfo(function, failure)
	ttl := int(DefaultFailureTTL / time.Second)
	if j.rec.FailureTTL != nil {
		ttl = *j.rec.FailureTTL
	}
	score := expiry(ttl)
	if ttl < 0 {
		score = -1 // as in RQ: lower than any time that a cleanup looks for
	}
	j.rec.Status = string(StatusFailed)
	result := wire.Result{Type: wire.Failed, ExcString: &exc}
	if err := j.storeOutcome(ctx, result, ttl, keys.Failed(q.name), score); err != nil {
		return err
	}
	onFailure, _ := j.OnFailure()
	if err := q.syncCallback(withOutcome(ctx, nil, failure), j, onFailure); err != nil {
		return err
	}
	j.sendWebhooks(ctx, slog.Default(), StatusFailed, exc)
	return nil
}

// syncCallback runs a callback. The caller gets its error, as in RQ.
func (q *Queue) syncCallback(ctx context.Context, j *Job, c Callback) error {
	if c.Func == "" {
		return nil
	}
	_, err := q.runTimed(ctx, c.Func, j, c.Timeout)
	return wrapf(err, "callback %s of job %s", c.Func, j.id)
}

// storeOutcome writes the outcome of a run in one step: the job, its result, and its
// entry in a registry.
func (j *Job) storeOutcome(ctx context.Context, result wire.Result, ttl int, registry string, score float64) error {
	rec := j.rec
	rec.Meta = nil // the handler may have saved its own
	_, err := redisx.Transact(ctx, j.rdb, func(pipe redis.Pipeliner) {
		pipe.HSet(ctx, keys.Job(j.id), rec.Fields()...)
		pipe.XAdd(ctx, &redis.XAddArgs{Stream: keys.Results(j.id), MaxLen: resultsKept, Values: result.Fields()})
		for _, key := range []string{keys.Results(j.id), keys.Job(j.id), keys.Dependents(j.id), keys.Dependencies(j.id)} {
			if ttl < 0 {
				pipe.Persist(ctx, key)
			} else {
				pipe.Do(ctx, "expire", key, scripts.Cut(ttl)) // 0 deletes
			}
		}
		redisx.AddOnce(ctx, pipe, "zadd", registry, score, j.id)
	})
	return wrapf(err, "store outcome of job %s", j.id)
}
