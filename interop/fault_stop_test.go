package interop

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/rqgo/rq"
)

// rescuers take over the jobs of a worker that is stopped.
var rescuers = []struct {
	name   string
	rescue func(t *testing.T, c *carnage)
}{
	{"Go", func(t *testing.T, c *carnage) { c.runLast() }},
	{"Python", func(t *testing.T, c *carnage) {
		burst(t, c.version, c.db, "--name", "last", "default")
	}},
}

// TestStop stops a Go worker in the middle of a job until another has taken it
// over and finished it. When it goes on, it must change nothing of that job.
func TestStop(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		for _, r := range rescuers {
			if r.name == "Python" && !between(version, "2.0", "") {
				continue // RQ 1 takes an entry of rq:wip away, and leaves the job
			}
			for _, forgotten := range []bool{false, true} {
				name := r.name
				if forgotten {
					name += ", and the worker is forgotten"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					lab.runs.Add(1)
					stopAndGoOn(t, &carnage{t: t, db: s.db(t), version: version}, forgotten, r.rescue)
				})
			}
		}
	})
	lab.scenarios.Add(1)
}

// stopped are the calls of the jobs that the worker is in when it stops. When it
// goes on, one comes to its end all the same, and the others are to be left.
func stopped(worker string) map[string]rq.FuncCall {
	return map[string]rq.FuncCall{
		"held": rq.Call("faults.hold", worker), "held-too": rq.Call("faults.hold", worker), "late": rq.Call("faults.insist", worker),
	}
}

func stopAndGoOn(t *testing.T, c *carnage, forgotten bool, rescue func(*testing.T, *carnage)) {
	t.Helper()
	ctx, q := t.Context(), rq.NewQueue(c.db, "default", rq.Fleet(c.version))
	name := fmt.Sprintf("stopped-%d", c.db.Options().DB) // other tests' workers of this name would be told to end, too
	p := startProcess(t, c.db, processConfig{Name: name, Fleet: c.version, Queues: c.queues(), Concurrency: 3})
	for id, call := range stopped(p.Name) {
		if _, err := q.Enqueue(ctx, call, rq.JobID(id), rq.Retry{Max: 1}); err != nil {
			t.Fatal(err)
		}
	}
	c.awaitNotes(p, "start held", "start held-too", "start late")
	p.signal(t, syscall.SIGSTOP)
	c.age(p.Name, forgotten)
	rescue(t, c)
	before := c.jobKeys()

	p.signal(t, syscall.SIGCONT)
	c.awaitNotes(p, "left held", "left held-too", "end late")
	if _, err := q.Enqueue(ctx, rq.Call("faults.work", 0, 0), rq.JobID("next")); err != nil {
		t.Fatal(err)
	}
	c.awaitNotes(p, "end next")
	eventually(t, "the worker to be registered", func() bool {
		return c.db.SIsMember(ctx, "rq:workers", "rq:worker:"+p.Name).Val() && c.db.HExists(ctx, "rq:worker:"+p.Name, "birth").Val()
	})
	c.db.Publish(ctx, "rq:pubsub:"+p.Name, `{"command": "shutdown"}`)
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the worker ended with %v:\n%s", err, p.log)
	}
	for _, d := range c.changes(before) {
		t.Errorf("the late worker changed %s", d)
	}
	for id := range stopped(p.Name) {
		if got := c.db.HGet(ctx, "rq:job:"+id, "status").Val(); got != "finished" {
			t.Errorf("%s is %s", id, got)
		}
	}
}

// awaitNotes waits until a worker's jobs have noted all of what.
func (c *carnage) awaitNotes(p *process, what ...string) {
	c.t.Helper()
	for _, w := range what {
		eventually(c.t, w+" in "+p.Name, func() bool {
			for _, note := range c.db.XRange(c.t.Context(), notes, "-", "+").Val() {
				if note.Values["worker"] == p.Name && w == note.Values["what"].(string)+" "+note.Values["job"].(string) {
					return true
				}
			}
			return false
		})
	}
}

// jobKeys returns all keys but those of executions, workers and tests. Python may
// leave executions of jobs that it finds abandoned, and their worker removes them.
func (c *carnage) jobKeys() map[string]entry {
	c.t.Helper()
	keys, err := readKeys(c.t.Context(), c.db)
	if err != nil {
		c.t.Fatal(err)
	}
	for name := range keys {
		for _, prefix := range []string{"rq:execution", "rq:worker", "rq:clean", "test:"} {
			if strings.HasPrefix(name, prefix) {
				delete(keys, name)
			}
		}
	}
	return keys
}

// changes compares the keys with those from before, but for what the job "next"
// has left, and looks for executions.
func (c *carnage) changes(before map[string]entry) []difference {
	c.t.Helper()
	after := c.jobKeys()
	delete(after, "rq:job:next")
	delete(after, "rq:results:next")
	delete(after["rq:finished:default"].fields, "next")
	for _, name := range c.db.Keys(c.t.Context(), "rq:execution*").Val() {
		after[name] = entry{kind: "left over"}
	}
	found, compared := diff(keyspace{keys: before, elapsed: workerTimeout}, keyspace{keys: after})
	lab.comparisons.Add(int64(compared))
	return found
}
