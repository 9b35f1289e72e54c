package interop

import "github.com/rqgo/rq"

// callbacks are functions that are called after a job.
var callbacks = []works{
	{name: "success callback", before: `
q.enqueue('tasks.add', 1, b=2, job_id='j', on_success=Callback('tasks.on_success'), on_failure=Callback('tasks.on_failure'))
q.enqueue('tasks.nothing', job_id='k', on_success=Callback('tasks.on_success', timeout=5), result_ttl=0)`},
	{name: "failure callback", before: `
q.enqueue('tasks.fail', 'no', job_id='j', on_success=Callback('tasks.on_success'), on_failure=Callback('tasks.on_failure'))
q.enqueue('tasks.fail', 'no', job_id='k', on_failure=Callback('tasks.on_failure'), retry=Retry(1))`},
	{name: "callbacks and a timeout", slow: true, before: `
q.enqueue('tasks.nap', 30, job_timeout=1, job_id='j', on_failure=Callback('tasks.on_failure'))`},
	{name: "success callback that fails", before: `
q.enqueue('tasks.add', 1, b=2, job_id='j', on_success=Callback('tasks.broken_callback'), on_failure=Callback('tasks.on_failure'))`},
	{name: "success callback that fails, and a retry", before: `
q.enqueue('tasks.add', 1, b=2, job_id='j', on_success=Callback('tasks.broken_callback'), retry=Retry(1))`},
	{name: "failure callback that fails", before: `
q.enqueue('tasks.fail', 'no', job_id='j', on_failure=Callback('tasks.broken_callback'))`},
	{name: "both callbacks fail", before: `
q.enqueue('tasks.add', 1, job_id='j', on_success=Callback('tasks.broken_callback'), on_failure=Callback('tasks.broken_callback'))`},
	{name: "unknown callbacks", config: unknownFails, before: `
q.enqueue('tasks.add', 1, job_id='j', on_success=Callback('tasks.gone'))
q.enqueue('tasks.fail', 'no', job_id='k', on_failure=Callback('tasks.gone'))`},
	{name: "asked for a retry with callbacks", since: "2.1", before: `
q.enqueue('tasks.ask_again', times=1, max=1, job_id='j', on_success=Callback('tasks.on_success'), on_failure=Callback('tasks.on_failure'))`},
	{name: "callbacks and repeats", since: "2.2", before: `
q.enqueue('tasks.add', 1, job_id='j', repeat=Repeat(1), on_success=Callback('tasks.on_success'))`},
}

// dependents are jobs that wait for others.
var dependents = []works{
	{name: "dependent", before: `
q.enqueue('tasks.add', 1, job_id='p')
q.enqueue('tasks.add', 2, job_id='j', depends_on='p', ttl=90)`},
	{name: "dependents in order of time", before: `
q.enqueue('tasks.add', 1, job_id='p')
q.enqueue('tasks.note', 'a', job_id='j', depends_on='p')
q.enqueue('tasks.note', 'x')`},
	{name: "dependent of several", before: `
for i in 'abc': q.enqueue('tasks.add', 1, job_id=i)
q.enqueue('tasks.note', 'last', job_id='j', depends_on=['a', 'b', 'c'])`},
	{name: "dependent of an unfinished one", before: `
q.enqueue('tasks.add', 1, job_id='a')
q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='b')
q.enqueue('tasks.note', 'last', job_id='j', depends_on=['a', 'b'])`},
	{name: "dependent in another queue", before: `
q.enqueue('tasks.add', 1, job_id='p')
Queue('other', connection=connection).enqueue('tasks.add', 2, job_id='j', depends_on='p')`},
	{name: "dependent in another queue of the worker", before: `
q.enqueue('tasks.add', 1, job_id='p')
Queue('other', connection=connection).enqueue('tasks.add', 2, job_id='j', depends_on='p')`,
		python: "'default', 'other'", config: rq.WorkerConfig{Queues: []string{"default", "other"}}},
	{name: "dependent at the front", before: `
q.enqueue('tasks.add', 1, job_id='p')
q.enqueue('tasks.note', 'x', job_id='x')
q.enqueue('tasks.note', 'front', job_id='j', depends_on=Dependency(['p'], enqueue_at_front=True))`},
	{name: "dependents of a failure", before: `
q.enqueue('tasks.fail', 'no', job_id='p')
q.enqueue('tasks.add', 2, job_id='no', depends_on='p')
q.enqueue('tasks.add', 2, job_id='may', depends_on=Dependency(['p'], allow_failure=True))`},
	{name: "dependents of a retried job", before: `
q.enqueue('tasks.fail_times', 'test:n', 1, job_id='p', retry=Retry(1))
q.enqueue('tasks.note', 'x', job_id='j', depends_on=Dependency(['p'], allow_failure=True))`},
	{name: "dependents of success and failure", before: `
q.enqueue('tasks.fail', 'no', job_id='a')
q.enqueue('tasks.add', 1, job_id='b')
q.enqueue('tasks.add', 2, job_id='no', depends_on=['a', 'b'])
q.enqueue('tasks.add', 2, job_id='may', depends_on=Dependency(['a', 'b'], allow_failure=True))`},
	{name: "dependent of a job that leaves no result", before: `
q.enqueue('tasks.add', 1, job_id='p', result_ttl=0)
q.enqueue('tasks.add', 2, job_id='j', depends_on='p')`},
	{name: "dependent of a failure that is not kept", before: `
q.enqueue('tasks.fail', 'no', job_id='p', failure_ttl=0)
q.enqueue('tasks.add', 2, job_id='no', depends_on='p')
q.enqueue('tasks.add', 2, job_id='may', depends_on=Dependency(['p'], allow_failure=True))`,
		check: statuses("no", "deferred", "may", "finished")},
	{name: "chain", before: `
q.enqueue('tasks.note', '0', job_id='c0')
for i in range(1, 5): q.enqueue('tasks.note', str(i), job_id=f'c{i}', depends_on=f'c{i - 1}')`},
	{name: "fan in and out", before: `
q.enqueue('tasks.note', 'top', job_id='top')
for i in 'abc': Queue(i, connection=connection).enqueue('tasks.add', 1, job_id=i, depends_on='top')
q.enqueue('tasks.note', 'bottom', job_id='bottom', depends_on=['a', 'b', 'c'])`,
		python: "'a', 'b', 'c', 'default'", config: rq.WorkerConfig{Queues: []string{"a", "b", "c", "default"}}},
	{name: "canceled dependent", before: `
q.enqueue('tasks.add', 1, job_id='p')
q.enqueue('tasks.add', 2, job_id='j', depends_on='p').cancel()`},
	{name: "deleted dependent", before: `
q.enqueue('tasks.add', 1, job_id='p')
q.enqueue('tasks.add', 2, job_id='j', depends_on='p').delete()`},
	{name: "dependent of a canceled job", before: `
q.enqueue('tasks.add', 1, job_id='p').cancel()
q.enqueue('tasks.add', 2, job_id='j', depends_on='p')`},
}

// several are jobs in several queues.
var several = `
for queue in 'abc':
    for i in range(3): Queue(queue, connection=connection).enqueue('tasks.note', f'{queue}{i}')`

var abc = []string{"a", "b", "c"}

// queues are what a worker can be told.
var queues = []works{
	{name: "queues in order", before: several, python: "'a', 'b', 'c'", config: rq.WorkerConfig{Queues: abc}},
	{name: "queues in turn", before: several, python: "'a', 'b', 'c', dequeue_strategy='round_robin'",
		config: rq.WorkerConfig{Queues: abc, Strategy: rq.DequeueRoundRobin}},
	{name: "queues in turn, some jobs", before: several, python: "'a', 'b', 'c', dequeue_strategy='round_robin', max_jobs=5",
		config: rq.WorkerConfig{Queues: abc, Strategy: rq.DequeueRoundRobin, MaxJobs: 5}},
	{name: "some jobs", before: several, python: "'a', max_jobs=2", config: rq.WorkerConfig{Queues: []string{"a"}, MaxJobs: 2}},
	{name: "a queue with an odd name", before: `Queue('a:b ü', connection=connection).enqueue('tasks.add', 1)`,
		python: "'a:b ü'", config: rq.WorkerConfig{Queues: []string{"a:b ü"}}},
	{name: "suspended", before: `q.enqueue('tasks.add', 1); suspension.suspend(connection, ttl=600)`},
	{name: "JSON", before: `
j = Queue(connection=connection, serializer=serializers.JSONSerializer)
j.enqueue('tasks.add', 1, b=2, job_id='j', meta={'a': 1})
j.enqueue('tasks.echo', {'a': [1, None, 0.5, 'ü']}, job_id='k')
j.enqueue('tasks.progress', 2, job_id='l')
j.enqueue('tasks.fail', 'no', job_id='m', retry=Retry(1))
j.enqueue('tasks.unserializable', job_id='n')`,
		python: "serializer=serializers.JSONSerializer", config: rq.WorkerConfig{Serializer: rq.JSON{}}},
}

// limits are jobs that share a rate limit.
var limits = []works{
	{name: "rate limit", since: "3.0", before: limited(`tasks.add', 1, job_id=i`, "abc")},
	{name: "rate limit and failures", since: "3.0", before: limited(`tasks.fail', 'no', job_id=i`, "abc")},
	{name: "rate limit and retries", since: "3.0", before: limited(`tasks.fail', 'no', job_id=i, retry=Retry(1)`, "ab")},
	{name: "rate limit and retries later", since: "3.0", before: limited(`tasks.fail', 'no', job_id=i, retry=Retry(1, interval=30)`, "ab")},
	{name: "rate limit without results", since: "3.0", before: limited(`tasks.add', 1, job_id=i, result_ttl=0`, "abc")},
	{name: "rate limit and repeats", since: "3.0", before: limited(`tasks.add', 1, job_id=i, repeat=Repeat(1)`, "ab")},
	{name: "rate limit and a request for a retry", since: "3.0", before: limited(`tasks.ask_again', times=1, max=2, job_id=i`, "ab")},
	{name: "rate limit and a dependent", since: "3.0", before: limited(`tasks.add', 1, job_id=i`, "ab") + `
q.enqueue('tasks.add', 1, job_id='c', depends_on='a', rate_limit=limit)`},
	{name: "rate limit of two", since: "3.0", before: `
from rq.rate_limit import RateLimit
limit = RateLimit('k', 2)
for i in 'abcde': q.enqueue('tasks.note', i, job_id=i, rate_limit=limit)`},
}

// limited enqueues a call for each of ids, of which one may run at a time.
func limited(call, ids string) string {
	return "from rq.rate_limit import RateLimit\nlimit = RateLimit('k', 1)\nfor i in '" + ids + "': q.enqueue('" + call + ", rate_limit=limit)"
}
