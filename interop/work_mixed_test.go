package interop

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// startOneFunction starts a Go worker that has one function beside Python's many, as a
// program does that takes over a Python one function at a time.
func (s *side) startOneFunction(t *testing.T, concurrency int) *goWorker {
	t.Helper()
	w, err := rq.NewWorker(s.db, rq.Handlers{"tasks.note": rq.Func(s.note, "text")}, rq.WorkerConfig{
		Name: "go", Concurrency: concurrency, Fleet: s.version, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return startWorking(t, w)
}

// TestAGoWorkerOfOneFunctionBesidePython has Python enqueue jobs of two functions, of which
// the Go worker has one and the Python worker both. Each job runs once, none fails, and
// neither worker keeps the other from its jobs. It is slow because Python runs at least
// half of 10,000 jobs.
func TestAGoWorkerOfOneFunctionBesidePython(t *testing.T) {
	const jobs = 10_000
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		if version != lab.versions[len(lab.versions)-1] {
			return
		}
		lab.runs.Add(1)
		ctx, e := t.Context(), newSide(t, version, s)
		items := make([]rq.Prepared, jobs)
		for i := range items {
			function := []string{"tasks.note", "tasks.note_in_python"}[i%2]
			items[i] = rq.Prepare(rq.Call(function, fmt.Sprint("j", i)), rq.JobID(fmt.Sprint("j", i)))
		}
		if _, err := e.queue().EnqueueMany(ctx, items); err != nil {
			t.Fatal(err)
		}
		finished := func() int64 { return e.db.ZCard(ctx, "rq:finished:default").Val() }

		began := time.Now()
		w := startWorker(t, version, e.db, "--name", e.worker, "--worker-class", "rq.SimpleWorker", "--quiet")
		eventually(t, "Python to work", func() bool { return finished() > 10 })
		g := e.startOneFunction(t, 4)
		within(t, workerTimeout, "the jobs to end", func() bool { return finished() == jobs })
		took := time.Since(began)

		equal(t, "failed", e.db.ZCard(ctx, "rq:failed:default").Val(), int64(0))
		equal(t, "runs", e.db.LLen(ctx, "test:notes").Val(), int64(jobs))
		ran := e.db.LRange(ctx, "test:notes", 0, -1).Val()
		slices.Sort(ran)
		equal(t, "jobs that ran", len(slices.Compact(ran)), jobs)
		equal(t, "what is left", e.db.Exists(ctx, "rq:wip:default", "rq:queue:default", "rq:queue:default:intermediate").Val(), int64(0))
		g.stop()
		g.wait(t)
		e.py.exec(t, "command.send_shutdown_command(connection, name)")
		w.wait(t)
		count := func(worker, what string) int64 {
			n, _ := e.db.HGet(ctx, "rq:worker:"+worker, what).Int64()
			return n
		}
		python, golang := count(e.worker, "successful_job_count"), count("go", "successful_job_count")
		t.Logf("Python ran %d jobs and Go %d in %v", python, golang, took.Round(100*time.Millisecond))
		equal(t, "jobs of both", python+golang, int64(jobs))
		equal(t, "failures", count(e.worker, "failed_job_count")+count("go", "failed_job_count"), int64(0))
		equal(t, "both had some", python >= jobs/2 && golang > 0, true)
	})
	lab.scenarios.Add(1)
}

// TestUnknownJobsKeepTheirOrderForPython has 300 jobs that Go does not know in front of some
// that it does. These run at once, and the others stay in order until a Python worker comes.
func TestUnknownJobsKeepTheirOrderForPython(t *testing.T) {
	const others, known = 300, 20
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		lab.runs.Add(1)
		ctx, e := t.Context(), newSide(t, version, s)
		e.py.exec(t, fmt.Sprintf(`
for i in range(%d): q.enqueue('tasks.note_in_python', 'other%%d' %% i, job_id='other%%d' %% i)
for i in range(%d): q.enqueue('tasks.note', 'known%%d' %% i)`, others, known))
		var want []string
		for i := range known {
			want = append(want, fmt.Sprint("known", i))
		}
		notes := func() []string { return e.db.LRange(ctx, "test:notes", 0, -1).Val() }

		g := e.startOneFunction(t, 1)
		eventually(t, "the known jobs to run", func() bool { return e.db.ZCard(ctx, "rq:finished:default").Val() == known })

		equal(t, "what ran", fmt.Sprint(notes()), fmt.Sprint(want))
		var left []string
		for i := range others {
			left = append(left, fmt.Sprint("other", i))
		}
		equal(t, "what is left", fmt.Sprint(e.db.LRange(ctx, "rq:queue:default", 0, -1).Val()), fmt.Sprint(left))
		burst(t, version, e.db, "--worker-class", "rq.SimpleWorker", "--quiet")
		equal(t, "what ran in Python", fmt.Sprint(notes()[known:]), fmt.Sprint(left))
		equal(t, "failed", e.db.ZCard(ctx, "rq:failed:default").Val(), int64(0))
		g.stop()
		g.wait(t)
	})
	lab.scenarios.Add(1)
}
