package rq

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	ossignal "os/signal"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
)

// skewEnv has this program run a worker whose clock is wrong by so much, on the
// server at skewServer.
const skewEnv, skewServer = "RQ_TEST_SKEW", "RQ_TEST_SKEW_SERVER"

// skewed is what workers of these tests do: a job takes longer than a heartbeat.
func skewed(rdb *redis.Client, worker string) (Handlers, WorkerConfig) {
	f := HandlerFunc(func(ctx context.Context, j *Job) (any, error) {
		if err := rdb.RPush(context.WithoutCancel(ctx), "runs:"+j.ID(), worker).Err(); err != nil {
			return nil, err
		}
		select {
		case <-time.After(3 * time.Second): // the work
		case <-ctx.Done():
		}
		return nil, ctx.Err()
	})
	return Handlers{"f": f}, WorkerConfig{Name: worker, Concurrency: 3, JobMonitoringInterval: time.Second}
}

func workWithAWrongClock() {
	wrong, err := time.ParseDuration(os.Getenv(skewEnv))
	if err != nil {
		panic(err)
	}
	clock = func() time.Time { return time.Now().Add(wrong) }
	ctx, stop := ossignal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	opts, err := redis.ParseURL(os.Getenv(skewServer))
	if err != nil {
		panic(err)
	}
	rdb := redis.NewClient(opts)
	defer rdb.Close()
	handlers, cfg := skewed(rdb, "wrong")
	cfg.Logger = slog.New(slog.NewTextHandler(os.Stderr, nil))
	w, err := NewWorker(rdb, handlers, cfg)
	if err == nil {
		err = w.Run(ctx)
	}
	if err != nil {
		panic(err)
	}
}

// TestWrongClocks has two workers share jobs, of which one has a clock that is two
// minutes wrong. Neither takes the other's for abandoned, and each job runs once.
// It takes longer than three heartbeats of a second.
func TestWrongClocks(t *testing.T) {
	t.Parallel()
	for _, wrong := range []time.Duration{-2 * time.Minute, 2 * time.Minute} {
		t.Run(wrong.String(), func(t *testing.T) {
			t.Parallel()
			const jobs = 6
			ctx, rdb := t.Context(), ownServer(t)
			q := NewQueue(rdb, "default")
			for i := range jobs {
				_, err := q.Enqueue(ctx, Call("f"), JobID("j"+strconv.Itoa(i)), Retry{Max: 3})
				require.NoError(t, err)
			}
			var log bytes.Buffer
			other := exec.Command(os.Args[0])
			other.Env = append(os.Environ(), skewEnv+"="+wrong.String(), skewServer+"="+fmt.Sprintf("redis://%s/%d", rdb.Options().Addr, rdb.Options().DB))
			other.Stderr = &log
			require.NoError(t, other.Start())
			ended := sync.OnceValue(other.Wait)
			t.Cleanup(func() { _ = other.Process.Kill(); _ = ended() })
			require.Eventually(t, func() bool { return rdb.LLen(ctx, keys.Queue("default")).Val() == jobs-3 }, 10*time.Second, time.Millisecond)
			handlers, cfg := skewed(rdb, "right")
			w := startWorker(t, rdb, handlers, cfg, func(w *Worker) { w.look = 200 * time.Millisecond })

			require.Eventually(t, func() bool { return rdb.ZCard(ctx, keys.Finished("default")).Val() == jobs }, 20*time.Second, 10*time.Millisecond)

			w.stop(t)
			require.NoError(t, other.Process.Signal(syscall.SIGTERM))
			require.NoError(t, ended(), log.String())
			workers := map[string]int{}
			for i := range jobs {
				runs := rdb.LRange(ctx, "runs:j"+strconv.Itoa(i), 0, -1).Val()
				require.Len(t, runs, 1, "runs of a job")
				workers[runs[0]]++
			}
			assert.Len(t, workers, 2)
			assert.Contains(t, log.String(), "the clocks of this machine and of the server differ")
		})
	}
}

func TestSkewIsLoggedWhenItChanges(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	s := &skew{log: slog.New(slog.NewTextHandler(&log, nil))}
	at := time.Unix(1_000_000, 0)
	logs := func(ahead, way time.Duration) string {
		log.Reset()
		s.note(at, at.Add(ahead), at.Add(ahead+way))
		return log.String()
	}

	assert.Empty(t, logs(0, 0))
	assert.Empty(t, logs(4*time.Second, 0))
	assert.Empty(t, logs(-20*time.Second, 19*time.Second), "a reply that takes long says little")
	assert.Contains(t, logs(61*time.Second, 0), "ahead=1m1s")
	assert.Empty(t, logs(62*time.Second, 0), "it is known")
	assert.Contains(t, logs(-2*time.Minute, 0), "ahead=-2m0s")
	assert.Contains(t, logs(time.Second, 0), "again")
}
