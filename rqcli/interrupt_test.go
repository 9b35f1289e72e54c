package rqcli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// processEnv is the environment variable that makes the test binary a program of its
// own, which has the functions waiting and the command line that it is given.
const processEnv = "RQ_TEST_PROGRAM"

// waiting are functions that return when a file is there.
var waiting = rq.Handlers{"wait": rq.Func(func(ctx context.Context, file string) error {
	for {
		if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Millisecond):
		}
	}
}, "file")}

// A program is `worker` in a process of its own, in the middle of a job.
type program struct {
	*exec.Cmd
	rdb  *redis.Client
	file string // the job ends when it is there
	errs bytes.Buffer
}

func startProgram(t *testing.T) *program {
	t.Helper()
	ctx, p := t.Context(), &program{rdb: redistest.Real(t), file: filepath.Join(t.TempDir(), "go on")}
	self, err := os.Executable()
	require.NoError(t, err)
	p.Cmd = exec.Command(self, "worker", "--name", "w", "--url", redistest.URL(p.rdb))
	p.Env, p.Stderr = append(os.Environ(), processEnv+"=1", "GORACE=atexit_sleep_ms=0"), &p.errs
	require.NoError(t, p.Start())
	t.Cleanup(func() { _ = p.Process.Kill(); _ = p.Wait() })
	_, err = rq.NewQueue(p.rdb, "default").Enqueue(ctx, rq.Call("wait", p.file), rq.JobID("j"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.status(t) == "started" }, 20*time.Second, time.Millisecond)
	return p
}

func (p *program) status(t *testing.T) string {
	t.Helper()
	return p.rdb.HGet(t.Context(), "rq:job:j", "status").Val()
}

// interrupt sends the first signal, and returns when the worker has it.
func (p *program) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		return p.rdb.HExists(t.Context(), "rq:worker:w", "shutdown_requested_date").Val()
	}, 20*time.Second, time.Millisecond)
}

// TestASecondInterruptAtOnceIsIgnored has a supervisor that sends two, of either kind.
func TestASecondInterruptAtOnceIsIgnored(t *testing.T) {
	t.Parallel()
	p := startProgram(t)

	p.interrupt(t)
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.Process.Signal(os.Interrupt))
	require.NoError(t, os.WriteFile(p.file, nil, 0o600))

	require.NoError(t, p.Wait(), p.errs.String())
	assert.Equal(t, "finished", p.status(t))
	assert.Zero(t, p.rdb.SCard(t.Context(), "rq:workers").Val(), "it has said that it ends")
}

// TestALaterInterruptEndsTheProgram is for one who has waited and does not any longer.
func TestALaterInterruptEndsTheProgram(t *testing.T) {
	t.Parallel()
	p := startProgram(t)
	ended := make(chan error, 1)

	p.interrupt(t)
	go func() { ended <- p.Wait() }()
	var err error
	for over := false; !over; { // those within a second are ignored
		select {
		case err = <-ended:
			over = true
		case <-time.After(50 * time.Millisecond):
			_ = p.Process.Signal(syscall.SIGTERM) // it may have ended
		}
	}

	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit, p.errs.String())
	assert.Equal(t, syscall.SIGTERM, exit.Sys().(syscall.WaitStatus).Signal())
	assert.Equal(t, "started", p.status(t), "another worker recovers it")
}
