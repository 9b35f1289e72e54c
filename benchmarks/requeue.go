package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
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
	rdb := b.pythonClient()
	defer rdb.Close()
	if err := failedJobs(ctx, rdb, n); err != nil {
		return 0, err
	}
	return b.python.time("requeue_all", n)
}

// pythonClient returns a client of the database of the Python side.
func (b *bench) pythonClient() *redis.Client {
	opts := *b.rdb.Options()
	opts.DB = pythonDB
	return redis.NewClient(&opts)
}

// goRequeueCommand is what users run: the process from its start to its end.
func (b *bench) goRequeueCommand(ctx context.Context, n int) (time.Duration, error) {
	program := filepath.Join(b.server.dir, "rq")
	if out, err := exec.CommandContext(ctx, "go", "build", "-C", "..", "-o", program, "./cmd/rq").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build rq: %w\n%s", err, out)
	}
	return requeueCommand(ctx, program, b.rdb, n)
}

// pythonRequeueCommand is RQ's own. It ends at the first job that has expired, so
// none has.
func (b *bench) pythonRequeueCommand(ctx context.Context, n int) (time.Duration, error) {
	rdb := b.pythonClient()
	defer rdb.Close()
	return requeueCommand(ctx, filepath.Join(filepath.Dir(b.python.cmd.Path), "rq"), rdb, n)
}

func requeueCommand(ctx context.Context, program string, rdb *redis.Client, n int) (time.Duration, error) {
	if err := failedJobs(ctx, rdb, n); err != nil {
		return 0, err
	}
	opts := rdb.Options()
	cmd := exec.CommandContext(ctx, program, "requeue", "--url", fmt.Sprintf("redis://%s/%d", opts.Addr, opts.DB), "--queue", "default", "--all")
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	queued, err := rdb.LLen(ctx, "rq:queue:default").Result()
	if err == nil && queued != int64(n) {
		err = fmt.Errorf("%s: %d of %d jobs were requeued", program, queued, n)
	}
	return took, err
}
