package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redistest"
)

// The examples are run as the README says, on the newest RQ.

// example builds a program of ../examples.
func example(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if out, err := exec.Command("go", "build", "-o", path, "../examples/"+name).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return path
}

// output runs a program to its end on rdb's database.
func output(t *testing.T, rdb *redis.Client, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(os.Environ(), "REDIS_URL="+redistest.URL(rdb), "PYTHONWARNINGS=ignore")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(program), err, out)
	}
	return string(out)
}

// start runs a program until the function it returns interrupts it, and returns
// when it has said something.
func start(t *testing.T, rdb *redis.Client, program string, args ...string) (interrupt func() string) {
	t.Helper()
	var out lockedBuffer
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "REDIS_URL="+redistest.URL(rdb))
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	eventually(t, "the program speaks", func() bool { return out.String() != "" })
	return func() string {
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", filepath.Base(program), err)
		}
		return out.String()
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newest returns a database and the paths of the newest RQ's python and rq.
func newest(t *testing.T) (rdb *redis.Client, python, rq string) {
	t.Helper()
	needLab(t)
	version := lab.versions[len(lab.versions)-1]
	return lab.servers[0].db(t), fmt.Sprintf(pythonOf, lab.dir, version), fmt.Sprintf(rqOf, lab.dir, version)
}

func TestPythonInteropExample(t *testing.T) {
	t.Parallel()
	rdb, python, _ := newest(t)
	program := example(t, "python-interop")
	interrupt := start(t, rdb, program, "work")

	said := output(t, rdb, python, "../examples/python-interop/shop.py")

	equal(t, "Python says", said, "Go returned: 15.3\nGo failed: error: cup: cannot sell -1 of them\n")
	interrupt()
	startWorker(t, lab.versions[len(lab.versions)-1], rdb, "--path", "../examples/python-interop", "python")
	said = output(t, rdb, program, "enqueue")
	equal(t, "Go says", said, "Python wrote: Ann owes 17.00 for 4 x tea, 1 x cup\n")
}

func TestWorkerExample(t *testing.T) {
	t.Parallel()
	rdb, _, rq := newest(t)
	interrupt := start(t, rdb, example(t, "worker"))
	for _, args := range []string{"tasks.add :2 b:=3", "tasks.report https://example.org", "tasks.div_by_zero :1"} {
		output(t, rdb, rq, append([]string{"enqueue", "--url", redistest.URL(rdb)}, strings.Fields(args)...)...)
	}
	eventually(t, "the jobs end", func() bool {
		finished := rdb.ZCard(t.Context(), "rq:finished:default").Val()
		return finished == 2 && rdb.ZCard(t.Context(), "rq:failed:default").Val() == 1
	})
	info := output(t, rdb, rq, "info", "--url", redistest.URL(rdb))
	for _, want := range []string{"0 executing, 2 finished, 1 failed", "idle high, default. jobs: 2 finished, 1 failed", "1 workers"} {
		equal(t, "rq info says "+want, strings.Contains(info, want), true)
	}

	log := interrupt()

	for _, want := range []string{"Working as", "handled", "panic: runtime error: integer divide by zero"} {
		equal(t, "the worker says "+want, strings.Contains(log, want), true)
	}
}

func TestQuickstartExample(t *testing.T) {
	t.Parallel()
	rdb, _, _ := newest(t)
	startWorker(t, lab.versions[len(lab.versions)-1], rdb, "default")
	said := output(t, rdb, example(t, "quickstart"))
	for _, want := range []string{
		"is finished and returned 5", "is failed:", "in main.divByZero", "panic: runtime error: integer divide by zero",
		"Requeued, it is queued, and 1 job is in the queue", "status        queued", "Python returned 5",
	} {
		equal(t, "quickstart says "+want, strings.Contains(said, want), true)
	}
}
