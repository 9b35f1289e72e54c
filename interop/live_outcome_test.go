package interop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// A ran is a job that a Python worker has run, as Go reads it.
type ran struct {
	*testing.T
	e   *env
	job *rq.Job
}

// outcome makes a live scenario of one job.
func outcome(name string, call rq.FuncCall, check func(r ran), opts ...rq.EnqueueOption) live {
	id := "outcome-" + strings.ReplaceAll(name, " ", "-")
	return live{
		name: name,
		enqueue: func(ctx context.Context, e *env) error {
			_, err := e.queue().Enqueue(ctx, call, append(opts, rq.JobID(id))...)
			return err
		},
		check: func(t *testing.T, e *env) {
			j, err := rq.FetchJob(t.Context(), e.db, id)
			if err != nil {
				t.Fatal(err)
			}
			check(ran{t, e, j})
		},
	}
}

func (r ran) status(want rq.Status) {
	r.Helper()
	equal(r, "status", r.job.Status(), want)
	equal(r, "malformed", r.job.Malformed(), nil)
}

func init() {
	lives = append(lives,
		outcome("success", rq.Call("tasks.add", 2, rq.Kw("b", 3)), func(r ran) {
			r.status(rq.StatusFinished)
			sum, err := rq.ResultOf[int](r.Context(), r.job)
			equal(r, "result", sum, 5)
			equal(r, "error", err, nil)
			sum, err = rq.Await[int](r.Context(), r.job)
			equal(r, "awaited", say(sum, err), "5 <nil>")
			equal(r, "times are in order", inOrder(r.job.CreatedAt(), r.job.EnqueuedAt(), r.job.StartedAt(), r.job.EndedAt()), true)
			results, err := r.job.Results(r.Context())
			equal(r, "results", say(len(results), results[0].Type, err), "1 successful <nil>")
			if between(r.e.version, "2.8", "") {
				equal(r, "execution", inOrder(r.job.StartedAt().Add(-time.Second), results[0].StartedAt, results[0].EndedAt), true)
				equal(r, "worker", results[0].WorkerName, r.job.WorkerName())
			}
		}),
		outcome("failure", rq.Call("tasks.div_by_zero", 1), func(r ran) {
			r.status(rq.StatusFailed)
			exc, err := r.job.ExcInfo(r.Context())
			equal(r, "traceback", strings.HasSuffix(exc, "ZeroDivisionError: division by zero\n") && strings.HasPrefix(exc, "Traceback"), true)
			equal(r, "error", err, nil)
			_, err = rq.Await[int](r.Context(), r.job)
			var failed *rq.FailedError
			equal(r, "a FailedError", errors.As(err, &failed), true)
			equal(r, "its text", err.Error(), "rq: job "+r.job.ID()+" failed: ZeroDivisionError: division by zero")
			v, err := r.job.ReturnValue(r.Context())
			equal(r, "return value", say(v, err), "<nil> <nil>")
		}),
		outcome("no such function", rq.Call("tasks.missing"), func(r ran) {
			r.status(rq.StatusFailed)
			exc, _ := r.job.ExcInfo(r.Context())
			equal(r, "traceback", strings.Contains(exc, "missing"), true)
		}),
		outcome("timeout", rq.Call("tasks.nap", 30), func(r ran) {
			r.status(rq.StatusFailed)
			exc, _ := r.job.ExcInfo(r.Context())
			equal(r, "traceback", strings.Contains(exc, "JobTimeoutException: Task exceeded maximum timeout value (1 seconds)"), true)
		}, rq.Timeout(time.Second)),
		outcome("progress", rq.Call("tasks.progress", 3), func(r ran) {
			r.status(rq.StatusFinished)
			equal(r, "meta", fmt.Sprint(r.job.Meta), "map[a:1 step:3]")
		}, rq.Meta(map[string]any{"a": 1})),
		outcome("retry", rq.Call("tasks.fail_times", "test:retry", 2), func(r ran) {
			r.status(rq.StatusFinished)
			left, _ := r.job.RetriesLeft()
			equal(r, "retries left", left, 1)
			n, err := rq.ResultOf[int](r.Context(), r.job)
			equal(r, "result", say(n, err), "3 <nil>")
		}, rq.Retry{Max: 3}),
		outcome("callbacks", rq.Call("tasks.add", 1, 1), func(r ran) {
			r.status(rq.StatusFinished)
			called, err := r.e.db.LRange(r.Context(), "test:callbacks", 0, -1).Result()
			equal(r, "callbacks", say(strings.Join(called, "; "), err), "success outcome-callbacks 2 <nil>")
		}, rq.OnSuccess(rq.Callback{Func: "tasks.on_success"}), rq.OnFailure(rq.Callback{Func: "tasks.on_failure"})),
		outcome("unserializable", rq.Call("tasks.unserializable"), func(r ran) {
			r.status(rq.StatusFinished)
			text, err := rq.ResultOf[string](r.Context(), r.job)
			equal(r, "result", say(text, err), "Unserializable return value <nil>")
		}),
		outcome("result that stays", rq.Call("tasks.add", 1, 1), func(r ran) {
			r.status(rq.StatusFinished)
			ttl, err := r.e.db.TTL(r.Context(), "rq:job:"+r.job.ID()).Result()
			equal(r, "ttl", say(int(ttl), err), "-1 <nil>")
		}, rq.ResultTTL(rq.Forever)),
		live{
			name: "no result",
			enqueue: func(ctx context.Context, e *env) error {
				_, err := e.queue().Enqueue(ctx, rq.Call("tasks.add", 1, 1), rq.JobID("no-result"), rq.ResultTTL(0))
				return err
			},
			check: func(t *testing.T, e *env) {
				_, err := rq.FetchJob(t.Context(), e.db, "no-result")
				equal(t, "gone", errors.Is(err, rq.ErrNoSuchJob), true)
			},
		},
		live{
			name: "many, half of them waiting for the other half",
			enqueue: func(ctx context.Context, e *env) error {
				var items []rq.Prepared
				for i := range 20 {
					items = append(items,
						rq.Prepare(rq.Call("tasks.add", i, 1), rq.JobID(fmt.Sprint("first-", i))),
						rq.Prepare(rq.Call("tasks.add", i, 2), rq.JobID(fmt.Sprint("second-", i)), rq.DependsOn(fmt.Sprint("first-", i))))
				}
				_, err := e.queue().EnqueueMany(ctx, items)
				return err
			},
			check: func(t *testing.T, e *env) {
				var ids []string
				for i := range 20 {
					ids = append(ids, fmt.Sprint("first-", i), fmt.Sprint("second-", i))
				}
				jobs, err := rq.FetchJobs(t.Context(), e.db, ids...)
				if err != nil {
					t.Fatal(err)
				}
				for i, j := range jobs {
					n, err := rq.ResultOf[int](t.Context(), j)
					equal(t, j.ID(), say(n, err, j.Status()), say(i/2+1+i%2, "<nil> finished"))
				}
			},
		},
	)
}

// say puts values in one line, with spaces between them.
func say(values ...any) string { return strings.TrimSpace(fmt.Sprintln(values...)) }

// inOrder reports whether the times are set and none is before the one before it.
func inOrder(times ...time.Time) bool {
	for i, t := range times {
		if t.IsZero() || (i > 0 && t.Before(times[i-1])) {
			return false
		}
	}
	return true
}

func repeat(s string, n int) string { return strings.Repeat(s, n) }

func nan() float64 { return math.NaN() }

func inf() float64 { return math.Inf(1) }

func negativeZero() float64 { return math.Copysign(0, -1) }
