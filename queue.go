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

// A Queue is a handle on a queue of jobs in Redis (rq/queue.py Queue). It has no
// state besides its settings, and is safe for concurrent use.
type Queue struct {
	name       string
	rdb        redis.UniversalClient
	serializer Serializer
	timeout    int // in seconds
	fleet      release
	handlers   Handlers // runs jobs in the caller; nil for a queue that workers serve
	sync       bool
	err        error // from NewQueue: a bad name, option or client
}

// A QueueOption is a setting of NewQueue.
type QueueOption interface {
	applyQueue(*Queue)
}

type queueOptionFunc func(*Queue)

func (f queueOptionFunc) applyQueue(q *Queue) { f(q) }

// QueueTimeout sets the timeout of jobs without one, in whole seconds. The default,
// also for 0, is DefaultTimeout. Forever is no limit.
func QueueTimeout(d time.Duration) QueueOption {
	return queueOptionFunc(func(q *Queue) {
		n, err := wholeSeconds("queue timeout", d)
		if n != 0 { // as in RQ, 0 is the default
			q.timeout = n
		}
		q.err = errors.Join(q.err, err)
	})
}

// Sync makes enqueue calls run each job at once in the caller, and not in a worker
// (RQ's is_async=False). A job whose function is not in handlers fails.
func Sync(handlers Handlers) QueueOption {
	return queueOptionFunc(func(q *Queue) {
		q.handlers, q.sync = handlers, true
		q.err = errors.Join(q.err, handlers.validate())
	})
}

// NewQueue returns a handle on the queue called name; RQ's default is DefaultQueue. It
// does not talk to Redis. Methods that write return an *InvalidError for a bad name,
// option or client, and ErrCluster for a client of a Redis Cluster.
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

// validateQueueName refuses names whose key RQ uses for another purpose.
func validateQueueName(name string) error {
	switch {
	case name == "" || !utf8.ValidString(name):
		return &InvalidError{"queue name", name, "must be a name"}
	case strings.HasPrefix(name, "_compact:"),
		strings.HasSuffix(name, ":intermediate"), strings.Contains(name, ":intermediate:first_seen:"):
		return &InvalidError{"queue name", name, "makes a key that RQ uses for another purpose"}
	}
	return nil
}

// AllQueues returns every queue that a job was ever put in, unless it was deleted, in
// no particular order. The options apply to each Queue (rq/queue.py Queue.all).
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

// Count returns the number of ids in the queue. Ids of jobs that have expired count
// too (rq/queue.py Queue.count).
func (q *Queue) Count(ctx context.Context) (int, error) {
	n, err := q.rdb.LLen(ctx, keys.Queue(q.name)).Result()
	return int(n), wrapf(err, "count queue %s", q.name)
}

// IsEmpty reports whether Count is 0 (rq/queue.py Queue.is_empty).
func (q *Queue) IsEmpty(ctx context.Context) (bool, error) {
	n, err := q.Count(ctx)
	return n == 0, err
}

// Remove takes the first occurrence of an id out of the queue and reports whether there
// was one. The job itself does not change (rq/queue.py Queue.remove).
func (q *Queue) Remove(ctx context.Context, id string) (bool, error) {
	n, err := q.rdb.LRem(ctx, keys.Queue(q.name), 1, id).Result()
	return n == 1, wrapf(err, "remove job %s from queue %s", id, q.name)
}

// Empty deletes the jobs that are in the queue now, and returns how many ids it took
// out (rq/queue.py Queue.empty). It works in steps of some hundred jobs. Jobs that
// workers take meanwhile run, and jobs that are added at the back meanwhile stay.
//
// After an error it returns at least how many ids were taken out, and the call can be
// repeated. It returns the errors of NewQueue, and then deletes nothing.
func (q *Queue) Empty(ctx context.Context, opts ...ProgressOption) (int, error) {
	set, err := collect(opts)
	if err := errors.Join(q.err, err); err != nil {
		return 0, err
	}
	left, err := q.Count(ctx)
	removed := 0
	for err == nil && left > 0 {
		var n int64
		n, err = scripts.EmptyQueue(ctx, noRetryClient{q.rdb}, q.name, min(left, emptyChunk), moment(now())) // a repeated command would delete other jobs
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

// Delete empties the queue as Empty does, and removes it (rq/queue.py Queue.delete). It
// returns the errors of Empty.
func (q *Queue) Delete(ctx context.Context) error {
	if _, err := q.Empty(ctx); err != nil {
		return err
	}
	return q.DeleteKeepingJobs(ctx)
}

// DeleteKeepingJobs removes the queue. Its jobs stay in Redis, in no queue (rq/queue.py
// Queue.delete with delete_jobs=False). It returns the errors of NewQueue.
func (q *Queue) DeleteKeepingJobs(ctx context.Context) error {
	if q.err != nil {
		return q.err
	}
	_, err := redisx.Transact(ctx, q.rdb, func(pipe redis.Pipeliner) {
		pipe.SRem(ctx, keys.Queues, keys.Queue(q.name))
		redisx.AddOnce(ctx, pipe, "del", keys.Queue(q.name)) // a repeated command would delete other jobs
	})
	return wrapf(err, "delete queue %s", q.name)
}

// Compact removes the ids of jobs that do not exist, and returns how many it removed
// (rq/queue.py Queue.compact). The remaining ids keep their order. Jobs can be added
// and taken meanwhile.
func (q *Queue) Compact(ctx context.Context) (int, error) {
	tombstone := "compact:" + uuid.NewString() // random, so that no job has this id
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
