package rq

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// skewMost is how far a machine's clock may be from the server's before that is logged.
const skewMost = 5 * time.Second

// A skew watches how far this machine's clock is from the server's. Go's workers judge
// heartbeats by the server's clock only. RQ's workers judge them by their own clocks,
// and all workers write the times of jobs by their own clocks.
type skew struct {
	log    *slog.Logger
	logged time.Duration // the difference that was last logged
}

// measure reads the server's time once.
func (s *skew) measure(ctx context.Context, rdb redis.UniversalClient) {
	sent := clock()
	server, err := rdb.Time(ctx).Result()
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("rq: read the server's time", "error", err)
		}
		return
	}
	s.note(server, sent, clock())
}

// note compares the server's time with the times of the request and its reply. The
// round trip does not count as a difference.
func (s *skew) note(server, sent, received time.Time) {
	var differs time.Duration
	switch {
	case sent.Sub(server) > skewMost:
		differs = sent.Sub(server)
	case server.Sub(received) > skewMost:
		differs = received.Sub(server)
	}
	if (differs - s.logged).Abs() <= skewMost {
		return
	}
	s.logged = differs
	if differs == 0 {
		s.log.Info("rq: the clocks of this machine and of the server agree again")
		return
	}
	s.log.Warn("rq: the clocks of this machine and of the server differ: RQ's workers may treat running jobs as abandoned",
		"ahead", differs.Round(time.Second))
}
