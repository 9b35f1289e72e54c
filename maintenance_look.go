package rq

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rqgo/rq/internal/scripts"
)

const (
	// limitLook is how many rate limits one look looks at, about.
	limitLook = 100
	// limitSharers is among how many workers the looks at rate limits are shared, at
	// the most: those of others may be written in Python, which looks at none.
	limitSharers = 8
)

// lookAround looks at the places where jobs may have been left. It costs a few
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

// lookAtLimits cleans a few of the rate limits that jobs wait for, and goes on with
// the next ones the next time. The workers share this by chance: it needs no lock.
func (m *maintenance) lookAtLimits(ctx context.Context) error {
	if m.workers > 1 && rand.Int64N(min(m.workers, limitSharers)) > 0 {
		m.workers-- // it may have been counted long ago
		return nil
	}
	limits, workers, next, err := scripts.LookLimits(ctx, m.rdb, orZero(m.limits), limitLook)
	if err != nil {
		return err
	}
	m.limits, m.workers = next, workers
	return m.eachOf(ctx, limits, "rate limit", m.cleanRateLimit)
}

// orZero returns a cursor, which begins at "0".
func orZero(cursor string) string {
	if cursor == "" {
		return "0"
	}
	return cursor
}

// sightings are the ids of an intermediate queue that no execution has, since when.
// One that was enqueued again since is another sighting.
type sightings map[scripts.Stuck]time.Time

// watchIntermediate recovers the ids that have been in the intermediate queue of a
// queue for too long, by what this worker has seen or what others have noted. It
// notes nothing: RQ never forgets a note, and fails a job that passes by again.
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
