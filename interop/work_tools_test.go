package interop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rqgo/rq"
)

// TestTools has RQ's command line look at and steer a Python worker and a Go
// worker. It must say the same of both.
func TestTools(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		python, golang := newSide(t, version, s), newSide(t, version, s)
		w := startWorker(t, version, python.db, "--name", python.worker, "default", "low")
		g := golang.startGo(t, rq.WorkerConfig{Name: golang.worker, Queues: []string{"default", "low"}})
		both := func(f func(s *side)) { f(python); f(golang) }
		same := func(args ...string) {
			t.Helper()
			lab.runs.Add(1)
			want, got := python.cli(t, args...), golang.cli(t, args...)
			equal(t, "rq "+strings.Join(args, " "), got, want)
		}
		info := func() {
			t.Helper()
			for _, form := range []string{"", "-R", "-W", "-Q", "-r", "-rR", "-rW", "-rQ", "-r default", "-R low high"} {
				same(strings.Fields("info " + form)...)
			}
		}

		both(func(s *side) { s.becomes(t, "rq:worker:"+s.worker, "state", "idle") })
		info()
		both(func(s *side) { s.isBusy(t) })
		info()
		same("suspend")
		both(func(s *side) {
			s.db.RPush(t.Context(), "a", "x")
			s.becomes(t, "rq:worker:"+s.worker, "state", "suspended")
			s.becomes(t, "rq:job:b", "status", "queued")
		})
		info()
		same("resume")
		both(func(s *side) { s.becomes(t, "rq:job:b", "status", "finished") })
		same("requeue", "--queue", "default", "f0", "f1", "b", "none")
		both(func(s *side) { s.becomes(t, "rq:job:f1", "status", "finished") })
		same("requeue", "--queue", "default", "--all")
		both(func(s *side) { s.becomes(t, "rq:job:f4", "status", "finished"); s.isIdle(t) })
		info()
		same("suspend", "--duration", "600")
		both(func(s *side) { s.py.exec(t, "command.send_shutdown_command(connection, name)") })
		w.wait(t)
		g.wait(t)
		info()
		for _, d := range unexpected("work: tools", version, readsDiffer(t, python.env, golang.env, ""), deviations) {
			t.Error(d)
		}
	})
	lab.scenarios.Add(1)
}

// isBusy has the worker do some jobs, wait in one, and leave others.
func (s *side) isBusy(t *testing.T) {
	t.Helper()
	s.py.exec(t, `
q.enqueue('tasks.add', 1, job_id='ok')
for i in range(5): q.enqueue('tasks.fail_times', f'test:{i}', 1, job_id=f'f{i}')
q.enqueue('tasks.wait_for', 'a', job_id='a')
q.enqueue('tasks.add', 1, job_id='b')
q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='c')
Queue('high', connection=connection).enqueue('tasks.add', 1, job_id='d')`)
	s.has(t, "a:running")
	s.becomes(t, "rq:worker:"+s.worker, "state", "busy")
}

func (s *side) isIdle(t *testing.T) {
	t.Helper()
	s.becomes(t, "rq:worker:"+s.worker, "state", "idle")
}

// What the command line says of a worker, and of the time.
var (
	worksAt = regexp.MustCompile(`\(\S+ 127\.0\.0\.1:\d+ \d+\)`)
	updated = regexp.MustCompile(`Updated: [-\d:. ]+`)
)

// cli runs RQ's command line. It lists queues in the order of a set: any.
func (s *side) cli(t *testing.T, args ...string) string {
	t.Helper()
	text := s.evalText(t, fmt.Sprintf("cli(*%q.split())", strings.Join(args, " ")))
	text = strings.ReplaceAll(text, s.worker, "<worker>")
	text = updated.ReplaceAllString(worksAt.ReplaceAllString(text, "(<host> <address> <pid>)"), "Updated: <now>")
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (e *env) evalText(t *testing.T, expr string) string {
	t.Helper()
	var text string
	e.py.eval(t, expr, &text)
	return text
}
