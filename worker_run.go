package rq

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/wire"
)

// A run is one Run of a Worker: it makes the parts, joins them, and ends them in order.
// Each part is given what it needs, and knows nothing of the others. Three contexts end
// one after the other:
//
//   - fetching, when the worker is to end: no more jobs are claimed;
//   - jobs, when the running jobs have had their time: handlers should return;
//   - writing, when nothing is left to write, or when it cannot be written.
type run struct {
	*Worker
	db    *redis.Client // of this run alone, named like the worker
	conns *connections
	log   *slog.Logger

	fetching, jobs, writing               context.Context
	stopFetching, cancelJobs, stopWriting context.CancelCauseFunc

	presence *presence
	running  *executions
	slots    *slots
	leftover *stuckHandlers
	hooks    *webhookSender
	out      *outcomes
	debts    *debts
	foreign  *foreignJobs
	payloads *payloads
	settler  *settler
	runner   *jobRunner

	sweep     chan struct{} // asks the maintenance for abandoned jobs
	suspended chan struct{} // tells the claimer that workers are suspended
	cleaned   chan struct{} // is closed when the first maintenance has enqueued what it can
	handled   chan struct{} // is closed when no handler runs any more
	settled   chan struct{} // is closed when what came of all jobs is written
	written   chan struct{} // is closed when all webhooks are sent, too
	ended     chan struct{} // is closed when no loop runs any more
}

// newRun connects. The connections are the run's own, so that handlers cannot
// keep heartbeats waiting for one.
func (w *Worker) newRun() (*run, error) {
	opts, err := ownOptions(w.rdb)
	if err != nil {
		return nil, err
	}
	nameConnections(opts, w.cfg.Name)
	conns := newConnections()
	conns.follow(opts)
	r := &run{
		Worker: w, db: redis.NewClient(opts), conns: conns, log: w.cfg.Logger.With("worker", w.cfg.Name),
		running: newExecutions(), slots: newSlots(w.cfg.Concurrency),
		sweep: make(chan struct{}, 1), suspended: make(chan struct{}, 1), cleaned: make(chan struct{}), handled: make(chan struct{}), settled: make(chan struct{}), written: make(chan struct{}), ended: make(chan struct{}),
	}
	r.leftover = newStuckHandlers(r.slots, w.cfg.Concurrency, r.log)
	r.out = &outcomes{worker: w.cfg.Name, fleet: w.fleet, resultTTL: w.cfg.ResultTTL, rdb: w.rdb, serializer: w.cfg.Serializer}
	r.debts = newDebts(r.db, w.cfg.Name, r.out, r.log)
	r.foreign = newForeignJobs(&w.cfg, w.handlers, r.out, r.db, r.log)
	r.payloads = newPayloads(r.db, w.patience)
	r.settler = newSettler(r.db, r.payloads, w.cfg.Concurrency, r.log)
	r.presence = &presence{cfg: &w.cfg, db: r.db, log: r.log, running: r.running, replaced: r.replaced}
	return r, nil
}

func (r *run) close() {
	r.conns.end()
	_ = r.db.Close()
}

// start makes the worker known to others. A server that does not answer does not keep
// it from ending.
func (r *run) start(ctx context.Context) error {
	started, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	defer context.AfterFunc(ctx, func() {
		if sleep(started, writeGrace/2) {
			r.conns.cut()
		}
	})()
	if err := r.presence.checkServer(ctx); err != nil {
		return err
	}
	if err := r.presence.checkPermissions(ctx); err != nil {
		return err
	}
	return r.presence.register(ctx)
}

// work is the life of a registered worker.
func (r *run) work(ctx context.Context) error {
	base := context.WithoutCancel(ctx)
	r.fetching, r.stopFetching = context.WithCancelCause(ctx)
	r.jobs, r.cancelJobs = context.WithCancelCause(base)
	r.writing, r.stopWriting = context.WithCancelCause(base)
	r.hooks = newWebhookSender(r.log)
	r.runner = &jobRunner{
		executor: r.executor(), out: r.out, settler: r.settler, hooks: r.hooks, slots: r.slots, running: r.running,
		jobs: r.jobs, writing: r.writing, inOrder: r.cfg.Concurrency == 1, log: r.log, ran: &r.jobsRun,
	}

	var loops, settling, limiting sync.WaitGroup
	settling.Go(func() { r.settler.run(r.writing) })
	listening := make(chan struct{})
	loops.Go(func() { r.listener().listen(r.writing, listening) })
	loops.Go(func() { r.heartbeats().run(r.writing) })
	limiting.Go(r.limitShutdown)
	<-listening
	r.presence.setState(r.writing, "started")
	loops.Go(func() { r.maintenance().run(r.fetching) })
	r.waitForMaintenance()
	r.schedule(&loops)
	r.presence.setState(r.writing, "idle")

	end := r.claimer().run(r.fetching)
	err := r.drain(end)
	r.cancelJobs(errShutdown) // a callback of an abandoned job may still run
	close(r.settler.queue)
	settling.Wait()
	r.presence.die(r.writing)
	r.stopWriting(errShutdown)
	loops.Wait()
	close(r.ended)
	limiting.Wait()
	return errors.Join(end.err(), err)
}

// waitForMaintenance gives the first maintenance a moment to enqueue what there is,
// as RQ does before the first job.
func (r *run) waitForMaintenance() {
	select {
	case <-r.cleaned:
	case <-time.After(maintenanceStart):
	case <-r.fetching.Done():
	}
}

// replaced ends a worker whose name another one has.
func (r *run) replaced() {
	r.log.Error("rq: another worker has this one's name")
	r.stopFetching(ErrWorkerReplaced)
}

// drain waits for the running jobs: as long as they may take, or if the worker was
// asked to end, as long as ShutdownTimeout allows. That is for RQ's tools to see.
func (r *run) drain(end ending) error {
	if end == endAsked && r.running.count() > 0 {
		r.log.Info("rq: waiting for the running jobs before the worker ends")
		r.presence.note(r.writing, "shutdown_requested_date", wire.FormatTime(now()))
	}
	r.runner.handling.Wait() // no longer than limitShutdown lets them
	close(r.handled)
	r.runner.working.Wait()
	close(r.settled)
	r.hooks.close(r.jobs)
	close(r.written)
	r.stopFetching(errShutdown)
	return r.leftover.wait(r.writing)
}

// limitShutdown ends the contexts of the jobs when they have had their time, and all
// traffic when nothing more may be written. It goes on until no loop runs any more: one
// may wait for a server that does not answer. With Forever, webhooks may take as long as
// they need once what came of the jobs is written.
func (r *run) limitShutdown() {
	<-r.fetching.Done()
	if r.cfg.ShutdownTimeout == Forever {
		<-r.handled
		select {
		case <-r.settled:
			<-r.written
		case <-time.After(writeGrace):
			r.endWriting()
		}
	} else {
		select {
		case <-time.After(r.cfg.ShutdownTimeout):
			r.cancelJobs(errShutdown)
		case <-r.written:
		}
	}
	select {
	case <-time.After(writeGrace):
		r.endWriting()
	case <-r.ended:
	}
}

// endWriting ends all traffic, also that which does not heed its context.
func (r *run) endWriting() {
	r.stopWriting(errShutdown)
	r.close()
}

// schedule runs RQ's scheduler in this worker.
func (r *run) schedule(loops *sync.WaitGroup) {
	if !r.cfg.Scheduler {
		return
	}
	s := newScheduler(r.db, r.cfg.Queues, r.fleet, r.log)
	if !r.cfg.Burst {
		loops.Go(func() { s.run(r.fetching) })
		return
	}
	if err := s.enqueueDue(r.fetching); err != nil {
		r.log.Error("rq: enqueue scheduled jobs", "error", err)
	}
}
