package interop

import (
	"context"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

func init() {
	scenarios = append(scenarios,
		scenario{
			name:   "suspend",
			before: `suspension.suspend(connection, 30)`,
			python: `suspension.suspend(connection)`,
			golang: suspend(rq.Forever),
		},
		scenario{
			name:   "suspend for a time",
			before: `suspension.suspend(connection)`,
			python: `suspension.suspend(connection, 90)`,
			golang: suspend(90 * time.Second),
			after:  `assert suspension.is_suspended(connection)`,
		},
		scenario{
			name:   "resume",
			before: `suspension.suspend(connection)`,
			python: `assert suspension.resume(connection); assert not suspension.resume(connection)`,
			golang: func(ctx context.Context, e *env) error {
				if was, err := rq.Resume(ctx, e.db); err != nil || !was {
					return err
				}
				_, err := rq.Resume(ctx, e.db)
				return err
			},
			after: `assert not suspension.is_suspended(connection)`,
		},
	)
}

func suspend(d time.Duration) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error { return rq.Suspend(ctx, e.db, d) }
}

// An errand is something that Go tells a real worker, and how to see that it obeys.
type errand struct {
	name, since string
	job         string // that runs when it is given; "" is none
	give        func(t *testing.T, s *side) error
	then        string // Python that lets it happen
	status      string // of the job then
	state       string // of the worker then; "" is up to it
	ends        bool   // the worker
}

var errands = []errand{
	{name: "suspend", job: "s", then: "connection.rpush('s', 'x')", status: "finished", state: "suspended", give: func(t *testing.T, s *side) error {
		return rq.Suspend(t.Context(), s.db, rq.Forever)
	}},
	{name: "resume", state: "idle", give: func(t *testing.T, s *side) error {
		_, err := rq.Resume(t.Context(), s.db)
		return err
	}},
	{name: "stop a job", job: "a", status: "stopped", state: "idle", give: func(t *testing.T, s *side) error {
		return rq.SendStopJob(t.Context(), s.db, "a")
	}},
	{name: "kill the horse", job: "b", status: "failed", state: "idle", give: func(t *testing.T, s *side) error {
		return rq.SendKillHorse(t.Context(), s.db, s.worker)
	}},
	{name: "stop an execution", since: "3.0", job: "c", status: "stopped", state: "idle", give: func(t *testing.T, s *side) error {
		for e, err := range rq.NewQueue(s.db, "default").Started().Entries(t.Context()) {
			if err != nil || e.JobID == "c" {
				return rq.SendStopExecution(t.Context(), s.db, "c", e.ExecutionID)
			}
		}
		return rq.ErrNoSuchJob
	}},
	{name: "shut down", ends: true, give: func(t *testing.T, s *side) error {
		return rq.SendShutdown(t.Context(), s.db, s.worker)
	}},
}

// TestErrands has Go tell a stock `rq worker` what to do, one thing after the
// other.
func TestErrands(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		python := newSide(t, version, s)
		w := startWorker(t, version, python.db, "--name", python.worker)
		python.pass(t, stage{state: "idle"})
		for _, o := range errands {
			if !between(version, o.since, "") {
				continue
			}
			lab.runs.Add(1)
			if o.job != "" {
				python.pass(t, stage{does: wait(o.job, ""), job: o.job, status: "started", state: "busy"})
			}
			eventually(t, o.name, func() bool { return o.give(t, python) == nil }) // it may not listen yet
			if o.ends {
				w.wait(t)
				continue
			}
			python.pass(t, stage{name: o.name, does: o.then, job: o.job, status: o.status, state: o.state})
		}
	})
	lab.scenarios.Add(int64(len(errands)))
}
