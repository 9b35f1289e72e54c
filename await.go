package rq

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// awaitCheck is how long Await blocks before it checks whether the job can still have a
// result.
const awaitCheck = 30 * time.Second

// Await waits until the job's run ends, and returns its return value as a T. It blocks
// on the job's results and does not poll. While it waits it uses a separate connection,
// so that waiting never exhausts the client's pool.
//
// It returns a *FailedError when the job failed, was stopped, or exhausted its retries;
// ErrNoSuchJob when the job is gone and left no result, as with ResultTTL(0);
// ErrInvalidJobOperation when it is canceled; and ctx.Err() when ctx ends first. It
// notices within 30 seconds when a waiting job is deleted or canceled. After an error
// of Redis that may pass, such as a lost connection or a failover, it reconnects. It
// returns the sixth such error in a row, and any other error at once. It does not
// return the result of an earlier run of a job that is queued again.
func Await[T any](ctx context.Context, j *Job) (T, error) {
	r, err := j.await(ctx)
	if err != nil {
		var zero T
		return zero, ctxOr(ctx, err)
	}
	return valueOf[T](r)
}

// await returns the result of the job's current or next run. After an error of Redis
// that may pass it reconnects: nothing is missed, because results stay in the stream.
func (j *Job) await(ctx context.Context) (*Result, error) {
	if j == nil {
		return nil, noSuchJob("nil")
	}
	last := ""
	for failures := 0; ; {
		r, err := j.awaitOn(ctx, &last, &failures)
		if r != nil || err == nil || !errors.As(err, new(*opError)) || !isPassing(err) || failures >= awaitFailures {
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

// awaitFailures is how often in a row Await retries to reach the server. The back-off
// doubles from 50 ms.
const awaitFailures = 5

// awaitOn is await on one connection. Results after *last in the stream count; it is ""
// until that is known.
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

// after returns the stream id after which results count.
func (r *Result) after() string {
	if r == nil {
		return "0-0"
	}
	return r.ID
}

// peek reads the job's status together with its newest result, and reports whether
// Await is done. It is not done while the job has yet to run.
func (j *Job) peek(ctx context.Context) (r *Result, done bool, err error) {
	replies, err := redisx.Transact(ctx, j.rdb, func(pipe redis.Pipeliner) {
		pipe.HGet(ctx, keys.Job(j.id), "status")
		pipe.XRevRangeN(ctx, keys.Results(j.id), "+", "-", 1)
	})
	if err != nil {
		return nil, true, wrapf(err, "await job %s", j.id)
	}
	status, _ := replies[0].(string)
	if entry, ok := entryOf(replies[1]); ok {
		r = j.resultOf(entry)
	}
	switch Status(status) {
	case StatusFinished, StatusFailed, StatusStopped:
		if r == nil {
			return nil, true, ErrNoResult
		}
		return r, true, nil
	case StatusCanceled:
		return nil, true, fmt.Errorf("%w: job %s is canceled", ErrInvalidJobOperation, j.id)
	case "": // the hash is gone, but results may outlive it
		if r == nil {
			return nil, true, noSuchJob(j.id)
		}
		return r, true, nil
	}
	return r, false, nil
}

// entryOf returns the first entry in a reply of XREVRANGE: a list of pairs of an id
// and a list of fields and values.
func entryOf(reply any) (entry redis.XMessage, ok bool) {
	entries, _ := reply.([]any)
	if len(entries) == 0 {
		return entry, false
	}
	pair, _ := entries[0].([]any)
	if len(pair) != 2 {
		return entry, false
	}
	entry.ID, ok = pair[0].(string)
	entry.Values = map[string]any{}
	fields, _ := pair[1].([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		name, _ := fields[i].(string)
		entry.Values[name] = fields[i+1]
	}
	return entry, ok
}

// block waits up to awaitCheck for a result after *last that ends a run, and advances
// *last.
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
