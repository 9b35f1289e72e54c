// Worker runs jobs that Python or Go enqueues, until it is interrupted.
//
//	go run ./examples/worker
//
// It listens to the queues "high" and "default" of the Redis at REDIS_URL
// (default redis://localhost:6379). Give it something to do from anywhere:
//
//	rq enqueue tasks.add :2 b:=3
//	rq enqueue tasks.report 'https://example.org'
//	rq enqueue tasks.div_by_zero :1
//
// Then `rq info` shows it, `rq suspend` pauses it, and `rq requeue --all --queue
// default` makes it retry the failed jobs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// handlers are the Python functions that run in Go.
var handlers = rq.Handlers{
	"tasks.add":         rq.Func(add, "a", "b"),
	"tasks.report":      rq.Func(report, "url"),
	"tasks.div_by_zero": rq.Func(divByZero, "x"),
	"tasks.on_failure":  rq.HandlerFunc(onFailure),
}

func add(a, b int) int { return a + b }

// report shows its progress in the job's meta, where Python sees it at once.
func report(ctx context.Context, url string) (string, error) {
	job, _ := rq.CurrentJob(ctx)
	for _, step := range []string{"fetching", "reading", "writing"} {
		job.Meta["step"] = step
		if err := job.SaveMeta(ctx); err != nil {
			return "", err
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done(): // the timeout, `stop-job` or the worker's shutdown
			return "", context.Cause(ctx)
		}
	}
	return "report of " + url, nil
}

// divByZero panics; the job fails with a traceback that ends here.
func divByZero(x int) int {
	zero := 0
	return x / zero
}

// onFailure is a callback: for jobs with on_failure='tasks.on_failure'.
func onFailure(ctx context.Context, job *rq.Job) (any, error) {
	outcome, _ := rq.JobOutcome(ctx)
	slog.WarnContext(ctx, "told of a failure", "job", job.ID(), "error", outcome.Err)
	return nil, nil
}

// timed is middleware: it wraps every handler.
func timed(next rq.Handler) rq.Handler {
	return rq.HandlerFunc(func(ctx context.Context, job *rq.Job) (any, error) {
		start := time.Now()
		value, err := next.Handle(ctx, job)
		slog.InfoContext(ctx, "handled", "job", job.ID(), "took", time.Since(start), "error", err)
		return value, err
	})
}

func main() {
	// The worker stops when the context ends: on Ctrl-C, or SIGTERM from its
	// supervisor.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	address := os.Getenv("REDIS_URL")
	if address == "" {
		address = "redis://localhost:6379"
	}
	opts, err := redis.ParseURL(address)
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	rdb := redis.NewClient(opts)
	defer rdb.Close()

	w, err := rq.NewWorker(rdb, handlers.With(timed), rq.WorkerConfig{
		Queues:      []string{"high", "default"},
		Concurrency: 10,
		Scheduler:   true,
	})
	if err != nil {
		return err
	}
	fmt.Println("Working as", w.Name()+"; interrupt to stop.")
	err = w.Run(ctx)
	var stuck *rq.StuckError
	if errors.As(err, &stuck) {
		slog.Warn("some handlers would not stop", "jobs", stuck.JobIDs)
		return nil
	}
	return err
}
