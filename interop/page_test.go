package interop

import (
	"strings"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// These tests are what RQ's page on jobs says that crosses between the languages:
// one side enqueues and looks, in the page's words where it is Python, and a worker
// of the other side runs the jobs. The page in Go alone is jobs_page_test.go.

// holds wants Python to find that something is true.
func (e *env) holds(t *testing.T, facts ...string) {
	t.Helper()
	for _, fact := range facts {
		var holds bool
		e.py.eval(t, fact, &holds)
		equal(t, fact, holds, true)
	}
}

// goBurst runs a Go worker until there is nothing to do.
func goBurst(t *testing.T, e *env) {
	t.Helper()
	if err := e.burst(t.Context(), rq.WorkerConfig{}); err != nil {
		t.Fatal(err)
	}
}

// eachPage runs a test of the page for every version of RQ.
func eachPage(t *testing.T, f func(t *testing.T, e *env)) {
	t.Helper()
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		lab.runs.Add(1)
		f(t, newEnv(t, version, s))
	})
	lab.scenarios.Add(1)
}

// Failed Jobs: a job that fails is in the FailedJobRegistry, and requeue puts it
// back in its queue. Python enqueues and looks, Go works.
func TestPageFailedJobsInPython(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		e.py.exec(t, `
from tasks import div_by_zero
queue = Queue(connection=connection)
job = queue.enqueue(div_by_zero, 1)
registry = queue.failed_job_registry`)

		goBurst(t, e)

		e.holds(t, "len(registry) == 1", "job.is_failed", "job in registry", "queue.count == 0")
		e.py.exec(t, "registry.requeue(job)")
		e.holds(t, "len(registry) == 0", "queue.count == 1", "job.get_status() == 'queued'")
	})
}

// Failed Jobs: the same, where Go enqueues and looks, and Python works.
func TestPageFailedJobsInGo(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		ctx, queue := t.Context(), rq.NewQueue(e.db, rq.DefaultQueue, rq.Fleet(e.version))
		job, err := queue.Enqueue(ctx, rq.Call("tasks.div_by_zero", 1))
		equal(t, "enqueue", err, nil)
		registry := queue.Failed()

		burst(t, e.version, e.db)

		n, err := registry.Count(ctx)
		equal(t, "failed", say(n, err), "1 <nil>")
		equal(t, "refresh", job.Refresh(ctx), nil)
		equal(t, "is failed", job.IsFailed(), true)
		in, err := registry.Contains(ctx, job.ID())
		equal(t, "in the registry", say(in, err), "true <nil>")
		equal(t, "requeue", registry.Requeue(ctx, job.ID()), nil)
		n, err = registry.Count(ctx)
		equal(t, "failed after it is requeued", say(n, err), "0 <nil>")
		n, err = queue.Count(ctx)
		equal(t, "queued after it is requeued", say(n, err), "1 <nil>")
	})
}

// Retrieving a Job: get_status, func_name, args, kwargs, result, the times and
// exc_info are there for whoever fetches the job. Accessing the "current" Job and
// storing arbitrary data: what the function stores in meta can be read. Failed Jobs:
// failure_ttl is for how long the job is kept. Go works.
func TestPageJobsThatGoRan(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		e.py.exec(t, `
q.enqueue('tasks.add', 2, b=3, job_id='my_job_id')
q.enqueue('tasks.progress', 3, job_id='current', meta={'handled_by': 'nobody'})
q.enqueue('tasks.div_by_zero', 1, job_id='failed', failure_ttl=300)`)
		e.holds(t, "Job.fetch('my_job_id', connection=connection).result is None")

		goBurst(t, e)

		e.py.exec(t, "job = Job.fetch('my_job_id', connection=connection)")
		e.holds(t, "job.get_status() == 'finished'", "job.is_finished", "job.result == 5", "job.exc_info is None",
			"(job.func_name, job.args, job.kwargs) == ('tasks.add', (2,), {'b': 3})",
			"job.enqueued_at <= job.started_at <= job.ended_at",
			"0 < connection.ttl(job.key) <= 500")
		e.py.exec(t, "job = Job.fetch('current', connection=connection)")
		e.holds(t, "job.result == job.id", "job.meta == {'handled_by': 'nobody', 'step': 3}", "job.get_meta() == job.meta")
		e.py.exec(t, "job = Job.fetch('failed', connection=connection)")
		e.holds(t, "job.get_status() == 'failed'", "job.is_failed", "job.result is None",
			`job.exc_info.endswith('ZeroDivisionError: division by zero\n')`,
			"295 <= connection.ttl(job.key) <= 300")
	})
}

// The same, of jobs that Python ran.
func TestPageJobsThatPythonRan(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		ctx, q := t.Context(), e.queue()
		sum, err := q.Enqueue(ctx, rq.Call("tasks.add", 2, rq.Kw("b", 3)), rq.JobID("my_job_id"))
		equal(t, "enqueue", err, nil)
		_, err = q.Enqueue(ctx, rq.Call("tasks.progress", 3), rq.JobID("current"), rq.Meta(map[string]any{"handled_by": "nobody"}))
		equal(t, "enqueue", err, nil)
		_, err = q.Enqueue(ctx, rq.Call("tasks.div_by_zero", 1), rq.JobID("failed"), rq.FailureTTL(300*time.Second))
		equal(t, "enqueue", err, nil)
		value, err := sum.ReturnValue(ctx)
		equal(t, "result before it has run", say(value, err), "<nil> <nil>")

		burst(t, e.version, e.db)

		checkSum(t, e)
		checkCurrent(t, e)
		checkFailed(t, e)
	})
}

// fetched returns a job, and wants it to have a status.
func fetched(t *testing.T, e *env, id string, want rq.Status) *rq.Job {
	t.Helper()
	job, err := rq.FetchJob(t.Context(), e.db, id)
	if err != nil {
		t.Fatal(err)
	}
	status, err := job.GetStatus(t.Context())
	equal(t, "status of "+id, say(status, err), string(want)+" <nil>")
	return job
}

func checkSum(t *testing.T, e *env) {
	t.Helper()
	job := fetched(t, e, "my_job_id", rq.StatusFinished)
	value, err := rq.ResultOf[int](t.Context(), job)
	equal(t, "result", say(value, err), "5 <nil>")
	name, err := job.FuncName()
	equal(t, "func_name", say(name, err), "tasks.add <nil>")
	args, err := job.Args()
	equal(t, "args", say(args, err), "[2] <nil>")
	kwargs, err := job.Kwargs()
	b, _ := kwargs.Get("b")
	equal(t, "kwargs", say(b, err), "3 <nil>")
	equal(t, "times are in order", inOrder(job.EnqueuedAt(), job.StartedAt(), job.EndedAt()), true)
	ttl := e.db.TTL(t.Context(), "rq:job:my_job_id").Val()
	equal(t, "is kept for 500 seconds", ttl > 0 && ttl <= rq.DefaultResultTTL, true)
}

func checkCurrent(t *testing.T, e *env) {
	t.Helper()
	job := fetched(t, e, "current", rq.StatusFinished)
	id, err := rq.ResultOf[string](t.Context(), job)
	equal(t, "the function knows its job", say(id, err), "current <nil>")
	meta, err := job.GetMeta(t.Context())
	equal(t, "meta", say(meta, err), "map[handled_by:nobody step:3] <nil>")
}

func checkFailed(t *testing.T, e *env) {
	t.Helper()
	job := fetched(t, e, "failed", rq.StatusFailed)
	equal(t, "is_failed", job.IsFailed(), true)
	exc, err := job.ExcInfo(t.Context())
	equal(t, "exc_info", err, nil)
	equal(t, "exc_info ends", strings.HasSuffix(exc, "ZeroDivisionError: division by zero\n"), true)
	ttl := e.db.TTL(t.Context(), "rq:job:failed").Val()
	equal(t, "is kept for 5 minutes", ttl >= 295*time.Second && ttl <= 300*time.Second, true)
}

// Retrieving a Job: fetch_many finds many at once, whoever enqueued them.
func TestPageFetchMany(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		_, err := e.queue().Enqueue(t.Context(), rq.Call("tasks.add", 1), rq.JobID("foo_id"))
		equal(t, "enqueue", err, nil)
		e.py.exec(t, "q.enqueue(tasks.nothing, job_id='bar_id')")

		e.py.exec(t, "jobs = Job.fetch_many(['foo_id', 'bar_id', 'no_id'], connection=connection)")
		jobs, err := rq.FetchJobs(t.Context(), e.db, "foo_id", "bar_id", "no_id")

		e.holds(t, "[job and 'Job %s: %s' % (job.id, job.func_name) for job in jobs] == ['Job foo_id: tasks.add', 'Job bar_id: tasks.nothing', None]")
		equal(t, "fetch", err, nil)
		var lines []string
		for _, job := range jobs[:2] {
			name, err := job.FuncName()
			lines = append(lines, say("Job", job.ID()+":", name, err))
		}
		equal(t, "jobs", strings.Join(lines, "; "), "Job foo_id: tasks.add <nil>; Job bar_id: tasks.nothing <nil>")
		equal(t, "none", jobs[2] == nil, true)
	})
}

// Storing arbitrary data on jobs: what the function stores, such as its progress,
// can be read while it runs. Go works and Python reads, then the other way round.
func TestPageMetaOfARunningJob(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		e.py.exec(t, "job = q.enqueue('tasks.handle', 'go', job_id='j')")
		g := e.startGo(t, rq.WorkerConfig{Burst: true})
		e.has(t, "go:running")
		e.holds(t, "job.get_status() == 'started'", "job.get_meta() == {'handled_by': 'go'}")
		e.db.RPush(t.Context(), "go", "done")
		g.wait(t)
		e.holds(t, "job.get_status() == 'finished'", "job.get_meta() == {'handled_by': 'go'}")

		job, err := e.queue().Enqueue(t.Context(), rq.Call("tasks.handle", "python"), rq.JobID("k"))
		equal(t, "enqueue", err, nil)
		w := startWorker(t, e.version, e.db, "--burst")
		e.has(t, "python:running")
		meta, err := job.GetMeta(t.Context())
		equal(t, "meta", say(meta, err), "map[handled_by:python] <nil>")
		fetched(t, e, "k", rq.StatusStarted)
		e.db.RPush(t.Context(), "python", "done")
		w.wait(t)
		equal(t, "meta after", fetched(t, e, "k", rq.StatusFinished).Meta["handled_by"], any("python"))
	})
}
