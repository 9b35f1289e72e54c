package interop

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A scenario is one thing done by Python and by Go, each on a database of its
// own. Both must leave the same keys. To add one, append it to scenarios in a
// file of this package:
//
//	func init() {
//		scenarios = append(scenarios, scenario{
//			name:   "enqueue with options",
//			python: `q.enqueue('tasks.add', 2, b=3, job_id='a', result_ttl=10)`,
//			golang: func(ctx context.Context, e *env) error {
//				_, err := rq.NewQueue(e.db, "default").Enqueue(ctx,
//					rq.Call("tasks.add", 2, rq.Kw("b", 3)), rq.JobID("a"), rq.ResultTTL(10*time.Second))
//				return err
//			},
//		})
//	}
//
// Job ids may be given or left random; random names compare by the order in
// which they were made.
type scenario struct {
	name         string
	since, until string   // RQ versions; empty bounds are none
	servers      []string // names; empty is all

	before string // Python that sets up both databases: step 1
	python string // what Python does: step 2
	golang func(ctx context.Context, e *env) error
	after  string // Python run on both afterwards, such as work(): step 3

	check func(t *testing.T, e *env) // more questions to Go's database
}

// An env is Go's side of a scenario.
type env struct {
	db      *redis.Client
	py      *python // on db
	version string  // of RQ
	server  string
}

// scenarios are the comparisons that TestScenarios makes.
var scenarios []scenario

func TestScenarios(t *testing.T) {
	needLab(t)
	eachLab(t, nil, func(t *testing.T, version string, s server) {
		for _, sc := range scenarios {
			if between(version, sc.since, sc.until) && sc.on(s) {
				t.Run(sc.name, func(t *testing.T) {
					compare(t, sc, version, s, deviations)
				})
			}
		}
	})
	lab.scenarios.Add(int64(len(scenarios)))
}

// on says whether the scenario wants the server.
func (sc scenario) on(s server) bool {
	for _, name := range sc.servers {
		if name == s.name {
			return true
		}
	}
	return len(sc.servers) == 0
}

// compare runs both sides of a scenario and reports what differs.
func compare(t *testing.T, sc scenario, version string, s server, allow []*deviation) {
	t.Helper()
	lab.runs.Add(1)
	python, golang := newEnv(t, version, s), newEnv(t, version, s)
	want := run(t, sc, python, func(context.Context, *env) error { return python.py.try(sc.python) })
	got := run(t, sc, golang, sc.golang)
	found, compared := diff(want, got)
	lab.comparisons.Add(int64(compared))
	for _, d := range unexpected(sc.name, version, found, allow) {
		t.Error(d)
	}
	if sc.check != nil {
		sc.check(t, golang)
	}
}

func newEnv(t testing.TB, version string, s server) *env {
	t.Helper()
	db := s.db(t)
	return &env{db: db, py: newPython(t, version, db), version: version, server: s.name}
}

// run takes one side through the steps of a scenario and reads its keys.
func run(t *testing.T, sc scenario, e *env, act func(context.Context, *env) error) keyspace {
	t.Helper()
	marks := []time.Time{time.Now()}
	e.py.exec(t, sc.before)
	marks = append(marks, time.Now())
	if err := act(t.Context(), e); err != nil {
		t.Fatalf("%s: %v", sc.name, err)
	}
	marks = append(marks, time.Now())
	e.py.exec(t, sc.after)
	keys, err := dump(t.Context(), e.db, marks...)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
