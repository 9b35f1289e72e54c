package interop

import (
	"context"
	"errors"

	"github.com/rqgo/rq"
)

func init() {
	limited := func(id string, opts ...rq.EnqueueOption) func(context.Context, *env) error {
		return enqueue(add, append(opts, rq.JobID(id), rq.RateLimit{Key: "k", Concurrency: 1})...)
	}
	before := `
from rq.rate_limit import RateLimit
limit = RateLimit('k', 1)
def limited(id, **options):
    q.enqueue('tasks.add', 1, b=2, job_id=id, rate_limit=limit, **options)
`
	scenarios = append(scenarios, []scenario{
		{
			name:   "rate limit",
			since:  "3.0",
			before: before,
			python: "limited('a', ttl=None); limited('b'); limited('c', at_front=True)",
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(limited("a")(ctx, e), limited("b")(ctx, e), limited("c", rq.AtFront())(ctx, e))
			},
		},
		{
			name:   "rate limited jobs run by Python",
			since:  "3.0",
			before: before,
			python: "limited('a'); limited('b')",
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(limited("a")(ctx, e), limited("b")(ctx, e))
			},
			after: "work()",
		},
		{
			name:   "rate limit and a dependency",
			since:  "3.0",
			before: before + "q.enqueue('tasks.nothing', job_id='p')",
			python: "limited('a', depends_on='p'); limited('b', depends_on='missing')",
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(limited("a", rq.DependsOn("p"))(ctx, e), limited("b", rq.DependsOn("missing"))(ctx, e))
			},
		},
		{
			name:   "cancel a job that holds a slot",
			since:  "3.0",
			before: before + "limited('j'); limited('b')",
			python: "Job.fetch('j', connection=connection).cancel()",
			golang: cancel(),
		},
		{
			name:   "delete a job that holds a slot",
			since:  "3.0",
			before: before + "limited('j'); limited('b')",
			python: "Job.fetch('j', connection=connection).delete()",
			golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Delete(ctx) }),
		},
		{
			name:  "rate limit: delete a job that runs",
			since: "3.0",
			before: before + "limited('j'); limited('b'); q.remove('j'); connection.hset('rq:job:j', 'status', 'started')\n" +
				"connection.zadd('rq:executions:j', {'e': 4e9}); connection.zadd('rq:wip:default', {'j:e': 4e9})\n" +
				"connection.hset('rq:execution:j:e', mapping={'id': 'e', 'job_id': 'j', 'created_at': 1, 'last_heartbeat': 1, 'worker_name': 'w'})",
			python: "Job.fetch('j', connection=connection).delete()",
			golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Delete(ctx) }),
		},
		{
			name:   "requeue a job with a rate limit",
			since:  "3.0",
			before: before + "q.enqueue('tasks.fail', job_id='j', rate_limit=limit); work(); limited('b')",
			python: "Job.fetch('j', connection=connection).requeue(at_front=True)",
			golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Requeue(ctx, rq.AtFront()) }),
		},
	}...)
}
