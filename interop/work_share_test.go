package interop

import (
	"fmt"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// TestPythonAndGoShareAQueue has a Python worker and a Go worker, both with a
// scheduler, work on the same 10,000 jobs, of which some are scheduled. Each must
// run once, and both must have had some.
func TestPythonAndGoShareAQueue(t *testing.T) {
	const jobs, scheduled = 10_000, 500
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		if version != lab.versions[0] && version != lab.versions[len(lab.versions)-1] {
			return
		}
		lab.runs.Add(1)
		ctx, e := t.Context(), newSide(t, version, s)
		w := startWorker(t, version, e.db, "--name", e.worker, "--worker-class", "rq.SimpleWorker", "--with-scheduler", "--quiet")
		e.becomes(t, "rq:worker:"+e.worker, "state", "idle")
		for i := range scheduled {
			id := fmt.Sprint("later", i)
			at := time.Now().Add(time.Duration(i*10) * time.Millisecond)
			if _, err := e.queue().EnqueueAt(ctx, at, rq.Call("tasks.note", id), rq.JobID(id)); err != nil {
				t.Fatal(err)
			}
		}
		items := make([]rq.Prepared, jobs-scheduled)
		for i := range items {
			id := fmt.Sprint("j", i)
			items[i] = rq.Prepare(rq.Call("tasks.note", id), rq.JobID(id))
		}
		if _, err := e.queue().EnqueueMany(ctx, items); err != nil {
			t.Fatal(err)
		}

		finished := func() int64 { return e.db.ZCard(ctx, "rq:finished:default").Val() }
		eventually(t, "Python to work", func() bool { return finished() > 10 })
		g := e.startGo(t, rq.WorkerConfig{Name: "go", Concurrency: 4, Scheduler: true})
		within(t, workerTimeout, "the jobs to end", func() bool { return finished() == jobs })

		equal(t, "runs", e.db.LLen(ctx, "test:notes").Val(), int64(jobs))
		ran := map[string]bool{}
		for _, id := range e.db.LRange(ctx, "test:notes", 0, -1).Val() {
			ran[id] = true
		}
		equal(t, "jobs that ran", len(ran), jobs)
		equal(t, "what is left", e.db.Exists(ctx, "rq:wip:default", "rq:queue:default", "rq:queue:default:intermediate", "rq:failed:default", "rq:scheduled:default").Val(), int64(0))
		g.stop()
		g.wait(t)
		e.py.exec(t, "command.send_shutdown_command(connection, name)")
		w.wait(t)
		count := func(worker string) int64 {
			n, _ := e.db.HGet(ctx, "rq:worker:"+worker, "successful_job_count").Int64()
			return n
		}
		t.Logf("Python ran %d jobs, Go %d", count(e.worker), count("go"))
		equal(t, "jobs of both", count(e.worker)+count("go"), int64(jobs))
		equal(t, "both had some", count(e.worker) > 0 && count("go") > 0, true)
	})
	lab.scenarios.Add(1)
}
