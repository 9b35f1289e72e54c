package scripts

import (
	"context"
	_ "embed" // for the scripts

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

var (
	//go:embed enqueue_due.lua
	enqueueDueLua string
	//go:embed hold_locks.lua
	holdLocksLua string
	//go:embed release_locks.lua
	releaseLocksLua string
)

var (
	enqueueDue   = redis.NewScript(libNow + libRateLimit + libJob + libStatus + enqueueDueLua)
	holdLocks    = redis.NewScript(libOwn + holdLocksLua)
	releaseLocks = redis.NewScript(releaseLocksLua)
)

// A Due is what EnqueueDue needs to know.
type Due struct {
	Queue   string
	Owner   string // the value of the caller's locks
	Now     Moment
	Timeout int // in seconds, for jobs without one
	Skip    int // due ids to leave out
	Most    int // ids to look at
	Again   int // in how many seconds to look again for a missing job; 0 is never
}

// An Enqueued is what EnqueueDue did.
type Enqueued struct {
	Held  bool     // the caller has the lock; otherwise nothing was done
	Seen  int      // ids looked at; fewer than asked for means that no more are due
	Alien []string // ids whose key holds something else: they were dropped
	Stay  []string // ids of jobs that cannot be moved
}

// EnqueueDue runs enqueue_due.lua.
func EnqueueDue(ctx context.Context, c redis.Scripter, p Due) (Enqueued, error) {
	reply, err := enqueueDue.Run(ctx, c,
		[]string{keys.SchedulerLock(p.Queue), keys.Scheduled(p.Queue), keys.Queue(p.Queue), keys.Deferred(p.Queue)},
		p.Owner, p.Queue, p.Now.Unix, p.Now.Text, p.Timeout, p.Skip, p.Most, p.Again).Slice()
	if err != nil || len(reply) == 0 {
		return Enqueued{}, err
	}
	if len(reply) != 3 {
		return Enqueued{}, errReply
	}
	seen, ok := reply[0].(int64)
	if !ok {
		return Enqueued{}, errReply
	}
	return Enqueued{Held: true, Seen: int(seen), Alien: texts(reply[1]), Stay: texts(reply[2])}, nil
}

// texts returns a list in a script's reply.
func texts(item any) []string {
	list, _ := item.([]any)
	var out []string
	for _, v := range list {
		text, _ := v.(string)
		out = append(out, text)
	}
	return out
}

// A Hold is what HoldLocks needs to know.
type Hold struct {
	Scheduler string
	Owner     string // the value for the locks
	Keep      int    // seconds
	Queues    []string
	Fields    []any // of the scheduler's hash; without any no hash is written
}

// The outcomes of HoldLocks for a lock.
const (
	Taken   = 0 // by another
	Free    = 1 // until now
	Renewed = 2
)

// HoldLocks runs hold_locks.lua and returns an outcome for each queue.
func HoldLocks(ctx context.Context, c redis.Scripter, p Hold) ([]int64, error) {
	outcomes, err := holdLocks.Run(ctx, c, schedulerKeys(p.Scheduler, p.Queues),
		append([]any{p.Owner, p.Keep}, p.Fields...)...).Int64Slice()
	if err == nil && len(outcomes) != len(p.Queues) {
		err = errReply
	}
	return outcomes, err
}

// ReleaseLocks runs release_locks.lua and returns the number of locks released.
func ReleaseLocks(ctx context.Context, c redis.Scripter, scheduler, owner string, queues []string) (int64, error) {
	return run(ctx, c, releaseLocks, schedulerKeys(scheduler, queues), owner)
}

func schedulerKeys(scheduler string, queues []string) []string {
	list := []string{keys.Scheduler(scheduler)}
	for _, q := range queues {
		list = append(list, keys.SchedulerLock(q))
	}
	return list
}
