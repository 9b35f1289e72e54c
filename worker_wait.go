package rq

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// An arrival is an id that was moved to the intermediate queue of its queue.
type arrival struct{ queue, id string }

// waiters wait for jobs, one for each queue, without asking again and again: a
// blocking move puts the next id in the queue's intermediate queue, where RQ's
// maintenance finds it should this process die. They wait only while there is a
// free slot. Their methods are called by one goroutine.
type waiters struct {
	run      *run
	client   *redis.Client // has a connection for each; nil until it is needed
	arrivals chan arrival
	idle     map[string]*waiter // by queue
	waiting  map[string]*waiter
}

// A waiter waits on one queue.
type waiter struct {
	queue  string
	client *redis.Client
	conn   *redis.Conn
	id     atomic.Int64 // by which the server knows conn, 0 if it does not
	ctx    context.Context
	stop   context.CancelFunc // ends ctx: it is to return
	ended  chan struct{}      // is closed when it has
}

func newWaiters(r *run) *waiters {
	return &waiters{
		run: r, arrivals: make(chan arrival, len(r.cfg.Queues)),
		idle: map[string]*waiter{}, waiting: map[string]*waiter{},
	}
}

// start makes a waiter wait on each queue that has none.
func (ws *waiters) start(queues []string) {
	for _, queue := range queues {
		if ws.waiting[queue] != nil {
			continue
		}
		w := ws.idle[queue]
		if w == nil {
			w = &waiter{queue: queue, client: ws.connect()}
			ws.idle[queue] = w
		}
		w.ctx, w.stop = context.WithCancel(context.Background())
		w.ended = make(chan struct{})
		ws.waiting[queue] = w
		go func() {
			defer close(w.ended)
			if id, ok := w.wait(ws.run); ok {
				ws.arrivals <- arrival{queue, id} // there is room for one of each
			}
		}()
	}
}

// connect returns the client whose connections are the waiters'.
func (ws *waiters) connect() *redis.Client {
	if ws.client == nil {
		opts, _ := ownOptions(ws.run.db) // it is a client of one server
		opts.PoolSize, opts.MaxRetries = len(ws.run.cfg.Queues), -1
		ws.client = redis.NewClient(opts)
	}
	return ws.client
}

// back notes that a waiter has returned with an id.
func (ws *waiters) back(a arrival) arrival {
	w := ws.waiting[a.queue]
	delete(ws.waiting, a.queue)
	w.stop()
	<-w.ended
	return a
}

// arrived returns what has arrived meanwhile.
func (ws *waiters) arrived() []arrival {
	var got []arrival
	for {
		select {
		case a := <-ws.arrivals:
			got = append(got, ws.back(a))
		default:
			return got
		}
	}
}

// The server may see the order to stop waiting before it sees the waiting, so
// it is told again. Where it cannot be told, the connections are closed after a
// while; an id that was just moved then stays for the maintenance.
const (
	stopAgain = time.Millisecond
	stopHard  = 500 * time.Millisecond
)

// end ends all waiting, and returns what arrived meanwhile.
func (ws *waiters) end() []arrival {
	for _, w := range ws.waiting {
		w.stop()
	}
	hard := time.Now().Add(stopHard)
	for _, w := range ws.waiting {
		for !w.hasEnded(0) {
			if !ws.unblock() || time.Now().After(hard) {
				ws.close()
			}
			w.hasEnded(stopAgain)
		}
	}
	clear(ws.waiting)
	var got []arrival
	for len(ws.arrivals) > 0 {
		got = append(got, <-ws.arrivals)
	}
	return got
}

// unblock tells the server to end the waiting, and reports whether it could.
func (ws *waiters) unblock() bool {
	ctx, cancel := context.WithTimeout(context.Background(), stopHard)
	defer cancel()
	pipe := ws.run.db.Pipeline()
	for _, w := range ws.waiting {
		if id := w.id.Load(); id != 0 {
			pipe.ClientUnblock(ctx, id)
		}
	}
	return redisx.Exec(ctx, pipe) == nil
}

// close closes the connections; whoever waits returns.
func (ws *waiters) close() {
	clear(ws.idle)
	if ws.client != nil {
		_ = ws.client.Close()
		ws.client = nil
	}
}

func (w *waiter) hasEnded(within time.Duration) bool {
	t := time.NewTimer(within)
	defer t.Stop()
	select {
	case <-w.ended:
		return true
	case <-t.C:
		return false
	}
}

// wait moves the next id of the queue, and reports false when it is to stop.
func (w *waiter) wait(r *run) (string, bool) {
	for failures := 0; ; {
		id, err := w.move(max(time.Second, r.cfg.WorkerTTL-15*time.Second))
		if err == nil {
			return id, true
		}
		var pause time.Duration
		if !errors.Is(err, redis.Nil) {
			pause = min(firstBackOff<<min(failures, 10), lastBackOff)
			failures++
		}
		if w.ctx.Err() != nil {
			return "", false
		}
		if pause > 0 {
			r.log.Error("rq: wait for jobs", "queue", w.queue, "error", err, "again in", pause)
		}
		if !sleep(w.ctx, pause) {
			return "", false
		}
	}
}

// move waits for a limited time: should the connection be dead without anyone
// knowing, it is found out then. Connecting ends with the waiter's context; a
// blocking read does not.
func (w *waiter) move(limit time.Duration) (string, error) {
	if w.conn == nil {
		w.conn = w.client.Conn()
		w.id.Store(w.conn.ClientID(w.ctx).Val()) // 0 where there is no such command
	}
	id, err := w.conn.BLMove(w.ctx, keys.Queue(w.queue), keys.Intermediate(w.queue), "LEFT", "RIGHT", limit).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		w.id.Store(0)
		_ = w.conn.Close()
		w.conn = nil
	}
	return id, err
}
