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

// A settler writes how jobs have ended. Those that end while it writes travel
// together in its next round trip. It never throws an outcome away: it tries again
// until the server has answered or the worker's time is over, while others go on.
type settler struct {
	db       *redis.Client
	payloads *payloads
	queue    chan *settling
	log      *slog.Logger
	large    sync.WaitGroup // settlements that hold up nobody else's
}

// A settling is one job to be settled.
type settling struct {
	scripts.Settle
	size    int
	instead func(reason string) scripts.Settle // fails the job, if this cannot be written
	done    chan settled

	tries   int            // that have failed
	due     time.Time      // of the next try
	maybe   bool           // the server may have done it in a try that failed
	outcome scripts.Settle // what came of the job
	failed  payloadTries
	refusal error // why the job is to fail instead
}

// settled is what has become of a settlement.
type settled struct {
	mine    bool  // the job was still in this execution
	refused error // why it was failed instead
	more    bool  // somebody has to go on with jobs that waited for one that has ended
}

const (
	// settleBytes is how much travels together; a larger settlement travels by itself.
	settleBytes = 256 << 10
	// settleSmall is a size that passes everywhere. What is larger holds up nobody else
	// after it has failed once, and its job fails if it is never taken.
	settleSmall = 64 << 10
)

func newSettler(db *redis.Client, large *payloads, concurrency int, log *slog.Logger) *settler {
	return &settler{db: db, payloads: large, queue: make(chan *settling, concurrency), log: log}
}

// submit hands over how a job has ended, and waits while too many are waiting. A
// large settlement is written here.
func (s *settler) submit(ctx context.Context, p scripts.Settle, instead func(reason string) scripts.Settle) <-chan settled {
	one := &settling{Settle: p, size: sizeOf(p), instead: instead, outcome: p, done: make(chan settled, 1)}
	if one.size <= settleBytes {
		s.queue <- one
	} else {
		s.writeAlone(ctx, one)
	}
	return one.done
}

// writeAlone writes a settlement that holds up nobody else's.
func (s *settler) writeAlone(ctx context.Context, p *settling) {
	for !s.write(ctx, []*settling{p}) {
		sleep(ctx, time.Until(p.due))
	}
}

// run writes until the queue is closed and all of it is written. When ctx ends, each
// has one more try.
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

// small returns those of a trip that are to be tried again. Those that are not small
// are tried again beside.
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

// next waits for settlements, and returns those to write now and those to try later.
func (s *settler) next(ctx context.Context, again []*settling, open bool) (batch, later []*settling, more bool) {
	queue, hurry := s.queue, ctx.Done()
	if !open {
		queue = nil // a closed one is ready at once
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

// firstDue fires when the first of the settlements is to be tried again.
func firstDue(again []*settling) <-chan time.Time {
	if len(again) == 0 {
		return nil
	}
	first := slices.MinFunc(again, func(a, b *settling) int { return a.due.Compare(b.due) })
	return time.After(time.Until(first.due))
}

// tripLength returns how many settlements travel together: one that has failed before
// may be what others fail for, and goes alone.
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

// write tries to settle jobs in one round trip, and reports whether all are dealt
// with. The due times of the others say when to try again.
func (s *settler) write(ctx context.Context, trip []*settling) bool {
	done, more, errs := s.send(ctx, trip)
	failures, all := map[string]int{}, true
	for i, p := range trip {
		switch err := errs[i]; {
		case err == nil:
			p.done <- s.settled(p, done[i], more)
			more = false // one goes on for all
		case ctx.Err() != nil || !s.planRetry(ctx, p, err):
			s.log.Error("rq: settle job: it is given up, and will be found abandoned", "job", p.ID, "error", err)
			p.due = time.Time{}
			p.done <- settled{}
		default:
			all = false
			failures[err.Error()]++
		}
	}
	for text, jobs := range failures {
		s.log.Error("rq: settle jobs: they are tried again", "jobs", jobs, "error", text)
	}
	return all
}

// send makes the round trip. What is not small has its own connection and time.
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

// settled says what has become of a settlement that the server has answered.
func (s *settler) settled(p *settling, done, more bool) settled {
	switch {
	case done:
		return settled{true, p.refusal, more}
	case p.maybe: // an earlier try was done, be it of the outcome or of the failure
		return settled{mine: true, more: more}
	}
	s.log.Warn("rq: what came of the job is dropped: it was deleted while it ran, or others have taken it over", "job", p.ID)
	return settled{more: more}
}

// planRetry decides when and how a settlement is tried planRetry. An error that nobody has
// seen before counts as one that passes. It reports false when not even the failure of
// the job can be written, because a key holds something else.
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
	case redisx.IsOutOfMemory(err): // it is not for the size
		p.Settle, p.size, p.refusal, p.failed = p.outcome, sizeOf(p.outcome), nil, payloadTries{}
	default:
		return !isForeign(err)
	}
	return true
}

// refusal returns why what came of a job cannot be written, or nil if it may be later.
func (s *settler) refusal(ctx context.Context, p *settling, err error) error {
	switch {
	case isForeign(err):
		return err
	case p.size > settleSmall || redisx.IsTooLarge(err):
		return s.payloads.refused(ctx, p.size, longestOf(p.Settle), err, &p.failed)
	}
	return nil
}

// sizeOf returns the bytes of what a settlement writes.
func sizeOf(p scripts.Settle) (n int) {
	for _, v := range slices.Concat(p.Result, p.Fields) {
		n += lengthOf(v)
	}
	return n
}

// longestOf returns the bytes of the longest value that a settlement writes.
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
