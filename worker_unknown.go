package rq

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// foreignJobs are those that have a function without a handler here. Under
// UnknownPutBack they stay in their queue, in their place, for a worker that has it.
// A queue where one was found is looked through: of it, only jobs are claimed that are
// known to be for this worker.
type foreignJobs struct {
	policy   UnknownFuncPolicy
	handlers Handlers
	out      *outcomes
	db       *redis.Client
	log      *slog.Logger

	mu     sync.Mutex
	queues map[string]*mixedQueue
}

// A mixedQueue is a queue with jobs for others.
type mixedQueue struct {
	foreign map[string]bool // the ids that were found to be
	delay   time.Duration   // until the next look
	next    time.Time
}

// The time between looks doubles from the first to the last while nothing is found.
const (
	firstLook = 20 * time.Millisecond
	lastLook  = time.Second
	// lookMost is how many ids of a queue one look reads.
	lookMost = 10_000
)

func newForeignJobs(cfg *WorkerConfig, handlers Handlers, out *outcomes, db *redis.Client, log *slog.Logger) *foreignJobs {
	return &foreignJobs{policy: cfg.UnknownFunc, handlers: handlers, out: out, db: db, log: log, queues: map[string]*mixedQueue{}}
}

// leaves reports whether a foreign job is left to others, and remembers it then.
func (f *foreignJobs) leaves(queue, id string) bool {
	if f.policy != UnknownPutBack {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	q := f.queues[queue]
	if q == nil {
		q = &mixedQueue{foreign: map[string]bool{}}
		f.queues[queue] = q
		f.log.Warn("rq: jobs without a handler here are left to other workers", "queue", queue)
	}
	q.foreign[id] = true
	return true
}

// hold has queues looked through that have jobs of a status that only a newer RQ knows.
func (f *foreignJobs) hold(queues []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, queue := range queues {
		if f.queues[queue] == nil {
			f.queues[queue] = &mixedQueue{foreign: map[string]bool{}, next: time.Now().Add(lastLook)}
		}
	}
}

// in reports whether foreign jobs are in the queue.
func (f *foreignJobs) in(queue string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.queues[queue] != nil
}

// due reports whether it is time to look through a queue.
func (f *foreignJobs) due() bool {
	wait, ok := f.next()
	return ok && wait <= 0
}

// next returns how long it is until the next look, if there is one.
func (f *foreignJobs) next() (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var first time.Time
	for _, q := range f.queues {
		if first.IsZero() || q.next.Before(first) {
			first = q.next
		}
	}
	return time.Until(first), len(f.queues) > 0
}

// is reports whether a job has a function without a handler, or a status that only a
// newer RQ knows. One that cannot be read is no such job.
func (f *foreignJobs) is(id string, hash map[string]string) bool {
	if scripts.IsOfNewerRQ(hash["status"]) {
		return true
	}
	if f.policy != UnknownPutBack {
		return false
	}
	j := &Job{id: id, serializer: f.out.serializer}
	if j.restore(hash) != nil {
		return false
	}
	name, err := j.FuncName()
	return err == nil && missing(f.handlers, name, &j.rec) != ""
}

// look returns the ids of up to most jobs in a queue that are not foreign, if it is
// time to look, or at once with now.
func (f *foreignJobs) look(ctx context.Context, queue string, most int, now bool) ([]string, error) {
	f.mu.Lock()
	q := f.queues[queue]
	if q == nil || (!now && time.Now().Before(q.next)) {
		f.mu.Unlock()
		return nil, nil
	}
	known := q.foreign
	f.mu.Unlock()
	found, foreign, err := f.search(ctx, queue, most, known)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(foreign) == 0 {
		delete(f.queues, queue) // any job may be taken again
		return found, nil
	}
	q.foreign = foreign
	if q.delay = max(firstLook, min(2*q.delay, lastLook)); len(found) > 0 {
		q.delay = 0
	}
	q.next = time.Now().Add(q.delay)
	return found, nil
}

// search looks through a queue from its front.
func (f *foreignJobs) search(ctx context.Context, queue string, most int, known map[string]bool) (found []string, foreign map[string]bool, err error) {
	foreign = map[string]bool{}
	for at := int64(0); at < lookMost && len(found) < most; at += memberChunk {
		ids, err := f.db.LRange(ctx, keys.Queue(queue), at, at+memberChunk-1).Result()
		if err != nil {
			return nil, nil, err
		}
		var unknown []string
		for _, id := range ids {
			if known[id] {
				foreign[id] = true
			} else {
				unknown = append(unknown, id)
			}
		}
		for len(unknown) > 0 && len(found) < most {
			n := min(len(unknown), lookChunk)
			if found, err = f.divide(ctx, unknown[:n], found, foreign); err != nil {
				return nil, nil, err
			}
			unknown = unknown[n:]
		}
		if len(ids) < memberChunk {
			break
		}
	}
	return found[:min(len(found), most)], foreign, nil
}

// lookChunk is how many jobs are read at once to see their functions.
const lookChunk = 20

// divide reads some jobs, and adds each to found or foreign. Long data is not read: its
// job is claimed first.
func (f *foreignJobs) divide(ctx context.Context, ids, found []string, foreign map[string]bool) ([]string, error) {
	lengths := make([]*redis.Cmd, len(ids))
	pipe := f.db.Pipeline()
	for i, id := range ids {
		lengths[i] = pipe.Do(ctx, "hstrlen", keys.Job(id), "data")
	}
	if err := redisx.Exec(ctx, pipe); err != nil && !isForeign(err) {
		return found, err
	}
	fields := make([]*redis.SliceCmd, len(ids))
	for i, id := range ids {
		if n, _ := lengths[i].Int64(); n <= leastBudget {
			fields[i] = pipe.HMGet(ctx, keys.Job(id), lookFields...)
		}
	}
	if err := redisx.Exec(ctx, pipe); err != nil && !isForeign(err) {
		return found, err
	}
	for i, id := range ids {
		if fields[i] != nil && f.is(id, textsOf(lookFields, fields[i].Val())) {
			foreign[id] = true
		} else {
			found = append(found, id)
		}
	}
	return found, nil
}

// textsOf makes a hash of the values of some fields.
func textsOf(fields []string, values []any) map[string]string {
	hash := map[string]string{}
	for i, v := range values {
		if text, ok := v.(string); ok {
			hash[fields[i]] = text
		}
	}
	return hash
}

// lookFields are the fields that tell whether a job is foreign.
var lookFields = []string{"data", "status", "success_callback_name", "failure_callback_name", "stopped_callback_name"}
