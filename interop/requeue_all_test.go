package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// peakLimit is how much memory the command may take for any number of jobs, in KiB.
const peakLimit = 64 << 10

// TestRequeueAllOfMany has the command line requeue many jobs. Where some are gone,
// or it was killed, RQ's own ends with a traceback or loses jobs (rq/cli/cli.py,
// requeue).
func TestRequeueAllOfMany(t *testing.T) {
	needLab(t)
	t.Parallel()
	program := filepath.Join(t.TempDir(), "rq")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/rq").CombinedOutput(); err != nil {
		t.Fatalf("build rq: %v\n%s", err, out)
	}
	f := newFailures(t, program)
	t.Run("some have expired", f.someExpired)
	t.Run("all have expired", f.allExpired)
	t.Run("killed half-way", f.killed)
	lab.scenarios.Add(1)
}

// Failures are many failed jobs of the queue q, and the command that requeues them.
type failures struct {
	program string
	db      *redis.Client
}

// newFailures has Python fail a job, which the others are copies of, and requeue
// a copy, which the others are to be like.
func newFailures(t *testing.T, program string) *failures {
	t.Helper()
	f := &failures{program, lab.servers[0].db(t)}
	t.Cleanup(func() { f.db.FlushDBAsync(context.WithoutCancel(t.Context())) })
	py := newPython(t, lab.versions[len(lab.versions)-1], f.db)
	py.exec(t, `
queue = Queue('q', connection=connection)
queue.enqueue('tasks.fail', job_id='failed')
work('q')
connection.copy('rq:job:failed', 'rq:job:requeued')
registry = FailedJobRegistry(queue=queue)
connection.zadd(registry.key, {'requeued': connection.zscore(registry.key, 'failed')})
registry.requeue('requeued')
connection.delete(registry.key, queue.key)
`)
	return f
}

func (f *failures) someExpired(t *testing.T) {
	const n, every = 100_000, 1000
	f.make(t, n)
	expired := map[string]bool{}
	for i := every / 2; i < n; i += every {
		id := fmt.Sprintf(failedID, i)
		expired[id] = true
		f.db.Del(t.Context(), "rq:job:"+id)
	}

	got := f.run(t)

	lab.runs.Add(1)
	if got.code != 1 {
		t.Errorf("exit code %d, want 1: %s", got.code, got.errs)
	}
	for id := range expired {
		if !strings.Contains(got.errs, "no such job: "+id+"\n") {
			t.Errorf("%s has expired, and is not named", id)
		}
	}
	if lines := strings.Count(got.errs, "\n"); lines != len(expired)+1 {
		t.Errorf("%d lines of errors, want one for each of %d jobs and a sum:\n%s", lines, len(expired), got.errs)
	}
	queued, failed := f.places(t)
	for _, id := range failed {
		if !expired[id] {
			t.Errorf("%s is failed still", id)
		}
	}
	if len(failed) != len(expired) || len(queued) != n-len(expired) {
		t.Errorf("%d jobs are queued and %d failed, want %d and %d", len(queued), len(failed), n-len(expired), len(expired))
	}
	f.verifyRequeued(t, queued)
	f.verifyPeak(t, got)
}

// allExpired has as many jobs to name as there can be, as data.
func (f *failures) allExpired(t *testing.T) {
	const n = 100_000
	f.make(t, n)
	for first := 0; first < n; first += 1000 {
		keys := make([]string, 1000)
		for i := range keys {
			keys[i] = "rq:job:" + fmt.Sprintf(failedID, first+i)
		}
		f.db.Unlink(t.Context(), keys...)
	}

	got := f.run(t, "--json")

	lab.runs.Add(1)
	var report struct {
		Done    int
		Skipped []struct{ ID, Reason string }
	}
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	if got.code != 1 || got.errs != "" || report.Done != 0 || len(report.Skipped) != n {
		t.Errorf("exit code %d, %d jobs done, %d skipped, want 1, 0 and %d: %s", got.code, report.Done, len(report.Skipped), n, got.errs)
	}
	for i, s := range report.Skipped {
		if want := fmt.Sprintf(failedID, i); s.ID != want || s.Reason == "" {
			t.Fatalf("job %d that was skipped is %q for %q, want %s", i, s.ID, s.Reason, want)
		}
	}
	f.verifyPeak(t, got)
}

// killed kills the command at random moments. At no moment is a job in two places
// or in none, and the next run does the rest.
func (f *failures) killed(t *testing.T) {
	const n = 30_000
	chance := chance(t)
	for range 3 {
		f.make(t, n)
		at := int64(n/5 + chance.IntN(n/2))
		cmd := f.command("--all")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "some jobs to be queued", func() bool { return f.db.LLen(t.Context(), "rq:queue:q").Val() >= at })
		_ = cmd.Process.Kill()
		if err := cmd.Wait(); err == nil {
			t.Error("the command came to its end before it was killed")
		}

		queued, failed := f.places(t)
		t.Logf("killed when %d of %d jobs were queued", len(queued), n)
		verifyEach(t, n, queued, failed)
		if got := f.run(t); got.code != 0 {
			t.Errorf("exit code %d: %s", got.code, got.errs)
		}

		lab.runs.Add(1)
		if queued, failed = f.places(t); len(failed) != 0 {
			t.Errorf("%d jobs are failed still", len(failed))
		}
		verifyEach(t, n, queued)
		f.verifyRequeued(t, queued)
	}
}
