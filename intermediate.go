package rq

import (
	"context"
	"errors"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// cleanIntermediate recovers the jobs of workers that died between taking a job
// and starting it (rq/intermediate_queue.py IntermediateQueue.cleanup). RQ fails
// them; here those that nobody has started go back to the front of their queue.
func (m *maintenance) cleanIntermediate(ctx context.Context, queue string) error {
	due, err := m.dueIDs(ctx, queue)
	if err != nil || len(due) == 0 {
		return err
	}
	var waiting []scripts.Stuck
	var errs []error
	for _, s := range due {
		asks, err := m.rescue(ctx, queue, s)
		if err != nil {
			errs = append(errs, wrapf(err, "recover job %s", s.ID))
		}
		if asks {
			waiting = append(waiting, s)
		}
	}
	return errors.Join(append(errs, m.putBack(ctx, queue, waiting))...)
}

// dueIDs returns the ids that have been in the intermediate queue for too long,
// the last one first, and each once. On the way it notes those that are new, and
// removes those without a job.
func (m *maintenance) dueIDs(ctx context.Context, queue string) ([]scripts.Stuck, error) {
	known := map[string]bool{}
	var due []scripts.Stuck
	for behind := int64(0); ; {
		seen, removed, stuck, err := scripts.CleanIntermediate(ctx, m.rdb, queue, behind, jobChunk, wire.FormatUnix(now()))
		if err != nil || seen == 0 {
			return due, err
		}
		behind += seen - removed
		for _, s := range stuck {
			if known[s.ID] {
				continue
			}
			known[s.ID] = true
			is, err := m.isDue(ctx, queue, s)
			if err != nil {
				return nil, err
			}
			if is {
				due = append(due, s)
			}
		}
	}
}

// isDue reports whether an id was first seen too long ago. RQ never forgets when
// that was: the time may be that of an earlier run of a job, and its id may have
// been taken from the queue just now. Then it is as if it was first seen now.
func (m *maintenance) isDue(ctx context.Context, queue string, s scripts.Stuck) (bool, error) {
	t := now()
	since, err := wire.ParseUnix(s.FirstSeen)
	enqueued, _ := wire.ParseTime(s.EnqueuedAt)
	if err != nil || (since.Before(enqueued) && !enqueued.After(t)) {
		return false, m.rdb.Set(ctx, keys.FirstSeen(queue, s.ID), wire.FormatUnix(t), scripts.FirstSeenTTL).Err()
	}
	return t.Sub(since) > m.grace, nil
}

// rescue does what can be done for an id without its queue, and reports whether
// it would have to go back there.
func (m *maintenance) rescue(ctx context.Context, queue string, s scripts.Stuck) (asks bool, err error) {
	did, err := scripts.RecoverStuck(ctx, m.rdb, queue, s, scripts.Ask)
	if err != nil || did != scripts.Started {
		return did == scripts.Asks, err
	}
	if err := m.stuck(ctx, queue, s.ID); err != nil {
		return false, err
	}
	_, err = scripts.RecoverStuck(ctx, m.rdb, queue, s, scripts.TakeOut)
	return false, err
}

// putBack returns ids to the front of their queue, the last one first. One that
// is in the queue already, because it was enqueued again, would run twice.
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

// queued returns which ids are in the queue. It reads from the end, because the
// front is where others take from.
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
