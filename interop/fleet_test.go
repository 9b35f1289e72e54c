package interop

import (
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// TestFleetSweep has the maintenance of each RQ version sweep what Go wrote for a
// fleet that has it. Nothing may come to harm.
func TestFleetSweep(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		ctx, e := t.Context(), newEnv(t, version, s)
		q := e.queue()
		for _, opts := range [][]rq.EnqueueOption{
			{rq.JobID("plain")},
			{rq.JobID("waits"), rq.DependsOn("plain")},
			{rq.JobID("expires"), rq.DependsOn("plain"), rq.TTL(time.Hour)},
		} {
			if _, err := q.Enqueue(ctx, add, opts...); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := q.EnqueueIn(ctx, time.Hour, add, rq.JobID("later")); err != nil {
			t.Fatal(err)
		}
		created, err := q.CreateJob(add, rq.JobID("saved"))
		if err != nil {
			t.Fatal(err)
		}
		if err := created.Save(ctx); err != nil {
			t.Fatal(err)
		}

		e.py.exec(t, "registry.clean_registries(q)\nregistry.clean_registries(q)")

		lab.runs.Add(1)
		for id, want := range map[string]string{"plain": "queued", "waits": "deferred", "expires": "deferred", "later": "scheduled"} {
			j, err := q.FetchJob(ctx, id)
			if err != nil {
				t.Fatal(id, err)
			}
			equal(t, "status of "+id, string(j.Status()), want)
			var status string
			e.py.eval(t, "view('"+id+"')['status']", &status)
			equal(t, "status of "+id+" in Python", status, want)
		}
		if between(version, "2.4", "") {
			var status string
			e.py.eval(t, "Job.fetch('saved', connection=connection)._status", &status)
			equal(t, "status of a saved job", status, "created")
		}
		e.py.exec(t, "Job.fetch('saved', connection=connection)")
	})
	lab.scenarios.Add(1)
}
