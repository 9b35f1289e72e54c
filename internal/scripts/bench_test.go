package scripts

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/wire"
)

// Here an op is one job: claimed, and settled as finished without a value.

// serverTime is the processor time that the server has used so far. That it had
// to share the machine with others is not in it.
func serverTime(b *testing.B, rdb *redis.Client) time.Duration {
	b.Helper()
	info, err := rdb.InfoMap(b.Context(), "cpu").Result()
	require.NoError(b, err)
	var total float64
	for _, field := range []string{"used_cpu_user", "used_cpu_sys"} {
		seconds, err := strconv.ParseFloat(info["CPU"][field], 64)
		require.NoError(b, err)
		total += seconds
	}
	return time.Duration(total * float64(time.Second))
}

func noop() []any {
	now, timeout := time.Now(), 180
	return (&wire.Job{
		Status: "queued", CreatedAt: now, EnqueuedAt: now, Data: []byte("\x80\x05(\x8c\x0atasks.noopN)}t."),
		Origin: "default", Description: "tasks.noop()", Timeout: &timeout,
	}).Fields()
}

// enqueueNoops puts n jobs in the queue default.
func enqueueNoops(b *testing.B, rdb *redis.Client, n int) {
	b.Helper()
	const chunk = 1000
	fields := noop()
	for first := 0; first < n; first += chunk {
		_, err := rdb.Pipelined(b.Context(), func(pipe redis.Pipeliner) error {
			for i := first; i < min(first+chunk, n); i++ {
				id := fmt.Sprintf("0b4b1f6e-7a0c-4b8e-9a58-%012x", i)
				pipe.HSet(b.Context(), keys.Job(id), fields...)
				pipe.RPush(b.Context(), keys.Queue("default"), id)
			}
			return nil
		})
		require.NoError(b, err)
	}
}

func executions(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%032x", i)
	}
	return ids
}

// finished is the settlement of a claimed job whose function returned nothing.
func finished(job ClaimedJob, now time.Time) Settle {
	text := wire.FormatTime(now)
	res := wire.Result{Type: wire.Successful, WorkerName: "w", ExecutionID: job.Execution, StartedAt: now, EndedAt: now}
	return Settle{
		Worker: "w", ID: job.ID, Execution: job.Execution, Queue: "default", Member: job.ID + ":" + job.Execution,
		Now: Moment{now.Unix(), text}, Fence: Own, Registry: "finished", Score: strconv.FormatInt(now.Unix()+500, 10),
		Keep: "500", Parent: "finished", Counter: "successful_job_count", Seconds: "0.000123", ResultTTL: "500",
		Result: res.Fields(), Fields: []any{"status", "finished", "ended_at", text, "last_heartbeat", text},
	}
}

func claimOf(batch int) Claim {
	now := time.Now()
	return Claim{
		Worker: "w", Birth: "T", Interval: 30, Composite: true, Now: Moment{now.Unix(), wire.FormatTime(now)}, Float: wire.FormatUnix(now),
		Queues: openQueues("default"), Executions: executions(batch),
	}
}

// claimAndSettle does both for one batch and returns its size.
func claimAndSettle(ctx context.Context, b *testing.B, rdb *redis.Client, batch int) int {
	_, jobs, err := ClaimJobs(ctx, rdb, claimOf(batch))
	if err != nil || len(jobs) == 0 {
		b.Fatal(jobs, err)
	}
	settles := make([]Settle, len(jobs))
	for i, job := range jobs {
		settles[i] = finished(job, time.Now())
	}
	done, _, errs := SettleJobs(ctx, rdb, settles)
	for i := range jobs {
		if !done[i] || errs[i] != nil {
			b.Fatal(done[i], errs[i])
		}
	}
	return len(jobs)
}

func BenchmarkClaimAndSettle(b *testing.B) {
	for _, batch := range []int{1, 10, 50, 200} {
		b.Run(strconv.Itoa(batch), func(b *testing.B) {
			rdb := redistest.Real(b)
			ctx := b.Context()
			enqueueNoops(b, rdb, b.N)
			_, err := RegisterWorker(ctx, rdb, "w", New, 480, []string{"default"}, []any{"birth", "T", "state", "idle"})
			require.NoError(b, err)
			before := serverTime(b, rdb)
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; {
				left -= claimAndSettle(ctx, b, rdb, min(batch, left))
			}
			b.StopTimer()
			b.ReportMetric(float64((serverTime(b, rdb)-before).Nanoseconds())/float64(b.N), "server-ns/op")
			rdb.FlushDB(context.WithoutCancel(ctx))
		})
	}
}
