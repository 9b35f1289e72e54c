package interop

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/redistest"
)

// failedID is the id of the nth failed job, as long as RQ's own.
const failedID = "00000000-0000-4000-8000-%012d"

// makeFailed copies the failed job within the server, which takes a tenth of the
// time that sending all of it would.
//
// KEYS: the failed job, the registry
// ARGV: the first number, the last, when they failed, the form of ids
var makeFailed = redis.NewScript(`
for n = ARGV[1], ARGV[2] do
  local id = string.format(ARGV[4], n)
  redis.call('COPY', KEYS[1], 'rq:job:' .. id, 'REPLACE')
  redis.call('ZADD', KEYS[2], ARGV[3] + math.floor(n / 100), id)
end`)

// make has n jobs fail, none of them queued.
func (f *failures) make(t *testing.T, n int) {
	t.Helper()
	const step = 1000 // other tests use the server, too
	f.db.Del(t.Context(), "rq:queue:q", "rq:failed:q")
	for first := 0; first < n; first += step {
		err := makeFailed.Run(t.Context(), f.db, []string{"rq:job:failed", "rq:failed:q"}, first, min(first+step, n)-1, time.Now().Unix()+31536000, failedID).Err()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
	}
}

// places returns the ids that are queued and failed at one moment.
func (f *failures) places(t *testing.T) (queued, failed []string) {
	t.Helper()
	pipe := f.db.TxPipeline()
	list, zset := pipe.LRange(t.Context(), "rq:queue:q", 0, -1), pipe.ZRange(t.Context(), "rq:failed:q", 0, -1)
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return list.Val(), zset.Val()
}

// verifyEach checks that each of n failed jobs is in one place, and once.
func verifyEach(t *testing.T, n int, places ...[]string) {
	t.Helper()
	seen := make(map[string]int, n)
	for _, ids := range places {
		for _, id := range ids {
			seen[id]++
		}
	}
	for i := range n {
		if id := fmt.Sprintf(failedID, i); seen[id] != 1 {
			t.Errorf("%s is in %d places", id, seen[id])
		}
	}
	if len(seen) != n {
		t.Errorf("there are %d jobs, want %d", len(seen), n)
	}
}

// otherThan finds the jobs that are not as RQ leaves one that it requeues: each
// field is equal, but for the time.
//
// KEYS: the job that RQ requeued
// ARGV: ids
// returns the ids of those that differ
var otherThan = redis.NewScript(`
local function fields_of(key)
  local fields, flat = {}, redis.call('HGETALL', key)
  for n = 1, #flat, 2 do fields[flat[n]] = flat[n + 1] end
  return fields, #flat
end
local want, count = fields_of(KEYS[1])
local others = {}
for _, id in ipairs(ARGV) do
  local got, size = fields_of('rq:job:' .. id)
  local equal = size == count and #got.enqueued_at == #want.enqueued_at
  for field, value in pairs(want) do
    equal = equal and (field == 'enqueued_at' or got[field] == value)
  end
  if not equal then others[#others + 1] = id end
end
return others`)

// verifyRequeued checks that the jobs are queued once each, as RQ would leave them.
func (f *failures) verifyRequeued(t *testing.T, ids []string) {
	t.Helper()
	if got := f.db.HGet(t.Context(), "rq:job:requeued", "status").Val(); got != "queued" {
		t.Fatalf("the job that RQ requeued is %q", got)
	}
	seen := make(map[string]bool, len(ids))
	args := make([]any, 0, 1000)
	for i, id := range ids {
		if seen[id] {
			t.Errorf("%s is queued twice", id)
		}
		seen[id] = true
		if args = append(args, id); len(args) < cap(args) && i < len(ids)-1 {
			continue
		}
		others, err := otherThan.Run(t.Context(), f.db, []string{"rq:job:requeued"}, args...).StringSlice()
		if err != nil || len(others) > 0 {
			t.Fatalf("these are not as RQ leaves jobs that it requeues: %q, %v", others, err)
		}
		args = args[:0]
	}
}

func (f *failures) verifyPeak(t *testing.T, got requeueRun) {
	t.Helper()
	t.Logf("%s took %d KiB", got.took.Round(time.Millisecond), got.peak)
	if got.peak == 0 || got.peak > peakLimit {
		t.Errorf("the command took %d KiB of memory, want at most %d", got.peak, peakLimit)
	}
}

// A requeueRun is one that came to its end.
type requeueRun struct {
	code      int
	out, errs string
	took      time.Duration
	peak      int // of its memory, in KiB
}

func (f *failures) command(args ...string) *exec.Cmd {
	return exec.Command(f.program, append([]string{"requeue", "--url", redistest.URL(f.db), "--queue", "q"}, args...)...)
}

// run requeues all failed jobs. It watches the memory of the process, since what
// the system says of it at the end has the peak of this process in it: until it
// has a program of its own, a new process is in its parent's memory.
func (f *failures) run(t *testing.T, args ...string) (got requeueRun) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := f.command(append(args, "--all")...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case <-ended:
			return requeueRun{cmd.ProcessState.ExitCode(), out.String(), errs.String(), time.Since(start), got.peak}
		case <-time.After(time.Millisecond):
			got.peak = max(got.peak, peakOf(cmd.Process.Pid))
		}
	}
}

// peakOf returns how much memory a process has had at most, in KiB, or 0 if it
// has ended.
func peakOf(pid int) (kib int) {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, peak, ok := strings.Cut(string(status), "VmHWM:"); ok {
		_, _ = fmt.Sscan(peak, &kib)
	}
	return kib
}
