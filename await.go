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
// blocks on the job's results and does not poll; a connection of the client's
// pool is in use meanwhile.
//
// It returns a *FailedError when the job failed, was stopped, or exhausted its
// retries; ErrNoSuchJob when the job is gone and left no result, as with
// ResultTTL(0); ErrInvalidJobOperation when it is canceled; and ctx.Err() when
// ctx ends first. That a waiting job was deleted or canceled is noticed within
// 30 seconds. The result of an earlier run of a job that is queued again is not
// returned.
func Await[T any](ctx context.Context, j *Job) (T, error) {
	r, err := j.await(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return valueOf[T](r)
}

// await returns the result of the run that the job is in or comes to.
func (j *Job) await(ctx context.Context) (*Result, error) {
	conn, err := dedicated(ctx, j.rdb)
	if err != nil {
		return nil, wrapf(err, "await job %s", j.id)
	}
	defer conn.Close()
	last := ""
	for {
		r, done, err := j.peek(ctx)
		if done || err != nil {
			return r, err
		}
		if last == "" {
			last = r.after()
		}
		if r, last, err = j.block(ctx, conn, last); r != nil || err != nil {
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
		return nil, true, ctxOr(ctx, wrapf(err, "await job %s", j.id))
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

// block waits for a result after last that ends a run, for awaitCheck at most.
func (j *Job) block(ctx context.Context, conn *dedicatedConn, last string) (*Result, string, error) {
	streams, err := conn.xread(ctx, keys.Results(j.id), last, awaitCheck)
	if errors.Is(err, redis.Nil) {
		return nil, last, ctx.Err()
	}
	if err != nil {
		return nil, last, ctxOr(ctx, wrapf(err, "await job %s", j.id))
	}
	for _, entry := range streams {
		last = entry.ID
		if r := j.resultOf(entry); r.Type != ResultRetried {
			return r, last, nil
		}
	}
	return nil, last, nil
}

// ctxOr returns ctx's error if it has ended, because that is then the cause.
func ctxOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// A dedicatedConn is one connection with its number, so that a blocking command
// on it can be ended from another one: go-redis does not interrupt a read when
// a context is cancelled.
type dedicatedConn struct {
	*redis.Conn
	rdb redis.UniversalClient
	id  int64
}

func dedicated(ctx context.Context, rdb redis.UniversalClient) (*dedicatedConn, error) {
	pool, ok := rdb.(interface{ Conn() *redis.Conn })
	if !ok {
		return nil, ErrCluster
	}
	conn := pool.Conn()
	id, err := conn.ClientID(ctx).Result()
	if err != nil {
		_ = conn.Close()
		return nil, ctxOr(ctx, err)
	}
	return &dedicatedConn{conn, rdb, id}, nil
}

// xread blocks on a stream, for most at the longest, and returns redis.Nil when
// nothing came or ctx ended.
func (c *dedicatedConn) xread(ctx context.Context, stream, last string, most time.Duration) ([]redis.XMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	returned := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		c.unblockAfter(ctx, returned)
	}()
	streams, err := c.XRead(context.WithoutCancel(ctx), &redis.XReadArgs{
		Streams: []string{stream, last}, Block: most,
	}).Result()
	close(returned)
	<-stopped // or it would unblock whoever gets the connection next
	if err != nil || len(streams) == 0 {
		return nil, err
	}
	return streams[0].Messages, nil
}

// unblockAfter ends the command that c is blocked on when ctx ends, unless it
// has returned. It tries until it works: ctx may end before the command has
// reached the server.
func (c *dedicatedConn) unblockAfter(ctx context.Context, returned <-chan struct{}) {
	select {
	case <-returned:
		return
	case <-ctx.Done():
	}
	ctx = context.WithoutCancel(ctx)
	for wait := time.Millisecond; ; wait = min(2*wait, time.Second) {
		n, err := c.rdb.Do(ctx, "client", "unblock", c.id).Int()
		if n == 1 && err == nil {
			return
		}
		select {
		case <-returned:
			return
		case <-time.After(wait):
		}
	}
}
