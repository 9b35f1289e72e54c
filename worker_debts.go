package rq

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// debts are jobs that a worker is responsible for but does not run: ids that it has moved
// to an intermediate queue, ids that a move whose reply was lost may have put there, and
// executions of claims whose reply was lost. Only a reply of the server clears one. The
// claimer owns all but the executions.
type debts struct {
	db     *redis.Client
	worker string
	log    *slog.Logger
	out    *outcomes

	moved  []arrival         // in intermediate queues, for the next claim
	doubts map[string]*doubt // by queue

	mu    sync.Mutex
	until map[string]time.Time // by execution id of a lost claim
}

// A doubt is a queue whose intermediate queue may hold an id that this worker has moved
// without getting the reply.
type doubt struct {
	conns []int64              // connections of the lost replies; the server may still move ids for them
	open  time.Time            // until when it may, if they cannot be killed
	seen  map[string]time.Time // when each id was first seen in the intermediate queue
}

const (
	// claimLate is how long a claim that the worker has given up may still arrive.
	claimLate = 5 * time.Minute
	// doubtGrace is how long an id must be in an intermediate queue to have no owner. A
	// live worker removes it within milliseconds.
	doubtGrace = 2 * time.Second
	// doubtCheck is the time between checks of an intermediate queue in doubt.
	doubtCheck = 500 * time.Millisecond
)

func newDebts(db *redis.Client, worker string, out *outcomes, log *slog.Logger) *debts {
	return &debts{db: db, worker: worker, out: out, log: log, doubts: map[string]*doubt{}, until: map[string]time.Time{}}
}

// lostMove records a blocking move whose reply was lost. conn is the server's id of its
// connection, or 0; until open the server may still move an id.
func (d *debts) lostMove(queue string, conn int64, open time.Time) {
	q := d.doubt(queue)
	if conn != 0 {
		q.conns = append(q.conns, conn)
	}
	if open.After(q.open) {
		q.open = open
	}
}

func (d *debts) doubt(queue string) *doubt {
	if d.doubts[queue] == nil {
		d.doubts[queue] = &doubt{seen: map[string]time.Time{}}
	}
	return d.doubts[queue]
}

// lostClaim records a claim whose reply was lost. The moved ids may be anywhere now.
func (d *debts) lostClaim(executions []string) {
	d.mu.Lock()
	for _, id := range executions {
		d.until[id] = time.Now().Add(claimLate)
	}
	d.mu.Unlock()
	for _, a := range d.moved {
		d.doubt(a.queue)
	}
	d.moved = nil
}

// settleDoubts checks the intermediate queues in doubt. Ids that stay there have no owner:
// they become moved ids, which the next claim takes if they are still there.
func (d *debts) settleDoubts(ctx context.Context) error {
	var errs []error
	for queue, q := range d.doubts {
		done, err := d.settleDoubt(ctx, queue, q)
		if done {
			delete(d.doubts, queue)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (d *debts) settleDoubt(ctx context.Context, queue string, q *doubt) (done bool, err error) {
	for len(q.conns) > 0 { // a killed connection moves nothing
		err := d.db.ClientKillByFilter(ctx, "ID", strconv.FormatInt(q.conns[0], 10)).Err()
		if err != nil && !isRefused(err) {
			return false, err
		}
		if err == nil && len(q.conns) == 1 {
			q.open = time.Time{}
		}
		q.conns = q.conns[1:]
	}
	ids, err := d.db.LRange(ctx, keys.Intermediate(queue), 0, memberChunk).Result()
	if err != nil {
		return false, err
	}
	now, seen := time.Now(), map[string]time.Time{}
	for _, id := range ids {
		since, before := q.seen[id]
		switch {
		case !before:
			seen[id] = now
		case now.Sub(since) < doubtGrace:
			seen[id] = since
		default:
			d.log.Warn("rq: claim a job that was left in the intermediate queue", "job", id, "queue", queue)
			d.moved = append(d.moved, arrival{queue: queue, id: id})
		}
	}
	q.seen = seen
	return len(seen) == 0 && now.After(q.open), nil
}

// lateClaims reports whether executions of lost claims may still start, and removes those
// that cannot.
func (d *debts) lateClaims() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, until := range d.until {
		if time.Now().After(until) {
			delete(d.until, id)
		}
	}
	return len(d.until) > 0
}

func (d *debts) isLate(execution string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.until[execution]
	return ok
}

// reclaim puts the jobs of lost claims back to the front of their queues. It is safe
// for concurrent use.
func (d *debts) reclaim(ctx context.Context) error {
	if !d.lateClaims() {
		return nil
	}
	pairs, err := d.db.SMembers(ctx, keys.WorkerExecutions(d.worker)).Result()
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		id, execution := cutPair(pair)
		if !d.isLate(execution) {
			continue
		}
		fields := []string{"origin", "enqueued_at"}
		values, err := d.db.HMGet(ctx, keys.Job(id), fields...).Result()
		if err != nil {
			return err
		}
		hash := textsOf(fields, values)
		hash["data"] = ""
		e := newExecution(d.out, hash["origin"], scripts.ClaimedJob{ID: id, Execution: execution, Hash: hash}, now())
		done, _, err := scripts.SettleJob(ctx, d.db, d.out.putBack(e))
		if err != nil {
			return err
		}
		if done {
			d.log.Warn("rq: put back a job of a claim whose reply was lost", "job", id)
		}
	}
	return nil
}

// none reports whether there are no moved ids and no doubts.
func (d *debts) none() bool { return len(d.moved) == 0 && len(d.doubts) == 0 }
