package interop

import (
	"context"
	"errors"
	"fmt"

	"github.com/rqgo/rq"
)

// What becomes of a job that is enqueued although it is in a registry, and of meta
// that cannot be read.
func init() {
	for _, name := range append([]string{"queued"}, registries...) {
		scenarios = append(scenarios, scenario{
			name: "enqueue again: " + name, before: everyState,
			python: fmt.Sprintf("q.enqueue_job(Job.fetch(%q, connection=connection))", name),
			golang: again(name, func(ctx context.Context, q *rq.Queue, j *rq.Job) error { return q.EnqueueJob(ctx, j) }),
		}, scenario{
			name: "schedule again: " + name, before: everyState, since: "2.10",
			python: fmt.Sprintf("q.schedule_job(Job.fetch(%q, connection=connection), datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc))", name),
			golang: again(name, func(ctx context.Context, q *rq.Queue, j *rq.Job) error { return q.ScheduleJob(ctx, j, due) }),
		})
	}
	scenarios = append(scenarios, scenario{
		name:   "enqueue again: what was due",
		before: `q.enqueue_in(timedelta(seconds=-5), 'tasks.add', 1, b=2, job_id='j')`,
		python: `q.enqueue_job(Job.fetch('j', connection=connection))`,
		golang: again("j", func(ctx context.Context, q *rq.Queue, j *rq.Job) error { return q.EnqueueJob(ctx, j) }),
		after: `
s = scheduler.RQScheduler([q], connection=connection)
s.acquire_locks()
s.enqueue_scheduled_jobs()
s.release_locks()`,
	})
	const unreadable = `q.enqueue('tasks.add', 3, job_id='j'); connection.hset('rq:job:j', 'meta', 'nonsense')`
	for _, c := range []struct {
		name, python string
		change       func(meta map[string]any)
	}{
		{"saved", "", func(map[string]any) {}},
		{"with a key of one's own", "j.meta['a'] = 1", func(meta map[string]any) { meta["a"] = 1 }},
		{"replaced", "j.meta = {'a': 1}", func(meta map[string]any) { clear(meta); meta["a"] = 1 }},
	} {
		scenarios = append(scenarios, scenario{
			name: "unreadable meta: " + c.name, before: unreadable, since: "3.0",
			python: "j = Job.fetch('j', connection=connection)\n" + c.python + "\nj.save_meta()",
			golang: again("j", func(ctx context.Context, _ *rq.Queue, j *rq.Job) error {
				c.change(j.Meta)
				return j.SaveMeta(ctx)
			}),
		})
	}
}

// again does something with a job that exists.
func again(id string, do func(context.Context, *rq.Queue, *rq.Job) error) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		q := e.queue()
		j, err := q.FetchJob(ctx, id)
		if err != nil {
			return errors.Join(errors.New(id), err)
		}
		return do(ctx, q, j)
	}
}
