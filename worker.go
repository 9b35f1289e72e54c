package rq

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Worker runs jobs from Python or Go with Go functions. RQ's tools see it as one worker,
// whatever its concurrency (rq/worker/base.py Worker). It is safe for concurrent use.
type Worker struct {
	cfg      WorkerConfig
	rdb      redis.UniversalClient
	handlers Handlers
	fleet    release
	grace    time.Duration // in the intermediate queue; tests shorten it
	look     time.Duration // between looks for jobs left behind; tests change it
	patience patience      // with large payloads; tests shorten it
	jobsRun  atomic.Int64
}

// NewWorker returns a worker that is not running yet. It does no I/O. The error joins all
// bad handlers and settings, each an *InvalidError or ErrCluster.
func NewWorker(rdb redis.UniversalClient, handlers Handlers, cfg WorkerConfig) (*Worker, error) {
	cfg.Queues, cfg.ExceptionHandlers = slices.Clone(cfg.Queues), slices.Clone(cfg.ExceptionHandlers)
	w := &Worker{cfg: cfg, rdb: rdb, handlers: maps.Clone(handlers), grace: intermediateGrace, look: lookInterval, patience: defaultPatience}
	w.cfg.fill()
	errs := []error{handlers.validate(), w.cfg.check()}
	if cfg.Fleet != "" {
		var err error
		w.fleet, err = parseRelease(cfg.Fleet)
		errs = append(errs, err)
	}
	for _, name := range w.cfg.Queues {
		errs = append(errs, NewQueue(rdb, name).err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return w, nil
}

// Name returns the worker's name.
func (w *Worker) Name() string { return w.cfg.Name }

// JobsRun returns how many jobs the worker has run and settled since NewWorker. Each retry
// counts. It is safe for concurrent use.
func (w *Worker) JobsRun() int { return int(w.jobsRun.Load()) }

// Run works until ctx ends, a shutdown command arrives, or Burst, MaxJobs or MaxIdle end
// it, and then returns nil. From that moment it claims no more jobs, and waits for the
// running ones; see WorkerConfig.ShutdownTimeout. When it returns, everything it started
// has ended, except for handlers that ignore the end of their context: a *StuckError
// names their jobs.
//
// Once the worker runs, a broken connection to Redis is not an error: it reconnects and
// continues. Before that, the error is ErrCluster, ErrWorkerExists, an *InvalidError for
// a server that is too old or permits too little, or an error of Redis. While it runs,
// the error is ErrWorkerReplaced when another worker takes its name.
func (w *Worker) Run(ctx context.Context) error {
	r, err := w.newRun()
	if err != nil {
		return err
	}
	defer r.close()
	if err := r.start(ctx); err != nil {
		return r.presence.failedStart(ctx, err)
	}
	return r.work(ctx)
}
