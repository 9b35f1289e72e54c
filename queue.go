package rq

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A Queue is a handle on a queue of jobs in Redis (rq/queue.py Queue). It holds
// no state of its own, and is safe for concurrent use.
type Queue struct {
	name       string
	rdb        redis.UniversalClient
	serializer Serializer
	timeout    int // in seconds
	fleet      release
	handlers   Handlers // runs jobs in the caller; nil for a queue that workers serve
	sync       bool
	err        error // why nothing can be enqueued: a bad name or option
}

// A QueueOption is a setting of NewQueue.
type QueueOption interface {
	applyQueue(*Queue)
}

type queueOptionFunc func(*Queue)

func (f queueOptionFunc) applyQueue(q *Queue) { f(q) }

// QueueTimeout is how long a job of the queue may run that does not say, in
// whole seconds; default is DefaultTimeout.
func QueueTimeout(d time.Duration) QueueOption {
	return queueOptionFunc(func(q *Queue) {
		n, err := wholeSeconds("queue timeout", d)
		if n != 0 { // as in RQ, 0 is the default
			q.timeout = n
		}
		q.err = errors.Join(q.err, err)
	})
}

// Sync makes the queue run each job at once in the caller, instead of leaving
// it to a worker (RQ's is_async=False). The job's function must be in handlers.
func Sync(handlers Handlers) QueueOption {
	return queueOptionFunc(func(q *Queue) {
		q.handlers, q.sync = handlers, true
		q.err = errors.Join(q.err, handlers.validate())
	})
}

// NewQueue returns a handle on the queue called name; RQ's own default name is
// DefaultQueue. It does no I/O. A bad name or option is an *InvalidError, and a
// Redis Cluster ErrCluster, from the methods that enqueue, Empty and Delete.
func NewQueue(rdb redis.UniversalClient, name string, opts ...QueueOption) *Queue {
	q := &Queue{name: name, rdb: rdb, serializer: Pickle{}, timeout: int(DefaultTimeout / time.Second)}
	for _, o := range opts {
		if o != nil {
			o.applyQueue(q)
		}
	}
	switch rdb.(type) {
	case nil:
		q.err = errors.Join(q.err, &InvalidError{"client", "nil", "must be a client of Redis"})
	case *redis.ClusterClient, *redis.Ring:
		q.err = errors.Join(q.err, ErrCluster)
	}
	q.err = errors.Join(q.err, validateQueueName(name))
	return q
}

// validateQueueName refuses names whose key is that of something else.
func validateQueueName(name string) error {
	switch {
	case name == "" || !utf8.ValidString(name):
		return &InvalidError{"queue name", name, "must be a name"}
	case strings.HasPrefix(name, "_compact:"),
		strings.HasSuffix(name, ":intermediate"), strings.Contains(name, ":intermediate:first_seen:"):
		return &InvalidError{"queue name", name, "is a key that RQ uses for something else"}
	}
	return nil
}

// AllQueues returns every queue that something was ever put in and that was not
// deleted, in no order (rq/queue.py Queue.all).
func AllQueues(ctx context.Context, rdb redis.UniversalClient, opts ...QueueOption) ([]*Queue, error) {
	members, err := rdb.SMembers(ctx, keys.Queues).Result()
	if err != nil {
		return nil, wrapf(err, "list queues")
	}
	var queues []*Queue
	for _, key := range members {
		if name, ok := keys.QueueName(key); ok {
			queues = append(queues, NewQueue(rdb, name, opts...))
		}
	}
	return queues, nil
}

// Name returns the queue's name.
func (q *Queue) Name() string { return q.name }

// Count returns the number of ids in the queue, also of jobs that have expired
// (rq/queue.py Queue.count).
func (q *Queue) Count(ctx context.Context) (int, error) {
	n, err := q.rdb.LLen(ctx, keys.Queue(q.name)).Result()
	return int(n), wrapf(err, "count queue %s", q.name)
}

// IsEmpty reports whether there is no id in the queue.
func (q *Queue) IsEmpty(ctx context.Context) (bool, error) {
	n, err := q.Count(ctx)
	return n == 0, err
}

// Remove takes an id out of the queue and reports whether it was there. The job
// itself stays as it is (rq/queue.py Queue.remove).
func (q *Queue) Remove(ctx context.Context, id string) (bool, error) {
	n, err := q.rdb.LRem(ctx, keys.Queue(q.name), 1, id).Result()
	return n == 1, wrapf(err, "remove job %s from queue %s", id, q.name)
}

// Empty deletes the jobs that are in the queue now, and returns how many it
// took out (rq/queue.py Queue.empty). It works in steps: jobs that workers take
// meanwhile run, and jobs that are added meanwhile stay unless at the front. It
// returns an *InvalidError, and deletes nothing, for a name whose key is that of
// something else, such as of jobs that workers are taking. The one option is
// Progress.
func (q *Queue) Empty(ctx context.Context, opts ...ProgressOption) (int, error) {
	set, err := collect(opts)
	if err := errors.Join(q.err, err); err != nil {
		return 0, err
	}
	left, err := q.Count(ctx)
	removed := 0
	for err == nil && left > 0 {
		var n int64
		n, err = scripts.EmptyQueue(ctx, noRetryClient{q.rdb}, q.name, min(left, emptyChunk)) // a second time it would be other jobs
		removed += int(n)
		left -= int(n)
		if n == 0 {
			break
		}
		if set.progress != nil {
			set.progress(removed, removed+left)
		}
	}
	return removed, wrapf(err, "empty queue %s", q.name)
}

// Delete empties the queue as Empty does, and removes it (rq/queue.py
// Queue.delete). It refuses what Empty refuses.
func (q *Queue) Delete(ctx context.Context) error {
	if _, err := q.Empty(ctx); err != nil {
		return err
	}
	return q.DeleteKeepingJobs(ctx)
}

// DeleteKeepingJobs removes the queue. Its jobs stay in Redis and are in no queue
// then (rq/queue.py Queue.delete with delete_jobs=False). It refuses what Empty
// refuses.
func (q *Queue) DeleteKeepingJobs(ctx context.Context) error {
	if q.err != nil {
		return q.err
	}
	_, err := redisx.Transact(ctx, q.rdb, func(pipe redis.Pipeliner) {
		pipe.SRem(ctx, keys.Queues, keys.Queue(q.name))
		redisx.AddOnce(ctx, pipe, "del", keys.Queue(q.name)) // a second time it would be other jobs
	})
	return wrapf(err, "delete queue %s", q.name)
}

// Compact removes the ids of jobs that no longer exist, and returns how many
// (rq/queue.py Queue.compact). The others keep their order, and the queue can
// be used all the while.
func (q *Queue) Compact(ctx context.Context) (int, error) {
	tombstone := "compact:" + uuid.NewString() // no job id has a colon
	behind, removed := int64(0), 0
	for {
		seen, dead, err := scripts.CompactQueue(ctx, q.rdb, q.name, behind, compactChunk, tombstone)
		if err != nil || seen == 0 {
			return removed, wrapf(err, "compact queue %s", q.name)
		}
		removed += int(dead)
		behind += seen - dead
	}
}
