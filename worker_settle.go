package rq

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A settler writes how jobs have ended. Those that end while it writes travel
// together in its next round trip. It never throws an outcome away: it tries again
// until the server has answered or the worker's time is over, while others go on.
type settler struct {
	db    *redis.Client
	queue chan *settling
	log   *slog.Logger
}

// A settling is one job to be settled.
type settling struct {
	scripts.Settle
	size    int
	instead func(reason string) scripts.Settle // fails the job, if this cannot be written
	done    chan settled

	tries   int       // that have failed
	due     time.Time // of the next try
	maybe   bool      // the server may have done it in a try that failed
	refusal error     // why the job is to fail instead; set once
}

// settled is what has become of a settlement.
type settled struct {
	mine    bool  // the job was still in this execution
	refused error // why it was failed instead
	more    bool  // somebody has to go on with jobs that waited for one that has ended
}

const (
	// settleBytes is how much travels together; a larger settlement travels by itself.
	settleBytes = 1 << 20
	// settleAttempts is how often a large settlement is tried that does not get
	// through although the server can be reached. Then its job fails.
	settleAttempts = 3
)

func newSettler(db *redis.Client, concurrency int, log *slog.Logger) *settler {
	return &settler{db: db, queue: make(chan *settling, concurrency), log: log}
}

// submit hands over how a job has ended, and waits while too many are waiting. A
// large settlement is written here, and holds up nobody else's.
func (s *settler) submit(ctx context.Context, p scripts.Settle, instead func(reason string) scripts.Settle) <-chan settled {
	one := &settling{Settle: p, size: sizeOf(p), instead: instead, done: make(chan settled, 1)}
	if one.size <= settleBytes {
		s.queue <- one
		return one.done
	}
	for !s.write(ctx, []*settling{one}) {
		sleep(ctx, time.Until(one.due))
	}
	return one.done
}

// sizeOf returns the bytes of what a settlement writes.
func sizeOf(p scripts.Settle) (n int) {
	for _, values := range [][]any{p.Result, p.Fields} {
		for _, v := range values {
			switch v := v.(type) {
			case string:
				n += len(v)
			case []byte:
				n += len(v)
			}
		}
	}
	return n
}

// run writes until the queue is closed and all of it is written. When ctx ends, each
// has one more try.
func (s *settler) run(ctx context.Context) {
	var again []*settling
	for open := true; open || len(again) > 0; {
		var batch []*settling
		batch, again, open = s.next(ctx, again, open)
		for len(batch) > 0 {
			trip := batch[:tripLength(batch)]
			batch = batch[len(trip):]
			if !s.write(ctx, trip) {
				again = append(again, slices.DeleteFunc(trip, func(p *settling) bool { return p.due.IsZero() })...)
			}
		}
	}
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
	settles := make([]scripts.Settle, len(trip))
	size := 0
	for i, p := range trip {
		settles[i], size = p.Settle, size+p.size
		if p.maybe && p.Fence == scripts.Own {
			settles[i].Fence = scripts.Sent
		}
		p.due = time.Time{}
	}
	db := s.db
	if size > settleBytes {
		db = db.WithTimeout(bytesTimeout(size, trip[0].tries))
	}
	done, more, errs := scripts.SettleJobs(ctx, db, settles)
	failures, all := map[string]int{}, true
	for i, p := range trip {
		switch err := errs[i]; {
		case err == nil:
			mine := done[i] || p.maybe
			if !mine {
				s.log.Warn("rq: what came of the job is dropped: it was deleted while it ran, or others have taken it over", "job", p.ID)
			}
			p.done <- settled{mine, p.refusal, more}
			more = false // one goes on for all
		case ctx.Err() != nil || !s.again(ctx, p, err):
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

// again decides when and how a settlement is tried again. An error that nobody has
// seen before counts as one that passes. It reports false when not even the failure of
// the job can be written, because a key holds something else.
func (s *settler) again(ctx context.Context, p *settling, err error) bool {
	p.maybe = p.maybe || redisx.FateOf(err) == redisx.Unknown
	p.due = time.Now().Add(min(firstBackOff<<min(p.tries, 10), lastBackOff))
	p.tries++
	if p.refusal != nil || p.instead == nil {
		return !isForeign(err)
	}
	switch {
	case isForeign(err):
		p.refusal = err
	case redisx.IsTooLarge(err):
		p.refusal = fmt.Errorf("%d bytes are more than Redis takes%s: %w", p.size, s.limit(ctx), err)
	case !isRefused(err) && p.size > settleSmall && p.tries >= settleAttempts && s.db.Ping(ctx).Err() == nil:
		p.refusal = fmt.Errorf("%d bytes do not reach Redis%s: %w", p.size, s.limit(ctx), err)
	default:
		return true
	}
	p.Settle = p.instead(fmt.Sprintf("The outcome of the job could not be written: %v", p.refusal))
	p.size, p.tries, p.due = sizeOf(p.Settle), 0, time.Now()
	return true
}

// settleSmall is a size that passes everywhere.
const settleSmall = 64 << 10

// limit tells the longest value that the server takes, if it says.
func (s *settler) limit(ctx context.Context) string {
	limits, err := s.db.ConfigGet(ctx, "proto-max-bulk-len").Result()
	n, bad := strconv.Atoi(limits["proto-max-bulk-len"])
	if err != nil || bad != nil {
		return ""
	}
	return fmt.Sprintf(" (its proto-max-bulk-len is %d)", n)
}
