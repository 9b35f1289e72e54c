package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq"
)

// TestDuring compares a stock `rq worker` and a Go worker while they live: after
// each stage of a life, both must have left the same keys. One life is a stage
// after the other, since it takes a while to start a Python worker.
func TestDuring(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		python, golang := newSide(t, version, s), newSide(t, version, s)
		w := startWorker(t, version, python.db, "--name", python.worker)
		golang.golang = true
		g := golang.startGo(t, rq.WorkerConfig{Name: golang.worker})
		for _, st := range stages {
			if !between(version, st.since, "") {
				continue
			}
			lab.runs.Add(1)
			python.pass(t, st)
			golang.pass(t, st)
			if st.ends {
				w.wait(t)
				g.wait(t)
			}
			found, compared := diff(python.keys(t), golang.keys(t))
			lab.comparisons.Add(int64(compared))
			found = append(found, readsDiffer(t, python.env, golang.env, "")...)
			for _, d := range unexpected("work: during: "+st.name, version, found, deviations) {
				t.Errorf("%s: %s", st.name, d)
			}
		}
	})
	lab.scenarios.Add(int64(len(stages)))
}

// forget deletes all but what the worker has, so that a difference shows once.
const forget = `
others = [k for k in connection.keys() if not k.startswith((b'rq:worker', b'rq:clean', b'rq:suspended'))]
if others: connection.delete(*others)
`

// A stage is something that happens to a worker, and how to see that it has.
type stage struct {
	name, since string
	does        string // Python
	job, status string // what becomes of which job
	state       string // what the worker is then; "*" is up to it
	ends        bool   // the worker
}

// waiting enqueues a job that waits until something is pushed to the list of its
// name.
const waiting = forget + `q.enqueue('tasks.wait_for', '%s', job_id='%[1]s', on_stopped=Callback('tasks.on_stopped'), on_success=Callback('tasks.on_success'), %s)`

func wait(id, options string) string { return fmt.Sprintf(waiting, id, options) }

// waiters enqueues two jobs that wait for one, in a queue that the worker does not
// serve.
func waiters(id string) string {
	return fmt.Sprintf(`
Queue('low', connection=connection).enqueue('tasks.add', 1, 2, job_id='%[1]s-done', depends_on='%[1]s')
Queue('low', connection=connection).enqueue('tasks.add', 1, 2, job_id='%[1]s-any', depends_on=Dependency(['%[1]s'], allow_failure=True))`, id)
}

var stages = []stage{
	{name: "started", state: "idle"},
	{name: "busy", does: wait("a", "ttl=300"), job: "a", status: "started", state: "busy"},
	{name: "done", does: "connection.rpush('a', 'x')", job: "a", status: "finished", state: "idle"},
	{name: "busy for a short time", does: wait("b", "job_timeout=20, retry=Retry(2, interval=50)"), job: "b", status: "started", state: "busy"},
	{name: "stopped", does: "command.send_stop_job_command(connection, 'b')", job: "b", status: "stopped", state: "idle"},
	{name: "busy for ever", does: wait("c", "job_timeout=-1, result_ttl=-1"), job: "c", status: "started", state: "busy"},
	{name: "killed", does: "command.send_kill_horse_command(connection, name)", job: "c", status: "failed", state: "idle"},
	{name: "busy for no use", does: wait("g", "result_ttl=50"), job: "g", status: "started", state: "busy"},
	{name: "canceled", does: "Job.fetch('g', connection=connection).cancel()", job: "g", status: "canceled", state: "busy"},
	{name: "done though canceled", does: "connection.rpush('g', 'x')", job: "g", status: "finished", state: "idle"},
	{name: "busy to fail", does: wait("h", "retry=Retry(2, interval=50)"), job: "h", status: "started", state: "busy"},
	{name: "canceled before it fails", does: "Job.fetch('h', connection=connection).cancel()", job: "h", status: "canceled", state: "busy"},
	{name: "killed though canceled", does: "command.send_kill_horse_command(connection, name)", job: "h", status: "scheduled", state: "idle"},
	{name: "busy to be stopped", does: wait("i", ""), job: "i", status: "started", state: "busy"},
	{name: "canceled before it is stopped", does: "Job.fetch('i', connection=connection).cancel()", job: "i", status: "canceled", state: "busy"},
	{name: "stopped though canceled", does: "command.send_stop_job_command(connection, 'i')", job: "i", status: "stopped", state: "idle"},
	{name: "busy while others wait", does: wait("k", "") + waiters("k"), job: "k", status: "started", state: "busy"},
	{name: "canceled while others wait", does: "Job.fetch('k', connection=connection).cancel()", job: "k", status: "canceled", state: "busy"},
	{name: "done though canceled, while others wait", does: "connection.rpush('k', 'x')", job: "k", status: "finished", state: "idle"},
	{name: "busy to fail while others wait", does: wait("l", "") + waiters("l"), job: "l", status: "started", state: "busy"},
	{name: "canceled before others may go on", does: "Job.fetch('l', connection=connection).cancel()", job: "l", status: "canceled", state: "busy"},
	{name: "killed, so that others go on", does: "command.send_kill_horse_command(connection, name)", job: "l-any", status: "queued", state: "idle"},
	{name: "busy for nobody", does: wait("j", ""), job: "j", status: "started", state: "busy"},
	{name: "deleted", does: "Job.fetch('j', connection=connection).delete(); connection.rpush('j', 'x')", state: "idle"},
	{name: "busy again", since: "3.0", does: wait("d", ""), job: "d", status: "started", state: "busy"},
	{name: "stopped by its execution", since: "3.0", job: "d", status: "stopped", state: "idle", does: `
[execution] = Job.fetch('d', connection=connection).get_executions()
command.send_stop_execution_command(connection, 'd', execution.id)`},
	{name: "busy once more", does: wait("e", ""), job: "e", status: "started", state: "busy"},
	{name: "busy while suspended", does: "suspension.suspend(connection)", job: "e", status: "started", state: "busy"},
	{name: "suspended", does: "connection.rpush('e', 'x')", job: "e", status: "finished", state: "*"},
	{name: "still suspended", does: wait("f", ""), job: "f", status: "queued", state: "suspended"},
	{name: "resumed", does: "suspension.resume(connection)", job: "f", status: "started", state: "busy"},
	{name: "not to go on", does: "command.send_shutdown_command(connection, name)", job: "f", status: "started", state: "busy"},
	{name: "ended", does: "connection.rpush('f', 'x')", job: "f", status: "finished", ends: true},
}

// A side is one worker, its database, and the times at which its stages began.
// Its name is random, because commands go to all databases of a server.
type side struct {
	*env
	worker string
	golang bool
	marks  []time.Time
}

func newSide(t *testing.T, version string, s server) *side {
	t.Helper()
	side := &side{env: newEnv(t, version, s), worker: strings.ReplaceAll(uuid.NewString(), "-", ""), marks: []time.Time{time.Now()}}
	side.py.exec(t, "name = '"+side.worker+"'")
	return side
}

// pass lets a stage happen and waits until it has.
func (s *side) pass(t *testing.T, st stage) {
	t.Helper()
	if st.does != "" {
		s.marks = append(s.marks, time.Now())
		s.py.exec(t, st.does)
	}
	if st.job != "" {
		s.becomes(t, "rq:job:"+st.job, "status", st.status)
	}
	if st.status == "started" {
		s.has(t, st.job+":running")
	}
	switch st.state {
	case "":
	case "*":
		eventually(t, "the worker not to be busy", func() bool {
			state := s.db.HGet(t.Context(), "rq:worker:"+s.worker, "state").Val()
			return state == "suspended" || s.golang && state == "idle"
		})
	default:
		s.becomes(t, "rq:worker:"+s.worker, "state", st.state)
	}
	if st.name == "not to go on" {
		eventually(t, "the worker to note it", func() bool {
			return s.db.HExists(t.Context(), "rq:worker:"+s.worker, "shutdown_requested_date").Val()
		})
	}
}

// keys are those of the database.
func (s *side) keys(t *testing.T) keyspace {
	t.Helper()
	keys, err := dump(t.Context(), s.db, s.marks...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
