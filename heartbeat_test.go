package rq

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/scripts"
)

// A mutedServer is a hook that answers heartbeats, or fails what is sent while it is
// down. Nothing reaches a network.
type mutedServer struct {
	mu    sync.Mutex
	down  bool
	beats []time.Time
}

func (s *mutedServer) DialHook(redis.DialHook) redis.DialHook {
	return func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }
}

func (s *mutedServer) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		c, ok := cmd.(*redis.Cmd)
		if !ok { // the server's clock
			return nil
		}
		s.beats = append(s.beats, time.Now())
		if s.down {
			c.SetErr(io.ErrUnexpectedEOF)
			return io.ErrUnexpectedEOF
		}
		c.SetVal([]any{int64(scripts.Registered), "0", "0"})
		return nil
	}
}

func (s *mutedServer) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

// sent returns how many heartbeats were sent since it was last asked.
func (s *mutedServer) sent(down bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.beats)
	s.beats, s.down = nil, down
	return n
}

// TestAFailedHeartbeatIsRetriedSoon: executions would be found abandoned before the next
// one is due.
func TestAFailedHeartbeatIsRetriedSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, rdb := new(mutedServer), redis.NewClient(&redis.Options{})
		defer func() { assert.NoError(t, rdb.Close()) }()
		rdb.AddHook(s)
		ctx, cancel := context.WithCancel(t.Context())
		h := &heartbeats{
			rdb: rdb, log: quiet, every: 10 * time.Minute, worker: "w", birth: "B", skew: &skew{log: quiet},
			executions: func() []*execution { return nil }, reclaim: func(context.Context) error { return nil },
		}
		var running sync.WaitGroup
		running.Go(func() { h.run(ctx) })

		time.Sleep(45 * time.Minute)
		require.Equal(t, 4, s.sent(true), "one every ten minutes")
		time.Sleep(6 * time.Minute) // of which the server is down for one
		failed := s.sent(false)
		assert.GreaterOrEqual(t, failed, 60/5)
		assert.LessOrEqual(t, failed, 60/5+6, "it backs off to five seconds")
		time.Sleep(5 * time.Second)
		assert.Equal(t, 1, s.sent(false), "it goes on at once")
		time.Sleep(time.Hour)
		assert.Equal(t, 6, s.sent(false))

		cancel()
		running.Wait()
	})
}
