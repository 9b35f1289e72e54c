package rq

import (
	"context"
	"sync"
	"time"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// lostClaims are the executions of claims whose replies did not come. The server
// may have started them, or start them yet, when the network delivers late what
// the worker has given up.
type lostClaims struct {
	mu    sync.Mutex
	until map[string]time.Time // by execution id
}

// lostFor is how long a claim may be on its way.
const lostFor = 5 * time.Minute

func (l *lostClaims) add(executions []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil {
		l.until = map[string]time.Time{}
	}
	for _, id := range executions {
		l.until[id] = time.Now().Add(lostFor)
	}
}

// any reports whether there are any, and forgets those that will not come.
func (l *lostClaims) any() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, until := range l.until {
		if time.Now().After(until) {
			delete(l.until, id)
		}
	}
	return len(l.until) > 0
}

func (l *lostClaims) has(execution string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.until[execution]
	return ok
}

// reclaim puts the jobs of lost claims back to the front of their queues.
func (r *run) reclaim(ctx context.Context) error {
	if !r.lost.any() {
		return nil
	}
	pairs, err := r.db.SMembers(ctx, keys.WorkerExecutions(r.cfg.Name)).Result()
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		id, execution := splitPair(pair)
		if !r.lost.has(execution) {
			continue
		}
		hash, err := r.db.HGetAll(ctx, keys.Job(id)).Result()
		if err != nil {
			return err
		}
		e := r.newExecution(hash["origin"], scripts.ClaimedJob{ID: id, Execution: execution, Hash: hash}, now())
		e.cancel(nil)
		done, err := scripts.SettleJob(ctx, r.db, r.released(e, scripts.Front))
		if err != nil {
			return err
		}
		if done {
			r.log.Warn("rq: put back a job of a claim whose reply did not come", "job", id)
		}
	}
	return nil
}
