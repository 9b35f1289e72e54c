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

// A Worker runs jobs of Python's or Go's making with Go functions, and is one
// worker to RQ's tools, whatever its concurrency (rq/worker/base.py Worker).
// It is safe for concurrent use.
type Worker struct {
	cfg      WorkerConfig
	rdb      redis.UniversalClient
	handlers Handlers
	fleet    release
	grace    time.Duration // in the intermediate queue; tests shorten it
	look     time.Duration // between looks for jobs that were left; tests change it
	patience patience      // with large payloads; tests shorten it
	jobsRun  atomic.Int64
}

// NewWorker returns a worker that is not running yet. It does no I/O. The error
// is every bad handler and setting at once, each an *InvalidError, or ErrCluster.
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

// JobsRun returns how many jobs the worker has run and settled since it was made, each
// retry included. It is safe for concurrent use.
func (w *Worker) JobsRun() int { return int(w.jobsRun.Load()) }

// Run works until ctx ends, a shutdown command comes, or what Burst, MaxJobs or
// MaxIdle say, and returns nil then. It takes no more jobs from that moment on
// and lets the running ones end; see WorkerConfig.ShutdownTimeout. All that it
// started has ended when it returns, but for handlers that do not return when
// their context ends: a *StuckError names their jobs.
//
// A broken connection to Redis is no error once the worker works: it goes on as
// soon as it can. Before that, the error is ErrCluster, ErrWorkerExists, an
// *InvalidError for a server that is too old or permits too little, or Redis's.
// While it works, it is ErrWorkerReplaced when another worker takes its name.
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
