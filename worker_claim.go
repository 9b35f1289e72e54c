package rq

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"math"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// A fetcher claims jobs and starts them (rq/worker/base.py BaseWorker.work and
// dequeue_job_and_maintain_ttl). Nothing else claims.
type fetcher struct {
	*run
	order     []string  // the queues, as the strategy has them now
	moved     []arrival // ids that wait in intermediate queues for the next claim
	claimed   int       // jobs so far
	failures  int       // claims in a row
	unheard   bool      // the reply to the last claim did not come
	drained   bool      // the last claim left nothing in the queues
	idleSince time.Time
}

// fetch claims jobs until ctx ends or the worker is to end by itself.
func (r *run) fetch(ctx context.Context) {
	f := &fetcher{run: r, order: slices.Clone(r.cfg.Queues), idleSince: time.Now()}
	for ctx.Err() == nil && f.step(ctx) {
	}
	f.leave(context.WithoutCancel(ctx))
}

// leave gives back what was taken and not started, in more than one try if need
// be.
func (f *fetcher) leave(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, booksGrace)
	defer cancel()
	for !f.putBack(ctx) && sleep(ctx, firstBackOff) {
	}
	f.waiters.close()
}

// step waits when there is nothing to claim, and claims once. It reports whether
// to go on.
func (f *fetcher) step(ctx context.Context) bool {
	most := min(f.slots.some(ctx), f.left(), claimMost)
	if most == 0 {
		return false
	}
	if f.drained && !f.cfg.Burst && !f.wait(ctx) {
		return false
	}
	idle := f.busy() == 0 && f.isClean() // before the claim: what runs may enqueue more
	state, got, err := f.claim(ctx, most)
	switch {
	case err != nil:
		return f.backOff(ctx, err)
	case state == scripts.Unregistered:
		return f.registerAgain(ctx)
	case state == scripts.Suspended:
		return f.waitForResume(ctx)
	case f.cfg.Burst && state == scripts.Drained:
		return f.waitForRunning(ctx, idle && got == 0)
	}
	f.drained = state == scripts.Drained
	if f.slots.now() == 0 {
		f.putBack(ctx)
	}
	return f.left() > 0
}

// left returns how many more jobs the worker may take.
func (f *fetcher) left() int {
	if f.cfg.MaxJobs == 0 {
		return math.MaxInt
	}
	return f.cfg.MaxJobs - f.claimed
}

// claim takes up to most jobs and starts them.
func (f *fetcher) claim(ctx context.Context, most int) (state int64, got int, err error) {
	if f.unheard {
		if err := f.reclaim(ctx); err != nil {
			return 0, 0, err
		}
		f.unheard = false
	}
	f.moved = append(f.moved, f.waiters.arrived()...)
	now := now()
	p := scripts.Claim{
		Worker: f.cfg.Name, Birth: wire.FormatTime(f.birth), Interval: f.interval(), InTurn: f.cfg.Strategy != DequeueDefault,
		Composite: !f.fleet.before(executionsRelease), CurrentJob: f.fleet.before(workerExecutionsRelease),
		Now: serverMoment(now), Float: wire.FormatUnix(now), Queues: f.queues(), Executions: executionIDs(most),
	}
	for _, a := range f.moved {
		p.Moved = append(p.Moved, scripts.Moved{Queue: slices.Index(p.Queues, a.queue), ID: a.id})
	}
	if len(p.Queues) == 0 {
		return scripts.Drained, 0, nil
	}
	state, jobs, err := scripts.ClaimJobs(ctx, noRetryClient{f.db}, p)
	if err != nil {
		f.unheard = true
		f.lost.add(p.Executions)
		f.moved = nil // they may be where another worker has taken them since: what is not, maintenance finds
		return 0, 0, err
	}
	f.moved, f.failures = nil, 0
	for _, job := range jobs {
		f.begin(p.Queues[job.Queue], job, now)
	}
	f.reorder(p.Queues, jobs)
	return state, len(jobs), nil
}

// queues returns the queues to claim from, in order: those that are not left
// alone, and those that something was taken of already.
func (f *fetcher) queues() []string {
	if f.cfg.Strategy == DequeueRandom {
		mathrand.Shuffle(len(f.order), func(i, j int) { f.order[i], f.order[j] = f.order[j], f.order[i] })
	}
	return slices.DeleteFunc(slices.Clone(f.order), func(queue string) bool {
		taken := slices.ContainsFunc(f.moved, func(a arrival) bool { return a.queue == queue })
		return !taken && f.unknown.closed(queue)
	})
}

// reorder makes the queue after the one that was served last the first one
// (rq/worker/base.py BaseWorker.reorder_queues).
func (f *fetcher) reorder(queues []string, jobs []scripts.ClaimedJob) {
	if f.cfg.Strategy != DequeueRoundRobin || len(jobs) == 0 {
		return
	}
	i := slices.Index(f.order, queues[jobs[len(jobs)-1].Queue]) + 1
	f.order = append(slices.Clone(f.order[i:]), f.order[:i]...)
}

// begin starts a claimed job.
func (f *fetcher) begin(queue string, claimed scripts.ClaimedJob, now time.Time) {
	e := f.newExecution(queue, claimed, now)
	f.claimed++
	f.idleSince = now
	f.slots.take()
	f.add(e)
	f.handling.Add(1)
	f.working.Go(func() { f.execute(e) })
}

// putBack returns to their queues what was taken of them and not claimed.
// It reports whether nothing is left to put back.
func (f *fetcher) putBack(ctx context.Context) bool {
	f.moved = append(f.moved, f.waiters.end()...)
	if len(f.moved) == 0 && !f.unheard {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, booksGrace)
	defer cancel()
	if _, _, err := f.claim(ctx, 0); err != nil {
		f.log.Error("rq: put jobs back: maintenance will", "jobs", len(f.moved), "error", err)
		return false
	}
	return true
}

// wait waits until there may be something to claim. It reports whether to go on.
func (f *fetcher) wait(ctx context.Context) bool {
	for {
		var end, reopened <-chan time.Time
		if f.cfg.MaxIdle > 0 && f.busy() == 0 {
			end = time.After(time.Until(f.idleSince.Add(f.cfg.MaxIdle)))
		}
		if d, ok := f.unknown.next(); ok {
			reopened = time.After(d)
		}
		f.waiters.start(f.queues()) // those that are open, after it was asked which are not
		select {
		case a := <-f.waiters.arrivals:
			f.moved = append(f.moved, f.waiters.back(a))
			return true
		case <-f.suspended:
			return true
		case <-reopened:
			return true
		case <-f.settled:
			f.idleSince = time.Now()
		case <-end:
			f.log.Info("rq: the worker was idle long enough")
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// waitForRunning waits in burst mode for a job that may have enqueued others.
func (f *fetcher) waitForRunning(ctx context.Context, done bool) bool {
	if done {
		return false
	}
	cleaned := f.cleaned
	if f.isClean() {
		cleaned = nil
	}
	select {
	case <-f.settled:
	case <-cleaned:
	case <-ctx.Done():
	}
	return true
}

// isClean reports whether the first maintenance has enqueued what it can.
func (f *fetcher) isClean() bool {
	select {
	case <-f.cleaned:
		return true
	default:
		return false
	}
}

// resumeCheck is how often a suspended worker looks whether it is to go on, as
// in RQ.
const resumeCheck = time.Second

// waitForResume waits while workers are suspended (rq/worker/base.py
// BaseWorker.check_for_suspension).
func (f *fetcher) waitForResume(ctx context.Context) bool {
	if f.cfg.Burst {
		f.log.Info("rq: workers are suspended: the burst ends, maybe before the queues are empty")
		return false
	}
	f.putBack(ctx)
	f.log.Info("rq: workers are suspended, until `rq resume`")
	f.setState(ctx, "suspended")
	for sleep(ctx, resumeCheck) {
		if n, err := f.db.Exists(ctx, keys.Suspended).Result(); err == nil && n == 0 {
			break
		}
	}
	f.setState(ctx, f.state())
	return true
}

// registerAgain registers the worker after its hash has expired, unless another
// one has its name by now.
func (f *fetcher) registerAgain(ctx context.Context) bool {
	done, err := f.enter(ctx, scripts.Again)
	switch {
	case err != nil:
		return f.backOff(ctx, err)
	case !done:
		f.replaced()
	}
	return done
}

// backOff waits after a claim that failed.
func (f *fetcher) backOff(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	d := min(firstBackOff<<min(f.failures, 10), lastBackOff)
	f.failures++
	f.log.Error("rq: claim jobs", "error", err, "again in", d)
	sleep(ctx, d)
	return true
}

// executionIDs returns n ids as uuid4().hex makes them.
func executionIDs(n int) []string {
	random := make([]byte, 16*n)
	_, _ = rand.Read(random) // it never fails
	ids := make([]string, 0, n)
	for id := range slices.Chunk(random, 16) {
		id[6] = id[6]&0x0f | 0x40
		id[8] = id[8]&0x3f | 0x80
		ids = append(ids, hex.EncodeToString(id))
	}
	return ids
}
