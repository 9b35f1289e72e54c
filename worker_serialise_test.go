package rq

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// A slowSerializer takes as long as a test says to write the text "slow".
type slowSerializer struct {
	Pickle
	begun, goOn chan struct{}
}

func (s slowSerializer) Dumps(v any) ([]byte, error) {
	if v == "slow" {
		close(s.begun)
		<-s.goOn
	}
	return s.Pickle.Dumps(v)
}

var slowHandlers = Handlers{
	"slow":  HandlerFunc(func(context.Context, *Job) (any, error) { return "slow", nil }),
	"quick": HandlerFunc(func(context.Context, *Job) (any, error) { return "quick", nil }),
}

func newSlowSerializer() slowSerializer {
	return slowSerializer{begun: make(chan struct{}), goOn: make(chan struct{})}
}

// TestResultThatIsNotSerialisedInTime fails its job with a reason, after a second, while
// others run.
func TestResultThatIsNotSerialisedInTime(t *testing.T) {
	t.Parallel()
	rdb, ser := redistest.New(t), newSlowSerializer()
	q := NewQueue(rdb, "default")
	_, err := q.Enqueue(t.Context(), Call("slow"), JobID("slow"), Timeout(time.Second))
	require.NoError(t, err)
	w := startWorker(t, rdb, slowHandlers, WorkerConfig{Serializer: ser, Concurrency: 2})
	wait(t, ser.begun)
	other, err := q.Enqueue(t.Context(), Call("quick"))
	require.NoError(t, err)
	value, err := Await[string](t.Context(), other)
	require.NoError(t, err)
	assert.Equal(t, "quick", value)
	assert.Equal(t, "started", rdb.HGet(t.Context(), keys.Job("slow"), "status").Val())

	text := untilFailed(t, rdb, "slow")

	assert.Contains(t, text, "was not serialised in time: Task exceeded maximum timeout value (1 seconds)")
	close(ser.goOn)
	w.stop(t)
	assertNoExecutions(t, rdb)
}

// TestShutdownWhileAResultIsSerialised: the worker ends, and the function does not run
// again, since it has returned.
func TestShutdownWhileAResultIsSerialised(t *testing.T) {
	t.Parallel()
	rdb, ser := redistest.New(t), newSlowSerializer()
	_, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("slow"), JobID("slow"))
	require.NoError(t, err)
	w := startWorker(t, rdb, slowHandlers, WorkerConfig{Serializer: ser, ShutdownTimeout: 100 * time.Millisecond})
	wait(t, ser.begun)
	w.cancel()

	err = w.result(t)

	var stuck *StuckError
	require.True(t, errors.As(err, &stuck), "%v", err)
	assert.Equal(t, "failed", rdb.HGet(t.Context(), keys.Job("slow"), "status").Val())
	assert.Zero(t, rdb.LLen(t.Context(), keys.Queue("default")).Val())
	close(ser.goOn)
	w.assertGone(t)
}
