package rq

import (
	"context"
	"errors"
	"time"
)

// An ending is why a worker ends, which decides how.
type ending int

const (
	endAsked    ending = iota // the context of Run has ended, or a shutdown command arrived
	endReplaced               // another worker has its name
	endMaxJobs                // it has taken as many jobs as it may
	endBurst                  // its queues are empty
	endIdle                   // it was idle for MaxIdle
)

// errShutdown is the cause of contexts that end because the worker shuts down.
var errShutdown = errors.New("rq: the worker shuts down")

// endingOf returns why the fetching context has ended.
func endingOf(ctx context.Context) ending {
	if errors.Is(context.Cause(ctx), ErrWorkerReplaced) {
		return endReplaced
	}
	return endAsked
}

// err returns the error of Run for this ending.
func (e ending) err() error {
	if e == endReplaced {
		return ErrWorkerReplaced
	}
	return nil
}

// writeGrace is how long handlers may take to return, and the worker to write their
// outcomes, after ShutdownTimeout. Run ends within it.
const writeGrace = 1900 * time.Millisecond

// cancelGrace is how long a handler has to return when its context has ended because the
// worker shuts down.
const cancelGrace = time.Second
