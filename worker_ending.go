package rq

import (
	"context"
	"errors"
	"time"
)

// An ending is why a worker ends, and with that how.
type ending int

const (
	endAsked    ending = iota // the context of Run has ended, or a command came
	endReplaced               // another worker has its name
	endMaxJobs                // it has taken as many jobs as it may
	endBurst                  // its queues are empty
	endIdle                   // it had no job for long enough
)

// errShutdown is the cause for which contexts end with their worker.
var errShutdown = errors.New("rq: the worker shuts down")

// endingOf returns why a context of fetching has ended.
func endingOf(ctx context.Context) ending {
	if errors.Is(context.Cause(ctx), ErrWorkerReplaced) {
		return endReplaced
	}
	return endAsked
}

// err is the error of a Run that has ended so.
func (e ending) err() error {
	if e == endReplaced {
		return ErrWorkerReplaced
	}
	return nil
}

// writeGrace is how long, after the running jobs have had their time, their handlers
// may take to return and the worker to write how they ended. Run keeps to it.
const writeGrace = 1900 * time.Millisecond

// cancelGrace is how long a handler has to return when its context has ended
// because the worker does.
const cancelGrace = time.Second
