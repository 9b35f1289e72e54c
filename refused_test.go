package rq

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/wire"
)

// A point is where on the way to an answer a server refuses.
type point struct {
	name    string
	set     func(*redistest.Gate)
	options func(*redis.Options)
	connect bool   // no command gets through
	cause   string // is in the error, when the server gives a reason
}

// refusals are the points of a connection, and then those of its commands.
func refusals() []point {
	always := func(a redistest.Answer, names ...string) func(*redistest.Gate) {
		return func(g *redistest.Gate) {
			g.Set(func(_ int, args []string) redistest.Answer {
				for _, name := range names {
					if args[0] == name {
						return a
					}
				}
				return redistest.Answer{}
			})
		}
	}
	answer := func(text string) redistest.Answer { return redistest.Answer{Error: text} }
	full := func(g *redistest.Gate) { g.Full("ERR max number of clients reached") }
	points := []point{
		{name: "dial", connect: true, options: func(o *redis.Options) { o.Addr = "127.0.0.1:1" }},
		{name: "TLS", connect: true, set: full, options: func(o *redis.Options) { o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12} }},
		{name: "full", connect: true, set: full},
		{name: "HELLO cut", connect: true, set: always(redistest.Answer{Cut: true}, "hello")},
		{name: "AUTH", connect: true, cause: "WRONGPASS", set: always(answer("WRONGPASS invalid username-password pair"), "hello", "auth"),
			options: func(o *redis.Options) { o.Password = "old" }},
		{name: "SELECT", connect: true, cause: "NOPERM", set: always(answer("NOPERM no permissions for 'select'"), "select"),
			options: func(o *redis.Options) { o.DB = 1 }},
		{name: "MULTI", cause: "NOPERM", set: always(answer("NOPERM no permissions for 'multi'"), "multi")},
		{name: "EXEC", cause: "LOADING", set: always(answer("EXECABORT Transaction discarded because of: LOADING Redis is loading"), "exec")},
		{name: "EXEC cut", set: always(redistest.Answer{Cut: true}, "exec")},
		{name: "EXEC lost", set: always(redistest.Answer{Lose: true}, "exec")},
	}
	for _, text := range []string{
		"NOPERM no permissions", "NOAUTH Authentication required.", "READONLY You can't write against a read only replica.",
		"LOADING Redis is loading the dataset in memory", "OOM command not allowed", "BUSY Redis is busy running a script.",
		"MASTERDOWN Link with MASTER is down", "ERR something that nobody has seen before",
	} {
		cause := strings.Fields(strings.TrimPrefix(text, "ERR "))[0]
		points = append(points, later(1, text, answer(text), cause), later(2, text, answer(text), cause))
	}
	for _, from := range []int{1, 2, 3} {
		points = append(points, later(from, "cut", redistest.Answer{Cut: true}, ""), later(from, "lost", redistest.Answer{Lose: true}, ""))
	}
	return points
}

// later is the point of all commands from one on.
func later(from int, name string, a redistest.Answer, cause string) point {
	rule := func(n int, _ []string) redistest.Answer {
		if n >= from {
			return a
		}
		return redistest.Answer{}
	}
	return point{name: fmt.Sprintf("%s, from command %d on", name, from), cause: cause, set: func(g *redistest.Gate) { g.Set(rule) }}
}

// A refusalEnv is a database with jobs in all states, and a client whose way to it
// is refused.
type refusalEnv struct {
	rdb, c *redis.Client
	ran    atomic.Int64
}

func (e *refusalEnv) queue() *Queue { return NewQueue(e.c, "default") }

func (e *refusalEnv) sync() *Queue {
	return NewQueue(e.c, "default", Sync(Handlers{"f": Func(func() { e.ran.Add(1) })}))
}

// job returns a job as the refused client has it.
func (e *refusalEnv) job(id string) *Job {
	j, err := FetchJob(context.Background(), e.rdb, id)
	if err != nil {
		panic(err)
	}
	j.rdb = e.c
	return j
}

// seed fills the database: jobs a and b are queued, w waits for a, f has failed, d
// is finished, s is scheduled and r runs in execution e of worker w1.
func (e *refusalEnv) seed(t *testing.T) {
	t.Helper()
	ctx, q, rdb := context.Background(), NewQueue(e.rdb, "default"), e.rdb
	must := func(err error) { t.Helper(); require.NoError(t, err) }
	must(rdb.FlushDB(ctx).Err())
	var items []Prepared
	for _, id := range []string{"a", "b", "f", "d", "r"} {
		items = append(items, Prepare(Call("f"), JobID(id)))
	}
	_, err := q.EnqueueMany(ctx, append(items, Prepare(Call("f"), JobID("w"), DependsOn("a"))))
	must(err)
	_, err = q.EnqueueAt(ctx, time.Now().Add(time.Hour), Call("f"), JobID("s"))
	must(err)
	d, err := FetchJob(ctx, rdb, "d")
	must(err)
	d.rec.Status = "finished"
	must(d.storeOutcome(ctx, wire.Result{Type: wire.Successful}, 500, keys.Finished("default"), expiry(500)))
	late, text := time.Now().Add(time.Hour).Unix(), wire.FormatTime(now())
	_, err = rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Del(ctx, keys.Queue("default"))
		p.RPush(ctx, keys.Queue("default"), "a", "b")
		p.HSet(ctx, keys.Job("f"), "status", "failed")
		p.ZAdd(ctx, keys.Failed("default"), zs("f", late))
		p.HSet(ctx, keys.Job("r"), "status", "started", "worker_name", "w1")
		p.ZAdd(ctx, keys.Started("default"), zs("r:"+hexID("e"), late))
		p.ZAdd(ctx, keys.Executions("r"), zs("e", late))
		p.HSet(ctx, keys.Execution("r", "e"), "created_at", wire.FormatUnix(now()), "last_heartbeat", wire.FormatUnix(now()), "worker_name", "w1")
		p.SAdd(ctx, keys.WorkerExecutions("w1"), "r:e")
		p.HSet(ctx, keys.Worker("w1"), "birth", text, "queues", "default")
		p.SAdd(ctx, keys.Workers, keys.Worker("w1"))
		p.SAdd(ctx, keys.QueueWorkers("default"), keys.Worker("w1"))
		p.ZAdd(ctx, keys.Ready("default"), zs("gone", 1))
		p.ZAdd(ctx, keys.Finished("default"), zs("gone", 1))
		return nil
	})
	must(err)
}

// A refusedCall calls one exported function. That nothing is found is no error
// of it.
type refusedCall struct {
	call func(context.Context, *refusalEnv) error
	done func(context.Context, *refusalEnv) bool // it was done, although something was refused
}

// noRedis are the exported functions with a context that do not talk to Redis.
var noRedis = map[string]bool{"CurrentJob": true, "JobOutcome": true, "boundFunc.Handle": true, "HandlerFunc.Handle": true,
	"noRetryClient.Eval": true, "noRetryClient.EvalSha": true}

func refusedCalls() map[string]refusedCall {
	calls := map[string]refusedCall{}
	add := func(name string, call func(context.Context, *refusalEnv) error) {
		calls[name] = refusedCall{call: call}
	}
	addQueueCalls(add)
	addJobCalls(add)
	addRegistryCalls(add)
	addServerCalls(add)
	requeue := calls["Job.Requeue"]
	requeue.done = func(ctx context.Context, e *refusalEnv) bool { // reading it again may fail
		return e.rdb.HGet(ctx, keys.Job("f"), "status").Val() == "queued"
	}
	calls["Job.Requeue"] = requeue
	run := calls["Worker.Run"]
	run.done = func(ctx context.Context, e *refusalEnv) bool { return ctx.Err() != nil || e.ran.Load() >= 2 }
	calls["Worker.Run"] = run
	return calls
}

type adder func(name string, call func(context.Context, *refusalEnv) error)

func addQueueCalls(add adder) {
	add("Queue.Enqueue", func(ctx context.Context, e *refusalEnv) error {
		_, err := e.queue().Enqueue(ctx, Call("f"))
		return err
	})
	add("Queue.Enqueue waiting", func(ctx context.Context, e *refusalEnv) error {
		_, err := e.queue().Enqueue(ctx, Call("f"), DependsOn("a"))
		return err
	})
	add("Queue.Enqueue unique", func(ctx context.Context, e *refusalEnv) error {
		_, err := e.queue().Enqueue(ctx, Call("f"), JobID("new"), Unique())
		return err
	})
	add("Queue.Enqueue sync", func(ctx context.Context, e *refusalEnv) error {
		_, err := e.sync().Enqueue(ctx, Call("f"))
		return err
	})
	add("Queue.EnqueueJob", func(ctx context.Context, e *refusalEnv) error {
		j, err := e.queue().CreateJob(Call("f"))
		return errors.Join(err, e.queue().EnqueueJob(ctx, j))
	})
	add("Queue.EnqueueAt", func(ctx context.Context, e *refusalEnv) error {
		_, err := e.queue().EnqueueAt(ctx, time.Now().Add(time.Hour), Call("f"))
		return err
	})
	add("Queue.EnqueueIn", func(ctx context.Context, e *refusalEnv) error {
		_, err := e.queue().EnqueueIn(ctx, time.Hour, Call("f"))
		return err
	})
	add("Queue.ScheduleJob", func(ctx context.Context, e *refusalEnv) error {
		j, err := e.queue().CreateJob(Call("f"))
		return errors.Join(err, e.queue().ScheduleJob(ctx, j, time.Now().Add(time.Hour)))
	})
	add("Queue.EnqueueMany", func(ctx context.Context, e *refusalEnv) error {
		jobs, err := e.queue().EnqueueMany(ctx, []Prepared{Prepare(Call("f")), Prepare(Call("f"))})
		return partial(jobs, err)
	})
	add("Queue.EnqueueMany waiting", func(ctx context.Context, e *refusalEnv) error {
		jobs, err := e.queue().EnqueueMany(ctx, []Prepared{Prepare(Call("f"), DependsOn("a")), Prepare(Call("f"))})
		return partial(jobs, err)
	})
	add("Queue.Count", func(ctx context.Context, e *refusalEnv) error { return expect(2)(e.queue().Count(ctx)) })
	add("Queue.IsEmpty", func(ctx context.Context, e *refusalEnv) error { return expect(false)(e.queue().IsEmpty(ctx)) })
	add("Queue.JobIDs", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(2)(count(e.queue().JobIDs(ctx, 0, -1)))
	})
	add("Queue.Jobs", func(ctx context.Context, e *refusalEnv) error {
		n := 0
		for _, err := range e.queue().Jobs(ctx) {
			if err != nil {
				return err
			}
			n++
		}
		return expect(2)(n, nil)
	})
	add("Queue.FetchJob", func(ctx context.Context, e *refusalEnv) error { return second(e.queue().FetchJob(ctx, "a")) })
	add("Queue.FetchJobs", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(2)(found(e.queue().FetchJobs(ctx, "a", "b")))
	})
	add("Queue.JobPosition", func(ctx context.Context, e *refusalEnv) error {
		_, ok, err := e.queue().JobPosition(ctx, "b")
		return expect(true)(ok, err)
	})
	add("Queue.Contains", func(ctx context.Context, e *refusalEnv) error { return expect(true)(e.queue().Contains(ctx, "a")) })
	add("Queue.Remove", func(ctx context.Context, e *refusalEnv) error { return expectDone(e.queue().Remove(ctx, "a")) })
	add("Queue.Empty", func(ctx context.Context, e *refusalEnv) error { return expect(2)(e.queue().Empty(ctx)) })
	add("Queue.Delete", func(ctx context.Context, e *refusalEnv) error { return e.queue().Delete(ctx) })
	add("Queue.DeleteKeepingJobs", func(ctx context.Context, e *refusalEnv) error { return e.queue().DeleteKeepingJobs(ctx) })
	add("Queue.Compact", func(ctx context.Context, e *refusalEnv) error { return expect(0)(e.queue().Compact(ctx)) })
	add("Queue.Workers", func(ctx context.Context, e *refusalEnv) error { return expectLen(1)(count(e.queue().Workers(ctx))) })
	add("Queue.CountWorkers", func(ctx context.Context, e *refusalEnv) error { return expect(1)(e.queue().CountWorkers(ctx)) })
}

func addJobCalls(add adder) {
	add("Job.Delete", func(ctx context.Context, e *refusalEnv) error { return e.job("a").Delete(ctx) })
	add("Job.DeleteWithDependents", func(ctx context.Context, e *refusalEnv) error { return e.job("a").DeleteWithDependents(ctx) })
	add("Job.Cancel", func(ctx context.Context, e *refusalEnv) error { return e.job("a").Cancel(ctx) })
	add("Job.Requeue", func(ctx context.Context, e *refusalEnv) error { return e.job("f").Requeue(ctx) })
	add("Job.Refresh", func(ctx context.Context, e *refusalEnv) error { return e.job("a").Refresh(ctx) })
	add("Job.Save", func(ctx context.Context, e *refusalEnv) error { return e.job("a").Save(ctx) })
	add("Job.SaveMeta", func(ctx context.Context, e *refusalEnv) error { return e.job("a").SaveMeta(ctx) })
	add("Job.GetMeta", func(ctx context.Context, e *refusalEnv) error { return second(e.job("a").GetMeta(ctx)) })
	add("Job.GetStatus", func(ctx context.Context, e *refusalEnv) error { return expect(StatusQueued)(e.job("a").GetStatus(ctx)) })
	add("Job.Position", func(ctx context.Context, e *refusalEnv) error {
		_, ok, err := e.job("a").Position(ctx)
		return expect(true)(ok, err)
	})
	add("Job.DependentIDs", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(1)(count(e.job("a").DependentIDs(ctx)))
	})
	add("Job.Executions", func(ctx context.Context, e *refusalEnv) error { return expectLen(1)(count(e.job("r").Executions(ctx))) })
	add("Job.Results", func(ctx context.Context, e *refusalEnv) error { return expectLen(1)(count(e.job("d").Results(ctx))) })
	add("Job.LatestResult", func(ctx context.Context, e *refusalEnv) error { return second(e.job("d").LatestResult(ctx)) })
	add("Job.ReturnValue", func(ctx context.Context, e *refusalEnv) error { return second(e.job("d").ReturnValue(ctx)) })
	add("Job.DeleteResults", func(ctx context.Context, e *refusalEnv) error { return e.job("d").DeleteResults(ctx) })
	add("Job.ExcInfo", func(ctx context.Context, e *refusalEnv) error { return second(e.job("d").ExcInfo(ctx)) })
	add("ResultOf", func(ctx context.Context, e *refusalEnv) error { return second(ResultOf[any](ctx, e.job("d"))) })
	add("Await", func(ctx context.Context, e *refusalEnv) error { return second(Await[any](ctx, e.job("d"))) })
	add("FetchJob", func(ctx context.Context, e *refusalEnv) error { return second(FetchJob(ctx, e.c, "a")) })
	add("FetchJobs", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(2)(found(FetchJobs(ctx, e.c, "a", "b")))
	})
	add("JobExists", func(ctx context.Context, e *refusalEnv) error { return expect(true)(JobExists(ctx, e.c, "a")) })
	add("LatestResults", func(ctx context.Context, e *refusalEnv) error {
		results, err := LatestResults(ctx, e.c, e.job("d"), e.job("a"))
		if err == nil && results[0] == nil {
			err = errWrong
		}
		return err
	})
	add("DeleteJobs", func(ctx context.Context, e *refusalEnv) error {
		return expect(2)(DeleteJobs(ctx, e.c, []string{"a", "b"}))
	})
	add("CancelJobs", func(ctx context.Context, e *refusalEnv) error {
		return expect(2)(CancelJobs(ctx, e.c, []string{"a", "b"}))
	})
}

func addRegistryCalls(add adder) {
	failed := func(e *refusalEnv) *Registry { return e.queue().Failed() }
	add("Registry.RequeueMany", func(ctx context.Context, e *refusalEnv) error {
		return expect(1)(failed(e).RequeueMany(ctx, []string{"f"}))
	})
	add("Registry.RequeueAll", func(ctx context.Context, e *refusalEnv) error { return expect(1)(failed(e).RequeueAll(ctx)) })
	add("Registry.RemoveAll", func(ctx context.Context, e *refusalEnv) error { return expect(1)(failed(e).RemoveAll(ctx)) })
	add("Registry.DeleteAll", func(ctx context.Context, e *refusalEnv) error { return expect(1)(failed(e).DeleteAll(ctx)) })
	add("Registry.Count", func(ctx context.Context, e *refusalEnv) error { return expect(1)(failed(e).Count(ctx)) })
	add("Registry.JobIDs", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(1)(count(failed(e).JobIDs(ctx, 0, -1)))
	})
	add("Registry.Entries", func(ctx context.Context, e *refusalEnv) error {
		n := 0
		for _, err := range failed(e).Entries(ctx) {
			if err != nil {
				return err
			}
			n++
		}
		return expect(1)(n, nil)
	})
	add("Registry.Jobs", func(ctx context.Context, e *refusalEnv) error {
		n := 0
		for _, err := range failed(e).Jobs(ctx) {
			if err != nil {
				return err
			}
			n++
		}
		return expect(1)(n, nil)
	})
	add("Registry.Range", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(1)(count(failed(e).Range(ctx, 0, -1)))
	})
	add("Registry.Contains", func(ctx context.Context, e *refusalEnv) error { return expect(true)(failed(e).Contains(ctx, "f")) })
	add("Registry.ExpirationTime", func(ctx context.Context, e *refusalEnv) error {
		_, ok, err := e.queue().Started().ExpirationTime(ctx, "r")
		return expect(true)(ok, err)
	})
	add("Registry.ScheduledTime", func(ctx context.Context, e *refusalEnv) error {
		_, ok, err := e.queue().Scheduled().ScheduledTime(ctx, "s")
		return expect(true)(ok, err)
	})
	add("Registry.Add", func(ctx context.Context, e *refusalEnv) error { return failed(e).Add(ctx, "a", time.Hour) })
	add("Registry.Remove", func(ctx context.Context, e *refusalEnv) error { return expectDone(failed(e).Remove(ctx, "f")) })
	add("Registry.Delete", func(ctx context.Context, e *refusalEnv) error { return expectDone(failed(e).Delete(ctx, "f")) })
	add("Registry.Requeue", func(ctx context.Context, e *refusalEnv) error { return failed(e).Requeue(ctx, "f") })
	add("Registry.Cleanup", func(ctx context.Context, e *refusalEnv) error {
		return second(e.queue().Finished().Cleanup(ctx))
	})
	add("Registry.Cleanup ready", func(ctx context.Context, e *refusalEnv) error { return second(e.queue().Ready().Cleanup(ctx)) })
}

func addServerCalls(add adder) {
	add("SendShutdown", func(ctx context.Context, e *refusalEnv) error { return SendShutdown(ctx, e.c, "w1") })
	add("SendKillHorse", func(ctx context.Context, e *refusalEnv) error { return SendKillHorse(ctx, e.c, "w1") })
	add("SendStopJob", func(ctx context.Context, e *refusalEnv) error { return SendStopJob(ctx, e.c, "r") })
	add("SendStopExecution", func(ctx context.Context, e *refusalEnv) error { return SendStopExecution(ctx, e.c, "r", "e") })
	add("FindOrphans", func(ctx context.Context, e *refusalEnv) error {
		for _, err := range FindOrphans(ctx, e.c) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	add("PruneOrphans", func(ctx context.Context, e *refusalEnv) error { return second(PruneOrphans(ctx, e.c, nil)) })
	add("AllQueues", func(ctx context.Context, e *refusalEnv) error { return expectLen(1)(count(AllQueues(ctx, e.c))) })
	add("QueueInfos", func(ctx context.Context, e *refusalEnv) error {
		infos, err := QueueInfos(ctx, e.c, "default")
		if err == nil && (infos[0].Queued != 2 || infos[0].Workers != 1 || infos[0].Failed != 1) {
			err = fmt.Errorf("%w: %+v", errWrong, infos[0])
		}
		return err
	})
	add("Suspend", func(ctx context.Context, e *refusalEnv) error { return Suspend(ctx, e.c, time.Hour) })
	add("Resume", func(ctx context.Context, e *refusalEnv) error { return second(Resume(ctx, e.c)) })
	add("IsSuspended", func(ctx context.Context, e *refusalEnv) error { return expect(false)(IsSuspended(ctx, e.c)) })
	add("SuspendedFor", func(ctx context.Context, e *refusalEnv) error { return second(SuspendedFor(ctx, e.c)) })
	add("Workers", func(ctx context.Context, e *refusalEnv) error { return expectLen(1)(count(Workers(ctx, e.c))) })
	add("CountWorkers", func(ctx context.Context, e *refusalEnv) error { return expect(1)(CountWorkers(ctx, e.c)) })
	add("FindWorker", func(ctx context.Context, e *refusalEnv) error { return second(FindWorker(ctx, e.c, "w1")) })
	add("WorkerExecutions", func(ctx context.Context, e *refusalEnv) error {
		return expectLen(1)(count(WorkerExecutions(ctx, e.c, "w1")))
	})
	add("Worker.Run", func(ctx context.Context, e *refusalEnv) error {
		e.ran.Store(0)
		w, err := NewWorker(e.c, Handlers{"f": Func(func() { e.ran.Add(1) })}, WorkerConfig{Burst: true, Logger: quiet})
		if err != nil {
			return err
		}
		return w.Run(ctx)
	})
}

// errWrong is how a call fails that says something else than what is there.
var errWrong = errors.New("not what is there")

func expect[T comparable](want T) func(T, error) error {
	return func(got T, err error) error {
		if err == nil && got != want {
			return fmt.Errorf("%w: %v instead of %v", errWrong, got, want)
		}
		return err
	}
}

func expectLen(want int) func(int, error) error { return expect(want) }

// expectDone is for what go-redis may do twice: the second time nothing is there.
func expectDone(_ bool, err error) error { return err }

func count[T any](list []T, err error) (int, error) { return len(list), err }

func second[T any](_ T, err error) error { return err }

// found counts the jobs that are not nil.
func found(jobs []*Job, err error) (n int, _ error) {
	for _, j := range jobs {
		if j != nil {
			n++
		}
	}
	return n, err
}

func partial(jobs []*Job, err error) error {
	var p *PartialError
	if errors.As(err, &p) && p.Enqueued != len(jobs) {
		return fmt.Errorf("%w: %d jobs: %w", errWrong, len(jobs), err)
	}
	return err
}

// TestRefusedByTheServer calls every exported function that takes a context while the
// server refuses at each point. Each returns the true error. It takes some seconds,
// because Run, Await and the two that look for orphans try until their context ends.
func TestRefusedByTheServer(t *testing.T) {
	t.Parallel()
	for name, c := range refusedCalls() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &refusalEnv{rdb: redistest.Real(t)}
			gate := redistest.NewGate(t, e.rdb.Options().Addr)
			sub := e.rdb.Subscribe(t.Context(), keys.Commands("w1"))
			defer sub.Close()
			_, err := sub.Receive(t.Context())
			require.NoError(t, err)
			c.refuse(t, e, gate, point{name: "nothing"})
			for _, p := range refusals() {
				c.refuse(t, e, gate, p)
			}
		})
	}
}

func (c refusedCall) refuse(t *testing.T, e *refusalEnv, gate *redistest.Gate, p point) {
	t.Helper()
	e.seed(t)
	options := &redis.Options{
		Addr: gate.Addr, DB: e.rdb.Options().DB, DialerRetries: 1,
		MaxRetries: 1, MinRetryBackoff: time.Microsecond, MaxRetryBackoff: time.Microsecond,
	}
	if p.options != nil {
		p.options(options)
	}
	e.c = redis.NewClient(options)
	defer e.c.Close()
	gate.Set(nil)
	limit := 10 * time.Second
	if p.set != nil {
		p.set(gate)
		limit = 100 * time.Millisecond // Await and Run try again
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()

	err := c.call(ctx, e)

	refused := p.connect || gate.Refused() > 0
	if err == nil {
		assert.True(t, !refused || c.done != nil && c.done(ctx, e), "%s: nil, and it was refused", p.name)
		return
	}
	assert.True(t, refused || ctx.Err() != nil, "%s: %v, and nothing was refused", p.name, err)
	for _, other := range []error{ErrNoSuchJob, ErrNoResult, ErrNoSuchWorker, ErrInvalidJobOperation, ErrDuplicateJob, ErrWorkerExists, errWrong} {
		assert.NotErrorIs(t, err, other, p.name)
	}
	if ctx.Err() != nil {
		return
	}
	assert.Contains(t, err.Error(), p.cause, p.name)
	assert.True(t, strings.HasPrefix(err.Error(), "rq: "), "%s: %v", p.name, err)
	assert.NotContains(t, err.Error(), "unexpected type", p.name)
}

// TestRefusedCallsAreAll checks that no exported function with a context was
// forgotten.
func TestRefusedCallsAreAll(t *testing.T) {
	t.Parallel()
	calls := map[string]bool{}
	for name := range refusedCalls() {
		calls[strings.Fields(name)[0]] = true
	}
	var all []string
	for _, f := range rootFiles(t) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && takesContext(fn) {
				all = append(all, qualified(fn))
			}
		}
	}
	assert.Greater(t, len(all), 70)
	for _, name := range all {
		assert.True(t, calls[name] != noRedis[name], "%s needs a call in refusedCalls", name)
	}
}

// rootFiles parses the files of this package that are no tests.
func rootFiles(t *testing.T) map[string]*ast.File {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	files := map[string]*ast.File{}
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0)
			require.NoError(t, err)
		}
	}
	return files
}

// takesContext reports whether a parameter is a context.Context.
func takesContext(fn *ast.FuncDecl) bool {
	for _, p := range fn.Type.Params.List {
		if s, ok := p.Type.(*ast.SelectorExpr); ok && s.Sel.Name == "Context" {
			return true
		}
	}
	return false
}

// qualified returns a function's name with its receiver's type.
func qualified(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	receiver := fn.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	return receiver.(*ast.Ident).Name + "." + fn.Name.Name
}
