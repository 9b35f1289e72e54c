package rq

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

const (
	schedulerInterval = time.Second
	schedulerLockTTL  = 61 // seconds, as in RQ with its default interval

	// schedulerBeat is the time between renewals of the locks. RQ renews them on every
	// pass; here each pass checks whether it still has them.
	schedulerBeat = 15 * time.Second
	// schedulerRetry is the time between attempts to take the locks of others
	// (rq/defaults.py DEFAULT_SCHEDULER_FALLBACK_PERIOD).
	schedulerRetry = 120 * time.Second
	// schedulerBackoff is the longest time between attempts to reach the server.
	schedulerBackoff = 15 * time.Second
	// schedulerGrace is how long releasing the locks may take.
	schedulerGrace = 5 * time.Second

	// schedulerPatience is after how many seconds to look again for a scheduled job
	// that does not exist yet.
	schedulerPatience = 5
)

var (
	schedulerNameRelease = release{2, 10} // has names of schedulers in locks, and a hash for each scheduler
	savedFirstRelease    = release{3, 0}  // saves a job no later than it is scheduled
)

// A scheduler moves due jobs to their queues. Schedulers in Python and Go share the
// work by RQ's locks, one for each queue (rq/scheduler.py RQScheduler). It is not safe
// for concurrent use.
type scheduler struct {
	rdb    redis.UniversalClient
	log    *slog.Logger
	fleet  release
	queues []string
	self   wire.Scheduler
	owner  string // the value of its locks
	again  int    // seconds after which to look again for a missing job; 0 is never

	held        map[string]bool
	beat, tried time.Time         // when its own locks were renewed, and all were last tried
	troubles    map[string]string // by queue, the error that was logged

	// Tests change these.
	renew, retry time.Duration
	chunk        int
}

// newScheduler makes the scheduler of some queues.
func newScheduler(rdb redis.UniversalClient, queues []string, fleet release, log *slog.Logger) *scheduler {
	hostname, _ := os.Hostname()
	id := uuid.New()
	s := &scheduler{
		rdb: rdb, log: log, fleet: fleet, queues: queues,
		self: wire.Scheduler{Name: hex.EncodeToString(id[:]), Hostname: hostname, PID: os.Getpid(), Queues: queues},
		held: map[string]bool{}, troubles: map[string]string{},
		renew: schedulerBeat, retry: schedulerRetry, chunk: schedulerChunk,
	}
	s.owner = s.self.Name
	if fleet.before(schedulerNameRelease) {
		s.owner = ownerNumber(s.self.PID)
	}
	if fleet.before(savedFirstRelease) {
		s.again = schedulerPatience
	}
	return s
}

// ownerNumber returns the value of the locks for RQ before 2.10, which parses a process
// id there but does not use it. A plain process id is not unique among schedulers of
// one process, or of several containers. So nine random digits follow it.
func ownerNumber(pid int) string { return fmt.Sprintf("%d%09d", pid, rand.N(1_000_000_000)) }

// enqueueDue enqueues all jobs that are due now (rq/worker/base.py _start_scheduler in burst
// mode).
func (s *scheduler) enqueueDue(ctx context.Context) error {
	defer s.releaseLocks(ctx)
	return s.pass(ctx)
}

// run enqueues due jobs each second until ctx ends. It never gives up: while the server
// cannot be reached, it backs off.
func (s *scheduler) run(ctx context.Context) {
	defer s.releaseLocks(ctx)
	wait := schedulerInterval
	for {
		err := s.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			wait = schedulerInterval
		} else {
			wait = min(2*wait, schedulerBackoff)
			s.log.Error("rq: enqueue scheduled jobs", "error", err, "retry_in", wait)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// releaseLocks releases the locks, so that others need not wait until they expire.
func (s *scheduler) releaseLocks(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), schedulerGrace)
	defer cancel()
	if _, err := scripts.ReleaseLocks(ctx, s.rdb, s.self.Name, s.owner, s.queues); err != nil {
		s.log.Warn("rq: release scheduler locks", "error", err)
	}
	clear(s.held)
}

// pass moves due jobs until none is left. The queues take turns, so that none has to
// wait for all the jobs of another.
func (s *scheduler) pass(ctx context.Context) error {
	if err := s.keepLocks(ctx); err != nil {
		return err
	}
	queues, err := s.due(ctx)
	if err != nil {
		return err
	}
	stay := map[string][]string{}
	for len(queues) > 0 {
		var unfinished []string
		for _, q := range queues {
			more, err := s.move(ctx, q, stay)
			if err != nil {
				return err
			}
			if more {
				unfinished = append(unfinished, q)
			}
		}
		if err := s.keepLocks(ctx); err != nil {
			return err
		}
		queues = unfinished
	}
	return nil
}

// keepLocks renews the held locks and tries to take the others, each at its own interval.
func (s *scheduler) keepLocks(ctx context.Context) error {
	now := time.Now()
	if len(s.held) < len(s.queues) && now.Sub(s.tried) >= s.retry {
		if err := s.hold(ctx, s.queues); err != nil {
			return err
		}
		s.tried, s.beat = now, now
	} else if len(s.held) > 0 && now.Sub(s.beat) >= s.renew {
		if err := s.hold(ctx, s.mine()); err != nil {
			return err
		}
		s.beat = now
	}
	return nil
}

// mine returns the queues whose locks are held, in order.
func (s *scheduler) mine() []string {
	return slices.DeleteFunc(slices.Clone(s.queues), func(q string) bool { return !s.held[q] })
}

// hold takes and renews the locks of queues. A lock that has expired unnoticed is taken
// again, unless another scheduler has it.
func (s *scheduler) hold(ctx context.Context, queues []string) error {
	s.self.LastHeartbeat = now()
	if s.self.CreatedAt.IsZero() {
		s.self.CreatedAt = s.self.LastHeartbeat
	}
	p := scripts.Hold{Scheduler: s.self.Name, Owner: s.owner, Keep: schedulerLockTTL, Queues: queues}
	if !s.fleet.before(schedulerNameRelease) {
		p.Fields = s.self.Fields()
	}
	outcomes, err := scripts.HoldLocks(ctx, s.rdb, p)
	if err != nil {
		return wrapf(err, "hold scheduler locks")
	}
	for i, q := range queues {
		s.noteLock(q, outcomes[i])
	}
	return nil
}

func (s *scheduler) noteLock(queue string, outcome int64) {
	had := s.held[queue]
	switch {
	case outcome == scripts.Taken && had:
		s.log.Warn("rq: another scheduler has taken the lock", "queue", queue)
		delete(s.held, queue)
		delete(s.troubles, queue)
	case outcome == scripts.Free && had:
		s.log.Warn("rq: the scheduler lock had expired and was taken again", "queue", queue)
	case outcome != scripts.Taken && !had:
		s.log.Info("rq: scheduling", "queue", queue)
		s.held[queue] = true
	}
}

// due returns which of its queues have due jobs, by the server's clock, so that a wrong
// clock here moves no job early.
func (s *scheduler) due(ctx context.Context) ([]string, error) {
	mine := s.mine()
	if len(mine) == 0 {
		return nil, nil
	}
	pipe := s.rdb.Pipeline()
	clock := pipe.Time(ctx)
	first := make([]*redis.ZSliceCmd, len(mine))
	for i, q := range mine {
		first[i] = pipe.ZRangeArgsWithScores(ctx, redis.ZRangeArgs{Key: keys.Scheduled(q), Start: "0", Stop: "+inf", ByScore: true, Count: 1})
	}
	if err := redisx.Send(ctx, pipe); err != nil {
		return nil, wrapf(err, "look for scheduled jobs")
	}
	server, err := clock.Result()
	if err != nil {
		return nil, wrapf(err, "read the server's time")
	}
	var queues []string
	for i, q := range mine {
		next, err := first[i].Result()
		if isConnectionError(err) {
			return nil, wrapf(err, "look for scheduled jobs")
		}
		if len(next) > 0 && next[0].Score <= float64(server.Unix()) {
			queues = append(queues, q)
		} else {
			s.note(q, err)
		}
	}
	return queues, nil
}

// move moves a chunk of due jobs and reports whether there may be more. It leaves out
// the jobs in stay, which could not be moved. An error of one queue is only logged, so
// that the others go on.
func (s *scheduler) move(ctx context.Context, queue string, stay map[string][]string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	done, err := scripts.EnqueueDue(ctx, s.rdb, scripts.Due{
		Queue: queue, Owner: s.owner, Now: serverMoment(now()), Timeout: int(DefaultTimeout / time.Second),
		Skip: len(stay[queue]), Most: s.chunk, Again: s.again,
	})
	switch {
	case isConnectionError(err):
		return false, wrapf(err, "enqueue scheduled jobs of %s", queue)
	case err != nil:
		s.note(queue, err)
		return false, nil
	case !done.Held:
		err := s.hold(ctx, []string{queue})
		return s.held[queue], err
	}
	if len(done.Alien) > 0 {
		s.log.Warn("rq: dropped scheduled ids that are not jobs", "queue", queue, "ids", done.Alien)
	}
	stay[queue] = append(stay[queue], done.Stay...)
	if done.Seen == s.chunk {
		return true, nil
	}
	s.note(queue, immovable(stay[queue]))
	return false, nil
}

// immovable returns an error that names the jobs that cannot be moved.
func immovable(ids []string) error {
	const most = 10
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("%d due jobs have a broken rate limit or a status that only a newer RQ knows: %v", len(ids), ids[:min(most, len(ids))])
}

// note logs the error of a queue, once for as long as it lasts.
func (s *scheduler) note(queue string, err error) {
	if err == nil {
		delete(s.troubles, queue)
		return
	}
	if text := err.Error(); text != s.troubles[queue] {
		s.troubles[queue] = text
		s.log.Error("rq: enqueue scheduled jobs", "queue", queue, "error", text)
	}
}
