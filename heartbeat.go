package rq

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// heartbeats show other workers that a worker and its executions are alive.
type heartbeats struct {
	rdb        redis.UniversalClient
	log        *slog.Logger
	every      time.Duration
	worker     string
	birth      string
	queues     []string
	idle, busy int // how many seconds the worker's heartbeat lasts
	skew       *skew
	executions func() []*execution
	register   func(ctx context.Context) (bool, error) // registers the worker again, or ends it if another has its name
	replaced   func()
	reclaim    func(ctx context.Context) error // puts back the jobs of claims whose reply was lost
	suspended  chan<- struct{}                 // signals that workers are suspended
	sweep      chan<- struct{}                 // signals that an execution's heartbeat has expired
}

// run sends heartbeats until ctx ends, independently of the handlers.
func (h *heartbeats) run(ctx context.Context) {
	h.skew.measure(ctx, h.rdb)
	timer := time.NewTimer(h.every)
	defer timer.Stop()
	var sweep <-chan time.Time
	for failures := 0; ; {
		select {
		case <-ctx.Done():
			return
		case began := <-timer.C:
			wait, due, err := h.beat(ctx)
			if failures++; err == nil {
				failures = 0
			}
			timer.Reset(h.next(began, failures))
			if due {
				sweep = time.After(wait)
			}
			if err := h.reclaim(ctx); err != nil && ctx.Err() == nil {
				h.log.Error("rq: put back jobs of a claim whose reply was lost", "error", err)
			}
		case <-sweep:
			sweep = nil
			signal(h.sweep)
		}
	}
}

// next returns how long to wait before the next heartbeat, after one that succeeded or
// after so many failures. Failed heartbeats are retried soon, because those of the
// running executions expire meanwhile.
func (h *heartbeats) next(began time.Time, failures int) time.Duration {
	next := time.Until(began.Add(h.every))
	if failures > 0 {
		next = min(next, backOff(failures))
	}
	return max(next, 0)
}

// beat sends one heartbeat for the worker and its executions (rq/worker/base.py
// BaseWorker.maintain_heartbeats). If the heartbeat of any worker's execution expires
// before the next beat, a sweep is due after wait.
func (h *heartbeats) beat(ctx context.Context) (wait time.Duration, due bool, err error) {
	all := h.executions()
	var first int64
	for {
		chunk := all[:min(len(all), beatMost)]
		all = all[len(chunk):]
		sent := clock()
		echo, err := scripts.SendBeat(ctx, h.rdb, h.heartbeat(chunk))
		if err != nil {
			if ctx.Err() == nil {
				h.log.Error("rq: send heartbeat", "error", err)
			}
			return 0, false, err
		}
		server := timeOf(echo.Time)
		h.skew.note(server, sent, clock())
		h.handleEcho(ctx, echo, chunk)
		for _, expiry := range echo.Expiries {
			if expiry > 0 && (first == 0 || expiry < first) {
				first = expiry
			}
		}
		if len(all) == 0 {
			wait := time.Unix(first+1, 0).Sub(server)
			return max(wait, 0), first > 0 && wait < h.every, nil
		}
	}
}

// heartbeat returns the arguments of the script. The server's clock decides when a heartbeat
// expires.
func (h *heartbeats) heartbeat(chunk []*execution) scripts.Beat {
	now := now()
	keep := h.idle
	if len(chunk) > 0 {
		keep = h.busy
	}
	p := scripts.Beat{
		Worker: h.worker, Birth: h.birth, Now: serverMoment(now), Float: wire.FormatUnix(now),
		Keep: keep, Queues: h.queues,
	}
	for _, e := range chunk {
		p.Executions = append(p.Executions, scripts.Beating{
			Job: e.jobID, Execution: e.id, Queue: e.queue, Member: e.member,
			Keep: h.executionTTL(e, now), CreatedAt: wire.FormatUnix(e.created),
		})
	}
	return p
}

// executionTTL returns how many seconds the heartbeat of an execution lasts
// (rq/worker/base.py BaseWorker.get_heartbeat_ttl). It lasts until the next one, even if
// the job's timeout ends before that: callbacks run after the timeout, and then the
// outcome is written. RQ's lasts for 60 s then, however rare heartbeats are.
func (h *heartbeats) executionTTL(e *execution, now time.Time) int {
	every := inSeconds(h.every)
	left := every
	if e.limit != Forever && !e.callback.Load() {
		left = min(left, inSeconds(e.limit-now.Sub(e.created)))
	}
	return max(left+60, 60, every+30)
}

// handleEcho acts on the server's reply to a heartbeat.
func (h *heartbeats) handleEcho(ctx context.Context, echo *scripts.BeatReply, chunk []*execution) {
	switch echo.State {
	case scripts.Forgotten:
		h.log.Warn("rq: the worker missed its heartbeats: registering it again")
		if _, err := h.register(ctx); err != nil {
			h.log.Error("rq: register worker", "error", err)
		}
	case scripts.Replaced:
		h.replaced()
	}
	if echo.Suspended {
		signal(h.suspended)
	}
	for _, id := range echo.NotOwned {
		for _, e := range chunk {
			if e.id == id && !e.settling.Load() {
				h.log.Warn("rq: the job no longer belongs to this worker", "job", e.jobID)
				e.cancel(errNotOwner)
			}
		}
	}
}
