package rq

import (
	"context"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/scripts"
)

// foreignJobs are jobs with a function that has no handler here. Under UnknownLeaves they
// keep their place in the queue, for a worker that has the function. A queue where one was
// found is searched: only jobs that are known to be for this worker are claimed from it.
type foreignJobs struct {
	policy   UnknownFuncPolicy
	handlers Handlers
	out      *outcomes
	db       *redis.Client

	mu     sync.Mutex
	log    foreignLog
	queues map[string]*mixedQueue
	seed   maphash.Seed
	seen   map[uint64]memory // by the hash of the id, because ids may be long
}

// A memory is whether a job is foreign. It expires, because a job may have another function
// when it is enqueued again.
type memory struct {
	foreign bool
	until   time.Time
}

const (
	// rememberFor is how long a job is not read again.
	rememberFor = time.Minute
	// rememberLong is the same for a job with long data, which is only read after a claim.
	rememberLong = 10 * time.Minute
	// rememberMost is how many jobs of all queues are remembered: some megabytes.
	rememberMost = 100_000
)

func newForeignJobs(cfg *WorkerConfig, handlers Handlers, out *outcomes, db *redis.Client, log *slog.Logger) *foreignJobs {
	return &foreignJobs{
		policy: cfg.UnknownFunc, handlers: handlers, out: out, db: db, log: foreignLog{log: log},
		queues: map[string]*mixedQueue{}, seed: maphash.MakeSeed(), seen: map[uint64]memory{},
	}
}

// function returns the function or callback of a job that has no handler, if such jobs are
// left to other workers. A job that cannot be read is not left to them.
func (f *foreignJobs) function(id string, hash map[string]string) string {
	if f.policy != UnknownLeaves {
		return ""
	}
	j := &Job{id: id, serializer: f.out.serializer}
	if j.restore(hash) != nil {
		return ""
	}
	return f.functionOf(j)
}

// functionOf is function for a job that is read.
func (f *foreignJobs) functionOf(j *Job) string {
	name, err := j.FuncName()
	if err != nil {
		return ""
	}
	return missing(f.handlers, name, &j.rec)
}

// leavesClaimed reports whether a claimed job is left to other workers.
func (f *foreignJobs) leavesClaimed(queue string, e *execution) bool {
	if f.policy != UnknownLeaves || e.leftOut > 0 { // or its function is not known yet
		return false
	}
	function := f.functionOf(e.job)
	return function != "" && f.leaveInQueue(queue, e.jobID, function, rememberFor)
}

// leaveInQueue reports whether jobs of a function without a handler are left to others, and
// remembers for how long this one is not to be read again.
func (f *foreignJobs) leaveInQueue(queue, id, function string, remember time.Duration) bool {
	if f.policy != UnknownLeaves {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queues[queue] == nil {
		f.queues[queue] = &mixedQueue{}
	}
	f.log.note(queue, function)
	f.remember(id, memory{true, time.Now().Add(remember)})
	return true
}

// hold makes the worker search queues with jobs of a status that only a newer RQ knows.
func (f *foreignJobs) hold(queues []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, queue := range queues {
		if f.queues[queue] == nil {
			f.queues[queue] = &mixedQueue{next: time.Now().Add(lastLook)}
		}
	}
}

// remember stores whether a job is foreign. The caller has locked mu.
func (f *foreignJobs) remember(id string, m memory) {
	if len(f.seen) >= rememberMost {
		for key := range f.seen { // in random order
			if delete(f.seen, key); len(f.seen) <= rememberMost/2 {
				break
			}
		}
	}
	f.seen[maphash.String(f.seed, id)] = m
}

// recall returns which jobs are known to be foreign, and the indices of those that must be
// read.
func (f *foreignJobs) recall(ids []string) (foreign []bool, unread []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	foreign = make([]bool, len(ids))
	for i, id := range ids {
		m, ok := f.seen[maphash.String(f.seed, id)]
		if !ok || m.until.Before(now) {
			unread = append(unread, i)
			continue
		}
		foreign[i] = m.foreign
	}
	return foreign, unread
}

// in reports whether the queue has foreign jobs.
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

// dueIn reports whether it is time to look through this queue.
func (f *foreignJobs) dueIn(queue string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	q := f.queues[queue]
	return q != nil && !time.Now().Before(q.next)
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

// left returns how many foreign jobs the last searches have found, and in which queues.
func (f *foreignJobs) left() (jobs int, queues []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, q := range f.queues {
		jobs += q.foreign
		queues = append(queues, name)
	}
	slices.Sort(queues)
	return jobs, queues
}

// look returns jobs of a queue that are not foreign: up to most, and some spare ones. It
// returns those that the last look has found, or else searches if a look is due. In a
// burst one is always due: a burst ends when the whole queue has none.
func (f *foreignJobs) look(ctx context.Context, queue string, most int, burst bool) ([]sighting, error) {
	f.mu.Lock()
	q, now := f.queues[queue], time.Now()
	f.mu.Unlock() // all of q but next is the claimer's
	switch {
	case q == nil:
		return nil, nil
	case len(q.known) > 0 && now.Before(q.fresh):
		return q.known[:min(len(q.known), most+lookSpare)], nil
	case !burst && now.Before(q.next):
		return nil, nil
	}
	s := &search{f: f, queue: queue, most: claimMost, jobs: lookJobs, bytes: mostBudget}
	found, open, err := q.look(ctx, s, burst)
	if err != nil && !isForeign(err) { // it is no longer a list: the claim handles that
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if open || err != nil {
		delete(f.queues, queue) // any job may be taken again
	}
	q.known, q.fresh = found, time.Now().Add(knownFor)
	q.wait(len(found) > 0, burst)
	return found[:min(len(found), most+lookSpare)], nil
}

// claimed removes the jobs that a claim has returned from the known ones. If they are fewer
// than asked for, other workers have taken the rest.
func (f *foreignJobs) claimed(queues []string, jobs []scripts.ClaimedJob, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queues) == 0 {
		return
	}
	for _, job := range jobs {
		if q := f.queues[queues[job.Queue]]; q != nil {
			q.known = slices.DeleteFunc(q.known, func(s sighting) bool { return s.id == job.ID })
		}
	}
	for _, q := range f.queues {
		if len(jobs) < most {
			q.known = nil
		}
	}
}
