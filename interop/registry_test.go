package interop

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rqgo/rq"
)

// everyState leaves jobs in each registry, two in most, and some whose job is gone.
const everyState = `
q.enqueue('tasks.add', 1, job_id='finished'); q.enqueue('tasks.add', 2, job_id='kept', result_ttl=-1)
q.enqueue('tasks.fail', job_id='failed', ttl=70); q.enqueue('tasks.fail', job_id='forever', failure_ttl=-1); q.enqueue('tasks.fail', job_id='gone')
work()
connection.delete('rq:job:gone')
q.enqueue('tasks.add', 1, job_id='queued')
q.enqueue('tasks.add', 1, job_id='deferred', depends_on='queued')
q.enqueue_in(timedelta(hours=1), 'tasks.add', 1, job_id='scheduled')
q.enqueue('tasks.add', 1, job_id='canceled').cancel()
`

// registries are the names of the registries whose entries are job ids.
var registries = []string{"finished", "failed", "deferred", "scheduled", "canceled"}

// registryOf returns Go's registry of that name of the queue default.
func registryOf(e *env, name string) *rq.Registry {
	for _, r := range rq.NewQueue(e.db, "default", rq.Fleet(e.version)).Registries() {
		if r.Name() == name {
			return r
		}
	}
	return nil
}

// class is what Python calls a registry.
func class(name string) string {
	return strings.ToUpper(name[:1]) + name[1:] + "JobRegistry(queue=q)"
}

// onRegistry returns Go's side of a scenario that does something to a registry.
func onRegistry(name string, f func(ctx context.Context, r *rq.Registry) error) func(context.Context, *env) error {
	return func(ctx context.Context, e *env) error { return f(ctx, registryOf(e, name)) }
}

// enqueuedByHand leaves a failed job in its registry although it is in its queue again.
const enqueuedByHand = everyState + "q.enqueue_job(Job.fetch('failed', connection=connection))\n"

func init() {
	scenarios = append(scenarios,
		scenario{
			name: "registry: requeue what is queued by hand", before: enqueuedByHand, python: "FailedJobRegistry(queue=q).requeue('failed')",
			golang: onRegistry("failed", func(ctx context.Context, r *rq.Registry) error {
				return expect(r.Requeue(ctx, "failed"), rq.ErrInvalidJobOperation)
			}),
		},
		scenario{
			name: "registry: delete what is queued by hand", before: enqueuedByHand, python: "FailedJobRegistry(queue=q).remove('failed', delete_job=True)",
			golang: onRegistry("failed", func(ctx context.Context, r *rq.Registry) error {
				_, err := r.Delete(ctx, "failed")
				return expect(err, rq.ErrInvalidJobOperation)
			}),
		},
	)
}

func init() {
	for _, name := range registries {
		add := func(what, python string, golang func(context.Context, *rq.Registry) error) {
			scenarios = append(scenarios, scenario{
				name: "registry: " + what + " " + name, before: everyState,
				python: "r = " + class(name) + "\n" + python, golang: onRegistry(name, golang),
			})
		}
		add("remove", fmt.Sprintf("r.remove(%q)", name), func(ctx context.Context, r *rq.Registry) error {
			ok, err := r.Remove(ctx, name)
			return errors.Join(err, unless(ok, "was not there"))
		})
		add("delete", fmt.Sprintf("r.remove(%q, delete_job=True)", name), func(ctx context.Context, r *rq.Registry) error {
			ok, err := r.Delete(ctx, name)
			return errors.Join(err, unless(ok, "was not there"))
		})
		add("requeue", fmt.Sprintf("r.requeue(%q)", name), func(ctx context.Context, r *rq.Registry) error {
			return r.Requeue(ctx, name)
		})
		add("requeue at the front", fmt.Sprintf("r.requeue(%q, at_front=True)", name), func(ctx context.Context, r *rq.Registry) error {
			return r.Requeue(ctx, name, rq.AtFront())
		})
		add("requeue one that is gone", "try: r.requeue('never')\nexcept exceptions.NoSuchJobError: pass", func(ctx context.Context, r *rq.Registry) error {
			return expect(r.Requeue(ctx, "never"), rq.ErrNoSuchJob)
		})
		add("requeue one that is not", "try: r.requeue('queued')\nexcept exceptions.InvalidJobOperation: pass", func(ctx context.Context, r *rq.Registry) error {
			return expect(r.Requeue(ctx, "queued"), rq.ErrInvalidJobOperation)
		})
		add("requeue all", requeueAll, func(ctx context.Context, r *rq.Registry) error {
			_, err := r.RequeueAll(ctx)
			return orSkipped(err)
		})
		add("delete all", "for id in r.get_job_ids():\n    try: r.remove(id, delete_job=True)\n    except exceptions.NoSuchJobError: pass", func(ctx context.Context, r *rq.Registry) error {
			_, err := r.DeleteAll(ctx)
			return err
		})
		scenarios = append(scenarios, scenario{
			name:   "registry: clean " + name,
			before: everyState + "connection.zadd(" + class(name) + ".key, {'old': 5, 'never': -1, 'later': 9e9})",
			python: class(name) + ".cleanup()",
			golang: onRegistry(name, func(ctx context.Context, r *rq.Registry) error {
				_, err := r.Cleanup(ctx)
				return err
			}),
		})
	}
}

// onAdd is how jobs are added to registries, in Python's words and in Go's.
var onAdd = []struct {
	registry, since string
	name, python    string
	ttl             time.Duration
}{
	{registry: "finished", name: "for a time", python: "r.add(j, 30)", ttl: 30 * time.Second},
	{registry: "finished", name: "for ever", python: "r.add(j, -1)", ttl: rq.Forever},
	{registry: "finished", name: "for no time", python: "r.add(j)"},
	{registry: "failed", name: "for a time", python: "r.add(j, 30)", ttl: 30 * time.Second},
	{registry: "failed", name: "for a year", python: "r.add(j)", ttl: rq.DefaultFailureTTL},
	{registry: "failed", name: "for ever", python: "r.add(j, -1)", ttl: rq.Forever},
	{registry: "canceled", name: "for no time", python: "r.add(j)"},
	{registry: "canceled", name: "for a time", python: "r.add(j, 30)", ttl: 30 * time.Second},
	{registry: "canceled", name: "for ever", python: "r.add(j, -1)", ttl: rq.Forever},
	{registry: "deferred", name: "whose time is now", python: "r.add(j)"},
	{registry: "deferred", name: "with a ttl", python: "r.add(j, ttl=30)", ttl: 30 * time.Second},
	{registry: "ready", since: "3.0", name: "whose time is now", python: "r.add(j)"},
	{registry: "ready", since: "3.0", name: "with a ttl", python: "r.add(j, ttl=30)", ttl: 30 * time.Second},
}

// init has each registry take a job that waits in its queue and that another one
// waits for, the one that waits, one with a TTL, and one that is gone.
func init() {
	for _, c := range onAdd {
		add := func(id, before, job string, golang func(context.Context, *rq.Registry) error) {
			scenarios = append(scenarios, scenario{
				name: fmt.Sprintf("registry: add %s to %s %s", id, c.registry, c.name), since: c.since, servers: []string{oneServer},
				before: before, python: fmt.Sprintf("r, j = registry.%s, %s\n%s", class(c.registry), job, c.python),
				golang: onRegistry(c.registry, golang),
				check: func(t *testing.T, e *env) {
					var found bool
					e.py.eval(t, fmt.Sprintf("%q in registry.%s", id, class(c.registry)), &found)
					equal(t, "Python finds it", found, id != "gone")
				},
			})
		}
		for _, id := range []string{"queued", "deferred", "finished"} {
			add(id, everyState, fmt.Sprintf("Job.fetch(%q, connection=connection)", id), func(ctx context.Context, r *rq.Registry) error {
				return r.Add(ctx, id, c.ttl)
			})
		}
		add("gone", "gone = q.enqueue('tasks.add', 1, job_id='gone'); gone.delete()", "gone", func(ctx context.Context, r *rq.Registry) error {
			return expect(r.Add(ctx, "gone", c.ttl), rq.ErrNoSuchJob)
		})
	}
	scenarios = append(scenarios, scenario{
		name: "registry: add to failed for no time", servers: []string{oneServer}, before: everyState,
		python: "registry." + class("failed") + ".add(Job.fetch('queued', connection=connection), 0)",
		golang: onRegistry("failed", func(ctx context.Context, r *rq.Registry) error {
			return unless(errors.As(r.Add(ctx, "queued", 0), new(*rq.InvalidError)), "was not refused")
		}),
	})
}

// requeueAll is what RQ's command line does, without ending at the first job that
// is gone.
const requeueAll = `
for id in r.get_job_ids():
    try: r.requeue(id)
    except exceptions.NoSuchJobError: pass`

func unless(ok bool, what string) error {
	if ok {
		return nil
	}
	return errors.New(what)
}

// expect returns an error when err is not the one that was to come.
func expect(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("got %w, want %w", err, want)
}

// orSkipped is the error that is not about single jobs.
func orSkipped(err error) error {
	var some *rq.SkippedError
	if errors.As(err, &some) {
		return nil
	}
	return err
}

// pythonIDs lists a registry; RQ before 2.0 cannot do so backwards.
const pythonIDs = `
for i in range(5): q.enqueue_in(timedelta(hours=i), 'tasks.nothing', job_id=f's{i}')
def ids(r, start, end, desc):
    if not desc: return r.get_job_ids(start, end)
    if rq.VERSION >= '2': return r.get_job_ids(start, end, desc=True)
    return [i.decode() for i in connection.zrevrange(r.key, start, end)]
`

// TestRegistriesReadTheSame compares what Go and Python read of one server.
func TestRegistriesReadTheSame(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		ctx, e := t.Context(), newEnv(t, version, s)
		lab.runs.Add(1)
		e.py.exec(t, everyState+pythonIDs)
		for _, name := range registries {
			r := registryOf(e, name)
			for _, c := range []struct {
				offset, length int
				desc           bool
			}{{0, -1, false}, {0, -1, true}, {1, 2, false}, {1, 2, true}, {-2, -1, false}, {2, 0, false}, {0, 1, true}, {5, 5, false}} {
				var want []string
				end := c.offset + c.length - 1
				if c.length < 0 {
					end = -1
				}
				e.py.eval(t, fmt.Sprintf("ids(%s, %d, %d, %q == 'true')", class(name), c.offset, end, strconv.FormatBool(c.desc)), &want)
				var order []rq.RangeOption
				if c.desc {
					order = append(order, rq.LatestFirst())
				}
				got, err := r.JobIDs(ctx, c.offset, c.length, order...)
				if err != nil {
					t.Fatal(err)
				}
				equal(t, fmt.Sprint(name, c), append([]string{}, got...), append([]string{}, want...))
			}
			var want int
			e.py.eval(t, class(name)+".count", &want)
			n, err := r.Count(ctx)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, name+" count", n, want)
			if name == "deferred" && between(version, "2.0", "2.6") {
				continue // its time is +inf for them, which Python cannot read
			}
			var score float64
			e.py.eval(t, fmt.Sprintf("%s.get_expiration_time(Job.fetch(%q, connection=connection)).timestamp()", class(name), name), &score)
			at, ok, err := r.ExpirationTime(ctx, name)
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			equal(t, name+" time", float64(at.UnixMicro())/1e6, score)
			ok, err = r.Contains(ctx, "never")
			equal(t, name+" contains", fmt.Sprint(ok, err), "false <nil>")
		}
		var due float64
		e.py.eval(t, "ScheduledJobRegistry(queue=q).get_scheduled_time('scheduled').timestamp()", &due)
		at, _, err := registryOf(e, "scheduled").ScheduledTime(ctx, "scheduled")
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "scheduled time", float64(at.UnixMicro())/1e6, due)
	})
	lab.scenarios.Add(1)
}
