package rq

import (
	"context"
	"errors"
	"time"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// intermediateGrace is how long an id may stay in the intermediate queue. RQ's
// maintenance fails a job that is there for more than a minute, so ours comes earlier,
// by more than a look.
const intermediateGrace = 50 * time.Second

// intermediateMost is how many ids of an intermediate queue one look checks.
const intermediateMost = 1000

// cleanIntermediate recovers the jobs of workers that died between taking a job and
// starting it (rq/intermediate_queue.py IntermediateQueue.cleanup). RQ fails them; here
// the jobs that nobody started go back to the front of their queue. It notes when an id
// was first seen, for other workers, as RQ does.
func (m *maintenance) cleanIntermediate(ctx context.Context, queue string) error {
	due, err := m.stuckIDs(ctx, queue, true, func(s scripts.Stuck, at time.Time) (bool, error) {
		since, valid := notedSince(s, at)
		if !valid {
			return false, m.rdb.Set(ctx, keys.FirstSeen(queue, s.ID), wire.FormatUnix(at), scripts.FirstSeenTTL).Err()
		}
		return at.Sub(since) > m.grace, nil
	})
	if err != nil {
		return err
	}
	return m.recover(ctx, queue, due)
}

// notedSince returns when an id was first seen, if that is noted. RQ never removes the
// note, so it may be from an earlier run of the job. A note from before the job was
// last enqueued does not count.
func notedSince(s scripts.Stuck, at time.Time) (since time.Time, valid bool) {
	since, err := wire.ParseUnix(s.FirstSeen)
	enqueued, _ := wire.ParseTime(s.EnqueuedAt)
	return since, err == nil && (!since.Before(enqueued) || enqueued.After(at))
}

// stuckIDs returns the ids in the intermediate queue that are due, the last one first,
// and each once. It removes ids without a job. With note it notes new ids and goes
// through the whole list, otherwise only through the last intermediateMost. isDue gets
// the server's time.
func (m *maintenance) stuckIDs(
	ctx context.Context, queue string, note bool, isDue func(scripts.Stuck, time.Time) (bool, error),
) ([]scripts.Stuck, error) {
	known := map[string]bool{}
	var due []scripts.Stuck
	for behind := int64(0); note || behind < intermediateMost; {
		stretch, err := scripts.CleanIntermediate(ctx, m.rdb, queue, behind, jobChunk, note, "0")
		if err != nil || stretch.Seen == 0 {
			return due, err
		}
		at, err := wire.ParseUnix(stretch.Now)
		if err != nil {
			return nil, err
		}
		behind += stretch.Seen - stretch.Removed
		for _, s := range stretch.Stuck {
			if known[s.ID] {
				continue
			}
			known[s.ID] = true
			is, err := isDue(s, at)
			if err != nil {
				return nil, err
			}
			if is {
				due = append(due, s)
			}
		}
	}
	return due, nil
}

// recover handles the ids that can be settled without their queue, and puts the others
// back there.
func (m *maintenance) recover(ctx context.Context, queue string, due []scripts.Stuck) error {
	var waiting []scripts.Stuck
	var errs []error
	for _, s := range due {
		did, err := scripts.RecoverStuck(ctx, m.rdb, queue, s, scripts.Ask)
		if err == nil && did == scripts.Started {
			err = m.stuck(ctx, queue, s.ID)
		}
		if err != nil {
			errs = append(errs, wrapf(err, "recover job %s", s.ID))
		}
		if did == scripts.Asks {
			waiting = append(waiting, s)
		}
	}
	return errors.Join(append(errs, m.putBack(ctx, queue, waiting))...)
}

// putBack returns ids to the front of their queue, the last one first. An id that is
// already in the queue, because it was enqueued again, is only removed, since it would
// run twice.
func (m *maintenance) putBack(ctx context.Context, queue string, waiting []scripts.Stuck) error {
	if len(waiting) == 0 {
		return nil
	}
	queued, err := m.queued(ctx, queue, waiting)
	if err != nil {
		return err
	}
	for _, s := range waiting {
		how := scripts.PutBack
		if queued[s.ID] {
			how = scripts.TakeOut
		}
		did, err := scripts.RecoverStuck(ctx, m.rdb, queue, s, how)
		if err != nil {
			return wrapf(err, "put job %s back", s.ID)
		}
		if did == scripts.GoneBack {
			m.log.Warn("rq: put back a job that its worker did not start", "job", s.ID, "queue", queue)
		}
	}
	return nil
}

// queued returns which ids are in the queue. It reads from the end, because workers
// take from the front.
func (m *maintenance) queued(ctx context.Context, queue string, ids []scripts.Stuck) (map[string]bool, error) {
	in := make(map[string]bool, len(ids))
	for _, s := range ids {
		in[s.ID] = false
	}
	for behind := int64(0); ; behind += memberChunk {
		chunk, err := m.rdb.LRange(ctx, keys.Queue(queue), -behind-memberChunk, -behind-1).Result()
		if err != nil || len(chunk) == 0 {
			return in, err
		}
		for _, id := range chunk {
			if _, ok := in[id]; ok {
				in[id] = true
			}
		}
	}
}
