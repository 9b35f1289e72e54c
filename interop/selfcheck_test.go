package interop

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// twins are things that Python does. Done twice they must compare equal, or
// the normaliser lets noise through and no scenario could be trusted.
var twins = []scenario{
	{name: "enqueue", python: `q.enqueue('tasks.add', 2, b=3, job_id='plain')`},
	{name: "random ids", python: `for i in range(3): q.enqueue('tasks.add', i)`},
	{name: "all options", python: `
q.enqueue('tasks.add', 1, job_timeout='1h', result_ttl=120, failure_ttl=86400, ttl=300, description='desc \u2603',
    meta={'a': 1}, retry=Retry(3, interval=[10, 20]), at_front=True,
    on_success=Callback('tasks.on_success', timeout=5), on_failure=Callback(tasks.on_failure))`},
	{name: "scheduled", python: `
q.enqueue_in(timedelta(seconds=90), 'tasks.add', 1)
q.enqueue_at(datetime(2030, 1, 2, 3, 4, 5, tzinfo=timezone.utc), 'tasks.add', 2, job_id='then')`},
	{name: "deferred", python: `
p = q.enqueue('tasks.add', 1)
q.enqueue('tasks.add', 2, depends_on=Dependency([p], allow_failure=True, enqueue_at_front=True), ttl=77)`},
	{name: "parent runs", python: `
p = q.enqueue('tasks.add', 1)
q.enqueue('tasks.add', 2, depends_on=p)`, after: `work()`},
	{name: "success", python: `for v in ('none', 'bytes', 'set'): q.enqueue('tasks.value', v)`, after: `work(name=None)`},
	{name: "failure", python: `
q.enqueue('tasks.div_by_zero', 1, on_failure=Callback('tasks.on_failure'))
q.enqueue('tasks.fail', 'no', code=7, failure_ttl=60)
q.enqueue('tasks.fail_chained', 'no', result_ttl=-1)
q.enqueue('tasks.unserializable')
q.enqueue('tasks.gone')`, after: `work()`},
	{name: "result ttl", python: `
for ttl in (0, -1, 10): q.enqueue('tasks.add', 1, result_ttl=ttl, failure_ttl=ttl)
for ttl in (0, -1, 10): q.enqueue('tasks.fail', result_ttl=ttl, failure_ttl=ttl)`, after: `work()`},
	{name: "retry", python: `
q.enqueue('tasks.fail', retry=Retry(2))
q.enqueue('tasks.fail', retry=Retry(1, interval=30))
q.enqueue('tasks.fail_times', 'test:n', 1, retry=Retry(2))`, after: `work()`},
	{name: "returned retry", since: "2.1", python: `q.enqueue('tasks.echo', Retry(1), description='echo')`, after: `work()`},
	{name: "repeat", since: "2.2", python: `
q.enqueue('tasks.add', 1, repeat=Repeat(2, interval=[5, 6]))
q.enqueue('tasks.add', 1, repeat=Repeat(1))`, after: `work()`},
	{name: "requeue", before: `q.enqueue('tasks.fail', job_id='f'); work()`, python: `FailedJobRegistry(queue=q).requeue('f')`},
	{name: "cancel", before: `a = q.enqueue('tasks.add', 1); b = q.enqueue('tasks.add', 2, depends_on=a)`,
		python: `Job.fetch(a.id, connection=connection).cancel(enqueue_dependents=True)`},
	{name: "delete", before: `j = q.enqueue('tasks.add', 1); work()`, python: `j.delete()`},
	{name: "meta", python: `q.enqueue('tasks.progress', 3)`, after: `work()`},
	{name: "many", python: `q.enqueue_many([Queue.prepare_data('tasks.add', (i,)) for i in range(3)])`},
	{name: "json", python: `Queue('j', connection=connection, serializer=serializers.JSONSerializer).enqueue('tasks.add', 1, meta={'a': 1})`,
		after: `work('j', serializer=serializers.JSONSerializer)`},
	{name: "group", since: "2.0", python: `
Group.create(connection=connection).enqueue_many(q, [Queue.prepare_data('tasks.add', (i,)) for i in range(2)])`},
	{name: "suspended", python: `suspension.suspend(connection, ttl=600)`},
	{name: "scheduler", python: `
s = scheduler.RQScheduler(['default', 'high'], connection=connection)
s.acquire_locks()`},
	{name: "started", python: `
j = q.enqueue('tasks.add', 1)
w = SimpleWorker([q], connection=connection)
w.register_birth()
w.prepare_execution(j) if hasattr(w, 'prepare_execution') else None`},
	{name: "webhooks", since: "2.10", python: `
q.enqueue('tasks.add', 1, webhooks=[Webhook(url='http://127.0.0.1:1/x', job_status='failed')])`},
	{name: "rate limit", since: "3.0", python: `
for i in range(2): q.enqueue('tasks.add', i, rate_limit=RateLimit('k', 1))`},
}

func TestTwinsCompareEqual(t *testing.T) {
	eachLab(t, nil, func(t *testing.T, version string, s server) {
		for _, sc := range twins {
			if !between(version, sc.since, sc.until) {
				continue
			}
			sc.golang = func(_ context.Context, e *env) error { return e.py.try(sc.python) }
			t.Run(sc.name, func(t *testing.T) { compare(t, sc, version, s, nil) })
		}
	})
	lab.scenarios.Add(int64(len(twins)))
}

// TestEveryChangeIsSeen changes each field, TTL and type of what a rich run
// leaves, one at a time. No such change may be lost to normalisation. The
// oldest and the newest RQ write all the forms there are.
func TestEveryChangeIsSeen(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		if version != lab.versions[0] && version != lab.versions[len(lab.versions)-1] {
			return
		}
		for _, sc := range twins {
			if between(version, sc.since, sc.until) {
				t.Run(sc.name, func(t *testing.T) { changeEverything(t, sc, newEnv(t, version, s)) })
			}
		}
	})
}

func changeEverything(t *testing.T, sc scenario, e *env) {
	t.Helper()
	start := time.Now()
	e.py.exec(t, sc.before+"\n"+sc.python+"\n"+sc.after)
	raw, err := readKeys(t.Context(), e.db)
	if err != nil {
		t.Fatal(err)
	}
	n := normaliser{now: time.Now(), marks: []time.Time{start}}
	keys := func(raw map[string]entry) keyspace {
		return keyspace{keys: n.normalise(raw), elapsed: n.now.Sub(start)}
	}
	want := keys(raw)
	for name, e := range raw {
		for what, changed := range changesOf(e) {
			altered := maps.Clone(raw)
			if altered[name] = changed; what == "no key" {
				delete(altered, name)
			}
			if found, _ := diff(want, keys(altered)); len(found) == 0 {
				t.Errorf("%s: no difference with %s: %q", name, what, changed.fields)
			}
		}
	}
}

// changesOf returns copies of e with one thing changed each.
func changesOf(e entry) map[string]entry {
	with := func(field, value string) entry {
		fields := maps.Clone(e.fields)
		fields[field] = value
		return entry{e.kind, e.ttl, fields}
	}
	changes := map[string]entry{
		"no key":        {},
		"another type":  {e.kind + "x", e.ttl, e.fields},
		"a longer ttl":  {e.kind, max(e.ttl, 0) + 100, e.fields},
		"another field": with("x", ""),
	}
	for field, value := range e.fields {
		for what, v := range map[string]string{"more": value + "9x", "nothing": "", "its start": value[:len(value)/2]} {
			if v != value && !seconds.MatchString(v) { // half a pid is a pid
				changes[fmt.Sprintf("%s in %s", what, field)] = with(field, v)
			}
		}
		gone := maps.Clone(e.fields)
		delete(gone, field)
		changes["no "+field] = entry{e.kind, e.ttl, gone}
		if e.kind == "zset" {
			changes["a later "+field] = with(field, value+"0")
		}
	}
	return changes
}

// byHand enqueues as Python does, from Go and without the library: the least
// that shows how both sides of a scenario come together.
func byHand(ctx context.Context, e *env, createdAt string) error {
	job := map[string]any{"created_at": createdAt, "origin": "default", "description": "tasks.add(2)", "timeout": 180}
	for _, empty := range strings.Fields(`success_callback_name failure_callback_name stopped_callback_name
		started_at ended_at last_heartbeat worker_name group_id`) {
		job[empty] = ""
	}
	var data []byte
	expr := `zlib.compress(pickle.dumps(('tasks.add', None, (2,), {}), pickle.HIGHEST_PROTOCOL))`
	if err := e.py.call(map[string]string{"op": "eval", "code": expr}, &data); err != nil {
		return err
	}
	job["status"], job["enqueued_at"], job["data"] = "queued", createdAt, data
	e.db.SAdd(ctx, "rq:queues", "rq:queue:default")
	e.db.HSet(ctx, "rq:job:hand", job)
	return e.db.RPush(ctx, "rq:queue:default", "hand").Err()
}

func TestGoByHand(t *testing.T) {
	eachLab(t, nil, func(t *testing.T, version string, s server) {
		sc := scenario{name: "by hand", python: `q.enqueue('tasks.add', 2, job_id='hand')`}
		sc.golang = func(ctx context.Context, e *env) error {
			return byHand(ctx, e, time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"))
		}
		allow := []*deviation{{field: "group_id", python: absent, until: "1.16", why: "1.16 has no groups"}}
		compare(t, sc, version, s, allow)
	})
	lab.scenarios.Add(1)
}

func TestGoByHandWithNanoseconds(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		python, golang := newEnv(t, version, s), newEnv(t, version, s)
		sc := scenario{name: "nanoseconds"}
		want := run(t, sc, python, func(context.Context, *env) error {
			return python.py.try(`q.enqueue('tasks.add', 2, job_id='hand')`)
		})
		got := run(t, sc, golang, func(ctx context.Context, e *env) error {
			return byHand(ctx, e, time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z"))
		})

		found, _ := diff(want, got)

		var fields []string
		for _, d := range found {
			if d.field != "group_id" {
				fields = append(fields, d.field)
			}
		}
		equal(t, "fields that differ", fields, []string{"created_at", "enqueued_at"})
	})
}

func init() {
	lives = append(lives,
		live{
			name: "Python's own jobs",
			enqueue: func(_ context.Context, e *env) error {
				return e.py.try(`
q.enqueue('tasks.add', 2, b=3, job_id='own-add')
q.enqueue('tasks.fail', 'no', job_id='own-fail')
for v in tasks.VALUES: q.enqueue('tasks.value', v, job_id='own-' + v)`)
			},
			check: func(t *testing.T, e *env) {
				var sum int
				e.py.eval(t, `view('own-add')['return_value']`, &sum)
				equal(t, "sum", sum, 5)
				equal(t, "status", e.db.HGet(t.Context(), "rq:job:own-fail", "status").Val(), "failed")
				var wrong []string
				e.py.eval(t, `[v for v in tasks.VALUES if repr(view('own-' + v)['return_value']) != repr(tasks.VALUES[v])]`, &wrong)
				equal(t, "values that came back changed", wrong, []string{})
			},
		},
		live{
			name:       "Python's own JSON jobs",
			serializer: "json",
			enqueue: func(_ context.Context, e *env) error {
				return e.py.try(`Queue(connection=connection, serializer=serializers.JSONSerializer).enqueue('tasks.echo', 'x', job_id='own-json')`)
			},
			check: func(t *testing.T, e *env) {
				var got string
				e.py.eval(t, `view('own-json', serializer=serializers.JSONSerializer)['return_value']`, &got)
				equal(t, "return value", got, "x")
			},
		},
	)
}
