package rq

import (
	"context"
	"errors"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// A claimer claims jobs and starts them (rq/worker/base.py BaseWorker.work and
// dequeue_job_and_maintain_ttl). Nothing else claims. It is for one goroutine.
type claimer struct {
	cfg      *WorkerConfig
	fleet    release
	db       *redis.Client
	presence *presence
	debts    *debts
	waits    waiter
	slots    *slots
	running  *executions
	foreign  *foreignJobs
	cleaned  <-chan struct{} // closed when the first maintenance has enqueued what it can
	suspend  <-chan struct{} // has an item when heartbeats have seen that workers are suspended
	adopt    func(queue string, job scripts.ClaimedJob, now time.Time) *execution
	begin    func(e *execution)
	giveBack func(foreign []*execution) // foreign jobs of one claim
	writing  context.Context            // ends when nothing more can be written
	log      *slog.Logger

	order     []string        // the queues, as the strategy has them now
	maybe     map[string]bool // queues that may have jobs, besides those that are waited on
	claimed   int             // jobs so far
	failures  int             // claims in a row
	replyLost bool            // of the last claim
	budget    int             // bytes of jobs that a claim takes
	failure   error           // why it backs off
}

// A claimState is what a claimer does.
type claimState int

const (
	stateClaiming   claimState = iota // it asks for jobs
	stateFull                         // all slots are taken
	stateWaiting                      // the queues are empty
	stateFinishing                    // in a burst: jobs that run may still enqueue others
	stateSuspended                    // workers are suspended
	stateBackingOff                   // the last claim failed
	stateDone                         // it claims no more
)

// run claims jobs until ctx ends or the worker is to end by itself, and tells why. Ids
// that were moved and not claimed are back in their queues then.
func (c *claimer) run(ctx context.Context) ending {
	c.order, c.maybe = slices.Clone(c.cfg.Queues), map[string]bool{}
	c.budget = mostBudget
	c.tryAll()
	defer c.returnMoved()
	c.running.rest()
	for state, end := stateClaiming, endAsked; ; {
		if ctx.Err() != nil {
			return endingOf(ctx)
		}
		switch state {
		case stateClaiming:
			state, end = c.claim()
		case stateFull:
			state = c.waitForSlot(ctx)
		case stateWaiting:
			state, end = c.wait(ctx)
		case stateFinishing:
			state = c.waitForRunning(ctx)
		case stateSuspended:
			state, end = c.waitForResume(ctx)
		case stateBackingOff:
			state = c.backOff(ctx)
		case stateDone:
			return end
		}
	}
}

// tryAll has the next claim try every queue.
func (c *claimer) tryAll() {
	for _, queue := range c.order {
		c.maybe[queue] = true
	}
}

// claim asks for as many jobs as there are slots.
func (c *claimer) claim() (claimState, ending) {
	if c.left() == 0 {
		return stateDone, endMaxJobs
	}
	most := min(c.slots.now(), c.left(), claimMost)
	if most <= 0 {
		return stateFull, endAsked
	}
	idle := c.running.count() == 0 && c.isClean() // before the claim: jobs that run may enqueue more
	state, got, err := c.ask(most)
	switch {
	case err != nil:
		c.failure = err
		return stateBackingOff, endAsked
	case state == scripts.Unregistered:
		return c.register(), endAsked
	case state == scripts.Suspended && c.cfg.Burst:
		c.log.Info("rq: workers are suspended: the burst ends, maybe before the queues are empty")
		return stateDone, endBurst
	case state == scripts.Suspended:
		return stateSuspended, endAsked
	case c.left() == 0:
		return stateDone, endMaxJobs
	case c.slots.now() <= 0:
		return stateFull, endAsked
	case state != scripts.Drained || c.foreign.due():
		return stateClaiming, endAsked
	case c.cfg.Burst && idle && got == 0:
		if jobs, queues := c.foreign.left(); jobs > 0 {
			c.log.Warn("rq: the burst ends: all jobs that are left are for other workers", "jobs", jobs, "queues", queues)
		}
		return stateDone, endBurst
	case c.cfg.Burst:
		return stateFinishing, endAsked
	}
	return stateWaiting, endAsked
}

// left returns how many more jobs the worker may take.
func (c *claimer) left() int {
	if c.cfg.MaxJobs == 0 {
		return math.MaxInt
	}
	return c.cfg.MaxJobs - c.claimed
}

// ask claims up to most jobs and starts them. With most 0 moved ids go back to their
// queues.
func (c *claimer) ask(most int) (state int64, got int, err error) {
	if err := c.clear(); err != nil {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(c.writing, claimTimeout)
	defer cancel()
	now := now()
	p := scripts.Claim{
		Worker: c.cfg.Name, Birth: wire.FormatTime(c.presence.birth), Interval: c.presence.interval(), InTurn: c.cfg.Strategy != DequeueDefault,
		Composite: !c.fleet.before(executionsRelease), CurrentJob: c.fleet.before(workerExecutionsRelease),
		Now: serverMoment(now), Float: wire.FormatUnix(now), Budget: c.budget, Longest: leastBudget, Executions: executionIDs(most),
	}
	names := c.queues()
	if err := c.fill(ctx, &p, names, most); err != nil {
		return 0, 0, err
	}
	if len(names) == 0 {
		return scripts.Drained, 0, nil
	}
	tried := c.maybe
	c.maybe = map[string]bool{} // what comes from now on is new
	state, jobs, err := scripts.ClaimJobs(ctx, noRetryClient{c.db}, p)
	if state == scripts.Held {
		c.foreign.hold(names) // a blocking move would return such an id again and again
		state = scripts.Drained
	}
	if err != nil || state != scripts.Drained {
		c.maybe = tried
	}
	if err != nil {
		c.lost(p.Executions, err)
		return 0, 0, err
	}
	c.debts.moved, c.failures = nil, 0
	c.foreign.claimed(names, jobs, most)
	c.budget = min(c.budget+leastBudget, mostBudget)
	c.start(names, jobs, now)
	return state, len(jobs), nil
}

// claimTimeout is how long a claim and all that goes with it may take.
const claimTimeout = time.Minute

// clear does what must be done before the next claim after a lost reply.
func (c *claimer) clear() error {
	ctx, cancel := context.WithTimeout(c.writing, claimTimeout)
	defer cancel()
	if c.replyLost {
		if err := c.debts.reclaim(ctx); err != nil {
			return err
		}
		c.replyLost = false
	}
	return c.debts.settleDoubts(ctx)
}

// lost notes that a claim failed. When it was not refused, nobody knows what it did.
func (c *claimer) lost(executions []string, err error) {
	switch {
	case isForeign(err): // it has started no job, but moved ids may have gone back
		c.debts.lostClaim(nil)
	case redisx.FateOf(err) == redisx.Unknown:
		c.replyLost = true
		c.budget = max(c.budget/2, leastBudget)
		c.debts.lostClaim(executions)
	}
}

// queues returns the queues to claim from, in order.
func (c *claimer) queues() []string {
	if c.cfg.Strategy == DequeueRandom {
		mathrand.Shuffle(len(c.order), func(i, j int) { c.order[i], c.order[j] = c.order[j], c.order[i] })
	}
	return slices.DeleteFunc(slices.Clone(c.order), func(queue string) bool {
		moved := slices.ContainsFunc(c.debts.moved, func(a arrival) bool { return a.queue == queue })
		return !moved && !c.maybe[queue] && !c.waits.polled(queue) && !c.foreign.dueIn(queue)
	})
}

// fill adds to a claim the queues, the moved ids, and the ids of jobs that are behind
// foreign ones.
func (c *claimer) fill(ctx context.Context, p *scripts.Claim, names []string, most int) error {
	for i, name := range names {
		p.Queues = append(p.Queues, scripts.ClaimQueue{Name: name, Open: !c.foreign.in(name)})
		for _, a := range c.debts.moved {
			if a.queue == name {
				p.Named = append(p.Named, scripts.Named{Queue: i, ID: a.id, Moved: true})
			}
		}
		if most == 0 || p.Queues[i].Open || (!p.InTurn && len(p.Named) >= most) {
			continue
		}
		found, err := c.foreign.look(ctx, name, most, c.cfg.Burst)
		if err != nil {
			return err
		}
		for _, job := range found {
			p.Named = append(p.Named, scripts.Named{Queue: i, ID: job.id, At: job.at})
		}
	}
	return nil
}

// start begins the claimed jobs that are for this worker.
func (c *claimer) start(queues []string, jobs []scripts.ClaimedJob, now time.Time) {
	var foreign []*execution
	for _, job := range jobs {
		queue := queues[job.Queue]
		e := c.adopt(queue, job, now)
		if c.foreign.leavesClaimed(queue, e) {
			foreign = append(foreign, e)
			continue
		}
		c.claimed++
		c.begin(e)
	}
	if len(foreign) > 0 {
		c.giveBack(foreign)
	}
	if c.cfg.Strategy == DequeueRoundRobin && len(jobs) > 0 { // rq/worker/base.py BaseWorker.reorder_queues
		i := slices.Index(c.order, queues[jobs[len(jobs)-1].Queue]) + 1
		c.order = append(slices.Clone(c.order[i:]), c.order[:i]...)
	}
}

// register registers the worker after its hash has expired.
func (c *claimer) register() claimState {
	done, err := c.presence.registerAgain(c.writing)
	switch {
	case err != nil:
		c.failure = err
		return stateBackingOff
	case !done: // another worker has the name; fetching ends
		return stateDone
	}
	return stateClaiming
}

// returnMoved gives back what was moved and not started. It tries until it is done, or
// nothing more can be written.
func (c *claimer) returnMoved() {
	for _, a := range c.waits.close(c.writing) {
		c.arrived(a)
	}
	for !c.debts.none() || c.replyLost {
		_, _, err := c.ask(0)
		if c.writing.Err() != nil {
			c.log.Error("rq: ids are left in intermediate queues, where maintenance finds them", "jobs", len(c.debts.moved), "error", err)
			return
		}
		if err != nil || !c.debts.none() {
			sleep(c.writing, firstBackOff)
		}
	}
}

// arrived takes over an id that was moved, or notes that a reply was lost.
func (c *claimer) arrived(a arrival) {
	switch {
	case a.lost:
		c.debts.lostMove(a.queue, a.conn, a.open)
	case a.id != "":
		c.debts.moved = append(c.debts.moved, a)
	default: // a hint
		for _, queue := range c.waits.hints() {
			c.maybe[queue] = true
		}
	}
}

// waitForSlot waits until a job has ended. Nothing is waited on meanwhile; an id that
// comes all the same goes back to its queue.
func (c *claimer) waitForSlot(ctx context.Context) claimState {
	c.waits.stop()
	for c.slots.now() <= 0 {
		if len(c.debts.moved) > 0 {
			if _, _, err := c.ask(0); err != nil {
				c.failure = err
				return stateBackingOff
			}
		}
		select {
		case a := <-c.waits.arrivals():
			c.arrived(a)
		case <-c.slots.freed:
		case <-ctx.Done():
			return stateDone
		}
	}
	if len(c.maybe) == 0 && len(c.debts.moved) == 0 && !c.foreign.due() && !c.cfg.Burst {
		return stateWaiting
	}
	return stateClaiming
}

// wait waits until there may be something to claim.
func (c *claimer) wait(ctx context.Context) (claimState, ending) {
	for {
		open := slices.DeleteFunc(slices.Clone(c.order), c.foreign.in)
		c.waits.start(open)
		var idle, look, doubt <-chan time.Time
		if c.cfg.MaxIdle > 0 && c.running.count() == 0 {
			idle = time.After(time.Until(c.running.quietSince().Add(c.cfg.MaxIdle)))
		}
		if d, ok := c.foreign.next(); ok {
			look = time.After(d)
		}
		if len(c.debts.doubts) > 0 {
			doubt = time.After(doubtCheck)
		}
		select {
		case a := <-c.waits.arrivals():
			if c.arrived(a); a.lost {
				continue
			}
			return stateClaiming, endAsked
		case <-c.suspend:
			return stateClaiming, endAsked
		case <-look:
			return stateClaiming, endAsked
		case <-doubt:
			return stateClaiming, endAsked
		case <-c.running.ended:
		case <-idle:
			if c.running.count() > 0 || time.Since(c.running.quietSince()) < c.cfg.MaxIdle {
				continue // a job has ended just now
			}
			c.log.Info("rq: the worker was idle long enough")
			return stateDone, endIdle
		case <-ctx.Done():
			return stateDone, endAsked
		}
	}
}

// waitForRunning waits in a burst for a job that may have enqueued others.
func (c *claimer) waitForRunning(ctx context.Context) claimState {
	cleaned := c.cleaned
	if c.isClean() {
		cleaned = nil
	}
	if c.running.count() > 0 || cleaned != nil {
		select {
		case <-c.running.ended:
		case <-cleaned:
		case <-ctx.Done():
			return stateDone
		}
	}
	c.tryAll()
	return stateClaiming
}

// isClean reports whether the first maintenance has enqueued what it can.
func (c *claimer) isClean() bool {
	select {
	case <-c.cleaned:
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
func (c *claimer) waitForResume(ctx context.Context) (claimState, ending) {
	c.waits.stop()
	if left, err := SuspendedFor(ctx, c.db); err == nil && left > 0 {
		c.log.Info("rq: workers are suspended", "until", now().Add(left).Format(time.RFC3339))
	} else {
		c.log.Info("rq: workers are suspended", "until", "they are resumed")
	}
	c.presence.setState(ctx, "suspended")
	for sleep(ctx, resumeCheck) {
		for more := true; more; {
			select {
			case a := <-c.waits.arrivals():
				c.arrived(a)
			default:
				more = false
			}
		}
		if len(c.debts.moved) > 0 {
			_, _, _ = c.ask(0) // it is tried again
		}
		if suspended, err := IsSuspended(ctx, c.db); err == nil && !suspended {
			break
		}
	}
	c.presence.setState(ctx, c.presence.state())
	c.running.rest()
	c.tryAll()
	return stateClaiming, endAsked
}

// backOff waits after a claim that failed.
func (c *claimer) backOff(ctx context.Context) claimState {
	d := backOff(c.failures)
	c.failures++
	if !errors.Is(c.failure, context.Canceled) {
		c.log.Error("rq: claim jobs", "error", c.failure, "again in", d)
	}
	sleep(ctx, d)
	return stateClaiming
}
