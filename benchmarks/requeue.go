package main

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// failedJobs makes n failed jobs, as RQ has them, and no others.
func failedJobs(ctx context.Context, rdb *redis.Client, n int) error {
	if err := rdb.FlushDB(ctx).Err(); err != nil {
		return err
	}
	q := rq.NewQueue(rdb, "default")
	for first := 0; first < n; first += many {
		items := make([]rq.Prepared, min(many, n-first))
		for i := range items {
			items[i] = rq.Prepare(call())
		}
		jobs, err := q.EnqueueMany(ctx, items)
		if err != nil {
			return err
		}
		_, err = rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for _, j := range jobs {
				pipe.HSet(ctx, "rq:job:"+j.ID(), "status", "failed")
				pipe.ZAdd(ctx, "rq:failed:default", redis.Z{Score: float64(time.Now().Unix() + 31536000), Member: j.ID()})
			}
			pipe.Del(ctx, "rq:queue:default")
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) goRequeueAll(ctx context.Context, n int) (time.Duration, error) {
	if err := failedJobs(ctx, b.rdb, n); err != nil {
		return 0, err
	}
	start := time.Now()
	done, err := b.queue.Failed().RequeueAll(ctx)
	if err == nil && done != n {
		err = fmt.Errorf("%d of %d jobs were requeued", done, n)
	}
	return time.Since(start), err
}

func (b *bench) pythonRequeueAll(ctx context.Context, n int) (time.Duration, error) {
	opts := *b.rdb.Options()
	opts.DB = pythonDB
	rdb := redis.NewClient(&opts)
	defer rdb.Close()
	if err := failedJobs(ctx, rdb, n); err != nil {
		return 0, err
	}
	return b.python.time("requeue_all", n)
}
