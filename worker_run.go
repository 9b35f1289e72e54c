package rq

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/wire"
)

// A run is one Run of a Worker. Its goroutines are: fetch, which claims jobs; one
// for each job and one for its handler; the settler; the heartbeat; the
// maintenance; the listener to commands; and the scheduler. Four contexts end
// one after the other:
//
//   - fetching, when the worker is to end: no more jobs are claimed;
//   - jobs, when the running jobs have had their time: handlers should return;
//   - books, when nothing is left to write: or when it cannot be written;
//   - that of the caller, which ends fetching and has no other use.
type run struct {
	*Worker
	db       *redis.Client // of this run alone, named like the worker
	log      *slog.Logger
	birth    time.Time
	identity wire.Worker

	fetching, jobs, books                context.Context
	stopFetching, cancelJobs, closeBooks context.CancelCauseFunc

	slots    *slots
	settler  *settler
	hooks    *webhookSender
	waiters  *waiters
	strays   *strays
	unknown  *unknownFuncs
	lost     lostClaims
	handling sync.WaitGroup // jobs whose handlers run
	working  sync.WaitGroup // jobs that are not settled, or whose webhooks wait for room

	sweep     chan struct{} // asks the maintenance for abandoned jobs
	suspended chan struct{} // tells fetch that workers are suspended
	cleaned   chan struct{} // closed when the first maintenance has enqueued what it can

	mu      sync.Mutex
	running map[string]*execution // by execution id, until it is settled
	settled chan struct{}         // has an item after each settlement
}

// newRun connects. The connections are the run's own, so that handlers cannot
// keep heartbeats waiting for one.
func (w *Worker) newRun() (*run, error) {
	opts, err := ownOptions(w.rdb)
	if err != nil {
		return nil, err
	}
	opts.ClientName = w.cfg.Name
	log, slots := w.cfg.Logger.With("worker", w.cfg.Name), newSlots(w.cfg.Concurrency)
	return &run{
		Worker:    w,
		db:        redis.NewClient(opts),
		log:       log,
		slots:     slots,
		strays:    newStrays(slots, w.cfg.Concurrency, log),
		unknown:   newUnknownFuncs(w.cfg.UnknownFunc, w.handlers),
		sweep:     make(chan struct{}, 1),
		suspended: make(chan struct{}, 1),
		cleaned:   make(chan struct{}),
		running:   map[string]*execution{},
		settled:   make(chan struct{}, 1),
	}, nil
}

func (r *run) close() { _ = r.db.Close() }

// start makes the worker known to others.
func (r *run) start(ctx context.Context) error {
	if err := r.checkServer(ctx); err != nil {
		return err
	}
	return r.register(ctx)
}

// work is the life of a registered worker.
func (r *run) work(ctx context.Context) error {
	base := context.WithoutCancel(ctx)
	r.fetching, r.stopFetching = context.WithCancelCause(ctx)
	r.jobs, r.cancelJobs = context.WithCancelCause(base)
	r.books, r.closeBooks = context.WithCancelCause(base)
	r.hooks = newWebhookSender(r.log)
	r.settler = newSettler(r.db, r.cfg.Concurrency, r.log)
	r.waiters = newWaiters(r)

	var loops, settling sync.WaitGroup
	settling.Go(func() { r.settler.run(r.books) })
	listening := make(chan struct{})
	loops.Go(func() { r.listen(r.books, listening) })
	loops.Go(func() { newHeartbeats(r).run(r.books) })
	loops.Go(r.limitShutdown)
	<-listening
	r.setState(r.books, "started")
	loops.Go(func() { newMaintenance(r).run(r.fetching) })
	r.waitForMaintenance()
	r.schedule(&loops)
	r.setState(r.books, "idle")

	r.fetch(r.fetching)
	asked := r.fetching.Err() != nil && !errors.Is(context.Cause(r.fetching), ErrWorkerReplaced)
	r.stopFetching(nil)
	err := r.drain(asked)
	r.hooks.close(r.jobs)
	r.cancelJobs(errShutdown) // a callback of an abandoned job may still run
	close(r.settler.queue)
	settling.Wait()
	r.closeBooks(nil)
	loops.Wait()
	r.die(base)
	if cause := context.Cause(r.fetching); errors.Is(cause, ErrWorkerReplaced) {
		err = errors.Join(cause, err)
	}
	return err
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

// cancelGrace is how long a handler has to return when its context has ended
// because the worker does.
const cancelGrace = time.Second

// booksGrace is how long the worker tries to write what came of its last jobs.
const booksGrace = 5 * time.Second

// drain waits for the running jobs, as long as they may take. That the worker
// was asked to end is for RQ's tools to see.
func (r *run) drain(asked bool) error {
	if asked {
		r.noteShutdown()
	}
	r.handling.Wait() // no longer than limitShutdown lets them
	defer time.AfterFunc(booksGrace, func() { r.closeBooks(errShutdown) }).Stop()
	r.working.Wait()
	return r.strays.wait()
}

// limitShutdown ends the contexts of the jobs when they have had their time.
func (r *run) limitShutdown() {
	<-r.fetching.Done()
	var end <-chan time.Time
	if r.cfg.ShutdownTimeout != Forever {
		end = time.After(r.cfg.ShutdownTimeout)
	}
	select {
	case <-end:
		r.cancelJobs(errShutdown)
	case <-r.books.Done():
	}
}

// noteShutdown tells RQ's tools that a busy worker is about to end.
func (r *run) noteShutdown() {
	r.mu.Lock()
	busy := len(r.running) > 0
	r.mu.Unlock()
	if busy {
		r.log.Info("rq: waiting for the running jobs before the worker ends")
		r.note(r.books, "shutdown_requested_date", wire.FormatTime(now()))
	}
}

// state is what the worker is when it is not suspended.
func (r *run) state() string {
	if r.busy() > 0 {
		return "busy"
	}
	return "idle"
}

func (r *run) setState(ctx context.Context, state string) { r.note(ctx, "state", state) }

// note sets fields of the worker's hash. That it cannot is no reason not to work.
func (r *run) note(ctx context.Context, fields ...any) {
	if err := r.db.HSet(ctx, keys.Worker(r.cfg.Name), fields...).Err(); err != nil && ctx.Err() == nil {
		r.log.Warn("rq: update worker", "error", err)
	}
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
	if err := s.once(r.fetching); err != nil {
		r.log.Error("rq: enqueue scheduled jobs", "error", err)
	}
}

// add makes an execution one of the worker's.
func (r *run) add(e *execution) {
	r.mu.Lock()
	r.running[e.id] = e
	r.mu.Unlock()
}

// remove tells fetch that an execution is over, whatever came of it.
func (r *run) remove(e *execution) {
	r.mu.Lock()
	delete(r.running, e.id)
	r.mu.Unlock()
	signal(r.settled)
}

func (r *run) busy() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.running)
}

// executions returns the running executions, the oldest first.
func (r *run) executions() []*execution {
	r.mu.Lock()
	all := slices.Collect(maps.Values(r.running))
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b *execution) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	return all
}
