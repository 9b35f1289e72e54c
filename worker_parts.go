package rq

import (
	"context"

	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// newAbandoner returns the part of a run that ends abandoned jobs.
func newAbandoner(r *run) *abandoner {
	return &abandoner{
		rdb: r.db, log: r.log, composite: !r.fleet.before(executionsRelease), tells: len(r.cfg.ExceptionHandlers) > 0, hooks: r.hooks,
		adopt: r.newExecution, failed: r.failed, callback: r.callback, tell: r.tell,
		slots: make(chan struct{}, abandonedMost),
	}
}

// newMaintenance returns the part of a run that cleans up.
func newMaintenance(r *run) *maintenance {
	a := newAbandoner(r)
	return &maintenance{
		rdb: r.db, queues: r.cfg.Queues, every: r.cfg.MaintenanceInterval, look: r.look, grace: r.grace, lock: cleaningLockTTL,
		log: r.log, sweep: r.sweep, abandoned: a.sweep, stuck: a.stuck, ended: a.wait, first: r.cleaned,
	}
}

// newHeartbeats returns the part of a run that sends heartbeats.
func newHeartbeats(r *run) *heartbeats {
	return &heartbeats{
		rdb: r.db, log: r.log, every: r.cfg.JobMonitoringInterval, worker: r.cfg.Name, birth: wire.FormatTime(r.birth),
		queues: r.cfg.Queues, idle: r.idleTTL(), busy: r.busyTTL(), skew: &skew{log: r.log},
		executions: r.executions, again: func(ctx context.Context) (bool, error) { return r.enter(ctx, scripts.Again) },
		replaced: r.replaced, reclaim: r.reclaim, suspended: r.suspended, sweep: r.sweep,
	}
}
