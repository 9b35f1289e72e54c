package rq

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A settler writes the outcomes of jobs. Outcomes that arrive while it writes share its
// next round trip. It never drops an outcome: it retries until the server has replied or
// the worker must end, and does not hold up others.
type settler struct {
	db       *redis.Client
	payloads *payloads
	queue    chan *settling
	log      *slog.Logger
	large    sync.WaitGroup // settlements that are written by themselves
}

// A settling is one job to be settled.
type settling struct {
	scripts.Settle
	size    int
	instead func(reason string) scripts.Settle // fails the job if this cannot be written
	done    chan settled

	tries   int            // failed tries
	due     time.Time      // time of the next try
	maybe   bool           // a try whose reply was lost may have written it
	outcome scripts.Settle // of the job, before refusal
	failed  payloadTries
	refusal error // why the job is to fail instead
}

// settled is the result of a settlement.
type settled struct {
	mine    bool  // the job was still in this execution
	refused error // why it was failed instead
	more    bool  // dependents are left to be enqueued
}

const (
	// settleBytes is the most bytes of a round trip; a larger settlement is sent alone.
	settleBytes = 256 << 10
	// settleSmall is a size that every server accepts. A larger settlement is written by
	// itself after its first failure, and its job fails if the server never accepts it.
	settleSmall = 64 << 10
)

func newSettler(db *redis.Client, large *payloads, concurrency int, log *slog.Logger) *settler {
	return &settler{db: db, payloads: large, queue: make(chan *settling, concurrency), log: log}
}

// submit queues the outcome of a job, and blocks while the queue is full. It writes a large
// settlement itself.
func (s *settler) submit(ctx context.Context, p scripts.Settle, instead func(reason string) scripts.Settle) <-chan settled {
	one := &settling{Settle: p, size: sizeOf(p), instead: instead, outcome: p, done: make(chan settled, 1)}
	if one.size <= settleBytes {
		s.queue <- one
	} else {
		s.writeAlone(ctx, one)
	}
	return one.done
}

// writeAlone writes one settlement by itself, until it is dealt with.
func (s *settler) writeAlone(ctx context.Context, p *settling) {
	for !s.write(ctx, []*settling{p}) {
		sleep(ctx, time.Until(p.due))
	}
}

// run writes settlements until the queue is closed and empty. When ctx ends, each has one
// more try.
func (s *settler) run(ctx context.Context) {
	defer s.large.Wait()
	var again []*settling
	for open := true; open || len(again) > 0; {
		var batch []*settling
		batch, again, open = s.next(ctx, again, open)
		for len(batch) > 0 {
			trip := batch[:tripLength(batch)]
			batch = batch[len(trip):]
			if !s.write(ctx, trip) {
				again = append(again, s.small(ctx, trip)...)
			}
		}
	}
}

// small returns the small settlements of a trip that are to be retried. It retries large
// ones in the background.
func (s *settler) small(ctx context.Context, trip []*settling) []*settling {
	return slices.DeleteFunc(trip, func(p *settling) bool {
		large := p.size > settleSmall && !p.due.IsZero()
		if large {
			s.large.Go(func() {
				sleep(ctx, time.Until(p.due))
				s.writeAlone(ctx, p)
			})
		}
		return large || p.due.IsZero()
	})
}

// next waits for settlements, and returns those to write now and those to write later.
func (s *settler) next(ctx context.Context, again []*settling, open bool) (batch, later []*settling, more bool) {
	queue, hurry := s.queue, ctx.Done()
	if !open {
		queue = nil // a closed channel is always ready
	}
	if len(again) == 0 {
		hurry = nil
	}
	select {
	case p, ok := <-queue:
		if open = ok; ok {
			batch = append(batch, p)
		}
	case <-firstDue(again):
	case <-hurry:
	}
	for open && len(batch) < settleMost && len(s.queue) > 0 {
		batch = append(batch, <-s.queue)
	}
	for _, p := range again {
		if ctx.Err() != nil || !time.Now().Before(p.due) {
			batch = append(batch, p)
		} else {
			later = append(later, p)
		}
	}
	return batch, later, open
}

// firstDue fires when the first retry is due.
func firstDue(again []*settling) <-chan time.Time {
	if len(again) == 0 {
		return nil
	}
	first := slices.MinFunc(again, func(a, b *settling) int { return a.due.Compare(b.due) })
	return time.After(time.Until(first.due))
}

// tripLength returns how many settlements share the next round trip. One that has failed
// may make others fail, and is sent alone.
func tripLength(batch []*settling) int {
	n, bytes := 0, 0
	for n < len(batch) && n < settleMost {
		bytes += batch[n].size
		if n > 0 && (bytes > settleBytes || batch[n].tries > 0) {
			break
		}
		if n++; batch[n-1].tries > 0 {
			break
		}
	}
	return n
}

// write tries to settle jobs in one round trip, and reports whether all are dealt with.
// The others have the time of their next try in due.
func (s *settler) write(ctx context.Context, trip []*settling) bool {
	done, more, errs := s.send(ctx, trip)
	failures, all := map[string]int{}, true
	for i, p := range trip {
		switch err := errs[i]; {
		case err == nil:
			p.done <- s.settled(p, done[i], more)
			more = false // one caller enqueues the dependents of all
		case ctx.Err() != nil || !s.planRetry(ctx, p, err):
			s.log.Error("rq: giving up settling a job, which will be found abandoned", "job", p.ID, "error", err)
			p.due = time.Time{}
			p.done <- settled{}
		default:
			all = false
			failures[err.Error()]++
		}
	}
	for text, jobs := range failures {
		s.log.Error("rq: settle jobs: will retry", "jobs", jobs, "error", text)
	}
	return all
}

// send makes the round trip. Large settlements have a connection and a timeout of their own.
func (s *settler) send(ctx context.Context, trip []*settling) (done []bool, more bool, errs []error) {
	settles := make([]scripts.Settle, len(trip))
	for i, p := range trip {
		settles[i] = p.Settle
		if p.maybe && p.Fence == scripts.Own {
			settles[i].Fence = scripts.Sent
		}
		p.due = time.Time{}
	}
	first := trip[0]
	if first.size <= settleBytes && (first.tries == 0 || first.size <= settleSmall) {
		return scripts.SettleJobs(ctx, s.db, settles)
	}
	_, err := s.payloads.carry(ctx, first.size, first.failed.unanswered, func(db *redis.Client) error {
		done, more, errs = scripts.SettleJobs(ctx, db, settles)
		return nil
	})
	if err != nil {
		return make([]bool, len(trip)), false, slices.Repeat([]error{err}, len(trip))
	}
	return done, more, errs
}

// settled returns the result of a settlement that the server has answered.
func (s *settler) settled(p *settling, done, more bool) settled {
	switch {
	case done:
		return settled{true, p.refusal, more}
	case p.maybe: // an earlier try has written the outcome or the failure
		return settled{mine: true, more: more}
	}
	s.log.Warn("rq: the outcome of the job is dropped: it was deleted while it ran, or another worker has taken it over", "job", p.ID)
	return settled{more: more}
}

// planRetry decides when and how to retry a settlement. An unknown error counts as
// temporary. It reports false when not even the failure of the job can be written, because
// a key has the wrong type.
func (s *settler) planRetry(ctx context.Context, p *settling, err error) bool {
	p.maybe = p.maybe || redisx.FateOf(err) == redisx.Unknown
	p.due = time.Now().Add(backOff(p.tries))
	p.tries++
	switch {
	case p.instead == nil:
		return !isForeign(err)
	case p.refusal == nil:
		if p.refusal = s.refusal(ctx, p, err); p.refusal != nil {
			p.Settle = p.instead(fmt.Sprintf("The outcome of the job could not be written: %v", p.refusal))
			p.size, p.due = sizeOf(p.Settle), time.Now()
		}
	case redisx.IsOutOfMemory(err): // the size is not the reason
		p.Settle, p.size, p.refusal, p.failed = p.outcome, sizeOf(p.outcome), nil, payloadTries{}
	default:
		return !isForeign(err)
	}
	return true
}

// refusal returns why an outcome can never be written, or nil if it may be later.
func (s *settler) refusal(ctx context.Context, p *settling, err error) error {
	switch {
	case isForeign(err):
		return err
	case p.size > settleSmall || redisx.IsTooLarge(err):
		return s.payloads.refused(ctx, p.size, longestOf(p.Settle), err, &p.failed)
	}
	return nil
}

// sizeOf returns how many bytes a settlement writes.
func sizeOf(p scripts.Settle) (n int) {
	for _, v := range slices.Concat(p.Result, p.Fields) {
		n += lengthOf(v)
	}
	return n
}

// longestOf returns the size of the longest value that a settlement writes.
func longestOf(p scripts.Settle) (n int) {
	for _, v := range slices.Concat(p.Result, p.Fields) {
		n = max(n, lengthOf(v))
	}
	return n
}

func lengthOf(value any) int {
	switch v := value.(type) {
	case string:
		return len(v)
	case []byte:
		return len(v)
	}
	return 0
}
