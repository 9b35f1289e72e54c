package rq

import (
	"context"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// asUser returns a client of rdb's server for a new user with these permissions.
func asUser(t *testing.T, rdb *redis.Client, rules ...any) *redis.Client {
	t.Helper()
	require.NoError(t, rdb.Do(t.Context(), append([]any{"acl", "setuser", "app", "reset", "on", ">p"}, rules...)...).Err())
	opts := *rdb.Options()
	opts.Username, opts.Password = "app", "p"
	app := redis.NewClient(&opts)
	t.Cleanup(func() { _ = app.Close() })
	return app
}

// notPermitted returns what INFO says of refused commands.
func notPermitted(t *testing.T, rdb *redis.Client) string {
	t.Helper()
	return regexp.MustCompile(`errorstat_NOPERM:\S+`).FindString(rdb.Info(t.Context(), "errorstats").Val())
}

// TestNameOfAWorkerThatMayNotListen has a second worker want the name of a living
// one that may use no channel, as users of Redis 7 by default. It takes the 3 s after
// which a worker that listened is taken for dead.
func TestNameOfAWorkerThatMayNotListen(t *testing.T) {
	t.Parallel()
	ctx, admin := t.Context(), ownServer(t)
	app := asUser(t, admin, "~*", "resetchannels", "+@all")
	running, goOn := make(chan struct{}), make(chan struct{})
	h := Handlers{"f": HandlerFunc(func(ctx context.Context, _ *Job) (any, error) {
		close(running)
		select {
		case <-goOn:
			return 1, nil
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	})}
	j, err := NewQueue(app, "default").Enqueue(ctx, Call("f"))
	require.NoError(t, err)
	first := startWorker(t, app, h, WorkerConfig{Name: "w", JobMonitoringInterval: time.Second})
	<-running

	second := startWorker(t, app, h, WorkerConfig{Name: "w"})

	require.ErrorIs(t, second.result(t), ErrWorkerExists)
	assert.Equal(t, "errorstat_NOPERM:count=1", notPermitted(t, admin), "it does not ask again and again")
	close(goOn)
	require.Eventually(t, func() bool { return admin.HGet(ctx, keys.Job(j.ID()), "status").Val() == "finished" }, 10*time.Second, 5*time.Millisecond)
	first.stop(t)
	third := startWorker(t, app, h, WorkerConfig{Name: "w", Burst: true})
	require.NoError(t, third.result(t), "the name of one that has ended is free")
}

func TestWorkerSaysWhetherItListens(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	w, err := NewWorker(rdb, Handlers{}, WorkerConfig{Name: "w", Logger: quiet})
	require.NoError(t, err)
	r, err := w.newRun()
	require.NoError(t, err)
	defer r.close()
	require.NoError(t, r.presence.register(ctx))
	listens := func() string { return rdb.HGet(ctx, keys.Worker("w"), "listens").Val() }

	r.presence.noteListening(ctx, true)
	assert.Empty(t, listens(), "most do")
	r.presence.noteListening(ctx, false)
	assert.Equal(t, "0", listens())
	require.NoError(t, rdb.Del(ctx, keys.Worker("w")).Err())
	done, err := r.presence.writeRegistration(ctx, "again")
	require.NoError(t, err)
	assert.True(t, done)
	assert.Equal(t, "0", listens(), "also after its hash has expired")
	r.presence.noteListening(ctx, true)
	assert.Equal(t, "1", listens(), "it was permitted since")
}

// TestNotingThatAWorkerMayNotListen is done again where it has failed.
func TestNotingThatAWorkerMayNotListen(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	gate := redistest.NewGate(t, rdb.Options().Addr)
	through := redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB})
	t.Cleanup(func() { _ = through.Close() })
	w, err := NewWorker(through, Handlers{}, WorkerConfig{Name: "w", Logger: quiet})
	require.NoError(t, err)
	r, err := w.newRun()
	require.NoError(t, err)
	defer r.close()
	gate.Set(nth("hset", 1, 4, redistest.Answer{Error: "LOADING Redis is loading the dataset in memory"}))

	r.presence.noteListening(ctx, false) // go-redis tries four times
	assert.Empty(t, rdb.HGet(ctx, keys.Worker("w"), "listens").Val())
	r.presence.noteListening(ctx, false)

	assert.Equal(t, "0", rdb.HGet(ctx, keys.Worker("w"), "listens").Val())
}

// TestAWorkerThatMayNotListenAfterALostReply: the lost reply says nothing of what is
// permitted, so it is asked again, and then noted.
func TestAWorkerThatMayNotListenAfterALostReply(t *testing.T) {
	t.Parallel()
	rdb := redistest.Real(t)
	gate := redistest.NewGate(t, rdb.Options().Addr)
	through := redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB})
	t.Cleanup(func() { _ = through.Close() })
	var asked atomic.Int64
	gate.Set(func(_ int, args []string) redistest.Answer {
		switch {
		case args[0] != "subscribe":
			return redistest.Answer{}
		case asked.Add(1) <= 3: // go-redis tries again by itself
			return redistest.Answer{Cut: true}
		}
		return redistest.Answer{Error: "NOPERM this user has no permissions to access one of the channels used as arguments"}
	})

	w := startWorker(t, through, Handlers{}, WorkerConfig{})

	require.Eventually(t, func() bool {
		return rdb.HGet(t.Context(), keys.Worker(w.Name()), "listens").Val() == "0"
	}, 10*time.Second, time.Millisecond)
	assert.LessOrEqual(t, asked.Load(), int64(6), "it is not asked again and again")
	w.stop(t)
}
