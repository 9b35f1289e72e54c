package rq

import (
	"context"
	"time"

	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// beatOften sends heartbeats until ctx ends, whatever the handlers do.
func (r *run) beatOften(ctx context.Context) {
	ticker := time.NewTicker(r.cfg.JobMonitoringInterval)
	defer ticker.Stop()
	var sweep <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if next, ok := r.beat(ctx); ok {
				sweep = time.After(next)
			}
			if err := r.debts.reclaim(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("rq: put back the jobs of a lost claim", "error", err)
			}
		case <-sweep:
			sweep = nil
			signal(r.sweep)
		}
	}
}

// beat tells the server that the worker and its executions are alive
// (rq/worker/base.py BaseWorker.maintain_heartbeats). If an execution of anyone
// may be found abandoned before the next heartbeat, it says when.
func (r *run) beat(ctx context.Context) (time.Duration, bool) {
	all := r.running.all()
	var first int64
	for {
		chunk := all[:min(len(all), beatMost)]
		all = all[len(chunk):]
		echo, err := scripts.SendBeat(ctx, r.db, r.heartbeat(chunk))
		if err != nil {
			if ctx.Err() == nil {
				r.log.Error("rq: send heartbeat", "error", err)
			}
			return 0, false
		}
		r.heard(ctx, echo, chunk)
		for _, expiry := range echo.Expiries {
			if expiry > 0 && (first == 0 || expiry < first) {
				first = expiry
			}
		}
		if len(all) == 0 {
			break
		}
	}
	wait := time.Until(time.Unix(first+1, 0))
	return max(wait, 0), first > 0 && wait < r.cfg.JobMonitoringInterval
}

func (r *run) heartbeat(chunk []*execution) scripts.Beat {
	now := now()
	keep := r.presence.idleTTL()
	if len(chunk) > 0 {
		keep = r.presence.busyTTL()
	}
	p := scripts.Beat{
		Worker: r.cfg.Name, Birth: wire.FormatTime(r.presence.birth), Now: moment(now), Float: wire.FormatUnix(now),
		Keep: keep, Queues: r.cfg.Queues,
	}
	for _, e := range chunk {
		p.Executions = append(p.Executions, scripts.Beating{
			Job: e.jobID, Execution: e.id, Queue: e.queue, Member: e.member,
			Keep: r.executionTTL(e, now), CreatedAt: wire.FormatUnix(e.created),
		})
	}
	return p
}

// executionTTL is for how many seconds a heartbeat of an execution lasts
// (rq/worker/base.py BaseWorker.get_heartbeat_ttl).
func (r *run) executionTTL(e *execution, now time.Time) int {
	left := r.presence.interval()
	if limit := e.timeout(); limit != Forever && !e.callback.Load() {
		left = min(left, inSeconds(limit-now.Sub(e.created)))
	}
	return max(left, 0) + 60
}

// heard acts on what the server says to a heartbeat.
func (r *run) heard(ctx context.Context, echo *scripts.Echo, chunk []*execution) {
	switch echo.State {
	case scripts.Forgotten:
		r.log.Warn("rq: the worker was not heard of for too long: registered again")
		if _, err := r.presence.registerAgain(ctx); err != nil {
			r.log.Error("rq: register worker", "error", err)
		}
	case scripts.Replaced:
		r.replaced()
	}
	if echo.Suspended {
		signal(r.suspended)
	}
	for _, id := range echo.Away {
		for _, e := range chunk {
			if e.id == id && !e.over.Load() {
				r.log.Warn("rq: the job is not this worker's any more", "job", e.jobID)
				e.cancel(errAway)
			}
		}
	}
}
