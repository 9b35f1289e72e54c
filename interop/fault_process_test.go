package interop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// processEnv is the environment variable that makes the test binary a Go worker,
// so that a test can kill it as one kills a process. It holds a processConfig.
const processEnv = "RQ_TEST_WORKER"

// A processConfig is what such a worker is told.
type processConfig struct {
	URL, Name, Fleet string
	Queues           []string
	Concurrency      int
	Scheduler, Burst bool
}

// workAsProcess is the life of such a worker, until it is killed, or the process
// that started it has ended.
func workAsProcess() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(1)
	}()
	if err := tryToWork(os.Getenv(processEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func tryToWork(config string) error {
	var c processConfig
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	opts, err := redis.ParseURL(c.URL)
	if err != nil {
		return err
	}
	rdb := redis.NewClient(opts)
	defer rdb.Close()
	w, err := faultWorker(rdb, c, os.Stderr)
	if err != nil {
		return err
	}
	return w.Run(context.Background())
}

// faultWorker returns a worker that runs the jobs of testdata/lab/faults.py. It
// learns in a second what it missed, and leaves when it is told to.
func faultWorker(rdb *redis.Client, c processConfig, log io.Writer) (*rq.Worker, error) {
	return rq.NewWorker(rdb, faults{rdb}.handlers(), rq.WorkerConfig{
		Name: c.Name, Queues: c.Queues, Fleet: c.Fleet, Concurrency: c.Concurrency, Scheduler: c.Scheduler, Burst: c.Burst,
		JobMonitoringInterval: time.Second, MaintenanceInterval: time.Second, ShutdownTimeout: time.Second,
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
}

// notes is the stream in which jobs note their runs.
const notes = "test:notes"

// errAsItShould is how a job fails that is told to.
var errAsItShould = errors.New("as it should")

// faults are the functions of testdata/lab/faults.py.
type faults struct{ rdb *redis.Client }

func (f faults) handlers() rq.Handlers {
	return rq.Handlers{
		"faults.work": rq.Func(f.work, "ms", "fails"), "faults.hold": rq.Func(f.hold, "worker"), "faults.insist": rq.Func(f.insist, "worker"),
	}
}

// work takes some time, and fails the first few times that it gets so far.
func (f faults) work(ctx context.Context, ms, fails int) error {
	return f.noted(ctx, func(j *rq.Job) error {
		select {
		case <-time.After(time.Duration(ms) * time.Millisecond):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		tries, err := f.rdb.Incr(ctx, "test:tries:"+j.ID()).Result()
		if err == nil && tries <= int64(fails) {
			err = errAsItShould
		}
		return err
	})
}

// hold returns at once, but in one worker: there it waits for its end.
func (f faults) hold(ctx context.Context, worker string) error {
	return f.noted(ctx, func(j *rq.Job) error {
		if j.WorkerName() != worker {
			return nil
		}
		<-ctx.Done()
		return context.Cause(ctx)
	})
}

// insist returns at once, but in one worker: there it goes on when it should end,
// and comes to its end as if nothing were.
func (f faults) insist(ctx context.Context, worker string) error {
	return f.noted(context.WithoutCancel(ctx), func(j *rq.Job) error {
		if j.WorkerName() == worker {
			<-ctx.Done()
		}
		return nil
	})
}

// noted notes when work starts and ends. What Redis has of that it has in one step.
func (f faults) noted(ctx context.Context, work func(*rq.Job) error) error {
	j, _ := rq.CurrentJob(ctx)
	run := uuid.NewString()
	note := func(what string) error {
		return f.rdb.XAdd(context.WithoutCancel(ctx), &redis.XAddArgs{
			Stream: notes, Values: []string{"job", j.ID(), "run", run, "worker", j.WorkerName(), "what", what},
		}).Err()
	}
	if err := note("start"); err != nil {
		return err
	}
	err := work(j)
	switch {
	case ctx.Err() != nil:
		return errors.Join(err, note("left"))
	case err != nil:
		return err
	}
	return note("end")
}

// A process is a Go worker in a process of its own.
type process struct {
	processConfig
	cmd  *exec.Cmd
	log  *processOutput
	once sync.Once
}

// startProcess starts a Go worker. It is killed when the test ends.
func startProcess(t testing.TB, rdb *redis.Client, c processConfig) *process {
	t.Helper()
	c.URL = redistest.URL(rdb)
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{processConfig: c, cmd: exec.Command(self), log: &processOutput{}}
	p.cmd.Env = append(os.Environ(), processEnv+"="+string(config), "GORACE=atexit_sleep_ms=0")
	p.cmd.Stderr = p.log
	if _, err = p.cmd.StdinPipe(); err != nil { // it ends with this process
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// kill ends the worker as kill -9 does.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}

func (p *process) signal(t testing.TB, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// processOutput keeps what a process wrote.
type processOutput struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *processOutput) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *processOutput) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
