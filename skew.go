package rq

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// skewMost is by how much the clock of a machine may differ from the server's before
// that is logged.
const skewMost = 5 * time.Second

// A skew watches by how much the clock of this machine differs from the server's.
// Go's workers compare heartbeats by the server's clock only. But RQ's compare them by
// their own, and all stamp jobs by their own.
type skew struct {
	log    *slog.Logger
	logged time.Duration // as it was logged last
}

// measure asks the server for its time.
func (s *skew) measure(ctx context.Context, rdb redis.UniversalClient) {
	sent := clock()
	server, err := rdb.Time(ctx).Result()
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("rq: ask the server for its time", "error", err)
		}
		return
	}
	s.note(server, sent, clock())
}

// note compares the server's time with that of the request and of its reply. The way
// there and back is not counted as a difference.
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
		s.log.Info("rq: the clock of this machine is that of the server again")
		return
	}
	s.log.Warn("rq: the clock of this machine is wrong, or the server's: RQ's workers may take running jobs for abandoned",
		"ahead", differs.Round(time.Second))
}
