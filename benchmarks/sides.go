package main

import (
	"context"
	"fmt"
	"time"

	"github.com/hibiken/asynq"

	"github.com/rqgo/rq"
)

// A side is one way of doing n things. It returns how long they took, without
// what it had to prepare.
type side struct {
	name string
	run  func(ctx context.Context, n int) (time.Duration, error)
	n    int // instead of the comparison's, for one that is much slower
}

// of returns the side doing n things.
func (s side) of(n int) side {
	s.n = n
	return s
}

// call is the job of all sides: tasks.add(1, b=2).
func call() rq.FuncCall { return rq.Call("tasks.add", 1, rq.Kw("b", 2)) }

// payload is what call carries, as asynq's users write it.
var payload = []byte(`{"a": 1, "b": 2}`)

// pythonSide is a command of peer.py.
func (b *bench) pythonSide(name, command string) side {
	return side{name: name, run: func(_ context.Context, n int) (time.Duration, error) { return b.python.time(command, n) }}
}

func (b *bench) goEnqueue(ctx context.Context, n int) (time.Duration, error) {
	if err := b.rdb.FlushDB(ctx).Err(); err != nil {
		return 0, err
	}
	start := time.Now()
	for range n {
		if _, err := b.queue.Enqueue(ctx, call()); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func (b *bench) asynqEnqueue(ctx context.Context, n int) (time.Duration, error) {
	if err := b.asynqRDB.FlushDB(ctx).Err(); err != nil {
		return 0, err
	}
	start := time.Now()
	for range n {
		if _, err := b.asynq.EnqueueContext(ctx, asynq.NewTask("tasks.add", payload)); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func (b *bench) goEnqueueMany(ctx context.Context, n int) (time.Duration, error) {
	if err := b.rdb.FlushDB(ctx).Err(); err != nil {
		return 0, err
	}
	start := time.Now()
	items := make([]rq.Prepared, n)
	for i := range items {
		items[i] = rq.Prepare(call())
	}
	_, err := b.queue.EnqueueMany(ctx, items)
	return time.Since(start), err
}

// goFetch reads jobs, which an earlier goEnqueueMany left, and their arguments.
func (b *bench) goFetch(ctx context.Context, n int) (time.Duration, error) {
	ids, err := b.queue.JobIDs(ctx, 0, -1)
	if err != nil || len(ids) != n {
		return 0, fmt.Errorf("%d jobs to fetch, want %d: %w", len(ids), n, err)
	}
	start := time.Now()
	jobs, err := rq.FetchJobs(ctx, b.rdb, ids...)
	if err != nil {
		return 0, err
	}
	for _, j := range jobs {
		if err := readCall(j); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

func readCall(j *rq.Job) error {
	if _, err := j.FuncName(); err != nil {
		return err
	}
	if _, err := j.Args(); err != nil {
		return err
	}
	_, err := j.Kwargs()
	return err
}
