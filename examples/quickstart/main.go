// Quickstart enqueues jobs, runs them and reads their results.
//
//	go run ./examples/quickstart
//
// Without REDIS_URL it uses a Redis inside this process. With it, it also gives a job
// to the Python workers there:
//
//	rq worker --url $REDIS_URL &
//	REDIS_URL=redis://localhost:6379 go run ./examples/quickstart
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// handlers are the Go functions that run jobs, under their Python names, with the names
// of their parameters.
var handlers = rq.Handlers{
	"tasks.add":         rq.Func(add, "a", "b"),
	"tasks.div_by_zero": rq.Func(divByZero, "x"),
}

func add(a, b int) int { return a + b }

func divByZero(x int) int {
	zero := 0
	return x / zero
}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	rdb, stop, err := connect()
	if err != nil {
		return err
	}
	defer stop()
	steps := []func(context.Context, *redis.Client) error{success, failure, waiting}
	if os.Getenv("REDIS_URL") != "" {
		steps = append(steps, python)
	}
	for _, step := range steps {
		if err := step(ctx, rdb); err != nil {
			return err
		}
	}
	return nil
}

// connect returns a client of the Redis that REDIS_URL names, or of one in this
// process.
func connect() (*redis.Client, func(), error) {
	address := os.Getenv("REDIS_URL")
	if address == "" {
		server, err := miniredis.Run()
		if err != nil {
			return nil, nil, err
		}
		fmt.Println("No REDIS_URL: using a Redis inside this process.")
		rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
		return rdb, func() { _ = rdb.Close(); server.Close() }, nil
	}
	opts, err := redis.ParseURL(address)
	if err != nil {
		return nil, nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	rdb := redis.NewClient(opts)
	return rdb, func() { _ = rdb.Close() }, nil
}

// work runs the jobs of the queue, and returns when it is empty. Without Burst it would
// continue until ctx ends.
func work(ctx context.Context, rdb *redis.Client) error {
	w, err := rq.NewWorker(rdb, handlers, rq.WorkerConfig{
		Queues: []string{"quickstart"}, Concurrency: 10, Burst: true, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// success runs a job with a Go worker, as if Python had enqueued it.
func success(ctx context.Context, rdb *redis.Client) error {
	q := rq.NewQueue(rdb, "quickstart")
	job, err := q.Enqueue(ctx, rq.Call("tasks.add", 2, rq.Kw("b", 3)))
	if err != nil {
		return err
	}
	if err := work(ctx, rdb); err != nil {
		return err
	}
	if err := job.Refresh(ctx); err != nil {
		return err
	}
	sum, err := rq.ResultOf[int](ctx, job)
	if err != nil {
		return err
	}
	fmt.Printf("\n1. A job that succeeds\n   %s is %s and returned %d.\n", job.Description(), job.Status(), sum)
	return nil
}

// failure runs a job that panics. The worker continues, and the traceback is stored
// where Python's tools look for it.
func failure(ctx context.Context, rdb *redis.Client) error {
	q := rq.NewQueue(rdb, "quickstart")
	job, err := q.Enqueue(ctx, rq.Call("tasks.div_by_zero", 1))
	if err != nil {
		return err
	}
	if err := work(ctx, rdb); err != nil {
		return err
	}
	if err := job.Refresh(ctx); err != nil {
		return err
	}
	exc, err := job.ExcInfo(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("\n2. A job that fails\n   %s is %s:\n%s", job.Description(), job.Status(), indent(exc))
	if err := job.Requeue(ctx); err != nil {
		return err
	}
	n, err := q.Count(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("   Requeued, it is %s, and %d job is in the queue.\n", job.Status(), n)
	_, err = q.Empty(ctx)
	return err
}

// waiting enqueues a job for a worker, and shows what the worker will find.
func waiting(ctx context.Context, rdb *redis.Client) error {
	q := rq.NewQueue(rdb, "quickstart")
	job, err := q.Enqueue(ctx, rq.Call("tasks.send", "ann@example.org", rq.Kw("urgent", true)),
		rq.Timeout(3*time.Minute), rq.Retry{Max: 3}, rq.Meta(map[string]any{"sent_by": "quickstart"}))
	if err != nil {
		return err
	}
	fields, err := rdb.HGetAll(ctx, "rq:job:"+job.ID()).Result()
	if err != nil {
		return err
	}
	fmt.Printf("\n3. A job for a worker, Python's or Go's\n   rq:job:%s, as RQ itself writes it:\n", job.ID())
	for _, name := range []string{"status", "description", "origin", "enqueued_at", "timeout", "retries_left"} {
		fmt.Printf("     %-13s %s\n", name, fields[name])
	}
	return job.Delete(ctx)
}

// python gives a job to the Python workers of the queue "default". Its function
// is one that every Python has.
func python(ctx context.Context, rdb *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	job, err := rq.NewQueue(rdb, "default").Enqueue(ctx, rq.Call("operator.add", 2, 3))
	if err != nil {
		return err
	}
	fmt.Printf("\n4. A job for Python\n   Waiting for `rq worker` to run %s ...\n", job.Description())
	sum, err := rq.Await[int](ctx, job)
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no worker ran it in a minute: start one with `rq worker --url $REDIS_URL`")
	}
	if err != nil {
		return err
	}
	fmt.Printf("   Python returned %d.\n", sum)
	return nil
}

func indent(text string) string {
	return "     " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n     ") + "\n"
}
