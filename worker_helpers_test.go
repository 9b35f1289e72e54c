package rq

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A testWorker is a worker that runs until the test stops it.
type testWorker struct {
	*Worker
	rdb    *redis.Client
	cancel context.CancelFunc
	ended  chan error
	once   sync.Once
	err    error
}

// startWorker runs a worker with its own label on all its goroutines, changed by
// what tests may change.
func startWorker(t *testing.T, rdb *redis.Client, h Handlers, cfg WorkerConfig, change ...func(*Worker)) *testWorker {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = quiet
	}
	w, err := NewWorker(rdb, h, cfg)
	require.NoError(t, err)
	for _, f := range change {
		f(w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	tw := &testWorker{Worker: w, rdb: rdb, cancel: cancel, ended: make(chan error, 1)}
	go pprof.Do(ctx, pprof.Labels("worker", w.Name()), func(ctx context.Context) { tw.ended <- w.Run(ctx) })
	t.Cleanup(func() { cancel(); _ = tw.result(t) })
	return tw
}

// shortGrace lets a worker put back at once what was not started.
func shortGrace(w *Worker) { w.grace = time.Millisecond }

// result waits until the worker has ended.
func (w *testWorker) result(t *testing.T) error {
	t.Helper()
	w.once.Do(func() {
		select {
		case w.err = <-w.ended:
		case <-time.After(20 * time.Second):
			w.err = fmt.Errorf("worker %s does not end:\n%s", w.Name(), goroutinesOf(w.Name()))
		}
	})
	return w.err
}

// stop ends the worker, and checks that nothing of it is left.
func (w *testWorker) stop(t *testing.T) {
	t.Helper()
	w.cancel()
	require.NoError(t, w.result(t))
	w.assertGone(t)
}

// assertGone checks that no goroutine is left that the worker or its handlers
// have started.
func (w *testWorker) assertGone(t *testing.T) {
	t.Helper()
	assert.Eventually(t, func() bool { return goroutinesOf(w.Name()) == "" }, 5*time.Second, 5*time.Millisecond)
	assert.Empty(t, goroutinesOf(w.Name()))
}

// goroutinesOf returns the stacks of the goroutines with a worker's label, but
// for the one that main_test.go tells of.
func goroutinesOf(worker string) string {
	var all bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
	var left []string
	for stack := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(stack, fmt.Sprintf("%q:%q", "worker", worker)) && !strings.Contains(stack, "tryDial") {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

// untilItWaits waits until the worker waits for jobs.
func (w *testWorker) untilItWaits(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		for line := range strings.Lines(w.rdb.ClientList(t.Context()).Val()) {
			if strings.Contains(line, " name="+w.Name()+" ") && strings.Contains(line, " cmd=blmove ") {
				return true
			}
		}
		return false
	}, 10*time.Second, time.Millisecond)
}
