package interop

import (
	"strings"
	"testing"

	"github.com/rqgo/rq"
)

// TestWorkerNames has RQ's command line show a Python worker and a Go worker whose
// names have spaces and more than ASCII, and steer them.
func TestWorkerNames(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		lab.runs.Add(1)
		python, golang := newSide(t, version, s), newSide(t, version, s)
		for _, side := range []*side{python, golang} {
			side.worker = "RQ wörker 4 [host] " + side.worker
			side.py.exec(t, "name = '"+side.worker+"'")
		}
		w := startWorker(t, version, python.db, "--name", python.worker, "default")
		g := golang.startGo(t, rq.WorkerConfig{Name: golang.worker})
		for _, side := range []*side{python, golang} {
			side.py.exec(t, "q.enqueue('tasks.add', 1, job_id='j')")
			side.becomes(t, "rq:job:j", "status", "finished")
			side.becomes(t, "rq:worker:"+side.worker, "state", "idle")
			side.db.HSet(t.Context(), "rq:worker:"+side.worker, "listens", "0") // as a Go worker that may not; RQ does not mind
			equal(t, "worker of the job", side.db.HGet(t.Context(), "rq:job:j", "worker_name").Val(), side.worker)
			if text := side.cli(t, "info", "-W"); !strings.Contains(text, "<worker>") || !strings.Contains(text, "idle") {
				t.Errorf("rq info does not show %s:\n%s", side.worker, text)
			}
			side.py.exec(t, "command.send_shutdown_command(connection, name)")
		}
		w.wait(t)
		g.wait(t)
	})
	lab.scenarios.Add(1)
}
