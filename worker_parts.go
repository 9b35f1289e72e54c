package rq

import (
	"github.com/rqgo/rq/internal/wire"
)

// newAbandoner returns the part of a run that ends abandoned jobs.
func newAbandoner(r *run) *abandoner {
	return &abandoner{
		rdb: r.db, log: r.log, fleet: r.fleet, tells: len(r.cfg.ExceptionHandlers) > 0, hooks: r.hooks,
		adopt: r.runner.adopt, failed: r.out.failed, callback: r.runner.executor.callback, tell: r.runner.executor.tell, release: r.runner.release,
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
		rdb: r.db, log: r.log, every: r.cfg.JobMonitoringInterval, worker: r.cfg.Name, birth: wire.FormatTime(r.presence.birth),
		queues: r.cfg.Queues, idle: r.presence.idleTTL(), busy: r.presence.busyTTL(), skew: &skew{log: r.log},
		executions: r.running.all, again: r.presence.registerAgain,
		replaced: r.replaced, reclaim: r.debts.reclaim, suspended: r.suspended, sweep: r.sweep,
	}
}
