package interop

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redistest"
)

// workerTimeout bounds the life of a Python worker. It is long because many
// jobs share one worker on a slow machine.
const workerTimeout = 120 * time.Second

// leash runs a program until it ends or the leash's own input does, so that no
// worker outlives the test binary. RQ's worker would try to reconnect for ever.
const leash = `
exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
(read -r _ <&3; kill -9 $pid) &
reader=$!
wait $pid
code=$?
kill $reader 2>/dev/null
exit $code
`

// A pythonWorker is a running `rq worker`.
type pythonWorker struct {
	cmd  *exec.Cmd
	hold io.WriteCloser
	log  string // path
}

// burst runs `rq worker --burst` of an RQ version on rdb's database until the
// queues are empty and returns its log. Args are what else the command line
// has: options first, then the queues (default: default).
func burst(t testing.TB, version string, rdb *redis.Client, args ...string) string {
	t.Helper()
	return startWorker(t, version, rdb, append([]string{"--burst"}, args...)...).wait(t)
}

// startWorker starts `rq worker`. It is killed when the test ends.
func startWorker(t testing.TB, version string, rdb *redis.Client, args ...string) *pythonWorker {
	t.Helper()
	w := &pythonWorker{log: filepath.Join(t.TempDir(), "worker.log")}
	log, err := os.Create(w.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	rq := []string{"-c", leash, "leash", fmt.Sprintf(rqOf, lab.dir, version), "worker", "--url", redistest.URL(rdb)}
	w.cmd = exec.Command("/bin/sh", append(rq, args...)...)
	w.cmd.Env = append(os.Environ(), "PYTHONPATH="+absolute(t, tasksDir), "PYTHONWARNINGS=ignore")
	w.cmd.Stdout, w.cmd.Stderr = log, log
	if w.hold, err = w.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.kill)
	return w
}

// wait waits for the worker to end by itself and returns its log.
func (w *pythonWorker) wait(t testing.TB) string {
	t.Helper()
	late := time.AfterFunc(workerTimeout, func() { w.hold.Close() })
	defer late.Stop()
	err := w.cmd.Wait()
	log, _ := os.ReadFile(w.log)
	if err != nil {
		t.Fatalf("rq worker: %v\n%s", err, log)
	}
	return string(log)
}

// kill ends the worker as kill -9 does, if it still runs.
func (w *pythonWorker) kill() {
	w.hold.Close()
	w.cmd.Wait()
}

func absolute(t testing.TB, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
