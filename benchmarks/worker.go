package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"

	"github.com/rqgo/rq"
)

// concurrency is how many jobs the Go workers run at once.
const concurrency = 50

// sum is the job of the workers, which has next to nothing to do: its function
// is one that every Python has.
func sum() rq.FuncCall { return rq.Call("operator.add", 1, 2) }

// goWork runs n jobs in one burst, with their results kept.
func (b *bench) goWork(ctx context.Context, n int) (time.Duration, error) {
	if err := b.rdb.FlushDB(ctx).Err(); err != nil {
		return 0, err
	}
	items := make([]rq.Prepared, n)
	for i := range items {
		items[i] = rq.Prepare(sum())
	}
	if _, err := b.queue.EnqueueMany(ctx, items); err != nil {
		return 0, err
	}
	w, err := rq.NewWorker(b.rdb, rq.Handlers{
		"operator.add": rq.Func(func(a, b int) int { return a + b }, "a", "b"),
	}, rq.WorkerConfig{Burst: true, Concurrency: concurrency, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return 0, err
	}
	start := time.Now()
	err = w.Run(ctx)
	return time.Since(start), err
}

// asynqWork does the same with asynq: its time ends when the last handler
// returns, which is before the last result is written.
func (b *bench) asynqWork(ctx context.Context, n int) (time.Duration, error) {
	if err := b.asynqRDB.FlushDB(ctx).Err(); err != nil {
		return 0, err
	}
	for range n {
		if _, err := b.asynq.EnqueueContext(ctx, asynq.NewTask("add", payload), asynq.Retention(rq.DefaultResultTTL)); err != nil {
			return 0, err
		}
	}
	server := asynq.NewServer(asynq.RedisClientOpt{Addr: b.server.addr(), DB: asynqDB},
		asynq.Config{Concurrency: concurrency, LogLevel: asynq.FatalLevel})
	var left atomic.Int64
	left.Store(int64(n))
	done := make(chan struct{})
	start := time.Now()
	err := server.Start(asynq.HandlerFunc(func(_ context.Context, task *asynq.Task) error {
		if _, err := task.ResultWriter().Write([]byte("3")); err != nil {
			return err
		}
		if left.Add(-1) == 0 {
			close(done)
		}
		return nil
	}))
	if err != nil {
		return 0, err
	}
	<-done
	took := time.Since(start)
	server.Shutdown()
	return took, nil
}
