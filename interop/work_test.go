package interop

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rqgo/rq"
)

// A works is what Python enqueued, once worked by Python and once by Go.
type works struct {
	name         string
	since, until string
	slow         bool   // it waits: one server will do
	before       string // enqueues
	python       string // arguments of work()
	config       rq.WorkerConfig
	check        func(t *testing.T, e *env)
}

// The newest RQ works on every server, the others on one: what a worker writes
// differs by version, and whether its scripts run by server.
const (
	newestWorker = "3.0"
	olderWorkers = "2.10"
	oneServer    = "valkey8"
)

// scenario makes it one for every RQ version and server.
func (w works) scenario() scenario {
	return scenario{
		name: "work: " + w.name, since: w.since, until: w.until,
		before: w.before, python: "work(" + w.python + ")", check: w.check,
		golang: func(ctx context.Context, e *env) error { return e.burst(ctx, w.config) },
	}
}

// scenarios makes it those that are worth their time.
func (w works) scenarios() []scenario {
	all, one := w.scenario(), w.scenario()
	one.servers = []string{oneServer}
	if w.slow {
		return []scenario{one}
	}
	all.since, one.until = newestWorker, olderWorkers
	return []scenario{all, one}
}

// each enqueues a line of code for each of the values, which stand for %v and
// in the job's id.
func each(code string, values ...string) string {
	var lines []string
	for _, v := range values {
		lines = append(lines, strings.ReplaceAll(code, "%v", v))
	}
	return strings.Join(lines, "\n")
}

// statuses wants jobs to have a status in Go's database: where it deviates.
func statuses(idsAndStatuses ...string) func(*testing.T, *env) {
	return func(t *testing.T, e *env) {
		t.Helper()
		for i := 0; i < len(idsAndStatuses); i += 2 {
			id := idsAndStatuses[i]
			equal(t, "status of "+id, e.db.HGet(t.Context(), "rq:job:"+id, "status").Val(), idsAndStatuses[i+1])
		}
	}
}

func init() {
	for _, w := range slices.Concat(outcomes, ttls, retries, requests, repeats, callbacks, dependents, queues, limits) {
		scenarios = append(scenarios, w.scenarios()...)
	}
}

// unknownFails has Go do with functions that it does not know what Python does.
var unknownFails = rq.WorkerConfig{UnknownFunc: rq.UnknownFails}

// outcomes are what a job can come to.
var outcomes = []works{
	{name: "nothing to do", before: `pass`},
	{name: "success", before: `q.enqueue('tasks.add', 1, b=2, job_id='j')`},
	{name: "no result", before: `q.enqueue('tasks.nothing', job_id='j', meta={'a': [1, 'x']}, description='nothing')`},
	{name: "several jobs", before: each(`q.enqueue('tasks.add', 1, b=%v)`, "1", "2", "3")},
	{name: "values", before: `for v in tasks.VALUES: q.enqueue('tasks.value', v, job_id=v)`},
	{name: "echoed values", before: `for v in tasks.VALUES: q.enqueue('tasks.echo', tasks.VALUES[v], job_id=v, description=v)`},
	{name: "echoed pair", before: `q.enqueue('tasks.echo', 1, 2, a=3, job_id='j')`},
	{name: "value that cannot be written", before: `q.enqueue('tasks.unserializable', job_id='j')`},
	{name: "failure", before: `
q.enqueue('tasks.fail', 'no', job_id='j')
q.enqueue('tasks.fail', job_id='without')
q.enqueue('tasks.fail', 'no ☃', code=7, job_id='k')
q.enqueue('tasks.div_by_zero', 1, job_id='l')`},
	{name: "failure from another", before: `q.enqueue('tasks.fail_chained', 'no', job_id='j')`},
	{name: "wrong arguments", before: `q.enqueue('tasks.add', c=1, job_id='j'); q.enqueue('tasks.add', 1, 2, 3, job_id='k')`},
	{name: "timeout", slow: true, before: `q.enqueue('tasks.nap', 30, job_id='j', job_timeout=1)`},
	{name: "timeout that never ends", before: `q.enqueue('tasks.add', 1, job_id='j', job_timeout=-1)`},
	{name: "unknown function", config: unknownFails, before: `q.enqueue('tasks.missing', job_id='j'); q.enqueue('nowhere.f', job_id='k')`},
	{name: "left for a worker that has it", before: `
q.enqueue('tasks.missing', job_id='j'); q.enqueue('tasks.add', 1, job_id='k')
q.enqueue('tasks.add', 1, job_id='l', on_success=Callback('tasks.gone'))`, check: statuses("j", "queued", "k", "finished", "l", "queued")},
	{name: "unreadable data", before: `
q.enqueue('tasks.add', 1, job_id='j', retry=Retry(1)); connection.hset('rq:job:j', 'data', zlib.compress(b'nonsense'))
q.enqueue('tasks.add', 1, job_id='k')`},
	{name: "meta", before: `q.enqueue('tasks.progress', 3, job_id='j', meta={'a': 1})`},
	{name: "meta of its own", before: `q.enqueue('tasks.add', 3, job_id='j', meta={'a': tasks.Point(1, 2), 2: Dependency(['x'])})`},
	{name: "unreadable meta", before: `q.enqueue('tasks.add', 3, job_id='j'); connection.hset('rq:job:j', 'meta', 'nonsense')`},
	{name: "fields of others", before: `q.enqueue('tasks.add', 3, job_id='j'); connection.hset('rq:job:j', 'mine', 'x')`},
	{name: "job that enqueues another", before: `q.enqueue('tasks.children', 'child', job_id='j')`},
	{name: "methods and callables", before: `q.enqueue('tasks.nothing', job_id='j', meta={'a': 1}, result_ttl=7)`},
	{name: "group", since: "2.0", before: `
Group.create(connection, name='g').enqueue_many(q, [Queue.prepare_data('tasks.add', (1,), job_id=i, result_ttl=t) for i, t in (('a', 0), ('b', 10))])
Group.create(connection, name='h').enqueue_many(q, [Queue.prepare_data('tasks.fail', ('no',), job_id='c')])`},
}

// ttls are how long what is left of a job is kept.
var ttls = []works{
	{name: "result ttl", before: each(`q.enqueue('tasks.add', 1, job_id='j%v', result_ttl=%v, failure_ttl=77)`, "10", "0", "-1")},
	{name: "failure ttl", before: each(`q.enqueue('tasks.fail', 'no', job_id='j%v', failure_ttl=%v, result_ttl=77)`, "10", "0", "-1")},
	{name: "ttl", before: `q.enqueue('tasks.add', 1, job_id='j', ttl=100); q.enqueue('tasks.fail', 'no', job_id='k', ttl=100)`},
	{name: "ttl and a result that stays", before: `q.enqueue('tasks.add', 1, job_id='j', ttl=100, result_ttl=-1)`},
	{name: "ttl and a failure that stays", before: `q.enqueue('tasks.fail', 'no', job_id='j', ttl=100, failure_ttl=-1)`},
	{name: "expired in the queue", before: `
q.enqueue('tasks.add', 1, job_id='j', ttl=100); connection.pexpire('rq:job:j', 1)
while connection.exists('rq:job:j'): pass
q.enqueue('tasks.add', 1, job_id='k')`},
	{name: "deleted in the queue", before: `
q.enqueue('tasks.add', 1, job_id='j').delete(remove_from_queue=False)
q.enqueue('tasks.add', 1, job_id='k')`},
	{name: "ids of nothing", before: `connection.rpush(q.key, 'a', 'b', 'c')`},
	{name: "canceled in the queue", before: `
q.enqueue('tasks.add', 1, job_id='j').cancel(); connection.rpush(q.key, 'j')
q.enqueue('tasks.add', 1, job_id='k')`, check: statuses("j", "canceled", "k", "finished")},
}
