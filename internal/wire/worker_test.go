package wire

import (
	"maps"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWorkersAreWrittenAsRQDoes(t *testing.T) {
	t.Parallel()
	for _, g := range goldens(t, "workers.jsonl") {
		w, err := DecodeWorker(g.hash())
		require.NoError(t, err, g.Name)
		assert.Equal(t, g.Fields, written(t, w.Fields()), "%s of RQ %s", g.Name, g.RQ)
	}
}

// busyWorker is the hash of a worker of RQ 2.10 while it works, and the worker.
func busyWorker() (map[string]string, Worker) {
	return map[string]string{
			"birth": "2026-11-23T10:14:47.926798Z", "last_heartbeat": "2026-11-23T10:14:47.927499Z", "queues": "high,default",
			"pid": "9716", "hostname": "vm", "ip_address": "127.0.0.1:39842", "version": "2.10.0", "python_version": "3.11.2",
			"state": "busy", "current_job": "j", "current_job_working_time": "0.25", "successful_job_count": "7",
			"failed_job_count": "8", "total_working_time": "8.5e-05", "shutdown_requested_date": "2026-11-23T10:14:47.000001Z",
			"death": "2026-11-23T10:14:47.000002Z", "of_the_future": "x",
		}, Worker{
			Birth: day(926798), LastHeartbeat: day(927499), Queues: []string{"high", "default"},
			PID: 9716, Hostname: "vm", IPAddress: "127.0.0.1:39842", Version: "2.10.0", PythonVersion: "3.11.2",
			State: "busy", CurrentJob: "j", CurrentJobSeconds: 0.25, SuccessfulJobCount: 7,
			FailedJobCount: 8, TotalWorkingTime: 8.5e-05, ShutdownRequested: day(1), Death: day(2),
		}
}

func TestDecodeWorker(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, value string
		bad          bool
		change       func(*Worker)
	}{
		{"of_the_future", "y", false, func(*Worker) {}},
		{"birth", "", false, func(w *Worker) { w.Birth = time.Time{} }},
		{"birth", "2026-11-23T10:14:47Z", false, func(w *Worker) { w.Birth = day(0) }},
		{"birth", "1795428887", true, func(w *Worker) { w.Birth = time.Time{} }},
		{"last_heartbeat", "2026-11-23T10:14:47.123456789Z", false, func(w *Worker) { w.LastHeartbeat = day(123456) }},
		{"death", "x", true, func(w *Worker) { w.Death = time.Time{} }},
		{"shutdown_requested_date", "", false, func(w *Worker) { w.ShutdownRequested = time.Time{} }},
		{"queues", "", false, func(w *Worker) { w.Queues = nil }},
		{"queues", "größe.☃", false, func(w *Worker) { w.Queues = []string{"größe.☃"} }},
		{"queues", "\xff", true, func(w *Worker) { w.Queues = nil }},
		{"pid", "", false, func(w *Worker) { w.PID = 0 }},
		{"pid", "go-1", true, func(w *Worker) { w.PID = 0 }},
		{"pid", "99999999999999999999", true, func(w *Worker) { w.PID = 0 }},
		{"hostname", "\xff", true, func(w *Worker) { w.Hostname = "" }},
		{"ip_address", "", false, func(w *Worker) { w.IPAddress = "" }},
		{"state", "of_the_future", false, func(w *Worker) { w.State = "of_the_future" }},
		{"current_job", "", false, func(w *Worker) { w.CurrentJob = "" }},
		{"current_job_working_time", "0", false, func(w *Worker) { w.CurrentJobSeconds = 0 }},
		{"current_job_working_time", "1.5s", true, func(w *Worker) { w.CurrentJobSeconds = 0 }},
		{"successful_job_count", "1.0", true, func(w *Worker) { w.SuccessfulJobCount = 0 }},
		{"failed_job_count", "", false, func(w *Worker) { w.FailedJobCount = 0 }},
		{"total_working_time", "1234567.25030400000000001", false, func(w *Worker) { w.TotalWorkingTime = 1234567.250304 }},
		{"total_working_time", "nan", true, func(w *Worker) { w.TotalWorkingTime = 0 }},
		{"total_working_time", "inf", true, func(w *Worker) { w.TotalWorkingTime = 0 }},
		{"total_working_time", "1e999", true, func(w *Worker) { w.TotalWorkingTime = 0 }},
	} {
		full, want := busyWorker()
		hash := maps.Clone(full)
		hash[c.field] = c.value
		c.change(&want)
		got, err := DecodeWorker(hash)
		if c.bad {
			assert.Equal(t, []string{c.field}, failedFields(err), "%q", c.value)
		} else {
			require.NoError(t, err, "%s %q", c.field, c.value)
		}
		assert.Equal(t, &want, got, "%s %q", c.field, c.value)
	}
}

// TestDecodeWorkerThatHasExpired has the hash that a late heartbeat leaves behind.
func TestDecodeWorkerThatHasExpired(t *testing.T) {
	t.Parallel()
	got, err := DecodeWorker(map[string]string{"last_heartbeat": "2026-11-23T10:14:47.926798Z"})
	require.NoError(t, err)
	assert.Equal(t, &Worker{LastHeartbeat: day(926798)}, got)

	got, err = DecodeWorker(nil)
	require.NoError(t, err)
	assert.Equal(t, &Worker{}, got)
}

func FuzzDecodeWorker(f *testing.F) {
	for _, g := range goldens(f, "workers.jsonl") {
		f.Add(seed(g.Fields))
	}
	f.Add("birth\xf82026-01-02T03:04:05+14:00\xf8death\xf80000-01-01T00:00:00Z")   // the first year, and another zone
	f.Add("pid\xf80x1\xf8total_working_time\xf8-0x1p-2\xf8failed_job_count\xf8+1") // numbers of other languages
	f.Add("queues\xf8,,a,\xf8current_job_working_time\xf8-1e-400")                 // queues without a name
	f.Fuzz(func(t *testing.T, text string) {
		w, _ := DecodeWorker(fields(text))
		once := rewritten(w.Fields())
		again, err := DecodeWorker(once)
		require.NoError(t, err)
		require.Equal(t, once, rewritten(again.Fields()))
		require.Equal(t, w.Queues, again.Queues)
		require.Equal(t, w.Birth, again.Birth)
		require.False(t, math.IsNaN(w.TotalWorkingTime) || math.IsInf(w.TotalWorkingTime, 0))
	})
}
