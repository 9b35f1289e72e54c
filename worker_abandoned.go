package rq

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// maintenance returns what this worker cleans.
func (r *run) maintenance() *maintenance {
	return &maintenance{
		rdb: r.db, queues: r.cfg.Queues, every: r.cfg.MaintenanceInterval, grace: r.grace,
		log: r.log, abandoned: r.abandoned, stuck: r.stuck,
	}
}

// maintain does one round of maintenance.
func (r *run) maintain(ctx context.Context, m *maintenance) {
	if err := m.clean(ctx); err != nil && ctx.Err() == nil {
		r.log.Error("rq: clean registries", "error", err)
	}
}

// maintainOften does a round now and then, looks for abandoned jobs as soon as a
// heartbeat has not come, and goes on with dependents that a worker which died has
// left, until ctx ends.
func (r *run) maintainOften(ctx context.Context, m *maintenance) {
	ticker := time.NewTicker(r.cfg.MaintenanceInterval)
	defer ticker.Stop()
	release := time.NewTicker(r.cfg.JobMonitoringInterval)
	defer release.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			r.maintain(ctx, m)
		case <-release.C:
			if err := m.releaseDependents(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("rq: enqueue dependents", "error", err)
			}
		case <-r.sweep:
			for _, queue := range r.cfg.Queues {
				if err := r.abandoned(ctx, queue); err != nil && ctx.Err() == nil {
					r.log.Error("rq: look for abandoned jobs", "queue", queue, "error", err)
				}
			}
		}
	}
}

// abandoned fails or retries the started jobs of a queue whose heartbeats have
// ended (rq/registry.py StartedJobRegistry.cleanup). Any number of workers can
// do so at once: each job is settled by one.
func (r *run) abandoned(ctx context.Context, queue string) error {
	var errs []error
	for ctx.Err() == nil {
		members, err := r.db.ZRangeArgs(ctx, redis.ZRangeArgs{
			Key: keys.Started(queue), Start: "0", Stop: strconv.FormatInt(time.Now().Unix(), 10),
			ByScore: true, Offset: int64(len(errs)), Count: abandonChunk, // those that could not be settled stay in front
		}).Result()
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		for _, member := range members {
			if err := r.abandon(ctx, queue, member); err != nil {
				errs = append(errs, wrapf(err, "end abandoned execution %s", member))
			}
		}
		if len(members) < abandonChunk {
			break
		}
	}
	return errors.Join(errs...)
}

// abandon ends one execution whose heartbeats have ended.
func (r *run) abandon(ctx context.Context, queue, member string) error {
	id, execution := splitPair(member)
	hash, err := r.db.HGetAll(ctx, keys.Job(id)).Result()
	if err != nil && !isForeign(err) {
		return err
	}
	e := newExecution(r.out, queue, scripts.ClaimedJob{ID: id, Execution: execution, Hash: hash}, now())
	e.queue, e.member = queue, member
	alive, err := r.runsElsewhere(ctx, e)
	if err != nil {
		return err
	}
	if alive || Status(e.rec.Status) != StatusStarted {
		return r.db.ZRem(ctx, keys.Started(queue), member).Err() // left over, not abandoned
	}
	at := now().Format("2006-01-02 15:04:05.000000-07:00")
	return r.end(ctx, e, scripts.Expired, "Moved to FailedJobRegistry, due to AbandonedJobError, at "+strings.Replace(at, "Z", "+00:00", 1))
}

// runsElsewhere reports whether the job has an execution that is alive.
func (r *run) runsElsewhere(ctx context.Context, e *execution) (bool, error) {
	others, err := r.db.ZRange(ctx, keys.Executions(e.job.id), 0, -1).Result()
	if err != nil {
		return false, err
	}
	for _, other := range others {
		if other == e.id {
			continue
		}
		expiry, err := r.db.ZScore(ctx, keys.Started(e.queue), e.job.id+":"+other).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return false, err
		}
		if expiry > float64(time.Now().Unix()) {
			return true, nil
		}
	}
	return false, nil
}

// stuck fails or retries a job that was started and is in no execution: its
// worker died in between.
func (r *run) stuck(ctx context.Context, queue, id string) error {
	hash, err := r.db.HGetAll(ctx, keys.Job(id)).Result()
	if err != nil {
		return err
	}
	e := newExecution(r.out, queue, scripts.ClaimedJob{ID: id, Hash: hash}, now())
	return r.end(ctx, e, scripts.None, "Job was stuck in intermediate queue.")
}

// end settles a job that nobody runs, and tells whom it concerns.
func (r *run) end(ctx context.Context, e *execution, fence, exc string) error {
	out := r.out.failed(e, exc)
	s := &out.settle
	s.Worker, s.Fence, s.Counter, s.Seconds, s.CurrentJob = e.rec.WorkerName, fence, "", "", false
	s.Fields = withoutEnd(s.Fields)
	if len(s.Result) > 0 {
		s.Result = (&wire.Result{Type: wire.Failed, ExcString: &exc}).Fields()
	}
	done, more, err := scripts.SettleJob(ctx, r.db, *s)
	if err != nil || !done {
		return err
	}
	if more {
		r.runner.release()
	}
	r.log.Warn("rq: job "+out.what, "job", e.job.id, "queue", e.queue, "reason", exc)
	e.job.rec.Status = string(StatusFailed)
	_, onFailure, _ := e.job.Callbacks()
	if err := r.executor().callback(e, onFailure, nil, ErrAbandoned); err != nil {
		r.log.Error("rq: failure callback of an abandoned job", "job", e.job.id, "error", err)
	}
	r.executor().tell(e, ErrAbandoned)
	if out.webhook != "" {
		e.job.sendWebhooks(ctx, r.log, out.webhook, exc)
	}
	return nil
}

// withoutEnd leaves out when the run ended, which nobody knows.
func withoutEnd(fields []any) []any {
	var rest []any
	for i := 0; i+1 < len(fields); i += 2 {
		if fields[i] != "ended_at" && fields[i] != "last_heartbeat" {
			rest = append(rest, fields[i], fields[i+1])
		}
	}
	return rest
}
