package interop

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// schedulerPython is what the Python of these tests can call: schedule does what
// a worker in burst mode does, past schedules a job that is due, and run works
// without a trace of the worker.
const schedulerPython = `
def schedule(*names):
    s = scheduler.RQScheduler(names or ['default'], connection=connection)
    s.acquire_locks()
    if s.acquired_locks:
        if hasattr(s, 'register_birth'):
            s.register_birth()
        s.enqueue_scheduled_jobs()
        s.release_locks()
        if hasattr(s, 'register_death'):
            s.register_death()

def past(id, *args, seconds=5, q=q, **options):
    q.enqueue_at(datetime.now(timezone.utc) - timedelta(seconds=seconds), 'tasks.add', 1, *args, job_id=id, **options)

def run():
    work()
    connection.delete('rq:worker:w1', 'rq:clean_groups')
`

// scheduleOnce runs Go's scheduler in a worker that is not to run any jobs, and
// takes away what else that worker leaves.
func (e *env) scheduleOnce(ctx context.Context, queues ...string) error {
	return errors.Join(
		e.db.Set(ctx, "rq:suspended", 1, 0).Err(),
		e.burst(ctx, rq.WorkerConfig{Queues: queues, Scheduler: true}),
		e.db.Del(ctx, "rq:suspended", "rq:worker:w1", "rq:clean_groups").Err())
}

// A dueScene is a state of the scheduled jobs that the schedulers of both find.
type dueScene struct {
	name, since, until string
	before             string
	queues             []string // of the scheduler, default: default
}

func (d dueScene) scenario() scenario {
	names := make([]string, len(d.queues))
	for i, q := range d.queues {
		names[i] = strconv.Quote(q)
	}
	return scenario{
		name: "due: " + d.name, since: d.since, until: d.until,
		before: schedulerPython + d.before,
		python: "schedule(" + strings.Join(names, ", ") + ")",
		golang: func(ctx context.Context, e *env) error { return e.scheduleOnce(ctx, d.queues...) },
	}
}

func init() {
	for _, d := range dues {
		scenarios = append(scenarios, d.scenario())
	}
	scenarios = append(scenarios, scenario{
		name:   "work: scheduled jobs that are due",
		before: schedulerPython + "past('a', b=2, ttl=100); past('b', at_front=True); q.enqueue('tasks.add', 1, job_id='c')",
		python: "work(with_scheduler=True)",
		golang: func(ctx context.Context, e *env) error { return e.burst(ctx, rq.WorkerConfig{Scheduler: true}) },
	})
	deviations = append(deviations, schedulerDeviations...)
}

var dues = []dueScene{
	{name: "nothing", before: `pass`},
	{name: "nothing yet", before: `q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='a'); connection.zadd('rq:scheduled:default', {'a': -5})`},
	{name: "jobs", before: `past('a'); past('b', seconds=9, ttl=100, meta={'x': 1}, job_timeout=7); q.enqueue_in(timedelta(hours=1), 'tasks.add', job_id='c')`},
	{name: "this second", before: `past('a', seconds=0)`},
	{name: "at the front", before: `
q.enqueue('tasks.nothing', job_id='z')
past('a', at_front=True); past('b', seconds=4, at_front=True); past('c', seconds=6)`},
	{name: "in several queues", queues: []string{"high", "default"}, before: `
for name in ('high', 'default', 'other'):
    past(name, q=Queue(name, connection=connection), seconds=5)`},
	{name: "in the queue of another scheduler", queues: []string{"high", "default"}, before: `
for name in ('high', 'default'):
    past(name, q=Queue(name, connection=connection))
connection.set('rq:scheduler-lock:high', 1, ex=50)`},
	{name: "after Python made them without a queue", before: `
q.schedule_job(Job.create('tasks.add', (1,), id='a', connection=connection), datetime(2020, 1, 2, tzinfo=timezone.utc))
q.schedule_job(Job.create('tasks.add', (1,), id='b', timeout=-1, ttl=50, connection=connection), datetime(2020, 1, 2, tzinfo=timezone.utc))`},
	{name: "of another queue", before: `
Queue('other', connection=connection).enqueue('tasks.nothing', job_id='a'); connection.delete('rq:queue:other')
connection.zadd('rq:scheduled:default', {'a': 5})`},
	{name: "in a queue that is not listed", before: `past('a'); connection.srem('rq:queues', 'rq:queue:default')`},
	{name: "after they expired", before: `past('a'); past('b'); connection.delete('rq:job:a')`},
	{name: "with relatives", before: `
past('a', ttl=100)
q.enqueue('tasks.nothing', job_id='b', depends_on='a')
connection.sadd('rq:job::a:dependencies', 'c')`},
	{name: "a retry", before: `
q.enqueue('tasks.fail', 'no', job_id='a', retry=Retry(2, interval=30), ttl=100); run()
connection.zadd('rq:scheduled:default', {'a': 5}); q.enqueue('tasks.nothing', job_id='z')`},
	{name: "a retry at the front", since: "2.8", before: `
q.enqueue('tasks.fail', 'no', job_id='a', retry=Retry(2, interval=30, enqueue_at_front=True)); run()
connection.zadd('rq:scheduled:default', {'a': 5}); q.enqueue('tasks.nothing', job_id='z')`},
	{name: "a first try that is to be retried at the front", since: "2.8", before: `
past('a', retry=Retry(2, enqueue_at_front=True)); q.enqueue('tasks.nothing', job_id='z')`},
	{name: "a repeat", since: "2.2", before: `
q.enqueue('tasks.add', 1, job_id='a', repeat=Repeat(2, interval=30)); run()
connection.zadd('rq:scheduled:default', {'a': 5})`},
	{name: "deferred jobs", since: "2.10", before: `
q.enqueue('tasks.nothing', job_id='p')
q.enqueue('tasks.nothing', job_id='a', depends_on='p'); connection.zadd('rq:scheduled:default', {'a': 5})`},
	{name: "within a rate limit", since: "3.0", before: `
from rq.rate_limit import RateLimit
past('a', rate_limit=RateLimit('k', 2), ttl=100)
past('b', seconds=4, rate_limit=RateLimit('k', 2), at_front=True)
past('c', seconds=3, rate_limit=RateLimit('k', 2), at_front=True, ttl=100)
past('d', seconds=2); past('e', seconds=1, at_front=True)`},
	{name: "a retry within a rate limit, at the front", since: "3.0", before: `
from rq.rate_limit import RateLimit
q.enqueue('tasks.fail', 'no', job_id='a', rate_limit=RateLimit('k', 1), retry=Retry(2, interval=30, enqueue_at_front=True))
run()
q.enqueue('tasks.nothing', job_id='b', rate_limit=RateLimit('k', 1)); connection.zadd('rq:scheduled:default', {'a': 5})`},
}

var schedulerDeviations = []*deviation{
	{
		scenario: "due: after they expired", key: "rq:scheduled:default", field: "a", golang: "now+* and a fraction", until: "1.16",
		why: "RQ 1 looks at the ids of scheduled jobs that have expired for ever; we do twice, because it saves a job after it schedules it",
	},
	{
		scenario: "due: after they expired", key: "rq:scheduled:default", python: "<absent>", golang: "zset a=now+* and a fraction", since: "2.0", until: "2.10",
		why: "RQ before 3.0 drops a scheduled job that its producer is about to save; with such producers we look twice",
	},
	{
		scenario: "due: *", key: "rq:queues", until: "1.16",
		why: "RQ 1 lists the queue again when a job is due; later ones, and we, do not",
	},
}

// pythonScheduler is a loop of passes that ends when the key named by stop is
// there. It takes each turn a lock and gives it back, as worker after worker
// does in burst mode.
const pythonScheduler = `
import time
while not connection.exists(%q):
    schedule()
    time.sleep(0.002)
`

// scheduled puts jobs in the scheduled ones, by Python and by Go in turn. Before
// 3.0 it is always Go: RQ schedules a job before it saves it there, and its own
// scheduler drops one that is not saved yet.
func (e *env) scheduled(t *testing.T, batch, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("j%d-%04d", batch, i)
	}
	if batch%2 == 0 && between(e.version, "3.0", "") {
		e.py.exec(t, schedulerPython+fmt.Sprintf("for i in range(%d): past(f'j%d-{i:04d}')", n, batch))
		return ids
	}
	for _, id := range ids {
		if _, err := e.queue().EnqueueIn(t.Context(), -5*time.Second, add, rq.JobID(id)); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// allMoved waits until nothing is scheduled any more. Then each id must be in the
// queue, once.
func (e *env) allMoved(t *testing.T, ids []string) {
	t.Helper()
	eventually(t, "no job to be scheduled", func() bool { return e.db.ZCard(t.Context(), "rq:scheduled:default").Val() == 0 })
	got, err := e.db.LRange(t.Context(), "rq:queue:default", 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	times := map[string]int{}
	for _, id := range got {
		times[id]++
	}
	var wrong []string
	for _, id := range ids {
		if times[id] != 1 {
			wrong = append(wrong, fmt.Sprintf("%s %d times", id, times[id]))
		}
	}
	equal(t, "the length of the queue", len(got), len(ids))
	equal(t, "what is not there once", wrong, []string(nil))
}

// TestSchedulersOfBothShareAQueue: schedulers of Python and of Go come and go
// while jobs are scheduled, and each job is moved once.
func TestSchedulersOfBothShareAQueue(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		e := newEnv(t, version, s)
		e.suspend(t)
		var all sync.WaitGroup
		for range 2 {
			py := newPython(t, version, e.db)
			all.Go(func() {
				if err := py.try(schedulerPython + fmt.Sprintf(pythonScheduler, "stop")); err != nil {
					t.Error(err)
				}
			})
		}
		for i := range 2 {
			all.Go(func() {
				for e.db.Exists(t.Context(), "stop").Val() == 0 {
					if err := e.burst(t.Context(), rq.WorkerConfig{Name: fmt.Sprint("w", i), Scheduler: true}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		var ids []string
		for batch := range 6 {
			ids = append(ids, e.scheduled(t, batch, 500)...)
		}
		e.allMoved(t, ids)
		e.db.Set(t.Context(), "stop", 1, 0)
		all.Wait()
	})
}

// TestSchedulerWaitsForJobsToBeSaved: RQ before 3.0 schedules a job before it
// saves it, and no job is lost when it is due in between.
func TestSchedulerWaitsForJobsToBeSaved(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		e := newEnv(t, version, s)
		e.suspend(t)
		done := make(chan struct{})
		go func() {
			defer close(done)
			for e.db.Exists(t.Context(), "stop").Val() == 0 {
				if err := e.burst(t.Context(), rq.WorkerConfig{Scheduler: true}); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		var ids []string
		for i := range 500 {
			ids = append(ids, fmt.Sprintf("j%04d", i))
		}
		e.py.exec(t, schedulerPython+"for i in range(500): past(f'j{i:04d}')")
		e.allMoved(t, ids)
		e.db.Set(t.Context(), "stop", 1, 0)
		<-done
	})
}

// suspend lets workers come and go without running a job.
func (e *env) suspend(t *testing.T) {
	t.Helper()
	if err := e.db.Set(t.Context(), "rq:suspended", 1, 0).Err(); err != nil {
		t.Fatal(err)
	}
}

// TestSchedulersOfBothTakeTurns: when one has gone, the other can go on.
func TestSchedulersOfBothTakeTurns(t *testing.T) {
	eachLab(t, []string{"redis7"}, func(t *testing.T, version string, s server) {
		e := newEnv(t, version, s)
		e.suspend(t)
		const lock = "rq:scheduler-lock:default"
		var ids []string
		for turn := range 2 {
			g := e.startGo(t, rq.WorkerConfig{Scheduler: true})
			e.has(t, lock)
			ids = append(ids, e.scheduled(t, 2*turn, 50)...)
			e.py.exec(t, schedulerPython+"schedule()") // the lock is Go's
			e.allMoved(t, ids)
			e.knowsScheduler(t, version)
			g.stop()
			g.wait(t)
			equal(t, "what Go's scheduler leaves", e.db.Keys(t.Context(), "rq:scheduler*").Val(), []string{})

			stop := fmt.Sprint("stop", turn)
			py := newPython(t, version, e.db)
			done := make(chan error, 1)
			go func() { done <- py.try(schedulerPython + fmt.Sprintf(pythonScheduler, stop)) }()
			ids = append(ids, e.scheduled(t, 2*turn+1, 50)...)
			e.allMoved(t, ids)
			e.db.Set(t.Context(), stop, 1, 0)
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
	})
}

// knowsScheduler checks what RQ reads of a Go scheduler that runs.
func (e *env) knowsScheduler(t *testing.T, version string) {
	t.Helper()
	if between(version, "", "2.6") {
		var pid int64
		e.py.eval(t, "q.scheduler_pid", &pid)
		if pid <= 0 {
			t.Errorf("the scheduler's pid is %d", pid)
		}
		equal(t, "hashes of schedulers", e.db.Keys(t.Context(), "rq:scheduler:*").Val(), []string{})
		return
	}
	var seen struct {
		Name   string
		PID    int
		Queues []string
		Age    float64
	}
	e.py.eval(t, `(lambda s: {'Name': s.name, 'PID': s.pid, 'Queues': list(s._queue_names), 'Age': (datetime.now(timezone.utc) - s.last_heartbeat).total_seconds()})(
    scheduler.RQScheduler.fetch(connection.get('rq:scheduler-lock:default').decode(), connection))`, &seen)
	equal(t, "its queues", seen.Queues, []string{"default"})
	if len(seen.Name) != 32 || seen.PID <= 0 || seen.Age > 61 {
		t.Errorf("RQ reads %+v", seen)
	}
}
