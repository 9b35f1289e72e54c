package interop

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/rqgo/rq"
)

// TestPythonReadsAWorkerOfManyJobs: Python has no such worker, but its tools
// must not be confused by one.
func TestPythonReadsAWorkerOfManyJobs(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		e := newSide(t, version, s)
		lab.runs.Add(1)
		g := e.startGo(t, rq.WorkerConfig{Name: e.worker, Concurrency: 3})
		e.py.exec(t, "for i in range(300): q.enqueue('tasks.nothing')")
		eventually(t, "the jobs to be done", func() bool { return e.db.ZCard(t.Context(), "rq:finished:default").Val() == 300 })
		e.becomes(t, "rq:worker:"+e.worker, "state", "idle")
		equal(t, "current job", e.db.HGet(t.Context(), "rq:worker:"+e.worker, "current_job").Val(), "")
		e.py.exec(t, `
for i in 'abcd': q.enqueue('tasks.wait_for', i, job_id=i)
def the_worker():
    [w] = worker.Worker.all(connection=connection)
    return w`)
		for _, id := range []string{"a", "b", "c"} {
			e.has(t, id+":running")
		}
		equal(t, "state", e.evalText(t, "the_worker().get_state()"), "busy")
		e.wantRunning(t, "abc")
		equal(t, "the one that waits", e.evalText(t, "Job.fetch('d', connection=connection).get_status()"), "queued")

		e.end(t, "a")
		e.has(t, "d:running")
		e.wantRunning(t, "bcd")
		e.end(t, "d")
		e.wantRunning(t, "bc")
		e.end(t, "b")
		e.wantRunning(t, "c")
		e.end(t, "c")
		e.becomes(t, "rq:worker:"+e.worker, "state", "idle")
		e.wantRunning(t, "")
		equal(t, "jobs", e.evalText(t, "str(the_worker().successful_job_count)"), "304")

		e.py.exec(t, "command.send_shutdown_command(connection, name)")
		g.wait(t)
		equal(t, "workers", e.evalText(t, "str(worker.Worker.count(connection=connection))"), "0")
	})
	lab.scenarios.Add(1)
}

// end lets a waiting job end, and waits until it has.
func (e *env) end(t *testing.T, id string) {
	t.Helper()
	e.db.RPush(t.Context(), id, "x")
	e.becomes(t, "rq:job:"+id, "status", "finished")
}

// wantRunning wants Python to find that the worker runs jobs of these letters.
func (s *side) wantRunning(t *testing.T, ids string) {
	t.Helper()
	equal(t, "started registry", s.evalText(t, "''.join(sorted(i[0] for i in registry.StartedJobRegistry(queue=q).get_job_ids()))"), ids)
	equal(t, "current job", s.evalText(t, fmt.Sprintf("str((the_worker().get_current_job_id() or '') in %q and bool(the_worker().get_current_job_id()) == bool(%[1]q))", ids)), "True")
	if !between(s.version, "3.0", "") {
		return
	}
	equal(t, "executions", s.evalText(t, "''.join(sorted(x.job_id for x in the_worker().get_current_executions()))"), ids)
	equal(t, "count", s.evalText(t, "str(the_worker().current_execution_count)"), strconv.Itoa(len(ids)))
	equal(t, "executions of a job", s.evalText(t, fmt.Sprintf(
		"''.join(x.job_id for i in %q for x in Job.fetch(i, connection=connection).get_executions() if x.worker_name == name)", ids)), ids)
}
