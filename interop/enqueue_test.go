package interop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// enqueue returns Go's side of a scenario that enqueues one job in "default".
func enqueue(call rq.FuncCall, opts ...rq.EnqueueOption) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		_, err := e.queue().Enqueue(ctx, call, opts...)
		return err
	}
}

// queue is the queue "default" for the RQ version of the scenario.
func (e *env) queue(opts ...rq.QueueOption) *rq.Queue {
	return rq.NewQueue(e.db, "default", append(opts, rq.Fleet(e.version))...)
}

var add = rq.Call("tasks.add", 1, rq.Kw("b", 2))

func init() {
	scenarios = append(scenarios, []scenario{
		{
			name:   "enqueue",
			python: `q.enqueue('tasks.add', 1, b=2)`,
			golang: enqueue(add),
		},
		{
			name:   "enqueue without arguments",
			python: `q.enqueue('tasks.nothing')`,
			golang: enqueue(rq.Call("tasks.nothing")),
		},
		{
			name: "enqueue in other queues",
			python: `
for name in ('high', 'grüße', 'a:b', 'with space'):
    Queue(name, connection=connection).enqueue('tasks.nothing')`,
			golang: func(ctx context.Context, e *env) error {
				for _, name := range []string{"high", "grüße", "a:b", "with space"} {
					if _, err := rq.NewQueue(e.db, name).Enqueue(ctx, rq.Call("tasks.nothing")); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "enqueue with all options",
			python: `q.enqueue('tasks.add', 1, b=2, job_id='all', job_timeout=3600, result_ttl=120, ttl=300, failure_ttl=86400,
    description='desc ☃', at_front=True, meta={'a': 1, 'b': [None, 'x']}, retry=Retry(max=3, interval=[10, 20]),
    on_success=Callback('tasks.on_success', timeout=5), on_failure=Callback('tasks.on_failure'),
    on_stopped=Callback('tasks.on_stopped', timeout='2m'))`,
			golang: enqueue(add, rq.JobID("all"), rq.Timeout(time.Hour), rq.ResultTTL(2*time.Minute),
				rq.TTL(5*time.Minute), rq.FailureTTL(24*time.Hour), rq.Description("desc ☃"), rq.AtFront(),
				rq.Meta(map[string]any{"a": 1, "b": []any{nil, "x"}}),
				rq.Retry{Max: 3, Intervals: []time.Duration{10 * time.Second, 20 * time.Second}},
				rq.OnSuccess(rq.Callback{Func: "tasks.on_success", Timeout: 5 * time.Second}),
				rq.OnFailure(rq.Callback{Func: "tasks.on_failure"}),
				rq.OnStopped(rq.Callback{Func: "tasks.on_stopped", Timeout: 2 * time.Minute})),
		},
		{
			name: "every meaning of a ttl",
			python: `
q.enqueue('tasks.nothing', job_id='a', result_ttl=0, failure_ttl=0, job_timeout=-1)
q.enqueue('tasks.nothing', job_id='b', result_ttl=-1, failure_ttl=-1, job_timeout='1h')
q.enqueue('tasks.nothing', job_id='c', result_ttl='2D', failure_ttl=7, job_timeout='23m', ttl='90')
Queue(connection=connection, default_timeout=77).enqueue('tasks.nothing', job_id='d')
Queue(connection=connection, default_timeout=-1).enqueue('tasks.nothing', job_id='e')
Queue(connection=connection, default_timeout=0).enqueue('tasks.nothing', job_id='f')`,
			golang: everyTTL,
		},
		{
			name: "at the front",
			python: `
q.enqueue('tasks.nothing', job_id='a')
q.enqueue('tasks.nothing', job_id='b', at_front=True)
q.enqueue('tasks.nothing', job_id='c', at_front=True)`,
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(
					enqueue(rq.Call("tasks.nothing"), rq.JobID("a"))(ctx, e),
					enqueue(rq.Call("tasks.nothing"), rq.JobID("b"), rq.AtFront())(ctx, e),
					enqueue(rq.Call("tasks.nothing"), rq.JobID("c"), rq.AtFront())(ctx, e))
			},
		},
		{
			name: "arguments that are named like options",
			python: `q.enqueue('tasks.echo', args=('http://nvie.com',), kwargs={'description': 'Function description', 'ttl': 15},
    ttl=30, job_id='j')`,
			golang: enqueue(rq.Call("tasks.echo", "http://nvie.com", rq.Kw("description", "Function description"), rq.Kw("ttl", 15)),
				rq.TTL(30*time.Second), rq.JobID("j")),
		},
		{
			name: "retry",
			python: `
q.enqueue('tasks.fail', job_id='a', retry=Retry(max=1))
q.enqueue('tasks.fail', job_id='b', retry=Retry(max=2, interval=60))`,
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(
					enqueue(rq.Call("tasks.fail"), rq.JobID("a"), rq.Retry{Max: 1})(ctx, e),
					enqueue(rq.Call("tasks.fail"), rq.JobID("b"), rq.Retry{Max: 2, Intervals: []time.Duration{time.Minute}})(ctx, e))
			},
		},
		{
			name:   "retry at the front",
			since:  "2.8",
			python: `q.enqueue('tasks.fail', job_id='c', retry=Retry(max=3, interval=[1, 2, 3], enqueue_at_front=True))`,
			golang: enqueue(rq.Call("tasks.fail"), rq.JobID("c"),
				rq.Retry{Max: 3, Intervals: []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}, AtFront: true}),
		},
		{
			name:  "repeat",
			since: "2.6",
			python: `
q.enqueue('tasks.add', 1, 2, job_id='a', repeat=rq.Repeat(times=1))
q.enqueue('tasks.add', 1, 2, job_id='b', repeat=rq.Repeat(times=3, interval=[5, 6]))`,
			golang: func(ctx context.Context, e *env) error {
				return errors.Join(
					enqueue(rq.Call("tasks.add", 1, 2), rq.JobID("a"), rq.Repeat{Times: 1})(ctx, e),
					enqueue(rq.Call("tasks.add", 1, 2), rq.JobID("b"),
						rq.Repeat{Times: 3, Intervals: []time.Duration{5 * time.Second, 6 * time.Second}})(ctx, e))
			},
		},
		{
			name:  "webhooks",
			since: "2.10",
			python: `
from rq.webhook import Webhook
q.enqueue('tasks.nothing', job_id='j', webhooks=[Webhook('http://127.0.0.1:1/x?a="ü"', 'finished'),
    Webhook('https://h/y', 'failed', method='POST', headers={'A': 'b'}, timeout=3)])`,
			golang: enqueue(rq.Call("tasks.nothing"), rq.JobID("j"),
				rq.Webhook{URL: `http://127.0.0.1:1/x?a="ü"`, JobStatus: rq.StatusFinished},
				rq.Webhook{
					URL: "https://h/y", JobStatus: rq.StatusFailed, Method: "POST",
					Headers: map[string]string{"A": "b"}, Timeout: 3 * time.Second,
				}),
		},
		{
			name:   "unique",
			since:  "2.8",
			before: `q.enqueue('tasks.add', 1, job_id='taken')`,
			python: `
q.enqueue('tasks.add', 1, b=2, job_id='j', unique=True, ttl=100)
q.enqueue('tasks.add', 1, b=2, job_id='k', unique=True, at_front=True)
try:
    q.enqueue('tasks.add', 3, job_id='taken', unique=True)
    assert False
except exceptions.DuplicateJobError:
    pass`,
			golang: uniqueJobs,
		},
		{
			name:   "in the caller's transaction",
			python: "with connection.pipeline() as p:\n    q.enqueue('tasks.add', 1, b=2, job_id='a', pipeline=p)\n    p.set('other', 1)\n    p.execute()",
			golang: func(ctx context.Context, e *env) error {
				_, err := e.db.TxPipelined(ctx, func(p redis.Pipeliner) error {
					err := enqueue(add, rq.JobID("a"), rq.Pipeline(p))(ctx, e)
					p.Set(ctx, "other", 1, 0)
					return err
				})
				return err
			},
		},
		{
			name:   "create and enqueue",
			python: `j = Job.create('tasks.add', args=(1,), kwargs={'b': 2}, id='j', connection=connection, timeout='3m', meta={'a': 1}); q.enqueue_job(j)`,
			golang: func(ctx context.Context, e *env) error {
				j, err := rq.CreateJob(e.db, add, rq.JobID("j"), rq.Timeout(3*time.Minute), rq.Meta(map[string]any{"a": 1}))
				if err != nil {
					return err
				}
				return e.queue().EnqueueJob(ctx, j)
			},
		},
		{
			name:   "create and save",
			python: `q.create_job('tasks.add', args=(1,), kwargs={'b': 2}, job_id='j', status=None).save()`,
			golang: func(ctx context.Context, e *env) error {
				j, err := e.queue().CreateJob(add, rq.JobID("j"))
				if err != nil {
					return err
				}
				return j.Save(ctx)
			},
		},
		{
			name:   "many",
			python: `q.enqueue_many([Queue.prepare_data('tasks.add', (i,), {'b': 2}, job_id=f'j{i}', ttl=i + 50, at_front=i == 2) for i in range(5)])`,
			golang: func(ctx context.Context, e *env) error {
				var items []rq.Prepared
				for i := range 5 {
					opts := []rq.PrepareOption{rq.JobID(fmt.Sprint("j", i)), rq.TTL(time.Duration(i+50) * time.Second)}
					if i == 2 {
						opts = append(opts, rq.AtFront())
					}
					items = append(items, rq.Prepare(rq.Call("tasks.add", i, rq.Kw("b", 2)), opts...))
				}
				_, err := e.queue().EnqueueMany(ctx, items)
				return err
			},
		},
		{
			name:  "many in a group",
			since: "2.0",
			python: `Group.create(connection, name='g').enqueue_many(q,
    [Queue.prepare_data('tasks.add', (1,), {'b': 2}, job_id='a'), Queue.prepare_data('tasks.add', (1,), {'b': 2}, job_id='b')])`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue().EnqueueMany(ctx,
					[]rq.Prepared{rq.Prepare(add, rq.JobID("a")), rq.Prepare(add, rq.JobID("b"))}, rq.Group("g"))
				return err
			},
		},
	}...)
}

func everyTTL(ctx context.Context, e *env) error {
	call := rq.Call("tasks.nothing")
	timeout, err := rq.ParseTimeout("23m")
	if err != nil {
		return err
	}
	result, err := rq.ParseTimeout("2D")
	if err != nil {
		return err
	}
	in := func(id string, opts ...rq.QueueOption) error {
		_, err := e.queue(opts...).Enqueue(ctx, call, rq.JobID(id))
		return err
	}
	return errors.Join(
		enqueue(call, rq.JobID("a"), rq.ResultTTL(0), rq.FailureTTL(0), rq.Timeout(rq.Forever))(ctx, e),
		enqueue(call, rq.JobID("b"), rq.ResultTTL(rq.Forever), rq.FailureTTL(rq.Forever), rq.Timeout(time.Hour))(ctx, e),
		enqueue(call, rq.JobID("c"), rq.ResultTTL(result), rq.FailureTTL(7*time.Second), rq.Timeout(timeout), rq.TTL(90*time.Second))(ctx, e),
		in("d", rq.QueueTimeout(77*time.Second)),
		in("e", rq.QueueTimeout(rq.Forever)),
		in("f", rq.QueueTimeout(0)))
}

func uniqueJobs(ctx context.Context, e *env) error {
	err := errors.Join(
		enqueue(add, rq.JobID("j"), rq.Unique(), rq.TTL(100*time.Second))(ctx, e),
		enqueue(add, rq.JobID("k"), rq.Unique(), rq.AtFront())(ctx, e))
	if dup := enqueue(rq.Call("tasks.add", 3), rq.JobID("taken"), rq.Unique())(ctx, e); !errors.Is(dup, rq.ErrDuplicateJob) {
		return fmt.Errorf("enqueue of a taken id: %w", dup)
	}
	return err
}
