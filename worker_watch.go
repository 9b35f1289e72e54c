package rq

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// A watcher waits for jobs on any number of queues over one connection: the server
// tells it which queues were changed (CLIENT TRACKING in broadcast mode). Where it may
// not, and from time to time anyway, all queues count as changed.
type watcher struct {
	client *redis.Client
	queues map[string]bool
	came   chan arrival
	log    *slog.Logger

	mu      sync.Mutex
	changed map[string]bool

	cancel  context.CancelFunc
	running sync.WaitGroup
}

const (
	// watchCheck is the time after which a silent connection is tested, and all queues
	// count as changed.
	watchCheck = 5 * time.Second
	// watchPoll is the time between claims without tracking.
	watchPoll = 50 * time.Millisecond
	// watchAgain is the time after which it tries tracking again.
	watchAgain = time.Minute
	// invalidations is the channel of the server's messages.
	invalidations = "__redis__:invalidate"
)

func newWatcher(db *redis.Client, queues []string, log *slog.Logger) *watcher {
	opts, _ := ownOptions(db) // it is a client of one server
	opts.PoolSize, opts.MaxRetries, opts.Protocol = 1, -1, 2
	opts.OnConnect = track(opts.OnConnect)
	w := &watcher{
		client: redis.NewClient(opts), came: make(chan arrival, 1), log: log,
		queues: map[string]bool{}, changed: map[string]bool{},
	}
	for _, queue := range queues {
		w.queues[queue] = true
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.running.Go(func() { w.run(ctx) })
	return w
}

// errNoTracking is the error of a connection where the server refuses tracking.
var errNoTracking = errors.New("rq: the server does not tell which queues change (CLIENT TRACKING)")

// track makes the server send the changed queues to a connection, after the connection's
// other preparations.
func track(before func(context.Context, *redis.Conn) error) func(context.Context, *redis.Conn) error {
	return func(ctx context.Context, conn *redis.Conn) error {
		if err := before(ctx, conn); err != nil {
			return err
		}
		id, err := conn.ClientID(ctx).Result()
		if err == nil {
			err = conn.Do(ctx, "client", "tracking", "on", "redirect", id, "bcast", "prefix", keys.QueuePrefix).Err()
		}
		if err != nil && isRefused(err) {
			return errors.Join(errNoTracking, err)
		}
		return err
	}
}

func (w *watcher) arrivals() <-chan arrival { return w.came }

func (w *watcher) start([]string) {}

func (w *watcher) stop() {}

func (w *watcher) polled(string) bool { return false }

func (w *watcher) hints() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var queues []string
	for queue := range w.changed {
		queues = append(queues, queue)
	}
	clear(w.changed)
	return queues
}

func (w *watcher) close(context.Context) []arrival {
	w.cancel()
	_ = w.client.Close()
	w.running.Wait()
	return nil
}

// run listens until ctx ends. After each failure all queues count as changed. Where the
// server does not tell, it tries again later: permissions change.
func (w *watcher) run(ctx context.Context) {
	for failures, told := 0, false; ctx.Err() == nil; {
		err := w.listen(ctx, &failures)
		w.change(nil)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errNoTracking):
			if !told {
				w.log.Warn("rq: queues are asked for jobs again and again, see docs/permissions.md", "error", err)
			}
			told = true
			w.poll(ctx)
			continue
		}
		d := backOff(failures)
		failures++
		w.log.Error("rq: wait for jobs", "error", err, "again in", d)
		sleep(ctx, d)
	}
}

// listen takes the server's messages over one connection until it fails.
func (w *watcher) listen(ctx context.Context, failures *int) error {
	sub := w.client.Subscribe(ctx, invalidations)
	defer func() { _ = sub.Close() }()
	for tested := false; ; {
		message, err := sub.ReceiveTimeout(ctx, watchCheck)
		switch {
		case err == nil:
			tested, *failures = false, 0
			w.take(message)
		case redisx.IsNotPermitted(err) && !errors.Is(err, errNoTracking): // of SUBSCRIBE
			return errors.Join(errNoTracking, err)
		case tested || !redisx.IsTimeout(err):
			return err
		default:
			w.change(nil)
			if err := sub.Ping(ctx); err != nil {
				return err
			}
			tested = true
		}
	}
}

// take notes the queues that a message names.
func (w *watcher) take(message any) {
	switch m := message.(type) {
	case *redis.Subscription: // what was before is not known
		w.change(nil)
	case *redis.Message:
		w.change(m.PayloadSlice)
	}
}

// change notes changed keys, or that any may be. Keys of others are left out.
func (w *watcher) change(changed []string) {
	w.mu.Lock()
	if changed == nil {
		for queue := range w.queues {
			w.changed[queue] = true
		}
	}
	for _, key := range changed {
		if queue := strings.TrimPrefix(key, keys.QueuePrefix); w.queues[queue] {
			w.changed[queue] = true
		}
	}
	some := len(w.changed) > 0
	w.mu.Unlock()
	if some {
		signal(w.came)
	}
}

// poll lets all queues count as changed again and again for a while.
func (w *watcher) poll(ctx context.Context) {
	for until := time.Now().Add(watchAgain); time.Now().Before(until) && sleep(ctx, watchPoll+rand.N(watchPoll)); {
		w.change(nil)
	}
}
