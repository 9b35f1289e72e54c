package rq

import (
	"github.com/rqgo/rq/internal/wire"
)

// abandoner makes the part that ends abandoned jobs.
func (r *run) abandoner() *abandoner {
	return &abandoner{
		rdb: r.db, log: r.log, fleet: r.fleet, hasExceptionHandlers: len(r.cfg.ExceptionHandlers) > 0, hooks: r.hooks,
		adopt: r.runner.adopt, failed: r.out.failed, callback: r.runner.executor.callback, callExceptionHandlers: r.runner.executor.callExceptionHandlers, releaseDependents: r.runner.releaseDependents,
		slots: make(chan struct{}, abandonedMost),
	}
}

// maintenance makes the part that cleans up.
func (r *run) maintenance() *maintenance {
	a := r.abandoner()
	return &maintenance{
		rdb: r.db, queues: r.cfg.Queues, every: r.cfg.MaintenanceInterval, look: r.look, grace: r.grace, lock: cleaningLockTTL,
		log: r.log, sweep: r.sweep, abandoned: a.sweep, stuck: a.stuck, ended: a.wait, first: r.cleaned,
	}
}

// heartbeats makes the part that sends heartbeats.
func (r *run) heartbeats() *heartbeats {
	return &heartbeats{
		rdb: r.db, log: r.log, every: r.cfg.JobMonitoringInterval, worker: r.cfg.Name, birth: wire.FormatTime(r.presence.birth),
		queues: r.cfg.Queues, idle: r.presence.idleTTL(), busy: r.presence.busyTTL(), skew: &skew{log: r.log},
		executions: r.running.all, register: r.presence.registerAgain,
		replaced: r.replaced, reclaim: r.debts.reclaim, suspended: r.suspended, sweep: r.sweep,
	}
}

// executor makes the part that runs jobs.
func (r *run) executor() *executor {
	return &executor{
		handlers: r.handlers, exceptions: r.cfg.ExceptionHandlers, foreign: r.foreign, stuck: r.leftover,
		payloads: r.payloads, out: r.out, jobs: r.jobs, log: r.log,
	}
}

// listener makes the part that obeys commands.
func (r *run) listener() *listener {
	return &listener{
		db: r.db, worker: r.cfg.Name, health: r.cfg.JobMonitoringInterval, running: r.running, log: r.log,
		noteListening: r.presence.noteListening, stop: func() { r.stopFetching(errShutdown) },
	}
}

// claimer makes the part that claims jobs.
func (r *run) claimer() *claimer {
	c := &claimer{
		cfg: &r.cfg, fleet: r.fleet, db: r.db, presence: r.presence, debts: r.debts, slots: r.slots, running: r.running,
		foreign: r.foreign, cleaned: r.cleaned, suspend: r.suspended, adopt: r.runner.adopt, begin: r.runner.begin, giveBack: r.runner.giveBack, writing: r.writing, log: r.log,
	}
	if len(r.cfg.Queues) <= maxMovers {
		c.waits = newMovers(r.db, r.cfg.Queues, r.log)
	} else {
		c.waits = newWatcher(r.db, r.cfg.Queues, r.log)
	}
	return c
}
