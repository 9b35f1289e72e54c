package interop

import (
	"context"
	"errors"
	"time"

	"github.com/rqgo/rq"
)

var due = time.Date(2030, 1, 2, 3, 4, 5, 678901000, time.UTC)

func init() {
	scenarios = append(scenarios, []scenario{
		{
			name: "schedule",
			python: `
at = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)
q.enqueue_at(at, 'tasks.add', 1, b=2, job_id='a', at_front=True, ttl=1000)
q.enqueue_at(at.astimezone(timezone(timedelta(hours=-5))), 'tasks.add', 1, b=2, job_id='b')
q.enqueue_in(timedelta(hours=2), 'tasks.add', 1, b=2, job_id='c', meta={'a': 1})`,
			golang: func(ctx context.Context, e *env) error {
				_, a := e.queue().EnqueueAt(ctx, due, add, rq.JobID("a"), rq.AtFront(), rq.TTL(1000*time.Second))
				_, b := e.queue().EnqueueAt(ctx, due.In(time.FixedZone("", -5*3600)), add, rq.JobID("b"))
				_, c := e.queue().EnqueueIn(ctx, 2*time.Hour, add, rq.JobID("c"), rq.Meta(map[string]any{"a": 1}))
				return errors.Join(a, b, c)
			},
		},
		{
			name:   "schedule a job that exists",
			python: `q.schedule_job(Job.create('tasks.add', (1,), {'b': 2}, id='a', connection=connection), datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc))`,
			golang: func(ctx context.Context, e *env) error {
				j, err := rq.CreateJob(e.db, add, rq.JobID("a"))
				if err != nil {
					return err
				}
				return e.queue().ScheduleJob(ctx, j, due)
			},
		},
		{
			name:   "schedule unique",
			since:  "3.0",
			before: `q.enqueue('tasks.add', 1, job_id='taken')`,
			python: `
at = datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
q.enqueue_at(at, 'tasks.add', 1, b=2, job_id='a', unique=True, ttl=100)
try:
    q.enqueue_at(at, 'tasks.add', 1, job_id='taken', unique=True)
    assert False
except exceptions.DuplicateJobError:
    pass`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue().EnqueueAt(ctx, due, add, rq.JobID("a"), rq.Unique(), rq.TTL(100*time.Second))
				if _, dup := e.queue().EnqueueAt(ctx, due, add, rq.JobID("taken"), rq.Unique()); !errors.Is(dup, rq.ErrDuplicateJob) {
					return errors.Join(err, errors.New("a taken id was scheduled"), dup)
				}
				return err
			},
		},
		{
			name:  "schedule unique with all that an enqueue would wait for",
			since: "3.0",
			python: `
from rq.rate_limit import RateLimit
q.enqueue_at(datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc), 'tasks.add', 1, b=2, job_id='a', unique=True,
    depends_on='p', rate_limit=RateLimit('k', 2))`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue().EnqueueAt(ctx, due, add, rq.JobID("a"), rq.Unique(), rq.DependsOn("p"), rq.RateLimit{Key: "k", Concurrency: 2})
				return err
			},
		},
		{
			name:   "schedule in the past and let Python's scheduler find it",
			python: `q.enqueue_in(timedelta(seconds=-5), 'tasks.add', 1, b=2, job_id='a')`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue().EnqueueIn(ctx, -5*time.Second, add, rq.JobID("a"))
				return err
			},
			after: `
s = scheduler.RQScheduler([q], connection=connection)
s.acquire_locks()
s.enqueue_scheduled_jobs()
s.release_locks()`,
		},
	}...)
}
