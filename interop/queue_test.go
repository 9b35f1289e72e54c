package interop

import (
	"context"
	"errors"
	"fmt"

	"github.com/rqgo/rq"
)

// onQueue returns Go's side of a scenario that does something to "default".
func onQueue(f func(ctx context.Context, q *rq.Queue) error) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error { return f(ctx, e.queue()) }
}

const someJobs = `
for i in range(7):
    q.enqueue('tasks.add', i, job_id=f'j{i}')
q.enqueue('tasks.add', 1, job_id='waits', depends_on='j1')
Queue('other', connection=connection).enqueue('tasks.add', 1, job_id='x')`

func init() {
	scenarios = append(scenarios, []scenario{
		{
			name:   "empty a queue",
			before: someJobs,
			python: `assert q.empty() == 7`,
			golang: onQueue(func(ctx context.Context, q *rq.Queue) error {
				n, err := q.Empty(ctx)
				if err == nil && n != 7 {
					err = fmt.Errorf("%d jobs", n)
				}
				return err
			}),
		},
		{
			name:   "delete a queue",
			before: someJobs,
			python: `q.delete()`,
			golang: onQueue(func(ctx context.Context, q *rq.Queue) error { return q.Delete(ctx) }),
		},
		{
			name:   "delete a queue and not its jobs",
			before: someJobs,
			python: `q.delete(delete_jobs=False)`,
			golang: onQueue(func(ctx context.Context, q *rq.Queue) error { return q.DeleteKeepingJobs(ctx) }),
		},
		{
			name:   "compact a queue",
			before: someJobs + "\nconnection.delete('rq:job:j0', 'rq:job:j3', 'rq:job:j6')",
			python: `q.compact()`,
			golang: onQueue(func(ctx context.Context, q *rq.Queue) error {
				n, err := q.Compact(ctx)
				if err == nil && n != 3 {
					err = fmt.Errorf("%d ids", n)
				}
				return err
			}),
		},
		{
			name:   "fetch a job that is gone",
			before: someJobs + "\nconnection.delete('rq:job:j3')",
			python: `assert q.fetch_job('j3') is None`,
			golang: onQueue(func(ctx context.Context, q *rq.Queue) error {
				if _, err := q.FetchJob(ctx, "j3"); !errors.Is(err, rq.ErrNoSuchJob) {
					return fmt.Errorf("j3: %w", err)
				}
				return nil
			}),
		},
		{
			name:   "remove from a queue",
			before: someJobs,
			python: `q.remove('j3'); q.remove('nothing')`,
			golang: onQueue(func(ctx context.Context, q *rq.Queue) error {
				if ok, err := q.Remove(ctx, "j3"); err != nil || !ok {
					return fmt.Errorf("j3: %t %w", ok, err)
				}
				if ok, err := q.Remove(ctx, "nothing"); err != nil || ok {
					return fmt.Errorf("nothing: %t %w", ok, err)
				}
				return nil
			}),
		},
	}...)
}
