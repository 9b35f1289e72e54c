package rq

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rqgo/rq/internal/scripts"
)

const (
	// limitLook is roughly how many rate limits one look checks.
	limitLook = 100
	// limitSharers is the most workers that share the looks at rate limits. Some of the
	// workers counted may be in Python, which do not look.
	limitSharers = 8
)

// lookAround looks in all places where a dead worker may have left jobs. It costs a few
// commands when there are none.
func (m *maintenance) lookAround(ctx context.Context) error {
	var parts []func() error
	for queues := range slices.Chunk(m.queues, infoChunk) {
		parts = append(parts, func() error { return m.lookAt(ctx, queues) })
	}
	return inTurn(ctx, append(parts, func() error { return wrapf(m.lookAtLimits(ctx), "clean rate limits") })...)
}

func (m *maintenance) lookAt(ctx context.Context, queues []string) error {
	looks, err := scripts.LookQueues(ctx, m.rdb, queues, scripts.ServerTime)
	if err != nil {
		return err
	}
	var parts []func() error
	for i, queue := range queues {
		look := looks[i]
		if look.Abandoned {
			parts = append(parts, func() error { return wrapf(m.abandoned(ctx, queue), "clean started jobs of %s", queue) })
		}
		if look.Ready > 0 {
			parts = append(parts, func() error {
				_, _, err := m.cleanReady(ctx, queue)
				return wrapf(err, "clean ready jobs of %s", queue)
			})
		}
		if look.Taken > 0 {
			parts = append(parts, func() error { return wrapf(m.watchIntermediate(ctx, queue), "clean intermediate queue of %s", queue) })
		} else {
			delete(m.seen, queue)
		}
	}
	return inTurn(ctx, parts...)
}

// lookAtLimits cleans a few of the rate limits that jobs wait for, and continues with
// the next ones the next time. The workers share this work at random, without a lock.
func (m *maintenance) lookAtLimits(ctx context.Context) error {
	if m.workers > 1 && rand.Int64N(min(m.workers, limitSharers)) > 0 {
		m.workers-- // the count may be old
		return nil
	}
	limits, workers, next, err := scripts.LookLimits(ctx, m.rdb, orZero(m.limits), limitLook)
	if err != nil {
		return err
	}
	m.limits, m.workers = next, workers
	return m.eachOf(ctx, limits, "rate limit", m.cleanRateLimit)
}

// orZero returns the cursor, or "0" to begin.
func orZero(cursor string) string {
	if cursor == "" {
		return "0"
	}
	return cursor
}

// sightings are the ids in an intermediate queue without an execution, and since when.
// An id that was enqueued again meanwhile is a new sighting.
type sightings map[scripts.Stuck]time.Time

// watchIntermediate recovers the ids that have been in a queue's intermediate queue for
// too long, as this worker has seen or others have noted. It writes no notes: RQ never
// removes a note, and fails the job when it is in the intermediate queue again.
func (m *maintenance) watchIntermediate(ctx context.Context, queue string) error {
	before, seen := m.seen[queue], sightings{}
	if m.seen == nil {
		m.seen = map[string]sightings{}
	}
	m.seen[queue] = seen
	due, err := m.stuckIDs(ctx, queue, false, func(s scripts.Stuck, at time.Time) (bool, error) {
		id := scripts.Stuck{ID: s.ID, EnqueuedAt: s.EnqueuedAt}
		since, known := before[id]
		if !known {
			since = time.Now()
		}
		seen[id] = since
		noted, valid := notedSince(s, at)
		return time.Since(since) > m.grace || (valid && at.Sub(noted) > m.grace), nil
	})
	if err != nil {
		return err
	}
	return m.recover(ctx, queue, due)
}
