package interop

import (
	"context"

	"github.com/rqgo/rq"
)

// RQ 1 takes any text for an id, so that one job's can begin as another's and a
// colon. What is done to "a:b" must not be done to "a".
const colons = `
for i in ('a', 'a:b', 'a:b:c', 'deploy:42'): q.enqueue('tasks.add', 1, job_id=i)
q.enqueue('tasks.fail', 'no', job_id='a:fails')
q.enqueue('tasks.fail', 'no', job_id='a:again', retry=Retry(1))
q.enqueue('tasks.add', 1, job_id='a:waits', depends_on='deploy:42')
`

// onColonJobs returns Go's side of a scenario that does something to those jobs.
func onColonJobs(f func(ctx context.Context, j *rq.Job) error, ids ...string) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error {
		jobs, err := rq.FetchJobs(ctx, e.db, ids...)
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if err := f(ctx, j); err != nil {
				return err
			}
		}
		return nil
	}
}

func init() {
	scenarios = append(scenarios,
		works{name: "ids with colons", until: "1.16", before: colons}.scenario(),
		scenario{
			name: "cancel ids with colons", until: "1.16", before: colons,
			python: `for i in ('a:b', 'deploy:42'): Job.fetch(i, connection=connection).cancel(enqueue_dependents=True)`,
			golang: onColonJobs(func(ctx context.Context, j *rq.Job) error {
				return j.Cancel(ctx, rq.EnqueueDependents())
			}, "a:b", "deploy:42"),
			after: `work()`,
		},
		scenario{
			name: "delete a job with a colon in its id", until: "1.16", before: colons,
			python: `Job.fetch('a:b', connection=connection).delete()`,
			golang: onColonJobs(func(ctx context.Context, j *rq.Job) error { return j.Delete(ctx) }, "a:b"),
		},
		scenario{
			name: "requeue ids with colons", until: "1.16", before: colons + `work()`,
			python: `for i in ('a:again', 'a:fails'): Job.fetch(i, connection=connection).requeue()`,
			golang: onColonJobs(func(ctx context.Context, j *rq.Job) error { return j.Requeue(ctx) }, "a:again", "a:fails"),
		},
	)
}
