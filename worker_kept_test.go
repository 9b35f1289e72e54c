package rq

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// TestAnOutcomeIsKeptWhateverTheServerSays has a function return while the server
// refuses, in each way and at each point, also in words that nobody has seen before. It
// has run once when the server takes its outcome. An answer of which nobody can know
// whether it comes from the server is like none.
func TestAnOutcomeIsKeptWhateverTheServerSays(t *testing.T) {
	t.Parallel()
	for _, p := range refusals() {
		if p.set == nil {
			continue // there would never be a connection
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			rdb := redistest.Real(t)
			gate := redistest.NewGate(t, rdb.Options().Addr)
			through := redis.NewClient(&redis.Options{Addr: gate.Addr, DB: rdb.Options().DB, MaxRetries: 1, DialerRetries: 1})
			t.Cleanup(func() { _ = through.Close() })
			var runs atomic.Int64
			running, goOn := make(chan struct{}), make(chan struct{})
			handlers := Handlers{"f": Func(func() string { runs.Add(1); close(running); <-goOn; return "receipt" })}
			j, err := NewQueue(rdb, "default").Enqueue(t.Context(), Call("f"), Retry{Max: 3})
			require.NoError(t, err)
			log := new(logBook)
			w := startWorker(t, through, handlers, WorkerConfig{Logger: log.logger()})
			<-running
			finished := func() bool { return rdb.HGet(t.Context(), keys.Job(j.ID()), "status").Val() == "finished" }

			gate.CutAll()
			p.set(gate)
			gate.CutAll() // those that were made in between
			close(goOn)
			require.Eventually(t, func() bool { return strings.Contains(log.String(), "settle") || finished() }, 10*time.Second, time.Millisecond)
			gate.Set(nil)

			require.Eventually(t, func() bool { return finished() }, 10*time.Second, time.Millisecond)
			w.stop(t)
			require.NoError(t, j.Refresh(t.Context()))
			assert.Equal(t, StatusFinished, j.Status())
			assert.EqualValues(t, 1, runs.Load())
			assert.EqualValues(t, 1, rdb.XLen(t.Context(), keys.Results(j.ID())).Val())
			assert.Equal(t, "1", rdb.HGet(t.Context(), keys.Worker(w.Name()), "successful_job_count").Val(), "how often its success was counted")
			assertNoExecutions(t, rdb)
		})
	}
}
