package interop

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// worker returns a Go worker for the RQ version of the scenario, named as the
// one that Python's work() starts.
func (e *env) worker(cfg rq.WorkerConfig) (*rq.Worker, error) {
	if cfg.Name == "" {
		cfg.Name = "w1"
	}
	cfg.Fleet, cfg.Logger = e.version, slog.New(slog.DiscardHandler)
	return rq.NewWorker(e.db, e.handlers(), cfg)
}

// burst runs a Go worker until its queues are empty.
func (e *env) burst(ctx context.Context, cfg rq.WorkerConfig) error {
	cfg.Burst = true
	w, err := e.worker(cfg)
	if err != nil {
		return err
	}
	return w.Run(ctx)
}

// A goWorker is a running Go worker.
type goWorker struct {
	stop  context.CancelFunc
	ended chan error
}

// startGo starts a Go worker, which ends with the test at the latest.
func (e *env) startGo(t testing.TB, cfg rq.WorkerConfig) *goWorker {
	t.Helper()
	w, err := e.worker(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return startWorking(t, w)
}

// startWorking runs a Go worker, which ends with the test at the latest.
func startWorking(t testing.TB, w *rq.Worker) *goWorker {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	g := &goWorker{stop: stop, ended: make(chan error, 1)}
	go func() {
		g.ended <- w.Run(ctx)
		close(g.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-g.ended
	})
	return g
}

// wait waits for the worker to end, and wants it to end well.
func (g *goWorker) wait(t testing.TB) {
	t.Helper()
	select {
	case err := <-g.ended:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(workerTimeout):
		t.Fatal("the Go worker does not end")
	}
}

// patience is how long a test waits for something that takes a moment.
const patience = 20 * time.Second

// eventually waits until something has come to be, whoever does it.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	within(t, patience, what, done)
}

func within(t testing.TB, limit time.Duration, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !done(); {
		if time.Now().After(end) {
			t.Fatalf("waited too long: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// has waits until a key exists.
func (e *env) has(t testing.TB, key string) {
	t.Helper()
	eventually(t, key, func() bool { return e.db.Exists(t.Context(), key).Val() == 1 })
}

// becomes waits until a field of a hash has a value.
func (e *env) becomes(t testing.TB, key, field, want string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s of %s to become %q", field, key, want), func() bool {
		return e.db.HGet(t.Context(), key, field).Val() == want
	})
}
