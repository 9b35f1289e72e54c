package rq

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/wire"
)

// finish does what a worker does at the end of a job, as far as Await can see.
func finish(t *testing.T, rdb *redis.Client, id string, status Status, result wire.Result) {
	t.Helper()
	_, err := rdb.TxPipelined(context.WithoutCancel(t.Context()), func(p redis.Pipeliner) error {
		p.HSet(t.Context(), keys.Job(id), "status", string(status))
		p.XAdd(t.Context(), &redis.XAddArgs{Stream: keys.Results(id), Values: result.Fields()})
		return nil
	})
	require.NoError(t, err)
}

func returning(t *testing.T, v any) wire.Result {
	t.Helper()
	data, err := Pickle{}.Dumps(v)
	require.NoError(t, err)
	return wire.Result{Type: wire.Successful, ReturnValue: data}
}

// waitUntilBlocked returns when n clients block on a stream.
func waitUntilBlocked(t *testing.T, rdb *redis.Client, n int) {
	t.Helper()
	require.Eventually(t, func() bool {
		clients, err := rdb.ClientList(t.Context()).Result()
		return err == nil && countXRead(clients) >= n
	}, 10*time.Second, 2*time.Millisecond)
}

func countXRead(clients string) (n int) {
	for i := 0; i+len("cmd=xread") <= len(clients); i++ {
		if clients[i:i+len("cmd=xread")] == "cmd=xread" {
			n++
		}
	}
	return n
}

// awaited runs Await in a goroutine.
func awaited(ctx context.Context, j *Job) <-chan error {
	out := make(chan error, 1)
	go func() {
		n, err := Await[int](ctx, j)
		if err == nil && n != 42 {
			err = errors.New("not 42")
		}
		out <- err
	}()
	return out
}

func enqueued(t *testing.T, rdb *redis.Client, opts ...EnqueueOption) *Job {
	t.Helper()
	j, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("tasks.add", 40, 2), opts...)
	require.NoError(t, err)
	return j
}

func TestAwaitBlocksUntilTheResult(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	j := enqueued(t, rdb)
	commands := redistest.Commands(t, rdb)

	got := awaited(t.Context(), j)
	waitUntilBlocked(t, rdb, 1)
	finish(t, rdb, j.ID(), StatusFinished, returning(t, 42))

	assert.NoError(t, <-got)
	reads := 0
	for _, c := range commands() {
		if c.Args[0] == "xread" {
			reads++
		}
	}
	assert.Equal(t, 1, reads, "Await does not poll")
}

func TestAwaitAfterTheResult(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	j := enqueued(t, rdb)
	finish(t, rdb, j.ID(), StatusFinished, returning(t, 42))

	assert.NoError(t, <-awaited(t.Context(), j))
}

func TestAwaitOutcomes(t *testing.T) {
	t.Parallel()
	exc := "Traceback (most recent call last):\nValueError: no\n"
	for name, c := range map[string]struct {
		status Status
		result wire.Result
		check  func(t *testing.T, err error)
	}{
		"failed":               {StatusFailed, wire.Result{Type: wire.Failed, ExcString: &exc}, isFailed("ValueError: no")},
		"stopped":              {StatusStopped, wire.Result{Type: wire.Failed, ExcString: &exc}, isFailed("ValueError: no")},
		"max retries exceeded": {StatusFailed, wire.Result{Type: wire.MaxRetriesExceeded}, isFailed("it asked for more retries than it has")},
		"None for an int": {StatusFinished, wire.Result{Type: wire.Successful}, func(t *testing.T, err error) {
			assert.ErrorContains(t, err, "read return value of job")
		}},
		"JSON where pickle is expected": {
			StatusFinished, wire.Result{Type: wire.Successful, ReturnValue: []byte(`[42]`)},
			func(t *testing.T, err error) {
				assert.ErrorContains(t, err, "the bytes look like JSON: use that serializer for the queue")
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.New(t)
			j := enqueued(t, rdb)
			finish(t, rdb, j.ID(), c.status, c.result)

			c.check(t, <-awaited(t.Context(), j))
		})
	}
}

func isFailed(text string) func(*testing.T, error) {
	return func(t *testing.T, err error) {
		var failed *FailedError
		assert.ErrorAs(t, err, &failed)
		assert.ErrorContains(t, err, text)
	}
}

func TestAwaitIgnoresEarlierRunsAndRetries(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	j := enqueued(t, rdb)
	exc := "old"
	finish(t, rdb, j.ID(), StatusQueued, wire.Result{Type: wire.Failed, ExcString: &exc}) // and requeued

	got := awaited(t.Context(), j)
	waitUntilBlocked(t, rdb, 1)
	finish(t, rdb, j.ID(), StatusQueued, wire.Result{Type: wire.Retried})
	finish(t, rdb, j.ID(), StatusFinished, returning(t, 42))

	assert.NoError(t, <-got)
}

func TestAwaitOfWhatCannotCome(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	deleted, canceled, expired := enqueued(t, rdb), enqueued(t, rdb), enqueued(t, rdb)
	require.NoError(t, deleted.Delete(ctx))
	require.NoError(t, canceled.Cancel(ctx))
	require.NoError(t, rdb.HSet(ctx, keys.Job(expired.ID()), "status", "finished").Err())

	assert.ErrorIs(t, <-awaited(ctx, deleted), ErrNoSuchJob)
	assert.ErrorIs(t, <-awaited(ctx, canceled), ErrInvalidJobOperation)
	assert.ErrorIs(t, <-awaited(ctx, expired), ErrNoResult)
}

// TestAwaitEndsWithItsContext cancels many waits at every moment.
func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	j := enqueued(t, rdb)

	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%20)*time.Millisecond)
			defer cancel()
			assert.ErrorIs(t, <-awaited(ctx, j), context.DeadlineExceeded)
		})
	}
	wg.Wait()

	finish(t, rdb, j.ID(), StatusFinished, returning(t, 42))
	assert.NoError(t, <-awaited(t.Context(), j))
	assert.NoError(t, rdb.Ping(t.Context()).Err())
}

// TestAwaitMakesLostConnectionsAgain kills the connection that waits, twice, and
// then gives the result.
func TestAwaitMakesLostConnectionsAgain(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	j := enqueued(t, rdb)

	got := awaited(t.Context(), j)
	for range 2 {
		waitUntilBlocked(t, rdb, 1)
		require.NoError(t, rdb.ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes").Err())
	}
	waitUntilBlocked(t, rdb, 1)
	finish(t, rdb, j.ID(), StatusFinished, returning(t, 42))

	assert.NoError(t, <-got)
}

func TestUnreadableResult(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	j := enqueued(t, rdb)
	require.NoError(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: keys.Results(j.ID()), Values: []string{"type", "1", "return_value", "no base64"}}).Err())

	_, err := ResultOf[*int](ctx, j)
	_, value := j.ReturnValue(ctx)

	var unreadable *DeserializeError
	assert.ErrorAs(t, err, &unreadable)
	assert.ErrorAs(t, value, &unreadable)
	assert.NoError(t, j.DeleteResults(ctx))
	_, err = j.LatestResult(ctx)
	assert.ErrorIs(t, err, ErrNoResult)
}

func TestAwaitReportsALostServer(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, realServer(t))
	rdb := server.Client(t)
	j := enqueued(t, rdb)

	got := awaited(t.Context(), j)
	waitUntilBlocked(t, rdb, 1)
	server.Kill9()

	assert.ErrorContains(t, <-got, "await job "+j.ID())
}
