package rq

import (
	"context"
	"log/slog"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/scripts"
)

// A settler writes what came of jobs. Those that end while it writes travel
// together in its next round trip.
type settler struct {
	db    redis.UniversalClient
	queue chan settling
	log   *slog.Logger
}

// A settling is one job to be settled.
type settling struct {
	scripts.Settle
	done chan bool // gets whether the job was still in this execution
	// sent is whether the server may have settled it in an earlier try.
	sent bool
}

func newSettler(db redis.UniversalClient, concurrency int, log *slog.Logger) *settler {
	return &settler{db: db, queue: make(chan settling, concurrency), log: log}
}

// submit hands over a job, and waits while too many are waiting.
func (s *settler) submit(p scripts.Settle) <-chan bool {
	done := make(chan bool, 1)
	s.queue <- settling{Settle: p, done: done}
	return done
}

// run writes until the queue is closed. When ctx ends, it gives up what it
// cannot write: others will find those jobs abandoned.
func (s *settler) run(ctx context.Context) {
	for first := range s.queue {
		batch := []settling{first}
	more:
		for len(batch) < settleMost {
			select {
			case next, ok := <-s.queue:
				if !ok {
					break more
				}
				batch = append(batch, next)
			default:
				break more
			}
		}
		s.settle(ctx, batch)
	}
}

// settle writes a batch. To do so twice does no harm, so it repeats until the
// server has answered.
func (s *settler) settle(ctx context.Context, batch []settling) {
	for failures := 0; len(batch) > 0; failures++ {
		var again []settling
		var last error
		for i, err := range s.write(ctx, batch) {
			switch {
			case err == nil:
			case ctx.Err() == nil && isPassing(err):
				batch[i].sent = true
				again, last = append(again, batch[i]), err
			default:
				s.log.Error("rq: settle job: it will be found abandoned", "job", batch[i].ID, "error", err)
				batch[i].done <- false
			}
		}
		if batch = again; len(batch) > 0 {
			d := min(firstBackOff<<min(failures, 10), lastBackOff)
			s.log.Error("rq: settle jobs", "jobs", len(batch), "error", last, "again in", d)
			sleep(ctx, d)
		}
	}
}

// write sends a batch once and returns the error of each.
func (s *settler) write(ctx context.Context, batch []settling) []error {
	settles := make([]scripts.Settle, len(batch))
	for i := range batch {
		settles[i] = batch[i].Settle
	}
	done, errs := scripts.SettleJobs(ctx, s.db, settles)
	for i := range batch {
		if errs[i] == nil {
			batch[i].done <- done[i] || batch[i].sent
		}
	}
	return errs
}
