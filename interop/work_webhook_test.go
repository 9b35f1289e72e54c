package interop

import (
	"strings"
	"testing"

	"github.com/rqgo/rq"
)

// TestWorkerWebhooks compares the requests that workers send for the same jobs.
func TestWorkerWebhooks(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		if !between(version, "2.10", "") {
			return // no webhooks yet
		}
		for _, call := range []string{
			"'tasks.add', 1, b=2",
			"'tasks.nothing', result_ttl=0",
			"'tasks.fail', 'no'",
			"'tasks.fail', 'no', failure_ttl=0",
			"'tasks.fail', 'no', retry=Retry(1)",
			"'tasks.add', 1, on_success=Callback('tasks.on_success')",
			"'tasks.fail', 'no', on_failure=Callback('tasks.on_failure')",
			"'tasks.ask_again', max=1",
			"'tasks.add', 1, repeat=Repeat(1)",
		} {
			t.Run(call, func(t *testing.T) {
				lab.runs.Add(1)
				want := hooked(t, newEnv(t, version, s), call, func(e *env) error { return e.py.try("work()") })
				got := hooked(t, newEnv(t, version, s), call, func(e *env) error { return e.burst(t.Context(), rq.WorkerConfig{}) })
				equal(t, "requests", strings.Join(got, "\n"), strings.Join(want, "\n"))
				equal(t, "there are some", len(want) >= len(hooks), true)
			})
		}
	})
	lab.scenarios.Add(1)
}

// hooked returns the requests that a worker sends for a job.
func hooked(t *testing.T, e *env, call string, work func(*env) error) []string {
	t.Helper()
	hook := newHookServer(t)
	e.py.exec(t, strings.Replace(pythonHooks(hook.URL, call), ", is_async=False", "", 1))
	if err := work(e); err != nil {
		t.Fatal(err)
	}
	return hook.requests()
}
