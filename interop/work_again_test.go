package interop

import "github.com/rqgo/rq"

// retries are jobs that run again after they failed.
var retries = []works{
	{name: "retry", before: `q.enqueue('tasks.fail_times', 'test:n', 1, job_id='j', retry=Retry(3))`},
	{name: "retry in vain", before: `q.enqueue('tasks.fail', 'no', job_id='j', retry=Retry(2), ttl=100)`},
	{name: "retry later", before: `q.enqueue('tasks.fail', 'no', job_id='j', retry=Retry(2, interval=30), ttl=100)`},
	{name: "retry with intervals", before: `
q.enqueue('tasks.fail', 'no', job_id='long', retry=Retry(2, interval=[0, 20, 30]))
q.enqueue('tasks.fail', 'no', job_id='short', retry=Retry(3, interval=[0, 20]))
q.enqueue('tasks.fail', 'no', job_id='even', retry=Retry(2, interval=[0, 40]))`},
	{name: "retry at the front", since: "2.10", before: `
q.enqueue('tasks.note', 'a')
q.enqueue('tasks.fail', 'no', job_id='j', retry=Retry(1, enqueue_at_front=True))
q.enqueue('tasks.note', 'b')`},
	{name: "retry and max jobs", before: `
q.enqueue('tasks.fail', 'no', job_id='j', retry=Retry(1))
q.enqueue('tasks.note', 'b')`, python: "max_jobs=1", config: rq.WorkerConfig{MaxJobs: 1}},
	{name: "requeued", before: `
q.enqueue('tasks.fail_times', 'test:n', 1, job_id='j')
work(name='w0')
FailedJobRegistry(queue=q).requeue('j')`},
}

// requests are jobs that run again because they returned a Retry. Before 2.10
// that has no interval and no place.
var requests = []works{
	{name: "asked for a retry", since: "2.1", before: `q.enqueue('tasks.ask_again', times=2, max=3, job_id='j')`},
	{name: "asked for a retry later", since: "2.10", before: `
q.enqueue('tasks.ask_again', max=3, interval=[0, 20, 30], job_id='j', ttl=99)`},
	{name: "asked for too many retries", since: "2.1", before: `
q.enqueue('tasks.ask_again', max=2, job_id='j')
q.enqueue('tasks.add', 1, job_id='may', depends_on=Dependency(['j'], allow_failure=True))
q.enqueue('tasks.add', 1, job_id='waits', depends_on='j')`},
	{name: "asked for a retry at the front", since: "3.0", before: `
q.enqueue('tasks.ask_again', times=1, max=2, enqueue_at_front=True, job_id='j')
q.enqueue('tasks.note', 'b')`},
	{name: "asked for a retry without a result", since: "2.1", before: `q.enqueue('tasks.ask_again', times=1, max=2, job_id='j', result_ttl=0)`},
	{name: "asked for a retry besides its own", since: "2.10", before: `
q.enqueue('tasks.ask_again', times=1, max=2, job_id='j', retry=Retry(3, interval=[7]))`},
}

// repeats are jobs that run again after they succeeded. Before 3.0 RQ takes
// several intervals in the wrong order and puts dependents before the repeat,
// and 2.6 leaves the status as it was.
var repeats = []works{
	{name: "repeat", since: "2.2", before: `q.enqueue('tasks.add', 1, job_id='j', repeat=Repeat(2), ttl=100)`},
	{name: "repeat later", since: "2.10", before: `q.enqueue('tasks.add', 1, job_id='j', repeat=Repeat(2, interval=20), ttl=100)`},
	{name: "repeat with intervals", since: "3.0", before: `
q.enqueue('tasks.add', 1, job_id='j', repeat=Repeat(2, interval=[20, 30]))
q.enqueue('tasks.add', 1, job_id='k', repeat=Repeat(3, interval=[0, 20, 30]))
q.enqueue('tasks.nothing', job_id='l', repeat=Repeat(3, interval=[0, 20]))`},
	{name: "repeat without a result", since: "2.10", before: `
q.enqueue('tasks.add', 1, job_id='j', repeat=Repeat(1), result_ttl=0)
q.enqueue('tasks.add', 1, job_id='k', repeat=Repeat(1, interval=20), result_ttl=0)`},
	{name: "repeat until it fails", since: "2.2", before: `q.enqueue('tasks.fail', 'no', job_id='j', repeat=Repeat(2))`},
	{name: "repeat a job with dependents", since: "3.0", before: `
q.enqueue('tasks.add', 1, job_id='j', repeat=Repeat(1))
q.enqueue('tasks.add', 1, job_id='k', depends_on='j')`},
	{name: "repeat and retry", since: "2.10", before: `
q.enqueue('tasks.fail_times', 'test:n', 1, job_id='j', repeat=Repeat(1), retry=Retry(1))`},
}
