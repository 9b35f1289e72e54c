package rq

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

// awaitCheck is how long Await blocks before it looks whether the job can still
// have a result.
const awaitCheck = 30 * time.Second

// Await waits until the job's run ends, and returns what it returned as a T. It
// blocks on the job's results and does not poll. While it waits it has a
// connection of its own, so that waiting never uses up the client's pool.
//
// It returns a *FailedError when the job failed, was stopped, or exhausted its
// retries; ErrNoSuchJob when the job is gone and left no result, as with
// ResultTTL(0); ErrInvalidJobOperation when it is canceled; and ctx.Err() when
// ctx ends first. That a waiting job was deleted or canceled is noticed within
// 30 seconds. A lost connection is made again, and only when the server cannot
// be reached five times in a row is that the error. The result of an earlier run of a job that is queued again is not
// returned.
func Await[T any](ctx context.Context, j *Job) (T, error) {
	r, err := j.await(ctx)
	if err != nil {
		var zero T
		return zero, ctxOr(ctx, err)
	}
	return valueOf[T](r)
}

// await returns the result of the run that the job is in or comes to. A
// connection that is lost is made again: nothing is missed, because results stay
// in the stream.
func (j *Job) await(ctx context.Context) (*Result, error) {
	if j == nil {
		return nil, noSuchJob("nil")
	}
	last := ""
	for failures := 0; ; {
		r, err := j.awaitOn(ctx, &last, &failures)
		if r != nil || err == nil || !isConnectionError(err) || failures >= awaitFailures {
			return r, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(50 * time.Millisecond << failures):
		}
		failures++
	}
}

// awaitFailures is how often in a row Await tries to reach the server again. The
// waits between double from 50 ms on.
const awaitFailures = 5

// awaitOn is await on one connection. *last is the place in the stream from
// which on results count, "" when that is not known yet.
func (j *Job) awaitOn(ctx context.Context, last *string, failures *int) (*Result, error) {
	r, done, err := j.peek(ctx)
	if done || err != nil {
		return r, err
	}
	if *last == "" {
		*last = r.after()
	}
	conn, err := ownConnection(ctx, j.rdb)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	for {
		r, err := j.block(ctx, conn.Client, last)
		if r != nil || err != nil {
			return r, err
		}
		*failures = 0
		if r, done, err = j.peek(ctx); done || err != nil {
			return r, err
		}
	}
}

// after returns the place in the stream from which on results count.
func (r *Result) after() string {
	if r == nil {
		return "0-0"
	}
	return r.ID
}

// peek reads the job's status together with its newest result, and reports
// whether that ends the waiting. While the job is to run, it does not.
func (j *Job) peek(ctx context.Context) (r *Result, done bool, err error) {
	var status *redis.StringCmd
	var entries *redis.XMessageSliceCmd
	_, err = j.rdb.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		status = pipe.HGet(ctx, keys.Job(j.id), "status")
		entries = pipe.XRevRangeN(ctx, keys.Results(j.id), "+", "-", 1)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, true, wrapf(err, "await job %s", j.id)
	}
	if list := entries.Val(); len(list) > 0 {
		r = j.resultOf(list[0])
	}
	switch Status(status.Val()) {
	case StatusFinished, StatusFailed, StatusStopped:
		if r == nil {
			return nil, true, ErrNoResult
		}
		return r, true, nil
	case StatusCanceled:
		return nil, true, fmt.Errorf("%w: job %s is canceled", ErrInvalidJobOperation, j.id)
	case "": // the hash is gone, its results may outlive it
		if r == nil {
			return nil, true, noSuchJob(j.id)
		}
		return r, true, nil
	}
	return r, false, nil
}

// block waits for a result after *last that ends a run, for awaitCheck at most,
// and moves *last on.
func (j *Job) block(ctx context.Context, conn *redis.Client, last *string) (*Result, error) {
	streams, err := conn.XRead(ctx, &redis.XReadArgs{
		Streams: []string{keys.Results(j.id), *last}, Block: awaitCheck,
	}).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, wrapf(err, "await job %s", j.id)
	}
	for _, entry := range streams[0].Messages {
		*last = entry.ID
		if r := j.resultOf(entry); r.Type != ResultRetried {
			return r, nil
		}
	}
	return nil, nil
}
