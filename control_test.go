package rq

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// overhear listens as a worker does, under a name of its own: commands go to all
// databases of a server.
func overhear(t *testing.T, rdb *redis.Client) (worker string, heard <-chan *redis.Message) {
	t.Helper()
	worker = uuid.NewString()
	sub := rdb.Subscribe(t.Context(), "rq:pubsub:"+worker)
	t.Cleanup(func() { _ = sub.Close() })
	_, err := sub.Receive(t.Context())
	require.NoError(t, err)
	return worker, sub.Channel()
}

func TestCommandsAreRQs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	worker, heard := overhear(t, rdb)
	require.NoError(t, rdb.HSet(ctx, "rq:job:j", "data", "x", "status", "started", "worker_name", worker).Err())
	require.NoError(t, rdb.HSet(ctx, "rq:execution:j:e", "created_at", "1.5", "worker_name", worker).Err())
	for _, c := range []struct {
		send func() error
		want string
	}{
		{func() error { return SendShutdown(ctx, rdb, worker) }, `{"command": "shutdown"}`},
		{func() error { return SendKillHorse(ctx, rdb, worker) }, `{"command": "kill-horse"}`},
		{func() error { return SendStopJob(ctx, rdb, "j") }, `{"command": "stop-job", "job_id": "j"}`},
		{func() error { return SendStopExecution(ctx, rdb, "j", "e") }, `{"command": "stop-execution", "job_id": "j", "execution_id": "e"}`},
	} {
		require.NoError(t, c.send())
		select {
		case m := <-heard:
			assert.Equal(t, c.want, m.Payload)
		case <-time.After(10 * time.Second):
			t.Fatal("nothing came")
		}
	}
}

func TestCommandsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	nobody := uuid.NewString()
	for id, fields := range map[string][]any{
		"started":  {"data", "x", "status", "started", "worker_name", nobody},
		"nameless": {"data", "x", "status", "started", "worker_name", ""},
		"finished": {"data", "x", "status", "finished", "worker_name", nobody},
		"queued":   {"data", "x", "status", "queued"},
		"half":     {"status", "started", "worker_name", nobody},
	} {
		require.NoError(t, rdb.HSet(ctx, "rq:job:"+id, fields...).Err())
	}
	require.NoError(t, rdb.Set(ctx, "rq:job:text", "x", 0).Err())
	require.NoError(t, rdb.HSet(ctx, "rq:execution:started:dead", "worker_name", nobody).Err())
	require.NoError(t, rdb.HSet(ctx, "rq:execution:started:old", "created_at", "1.5").Err())
	for _, c := range []struct {
		name string
		err  error
		want error
	}{
		{"shutdown", SendShutdown(ctx, rdb, nobody), ErrNoSuchWorker},
		{"kill-horse", SendKillHorse(ctx, rdb, nobody), ErrNoSuchWorker},
		{"a job of a dead worker", SendStopJob(ctx, rdb, "started"), ErrNoSuchWorker},
		{"a job of no worker", SendStopJob(ctx, rdb, "nameless"), ErrInvalidJobOperation},
		{"a job that has ended", SendStopJob(ctx, rdb, "finished"), ErrInvalidJobOperation},
		{"a job that has not begun", SendStopJob(ctx, rdb, "queued"), ErrInvalidJobOperation},
		{"half a job", SendStopJob(ctx, rdb, "half"), ErrNoSuchJob},
		{"a job that is text", SendStopJob(ctx, rdb, "text"), ErrNoSuchJob},
		{"no job", SendStopJob(ctx, rdb, "none"), ErrNoSuchJob},
		{"no id", SendStopJob(ctx, rdb, ""), ErrNoSuchJob},
		{"an execution of a dead worker", SendStopExecution(ctx, rdb, "started", "dead"), ErrNoSuchWorker},
		{"an execution of an old worker", SendStopExecution(ctx, rdb, "started", "old"), ErrInvalidJobOperation},
		{"no execution", SendStopExecution(ctx, rdb, "started", "none"), ErrInvalidJobOperation},
	} {
		assert.ErrorIs(t, c.err, c.want, c.name)
	}
	var invalid *InvalidError
	assert.ErrorAs(t, SendShutdown(ctx, rdb, ""), &invalid)
}

// TestLostReplyOfACommand checks that a command is not sent twice when its reply
// is lost: the second could end another job.
func TestLostReplyOfACommand(t *testing.T) {
	t.Parallel()
	rdb := ownServer(t)
	worker, heard := overhear(t, rdb)
	through, _ := losing(t, rdb, func(args []string) bool { return args[0] == "publish" }, redistest.Answer{Lose: true})

	err := SendKillHorse(t.Context(), through, worker)

	require.Error(t, err)
	assert.NotErrorIs(t, err, ErrNoSuchWorker)
	require.NoError(t, rdb.Publish(context.WithoutCancel(t.Context()), "rq:pubsub:"+worker, "last").Err())
	assert.Equal(t, `{"command": "kill-horse"}`, (<-heard).Payload)
	assert.Equal(t, "last", (<-heard).Payload)
}
