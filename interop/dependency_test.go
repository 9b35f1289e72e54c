package interop

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// parents sets up jobs of every kind to depend on.
const parents = `
for i in ('queued', 'other'):
    q.enqueue('tasks.add', 1, job_id=i)
Queue('elsewhere', connection=connection).enqueue('tasks.add', 1, 2, job_id='done', result_ttl=-1)
Queue('elsewhere', connection=connection).enqueue('tasks.fail', job_id='broken')
work('elsewhere')
connection.delete('rq:results:broken', 'rq:results:done', 'rq:worker:w1')
connection.persist('rq:results:broken')
q.enqueue('tasks.add', 1, job_id='gone-away').cancel()`

func init() {
	scenarios = append(scenarios, []scenario{
		{
			name:   "depends on one",
			before: parents,
			python: `q.enqueue('tasks.add', 1, b=2, job_id='j', depends_on='queued', ttl=77)`,
			golang: enqueue(add, rq.JobID("j"), rq.DependsOn("queued"), rq.TTL(77*time.Second)),
		},
		{
			name:   "depends on several",
			before: parents,
			python: `q.enqueue('tasks.add', 1, b=2, job_id='j', depends_on=Dependency(['queued', 'done', 'missing'], allow_failure=True, enqueue_at_front=True))`,
			golang: enqueue(add, rq.JobID("j"),
				rq.Dependency{IDs: []string{"queued", "done", "missing"}, AllowFailure: true, EnqueueAtFront: true}),
		},
		{
			name:   "depends on what is done",
			before: parents,
			python: `q.enqueue('tasks.add', 1, b=2, job_id='j', depends_on=['done', 'missing'], at_front=True, ttl=60)`,
			golang: enqueue(add, rq.JobID("j"), rq.DependsOn("done", "missing"), rq.AtFront(), rq.TTL(time.Minute)),
		},
		{
			name:   "depends on what failed",
			before: parents,
			python: `
q.enqueue('tasks.add', 1, b=2, job_id='j', depends_on=Dependency(['broken']))
q.enqueue('tasks.add', 1, b=2, job_id='k', depends_on='gone-away')`,
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(
					enqueue(add, rq.JobID("j"), rq.Dependency{IDs: []string{"broken"}})(ctx, e),
					enqueue(add, rq.JobID("k"), rq.DependsOn("gone-away"))(ctx, e))
			},
		},
		{
			name:   "depends on what failed and may",
			before: parents,
			python: `q.enqueue('tasks.add', 1, b=2, job_id='j', depends_on=Dependency(['broken'], allow_failure=True))`,
			golang: enqueue(add, rq.JobID("j"), rq.Dependency{IDs: []string{"broken"}, AllowFailure: true}),
		},
		{
			name:   "depends on in the caller's transaction",
			since:  "2.6", // before, Python fails when its pipeline has no watch
			before: parents,
			python: `
with connection.pipeline() as p:
    q.enqueue('tasks.add', 1, b=2, job_id='j', depends_on='queued', pipeline=p)
    q.enqueue('tasks.add', 1, b=2, job_id='k', pipeline=p)
    p.execute()`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.db.TxPipelined(ctx, func(p redis.Pipeliner) error {
					return errors.Join(
						enqueue(add, rq.JobID("j"), rq.DependsOn("queued"), rq.Pipeline(p))(ctx, e),
						enqueue(add, rq.JobID("k"), rq.Pipeline(p))(ctx, e))
				})
				return err
			},
		},
		{
			name:   "many with dependencies",
			before: parents,
			python: `q.enqueue_many([
    Queue.prepare_data('tasks.add', (1,), {'b': 2}, job_id='free'),
    Queue.prepare_data('tasks.add', (1,), {'b': 2}, job_id='waits', depends_on='queued'),
    Queue.prepare_data('tasks.add', (1,), {'b': 2}, job_id='met', depends_on='done'),
])`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue().EnqueueMany(ctx, []rq.Prepared{
					rq.Prepare(add, rq.JobID("free")),
					rq.Prepare(add, rq.JobID("waits"), rq.DependsOn("queued")),
					rq.Prepare(add, rq.JobID("met"), rq.DependsOn("done")),
				})
				return err
			},
		},
		{
			name:   "many with met dependencies that go to the front",
			before: parents,
			python: `q.enqueue_many([Queue.prepare_data('tasks.add', (1,), {'b': 2}, job_id='met', depends_on=Dependency(['done'], enqueue_at_front=True))])`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue().EnqueueMany(ctx, []rq.Prepared{
					rq.Prepare(add, rq.JobID("met"), rq.Dependency{IDs: []string{"done"}, EnqueueAtFront: true}),
				})
				return err
			},
		},
		{
			name: "dependents run by Python",
			python: `
a = q.enqueue('tasks.add', 1, b=2, job_id='a')
q.enqueue('tasks.add', 1, b=2, job_id='b', depends_on=a)
Queue('low', connection=connection).enqueue('tasks.add', 1, b=2, job_id='c', depends_on=['a', 'b'])`,
			golang: func(ctx context.Context, e *env) error {
				low := rq.NewQueue(e.db, "low", rq.Fleet(e.version))
				err := enqueue(add, rq.JobID("a"))(ctx, e)
				err = errors.Join(err, enqueue(add, rq.JobID("b"), rq.DependsOn("a"))(ctx, e))
				_, last := low.Enqueue(ctx, add, rq.JobID("c"), rq.DependsOn("a", "b"))
				return errors.Join(err, last)
			},
			after: `work('default', 'low')`,
		},
	}...)
}
