package interop

import (
	"context"
	"reflect"
	"testing"
)

// A live scenario is a job that one side enqueues and real `rq worker`
// processes run. All live scenarios of one kind of worker share one worker
// run, so their job ids and keys must not clash.
type live struct {
	name         string
	since, until string // RQ versions; empty bounds are none
	serializer   string // a key of serializers; "" is pickle

	enqueue func(ctx context.Context, e *env) error // on queue "default"
	check   func(t *testing.T, e *env)              // after the worker
}

// lives are what TestLive runs.
var lives []live

// serializers are the names that every RQ version's command line knows.
var serializers = map[string]string{"json": "rq.serializers.JSONSerializer"}

// workerKinds are the command lines of the workers that run live scenarios.
var workerKinds = []struct {
	name string
	args []string
}{
	{"fork", nil},
	{"simple", []string{"--worker-class", "rq.SimpleWorker"}},
}

func TestLive(t *testing.T) {
	eachLab(t, []string{"redis7", "valkey8"}, func(t *testing.T, version string, s server) {
		for _, kind := range workerKinds {
			for _, serializer := range []string{"", "json"} {
				t.Run(kind.name+serializer, func(t *testing.T) {
					runLive(t, version, s, serializer, kind.args)
				})
			}
		}
	})
	lab.scenarios.Add(int64(len(lives)))
}

func runLive(t *testing.T, version string, s server, serializer string, args []string) {
	t.Helper()
	e := newEnv(t, version, s)
	var enqueued []live
	for _, l := range lives {
		if l.serializer == serializer && between(version, l.since, l.until) {
			if err := l.enqueue(t.Context(), e); err != nil {
				t.Errorf("%s: %v", l.name, err)
				continue
			}
			enqueued = append(enqueued, l)
		}
	}
	if serializer != "" {
		args = append([]string{"--serializer", serializers[serializer]}, args...)
	}
	log := burst(t, version, e.db, args...)
	for _, l := range enqueued {
		t.Run(l.name, func(t *testing.T) {
			lab.runs.Add(1)
			l.check(t, e)
			if t.Failed() {
				t.Logf("the worker's last words:\n%s", log[max(0, len(log)-2000):])
			}
		})
	}
}

// equal compares what was read back with what was meant, and counts it.
func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	lab.comparisons.Add(1)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}
