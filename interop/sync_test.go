package interop

import (
	"context"
	"errors"
	"time"

	"github.com/rqgo/rq"
)

// runHere are the handlers of the scenarios that run jobs in the caller.
var runHere = rq.Handlers{
	"tasks.add":            rq.Func(func(a, b int) int { return a + b }, "a", "b"),
	"tasks.fail":           rq.Func(errors.New, "message"),
	"tasks.nothing":        rq.Func(func() {}),
	"tasks.unserializable": rq.Func(func() any { return func() {} }),
	"tasks.progress": rq.HandlerFunc(func(ctx context.Context, _ *rq.Job) (any, error) {
		job, ok := rq.CurrentJob(ctx)
		if !ok {
			return nil, errors.New("no current job")
		}
		job.Meta["step"] = 1
		return job.ID(), job.SaveMeta(ctx)
	}),
}

func runSync(call rq.FuncCall, opts ...rq.EnqueueOption) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		_, err := e.queue(rq.Sync(runHere)).Enqueue(ctx, call, opts...)
		return err
	}
}

func init() {
	sync := `s = Queue(connection=connection, is_async=False); `
	scenarios = append(scenarios, []scenario{
		{
			name:   "sync success",
			python: sync + `s.enqueue('tasks.add', 1, b=2, job_id='j', ttl=100)`,
			golang: runSync(add, rq.JobID("j"), rq.TTL(100*time.Second)),
		},
		{
			name:   "sync with a result_ttl",
			python: sync + `s.enqueue('tasks.add', 1, b=2, job_id='j', result_ttl=20)`,
			golang: runSync(add, rq.JobID("j"), rq.ResultTTL(20*time.Second)),
		},
		{
			name:   "sync with a result that stays",
			python: sync + `s.enqueue('tasks.add', 1, b=2, job_id='j', result_ttl=-1)`,
			golang: runSync(add, rq.JobID("j"), rq.ResultTTL(rq.Forever)),
		},
		{
			name:   "sync with a ttl and a result that stays",
			python: sync + `s.enqueue('tasks.add', 1, b=2, job_id='j', ttl=100, result_ttl=-1)`,
			golang: runSync(add, rq.JobID("j"), rq.TTL(100*time.Second), rq.ResultTTL(rq.Forever)),
		},
		{
			name:   "sync without a result",
			python: sync + `s.enqueue('tasks.add', 1, b=2, job_id='j', result_ttl=0)`,
			golang: runSync(add, rq.JobID("j"), rq.ResultTTL(0)),
		},
		{
			name:   "sync None",
			python: sync + `s.enqueue('tasks.nothing', job_id='j')`,
			golang: runSync(rq.Call("tasks.nothing"), rq.JobID("j")),
		},
		{
			name:   "sync unserializable",
			python: sync + `s.enqueue('tasks.unserializable', job_id='j')`,
			golang: runSync(rq.Call("tasks.unserializable"), rq.JobID("j")),
		},
		{
			name:   "sync failure",
			python: sync + `s.enqueue('tasks.fail', 'no', job_id='j')`,
			golang: runSync(rq.Call("tasks.fail", "no"), rq.JobID("j")),
		},
		{
			name:   "sync failure with a failure_ttl",
			python: sync + `s.enqueue('tasks.fail', 'no', job_id='j', failure_ttl=30)`,
			golang: runSync(rq.Call("tasks.fail", "no"), rq.JobID("j"), rq.FailureTTL(30*time.Second)),
		},
		{
			name:   "sync failure that stays",
			python: sync + `s.enqueue('tasks.fail', 'no', job_id='j', failure_ttl=-1)`,
			golang: runSync(rq.Call("tasks.fail", "no"), rq.JobID("j"), rq.FailureTTL(rq.Forever)),
		},
		{
			name:   "sync meta",
			python: sync + `s.enqueue('tasks.progress', 1, job_id='j', meta={'a': 1})`,
			golang: runSync(rq.Call("tasks.progress", 1), rq.JobID("j"), rq.Meta(map[string]any{"a": 1})),
		},
	}...)
}
