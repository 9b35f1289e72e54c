package interop

import (
	"context"
	"errors"

	"github.com/rqgo/rq"
)

// onJob returns Go's side of a scenario that does something to the job "j".
func onJob(f func(ctx context.Context, j *rq.Job) error) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		j, err := rq.FetchJob(ctx, e.db, "j")
		if err != nil {
			return err
		}
		return f(ctx, j)
	}
}

func cancel(opts ...rq.CancelOption) func(context.Context, *env) error {
	return onJob(func(ctx context.Context, j *rq.Job) error { return j.Cancel(ctx, opts...) })
}

// Jobs called j in every state that can be had without a running worker.
var states = []struct{ name, since, before string }{
	{"created", "2.6", `Job.create('tasks.add', (1,), id='j', connection=connection, origin='default').save()`},
	{"queued", "", `q.enqueue('tasks.nothing', job_id='x'); q.enqueue('tasks.add', 1, job_id='j'); q.enqueue('tasks.nothing', job_id='y')`},
	{"deferred", "", `q.enqueue('tasks.nothing', job_id='x'); q.enqueue('tasks.add', 1, job_id='j', depends_on='x')`},
	{"scheduled", "", `q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='j')`},
	{"finished", "", `q.enqueue('tasks.add', 1, job_id='j'); work()`},
	{"failed", "", `q.enqueue('tasks.fail', job_id='j', ttl=50); work()`},
	{"canceled", "", `q.enqueue('tasks.add', 1, job_id='j').cancel()`},
	{"started", "2.6", started},
}

// started is a job that a worker is running.
const started = `
q.enqueue('tasks.add', 1, job_id='j')
w = rq.SimpleWorker([q], connection=connection, name='w1')
w.register_birth()
j = q.fetch_job('j')
connection.lrem(q.key, 1, 'j')
w.execution = None
execution = w.prepare_execution(j) or w.execution
w.prepare_job_execution(j)
if execution is not None: w.execution = execution
`

func init() {
	for _, s := range states {
		scenarios = append(scenarios, scenario{
			name:   "delete a " + s.name + " job",
			since:  s.since,
			before: s.before,
			python: `Job.fetch('j', connection=connection).delete()`,
			golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Delete(ctx) }),
		})
		if s.name == "canceled" {
			continue
		}
		scenarios = append(scenarios, scenario{
			name:   "cancel a " + s.name + " job",
			since:  s.since,
			before: s.before,
			python: `Job.fetch('j', connection=connection).cancel()`,
			golang: cancel(),
		})
	}
	scenarios = append(scenarios, relations...)
	scenarios = append(scenarios, requeues...)
}

// family sets up j with jobs that wait for it and a job that it waits for.
const family = `
q.enqueue('tasks.nothing', job_id='parent')
q.enqueue('tasks.add', 1, job_id='j', depends_on='parent')
q.enqueue('tasks.add', 1, job_id='child', depends_on='j', ttl=90)
Queue('low', connection=connection).enqueue('tasks.add', 1, job_id='front', depends_on=Dependency(['j'], enqueue_at_front=True))
q.enqueue('tasks.add', 1, job_id='waits', depends_on=['j', 'parent'])
q.enqueue('tasks.add', 1, job_id='given up', depends_on='j') if False else None
q.enqueue('tasks.add', 1, job_id='given_up', depends_on='j').cancel()`

var relations = []scenario{
	{
		name:   "cancel with dependents",
		before: family,
		python: `Job.fetch('j', connection=connection).cancel(enqueue_dependents=True)`,
		golang: cancel(rq.EnqueueDependents()),
	},
	{
		name:   "cancel and leave dependencies",
		since:  "2.6",
		before: family,
		python: `Job.fetch('j', connection=connection).cancel(remove_from_dependencies=True)`,
		golang: cancel(rq.RemoveFromDependencies()),
	},
	{
		name:   "cancel twice",
		before: `q.enqueue('tasks.add', 1, job_id='j').cancel()`,
		python: `
try:
    Job.fetch('j', connection=connection).cancel()
    assert False
except exceptions.InvalidJobOperation:
    pass`,
		golang: func(ctx context.Context, e *env) error {
			if err := cancel()(ctx, e); !errors.Is(err, rq.ErrInvalidJobOperation) {
				return errors.Join(errors.New("canceled twice"), err)
			}
			return nil
		},
	},
	{
		name:   "delete with dependents",
		before: family,
		python: `Job.fetch('j', connection=connection).delete(delete_dependents=True)`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.DeleteWithDependents(ctx) }),
	},
	{
		name:   "delete a job of a group",
		since:  "2.0",
		before: `Group.create(connection, name='g').enqueue_many(q, [Queue.prepare_data('tasks.add', (1,), job_id=i) for i in 'jk'])`,
		python: `Job.fetch('j', connection=connection).delete()`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Delete(ctx) }),
	},
	{
		name:   "save meta",
		before: `q.enqueue('tasks.add', 1, job_id='j', meta={'b': 1, 'a': 2, 3: 'x'})`,
		python: `j = Job.fetch('j', connection=connection); j.meta['c'] = [1]; j.meta['b'] = 5; j.save_meta()`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error {
			j.Meta["c"], j.Meta["b"] = []any{1}, 5
			return j.SaveMeta(ctx)
		}),
	},
	{
		name:   "save meta as it was",
		before: `q.enqueue('tasks.add', 1, job_id='j', meta={'b': 1, 'a': Dependency(['x']), 3: 'x', 'p': tasks.Point(1, 2)})`,
		python: `Job.fetch('j', connection=connection).save_meta()`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.SaveMeta(ctx) }),
	},
	{
		name: "save meta that is an OrderedDict",
		before: `import collections
q.enqueue('tasks.add', 1, job_id='j', meta=collections.OrderedDict(z=1, a=2))`,
		python: `j = Job.fetch('j', connection=connection); j.meta['c'] = 5; j.save_meta()`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error {
			j.Meta["c"] = 5
			return j.SaveMeta(ctx)
		}),
	},
	{
		name: "save what was fetched",
		before: `q.enqueue('tasks.add', 1, job_id='j', ttl=100, meta={'b': 1}, retry=Retry(max=2, interval=[1, 2]),
    on_success=Callback('tasks.on_success'), depends_on=Dependency(['x'], allow_failure=True))`,
		python: `Job.fetch('j', connection=connection).save()`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Save(ctx) }),
	},
}

var requeues = []scenario{
	{
		name:   "requeue",
		before: `q.enqueue('tasks.nothing', job_id='x', at_front=True); q.enqueue('tasks.fail', job_id='j', at_front=True, ttl=70); work(max_jobs=1)`,
		python: `Job.fetch('j', connection=connection).requeue()`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Requeue(ctx) }),
	},
	{
		name:   "requeue at the front",
		before: `q.enqueue('tasks.nothing', job_id='x', at_front=True); q.enqueue('tasks.fail', job_id='j', at_front=True); work(max_jobs=1)`,
		python: `Job.fetch('j', connection=connection).requeue(at_front=True)`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error { return j.Requeue(ctx, rq.AtFront()) }),
	},
	{
		name:   "requeue a job that has not failed",
		before: `q.enqueue('tasks.add', 1, job_id='j'); work()`,
		python: `
try:
    Job.fetch('j', connection=connection).requeue()
    assert False
except exceptions.InvalidJobOperation:
    pass`,
		golang: onJob(func(ctx context.Context, j *rq.Job) error {
			if err := j.Requeue(ctx); !errors.Is(err, rq.ErrInvalidJobOperation) {
				return errors.Join(errors.New("requeued"), err)
			}
			return nil
		}),
	},
}
