package rq

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// A waiter waits for jobs without polling.
type waiter interface {
	// start makes it wait on these queues, and on no others.
	start(queues []string)
	// stop makes it wait on none. An arrival may still come.
	stop()
	// arrivals yields arrivals.
	arrivals() <-chan arrival
	// hints returns the queues that may have jobs since the last call.
	hints() []string
	// polled reports whether each claim must ask the queue, because it gives no hints of it.
	polled(queue string) bool
	// close ends it, and returns the remaining arrivals.
	close(ctx context.Context) []arrival
}

// An arrival is an id that was moved to its intermediate queue, a move whose reply was
// lost, or else a signal that there are hints.
type arrival struct {
	queue, id string

	lost bool
	conn int64     // the server's id of the connection, or 0
	open time.Time // until when the server may still move an id for it
}

// movers wait for jobs with one blocking move per queue. It moves the next id to the
// intermediate queue, where maintenance finds it if this process dies.
type movers struct {
	db     *redis.Client // for CLIENT UNBLOCK
	client *redis.Client // has a connection for each
	came   chan arrival
	log    *slog.Logger
	wake   *sync.Cond // of mu: something is wanted, or all is closed

	mu         sync.Mutex
	all        []*mover
	unblocking bool
	closed     bool

	ctx     context.Context // ends when all is closed
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// A mover waits on one queue. The movers' mu guards what changes.
type mover struct {
	queue   string
	wanted  bool
	blocked bool // it sends a blocking move, or waits for its reply
	conn    *redis.Conn
	id      int64 // the server's id of conn, or 0 if it is unknown
	fresh   bool  // it has not waited since it was last wanted
}

// maxMovers is the most queues that have a waiting connection each.
const maxMovers = 10

func newMovers(db *redis.Client, queues []string, log *slog.Logger) *movers {
	opts, _ := ownOptions(db)                                              // it is a client of one server
	opts.PoolSize, opts.MaxRetries, opts.ReadTimeout = len(queues), -1, -1 // each call has a deadline
	m := &movers{db: db, client: redis.NewClient(opts), came: make(chan arrival, 2*len(queues)), log: log}
	m.wake = sync.NewCond(&m.mu)
	m.ctx, m.cancel = context.WithCancel(context.Background())
	for _, queue := range queues {
		w := &mover{queue: queue}
		m.all = append(m.all, w)
		m.running.Go(func() { m.run(w) })
	}
	return m
}

func (m *movers) arrivals() <-chan arrival { return m.came }

func (m *movers) hints() []string { return nil }

func (m *movers) polled(string) bool { return true }

func (m *movers) start(queues []string) { m.want(queues) }

func (m *movers) stop() { m.want(nil) }

// want makes the movers of some queues wait, and stops the others.
func (m *movers) want(queues []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	unblock := false
	for _, w := range m.all {
		wanted := slices.Contains(queues, w.queue)
		if wanted && !w.wanted {
			w.fresh = true
		}
		w.wanted = wanted
		unblock = unblock || (!wanted && w.blocked && w.id != 0)
	}
	m.wake.Broadcast()
	if unblock && !m.unblocking {
		m.unblocking = true
		m.running.Go(m.unblock)
	}
}

// unblock ends the moves that are not wanted. CLIENT UNBLOCK may reach the server before
// the move does, so it is repeated until the moves have ended.
func (m *movers) unblock() {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		m.mu.Lock()
		var ids []int64
		for _, w := range m.all {
			if w.blocked && !w.wanted && w.id != 0 {
				ids = append(ids, w.id)
			}
		}
		if len(ids) == 0 || m.ctx.Err() != nil {
			m.unblocking = false
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		pipe := m.db.Pipeline()
		for _, id := range ids {
			pipe.ClientUnblock(m.ctx, id)
		}
		_ = redisx.Exec(m.ctx, pipe) // it is repeated, and the moves end by themselves
		sleep(m.ctx, pause)
	}
}

// run is the life of one mover.
func (m *movers) run(w *mover) {
	for failures := 0; ; {
		limit, ok := m.ready(w)
		if !ok {
			m.drop(w)
			return
		}
		began := time.Now()
		id, err := m.move(w, limit)
		m.mu.Lock()
		w.blocked, w.fresh = false, false
		conn := w.id
		if err == nil {
			w.wanted = false // until the claimer asks for more
		}
		m.mu.Unlock()
		switch {
		case err == nil:
			failures = 0
			m.came <- arrival{queue: w.queue, id: id}
		case errors.Is(err, redis.Nil):
			failures = 0
		case isRefused(err):
			m.pause(w, err, &failures)
		default:
			m.drop(w)
			m.came <- arrival{queue: w.queue, lost: true, conn: conn, open: began.Add(limit)}
			m.pause(w, err, &failures)
		}
	}
}

// ready waits until the mover is wanted, and returns how long it is to block. It reports
// false when the movers are closed.
func (m *movers) ready(w *mover) (time.Duration, bool) {
	if !m.connected(w) {
		return 0, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for !w.wanted && !m.closed {
		m.wake.Wait()
	}
	w.blocked = !m.closed
	return m.limit(w), !m.closed
}

// limit is how long a mover blocks, after which a connection that died silently is
// detected. The server serves the longest waiting client first. So the times are random:
// otherwise one worker would be first in all queues, get a job from each, and give back
// all but one. The time is short where a move cannot be unblocked.
func (m *movers) limit(w *mover) time.Duration {
	switch {
	case w.id == 0:
		return time.Second
	case w.fresh:
		return 100*time.Millisecond + rand.N(2*time.Second)
	}
	return 4*time.Second + rand.N(8*time.Second)
}

// connected waits until the mover has a connection. It reports false when the movers are
// closed.
func (m *movers) connected(w *mover) bool {
	for failures := 0; w.conn == nil; {
		m.mu.Lock()
		for !w.wanted && !m.closed {
			m.wake.Wait()
		}
		closed := m.closed
		m.mu.Unlock()
		if closed {
			return false
		}
		conn := m.client.Conn()
		ctx, cancel := context.WithTimeout(m.ctx, moveGrace)
		id, err := conn.ClientID(ctx).Result()
		cancel()
		if err != nil && !isRefused(err) {
			_ = conn.Close()
			m.pause(w, err, &failures)
			continue
		}
		m.mu.Lock()
		w.conn, w.id = conn, id
		m.mu.Unlock()
	}
	return true
}

// move waits for the next id of the queue.
func (m *movers) move(w *mover, limit time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(m.ctx, limit+moveGrace)
	defer cancel()
	seconds := strconv.FormatFloat(limit.Seconds(), 'f', 3, 64) // go-redis' own BLMove has none below 1
	cmd := redis.NewStringCmd(ctx, "blmove", keys.Queue(w.queue), keys.Intermediate(w.queue), "left", "right", seconds)
	_ = w.conn.Process(ctx, cmd) // cmd has the error too
	return cmd.Result()
}

// moveGrace is how much longer than its blocking time a move may take.
const moveGrace = 3 * time.Second

// pause waits after a failure.
func (m *movers) pause(w *mover, err error, failures *int) {
	if m.ctx.Err() != nil {
		return
	}
	d := backOff(*failures)
	*failures++
	m.log.Error("rq: wait for jobs", "queue", w.queue, "error", err, "again in", d)
	sleep(m.ctx, d)
}

func (m *movers) drop(w *mover) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn, w.id = nil, 0
	}
}

// close ends all waiting. It cuts off moves that the server has not ended when ctx ends.
func (m *movers) close(ctx context.Context) []arrival {
	m.stop()
	m.mu.Lock()
	m.closed = true
	m.wake.Broadcast()
	m.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		m.running.Wait()
		close(ended)
	}()
	var left []arrival
	for over := false; !over; {
		select {
		case a := <-m.came:
			left = append(left, a)
		case <-ended:
			over = true
		case <-time.After(closeGrace):
			m.cancel()
			_ = m.client.Close()
		case <-ctx.Done():
			m.cancel()
			_ = m.client.Close()
			<-ended
			over = true
		}
	}
	m.cancel()
	_ = m.client.Close()
	for len(m.came) > 0 {
		left = append(left, <-m.came)
	}
	return left
}

// closeGrace is how long the server may take to end the moves.
const closeGrace = 1200 * time.Millisecond
