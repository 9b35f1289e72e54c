package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/rqgo/rq"
)

// samples is how many jobs the pick-up is measured with.
const samples = 1000

// comparePickUp prints how long it takes from the moment that a job is being
// enqueued until an idle worker runs it, and reports whether that is too long.
func (b *bench) comparePickUp(ctx context.Context) (short bool, err error) {
	if err := b.rdb.FlushDB(ctx).Err(); err != nil {
		return false, err
	}
	started := make(chan time.Time)
	w, err := rq.NewWorker(b.rdb, rq.Handlers{
		"tasks.add": rq.HandlerFunc(func(context.Context, *rq.Job) (any, error) {
			started <- time.Now()
			return nil, nil
		}),
	}, rq.WorkerConfig{Queues: []string{"high", "default"}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return false, err
	}
	working, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(working) }()
	var took []time.Duration
	for range samples {
		start := time.Now()
		if _, err := b.queue.Enqueue(ctx, call()); err != nil {
			stop()
			return false, err
		}
		took = append(took, (<-started).Sub(start))
		time.Sleep(2 * time.Millisecond) // until it is idle again
	}
	stop()
	if err := <-ended; err != nil {
		return false, err
	}
	slices.Sort(took)
	median := took[len(took)/2]
	fmt.Printf("\n%-34s %10s %10s %10s  target\n", "case", "p50", "p95", "p99")
	fmt.Printf("%-34s %10s %10s %10s  p50 <1ms  %s\n", "enqueue until a worker runs it",
		median.Round(time.Microsecond), took[len(took)*95/100].Round(time.Microsecond),
		took[len(took)*99/100].Round(time.Microsecond), verdict(median < time.Millisecond))
	return median >= time.Millisecond, nil
}
