package interop

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/rqgo/rq"
)

func init() {
	for _, w := range maintenances {
		w.name = "maintenance: " + w.name
		scenarios = append(scenarios, w.scenarios()...)
	}
	for _, s := range inTurn {
		s.name, s.python, s.golang = "work: maintenance: "+s.name, "work()", works{}.scenario().golang
		scenarios = append(scenarios, s)
	}
	deviations = append(deviations, maintenanceDeviations...)
}

var maintenanceDeviations = []*deviation{
	{
		scenario: "work: maintenance: dead workers", key: "rq:workers", field: "rq:worker:nowhere", golang: "<absent>",
		why: "RQ forgets a dead worker that no queue lists when somebody looks for all workers",
	},
	{
		scenario: "work: maintenance: taken and executed", since: "2.0", until: "2.0",
		why: "RQ 2.0.0 looks for the id among executions, and fails a job that runs",
	},
	{
		scenario: "work: maintenance: stuck, *", key: "rq:queue:default:intermediate:first_seen:*", field: "(key)", golang: "<absent>",
		why: "RQ remembers for a day when it first saw an id, and fails a job that it sees again then at once",
	},
	{
		scenario: "work: maintenance: stuck, started", key: "rq:results:j", field: "0 worker_name",
		why: "RQ says that the worker failed that found the job, not the one that had it",
	},
	{
		scenario: "work: maintenance: stuck, started", key: "rq:worker:w1", field: "failed_job_count", golang: "<absent>",
		why: "RQ says that the worker failed that found the job, not the one that had it",
	},
	{
		scenario: "work: maintenance: stuck, queued*",
		why:      "RQ fails a job whose worker died before it started it; ours runs it",
	},
	{
		scenario: "work: maintenance: stuck, canceled",
		why:      "RQ fails a canceled job whose worker died before it started it; ours leaves it canceled",
	},
}

// ready is a job whose dependency was met just before its worker died.
const ready = `
def ready(id, **options):
    q.enqueue('tasks.note', id, job_id=id, depends_on='p', **options)
    connection.zrem('rq:deferred:default', id)
    connection.hset('rq:job:' + id, 'status', 'ready_to_enqueue')
    connection.zadd('rq:ready:default', {id: len(id) + ord(id[0])})
connection.hset('rq:job:p', mapping={'data': 'x', 'status': 'started'})
`

// stuck leaves a job in the intermediate queue as a worker does that dies when it
// has taken it; it was enqueued long ago, and seen there then, now or never.
const stuck = `
def taken(id, **options):
    q.enqueue('tasks.note', id, job_id=id, **options)
    job, _ = Queue.dequeue_any([q], None, connection=connection)
    assert job.id == id and connection.lrange(q.key + ':intermediate', -1, -1) == [id.encode()]
    connection.hset('rq:job:' + id, 'enqueued_at', '2026-01-02T03:04:05.000000Z')
def stuck(id, seen=None, status=None):
    if not connection.exists('rq:job:' + id): connection.rpush(q.key + ':intermediate', id)
    if status: connection.hset('rq:job:' + id, 'status', status)
    if seen: connection.set(q.key + ':intermediate:first_seen:' + id, seen, ex=86400)
now, then = datetime.now(timezone.utc).timestamp(), 1767323100.25
`

// maintenances are what workers that died leave to the next one's start.
var maintenances = []works{
	{name: "expired entries", before: `
now = int(datetime.now(timezone.utc).timestamp())
for registry in ('finished', 'failed', 'canceled', 'deferred', 'scheduled') if rq.VERSION.startswith(('2.10', '3')) else ('finished', 'failed', 'canceled', 'scheduled'):
    connection.zadd('rq:' + registry + ':default', {'old': 1, 'past': now - 1, 'soon': now + 60, 'kept': -1, 'never': 'inf'})
    connection.zadd('rq:' + registry + ':other', {'old': 1})`},
	{name: "several queues", before: `
for queue in 'abc': connection.zadd('rq:failed:' + queue, {'old': 1})`, python: "'a', 'b'", config: rq.WorkerConfig{Queues: []string{"a", "b"}}},
	{name: "ready jobs", since: "3.0", before: ready + `
q.enqueue('tasks.note', 'queued', job_id='queued')
ready('a', ttl=70)
ready('b', at_front=True)
ready('c')
connection.hset('rq:job:c', 'enqueue_at_front', 1)
ready('d', retry=Retry(2, enqueue_at_front=True))
ready('e', retry=Retry(2, enqueue_at_front=True))
connection.hset('rq:job:e', 'ended_at', '2026-01-02T03:04:05.000000Z')`},
	{name: "ready jobs that are not", since: "3.0", before: ready + `
for id in ('canceled', 'deferred', 'finished', 'gone'): ready(id)
connection.hset('rq:job:canceled', 'status', 'canceled')
connection.hset('rq:job:deferred', 'status', 'deferred')
connection.hset('rq:job:finished', 'status', 'finished')
connection.delete('rq:job:gone')`},
	{name: "ready jobs with a rate limit", since: "3.0", before: ready + `
from rq.rate_limit import RateLimit
for id in 'abc': ready(id, rate_limit=RateLimit('k', 1))`},
	{name: "dead workers", before: `
connection.sadd('rq:workers', 'rq:worker:dead', 'rq:worker:alive', 'rq:worker:other', 'rq:worker:nowhere')
connection.sadd('rq:workers:default', 'rq:worker:dead', 'rq:worker:alive')
connection.sadd('rq:workers:other', 'rq:worker:other')
for name in ('alive', 'other'): connection.hset('rq:worker:' + name, 'state', 'idle')`},
	{name: "groups", since: "2.6", before: `
Group.create(connection, name='some').enqueue_many(q, [Queue.prepare_data('tasks.add', (1,), job_id=i) for i in 'abc'])
Group.create(connection, name='none').enqueue_many(q, [Queue.prepare_data('tasks.add', (1,), job_id=i) for i in 'de'])
for id in 'bde': q.remove(id); connection.delete('rq:job:' + id)
connection.sadd('rq:groups', 'empty')`},
	{name: "groups that another cleans", since: "3.0", before: `
connection.sadd('rq:groups', 'empty')
connection.set('rq:clean_groups', 1, ex=100)`},
	{name: "a queue that another cleans", before: `
connection.zadd('rq:failed:default', {'old': 1})
connection.set('rq:clean_registries:default', 'a token', ex=100)`},
	{name: "slots that nobody needs", since: "3.0", before: `
from rq.rate_limit import RateLimit
for i in 'abcde': q.enqueue('tasks.note', i, job_id=i, rate_limit=RateLimit('k', 2))
connection.hset('rq:job:a', 'status', 'failed')
connection.lrem(q.key, 1, 'a')
connection.delete('rq:job:c')
connection.hset('rq:job:d', 'enqueue_at_front', 1)`},
	{name: "slots of jobs that run on", since: "3.0", before: `
from rq.rate_limit import RateLimit
o = Queue('other', connection=connection)
for i in 'abc': o.enqueue('tasks.note', i, job_id=i, rate_limit=RateLimit('k', 2))
connection.delete('rq:job:a')
connection.zadd('rq:executions:a', {'e': datetime.now(timezone.utc).timestamp() // 1 + 60})`},
	{name: "limits that nobody needs", since: "3.0", before: `
connection.sadd('rq:rl-keys', 'a', 'b', 'c', 'd')
connection.hset('rq:rl:a', 'concurrency', 1)
connection.hset('rq:rl:b', 'concurrency', 1)
connection.zadd('rq:rl:b:allowed', {'gone': 1})
connection.hset('rq:rl:c', 'concurrency', 1)
connection.zadd('rq:rl:c:rate_limited', {'gone': 1, 'too': 2})
connection.hset('rq:rl:d', 'concurrency', 1)
connection.hset('rq:job:d', 'status', 'started')
connection.zadd('rq:rl:d:allowed', {'d': 1})`},
	{name: "taken for the first time", before: stuck + `
taken('j'); stuck('j')
stuck('gone')`},
	{name: "taken a moment ago", before: stuck + `taken('j'); stuck('j', now)`},
	{name: "taken and executed", before: stuck + `
taken('j'); stuck('j', then, 'started')
connection.zadd('rq:wip:default', {'j:e' if rq.VERSION[0] > '1' else 'j': int(now) + 90})
connection.zadd('rq:executions:j', {'e': int(now) + 150})`},
	{name: "stuck, gone", before: stuck + `stuck('j', then)`},
	{name: "stuck, started", before: stuck + `
taken('j'); stuck('j', then, 'started')
taken('k', retry=Retry(1, interval=100)); stuck('k', then, 'started')`},
	{name: "stuck, queued", before: stuck + `
for id in 'jk': taken(id); stuck(id, then)
q.enqueue('tasks.note', 'next')`, check: noted("j", "k", "next")},
	{name: "stuck, queued again", before: stuck + `
taken('j'); stuck('j', then)
q.enqueue('tasks.note', 'next')
connection.rpush(q.key, 'j')`, check: noted("next", "j")},
	{name: "stuck, canceled", before: stuck + `taken('j'); stuck('j', then, 'canceled')`, check: statuses("j", "canceled")},
}

// noted wants the jobs to have run in Go in this order, each once.
func noted(want ...string) func(*testing.T, *env) {
	return func(t *testing.T, e *env) {
		t.Helper()
		equal(t, "jobs that ran", e.db.LRange(t.Context(), "test:notes", 0, -1).Val(), want)
		equal(t, "ids left", e.db.Exists(t.Context(), "rq:queue:default:intermediate").Val(), int64(0))
	}
}

// inTurn are rounds of Python's after the one of the scenario, which is Python's
// or Go's: to Python both are the same.
var inTurn = []scenario{
	{
		name:   "first seen by either, and seen again",
		before: stuck + `taken('j'); stuck('j')`, after: `connection.delete('rq:clean_groups'); work()`,
	},
	{
		name:   "first seen by either, and failed",
		before: stuck + `taken('j'); stuck('j')`,
		after: `
seen = q.key + ':intermediate:first_seen:j'
connection.set(seen, float(connection.get(seen)) - 61, keepttl=True)
work()
connection.delete(seen)`,
	},
}

// TestMaintenanceTogether has workers in Python and in Go clean up at the same
// time. Each job runs once.
func TestMaintenanceTogether(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		if !between(version, "3.0", "") {
			return
		}
		e := newEnv(t, version, s)
		e.py.exec(t, ready+`
from rq.rate_limit import RateLimit
for i in range(100):
    ready(f'r{i}')
    ready(f'l{i}', rate_limit=RateLimit('k', 5))
connection.sadd('rq:rl-keys', 'k')
for i in range(100): connection.zadd('rq:rl:k:allowed', {f'gone{i}': i})`)
		var workers sync.WaitGroup
		for i := range 3 {
			workers.Go(func() {
				if err := e.burst(t.Context(), rq.WorkerConfig{Name: fmt.Sprint("go", i), Concurrency: 5}); err != nil {
					t.Error(err)
				}
			})
		}
		burst(t, version, e.db, "--worker-class", "rq.SimpleWorker")
		workers.Wait()
		if err := e.burst(t.Context(), rq.WorkerConfig{}); err != nil { // who got the lock may have ended before the last job was let go
			t.Fatal(err)
		}

		lab.runs.Add(1)
		var want []string
		for i := range 100 {
			want = append(want, fmt.Sprint("r", i), fmt.Sprint("l", i))
		}
		ran := e.db.LRange(t.Context(), "test:notes", 0, -1).Val()
		slices.Sort(want)
		slices.Sort(ran)
		equal(t, "jobs that ran", ran, want)
	})
	lab.scenarios.Add(1)
}
