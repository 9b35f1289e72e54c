package rq

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// A maintenance cleans up after workers that died and jobs that expired
// (rq/worker/base.py BaseWorker.run_maintenance_tasks). It shares the work, and RQ's
// locks, with workers in Python. It runs beside the worker's jobs, in steps that are
// short for Redis however much there is to clean.
//
// Rounds are RQ's: they are rare and clean everything. Between rounds it looks every
// few seconds for jobs that a dead worker has left behind.
type maintenance struct {
	rdb    redis.UniversalClient
	queues []string
	every  time.Duration // between rounds
	look   time.Duration // between looks
	grace  time.Duration // how long an id may be in the intermediate queue
	lock   time.Duration // how long a lock outlives its owner
	log    *slog.Logger
	sweep  <-chan struct{} // asks for a look, because a heartbeat has expired
	// abandoned ends the executions of a queue whose heartbeats have expired.
	abandoned func(ctx context.Context, queue string) error
	// stuck takes over a job that was started but has no execution, and fails or
	// retries it.
	stuck func(ctx context.Context, queue, id string) error
	// ended waits for the callbacks of abandoned jobs that run.
	ended func()
	// first is closed when the first round has ended, which a burst waits for.
	first chan struct{}

	seen    map[string]sightings // by queue, in its intermediate queue
	limits  string               // the cursor of the looks at rate limits
	workers int64                // how many workers share these looks
}

const (
	// cleaningLockTTL is how long the lock of a round outlives a dead worker. RQ's
	// lasts for 899 s, but RQ only tests whether the lock exists.
	cleaningLockTTL = 20 * time.Second
	// lookInterval is the time between looks.
	lookInterval = 5 * time.Second
	// maintenanceStart is how long the first jobs wait for the first round, which RQ
	// runs before them.
	maintenanceStart = 500 * time.Millisecond
)

// run does rounds and looks until ctx ends, and returns when the callbacks of abandoned
// jobs have ended.
func (m *maintenance) run(ctx context.Context) {
	var rounds sync.WaitGroup
	rounds.Go(func() { m.rounds(ctx) })
	ticker := time.NewTicker(m.look)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			m.report(ctx, "look for jobs left behind", m.lookAround(ctx))
			m.report(ctx, "enqueue dependents", m.releaseDependents(ctx))
		case <-m.sweep:
			m.report(ctx, "look for abandoned jobs", m.lookAround(ctx))
		}
	}
	rounds.Wait()
	m.ended()
}

// rounds does a round at once, and then one per interval.
func (m *maintenance) rounds(ctx context.Context) {
	ticker := time.NewTicker(m.every)
	defer ticker.Stop()
	m.report(ctx, "clean registries", m.clean(ctx))
	m.ended()
	close(m.first)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.report(ctx, "clean registries", m.clean(ctx))
		}
	}
}

func (m *maintenance) report(ctx context.Context, doing string, err error) {
	if err != nil && ctx.Err() == nil {
		m.log.Error("rq: "+doing, "error", err)
	}
}

// clean does one round. After a failure it still cleans the rest.
func (m *maintenance) clean(ctx context.Context) error {
	var parts []func() error
	for _, queue := range m.queues {
		parts = append(parts, func() error { return wrapf(m.cleanQueue(ctx, queue), "clean queue %s", queue) })
	}
	return inTurn(ctx, append(parts,
		func() error { return wrapf(m.releaseDependents(ctx), "enqueue dependents") },
		func() error { return wrapf(m.cleanWorkers(ctx, keys.Workers), "clean workers") },
		func() error { return wrapf(m.cleanRateLimits(ctx), "clean rate limits") },
		func() error { return wrapf(m.cleanGroups(ctx), "clean groups") },
	)...)
}

// releaseDependents enqueues the dependents of a job that has ended, where a worker or
// a client did not finish doing so.
func (m *maintenance) releaseDependents(ctx context.Context) error {
	return scripts.ReleaseAllDependents(ctx, m.rdb, moment(now()))
}

// inTurn calls all parts until ctx ends, and returns their errors.
func inTurn(ctx context.Context, parts ...func() error) error {
	var errs []error
	for _, part := range parts {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, context.Cause(ctx))...)
		}
		if err := part(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// cleanQueue cleans up a queue, which one worker at a time may do (rq/registry.py
// clean_registries). Deferred jobs do not expire.
func (m *maintenance) cleanQueue(ctx context.Context, queue string) error {
	return m.locked(ctx, keys.CleaningLock(queue), 0, func(ctx context.Context) error {
		return inTurn(ctx,
			func() error { return wrapf(m.forgetExpired(ctx, keys.Finished(queue)), "clean finished jobs") },
			func() error { return wrapf(m.abandoned(ctx, queue), "clean started jobs") },
			func() error { return wrapf(m.forgetExpired(ctx, keys.Failed(queue)), "clean failed jobs") },
			func() error { return wrapf(m.enqueueReady(ctx, queue), "clean ready jobs") },
			func() error { return wrapf(m.cleanWorkers(ctx, keys.QueueWorkers(queue)), "clean workers") },
			func() error { return wrapf(m.cleanIntermediate(ctx, queue), "clean intermediate queue") },
		)
	})
}

func (m *maintenance) forgetExpired(ctx context.Context, registry string) error {
	_, err := m.cleanExpired(ctx, registry)
	return err
}

// cleanExpired removes the expired entries of a registry, and returns how many.
func (m *maintenance) cleanExpired(ctx context.Context, registry string) (removed int, err error) {
	for {
		n, err := scripts.CleanExpired(ctx, m.rdb, registry, scripts.ServerTime, expiredChunk)
		removed += int(n)
		if err != nil || n < expiredChunk {
			return removed, err
		}
	}
}

func (m *maintenance) enqueueReady(ctx context.Context, queue string) error {
	_, stay, err := m.cleanReady(ctx, queue)
	if stay > 0 {
		m.log.Warn("rq: cannot enqueue ready jobs", "queue", queue, "jobs", stay)
	}
	return err
}

// cleanReady enqueues jobs whose dependencies are met but which did not reach their
// queue (rq/registry.py ReadyJobRegistry.cleanup). It returns how many left the
// registry, and how many could not be enqueued.
func (m *maintenance) cleanReady(ctx context.Context, queue string) (left, stay int, err error) {
	for {
		seen, kept, err := scripts.CleanReady(ctx, m.rdb, queue, int64(stay), jobChunk, serverMoment(now()))
		left += int(seen - kept)
		stay += int(kept)
		if err != nil || seen < jobChunk {
			return left, stay, err
		}
	}
}

// cleanWorkers removes workers whose hash is gone from a set (rq/worker_registration.py
// clean_worker_registry). RQ removes those that no queue lists only when somebody lists
// all workers.
func (m *maintenance) cleanWorkers(ctx context.Context, set string) error {
	for workers, err := range m.members(ctx, set) {
		if err != nil {
			return err
		}
		if len(workers) == 0 {
			continue
		}
		if _, err := scripts.CleanWorkers(ctx, m.rdb, set, workers); err != nil {
			return err
		}
	}
	return nil
}

// cleanGroups removes the ids of deleted jobs from their groups, and empty groups
// (rq/group.py Group.clean_registries). As in RQ one worker does it per interval: the
// lock is left to expire.
func (m *maintenance) cleanGroups(ctx context.Context) error {
	interval := max(m.every.Truncate(time.Second)-time.Second, time.Second)
	return m.locked(ctx, keys.GroupsCleaning, interval, func(ctx context.Context) error {
		return m.eachMember(ctx, keys.Groups, "group", m.cleanGroup)
	})
}

func (m *maintenance) cleanGroup(ctx context.Context, name string) error {
	for ids, err := range m.members(ctx, keys.Group(name)) {
		if err != nil {
			return err
		}
		if _, err := scripts.CleanGroup(ctx, m.rdb, name, ids); err != nil {
			return err
		}
	}
	return nil
}

// cleanRateLimits frees the slots of jobs that no longer need them (rq/rate_limit.py
// RateLimitRegistry.cleanup).
func (m *maintenance) cleanRateLimits(ctx context.Context) error {
	return m.eachMember(ctx, keys.RateLimits, "rate limit", m.cleanRateLimit)
}

func (m *maintenance) cleanRateLimit(ctx context.Context, key string) error {
	for skip := int64(0); ; {
		kept, more, err := scripts.CleanRateLimit(ctx, m.rdb, key, skip, jobChunk, serverMoment(now()))
		if err != nil || !more {
			return err
		}
		skip += kept
	}
}

// eachMember calls clean with each member of a set.
func (m *maintenance) eachMember(ctx context.Context, set, what string, clean func(context.Context, string) error) error {
	for names, err := range m.members(ctx, set) {
		if err != nil {
			return err
		}
		if err := m.eachOf(ctx, names, what, clean); err != nil {
			return err
		}
	}
	return nil
}

// eachOf calls clean with each name. A name whose keys hold something that is not RQ's
// is logged and left alone.
func (m *maintenance) eachOf(ctx context.Context, names []string, what string, clean func(context.Context, string) error) error {
	for _, name := range names {
		switch err := clean(ctx, name); {
		case isForeign(err):
			m.log.Warn("rq: cannot clean a "+what, "name", name, "error", err)
		case err != nil:
			return wrapf(err, "%s %s", what, name)
		}
	}
	return nil
}

// members yields the members of a set in chunks. The last one may be empty.
func (m *maintenance) members(ctx context.Context, set string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for cursor := uint64(0); ; {
			chunk, next, err := m.rdb.SScan(ctx, set, cursor, "", memberChunk).Result()
			if !yield(chunk, err) || err != nil || next == 0 {
				return
			}
			cursor = next
		}
	}
}
