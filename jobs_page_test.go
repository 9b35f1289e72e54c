package rq_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// These examples are RQ's page on jobs, statement by statement, in Go. Each names
// the section of the page and what it says; interop has the same for Python's side,
// and the tests of the command line its last section.

// Job Creation: what is enqueued is returned as a job, whose id finds it later.
func Example_pageEnqueue() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, rq.DefaultQueue)

	job, err := q.Enqueue(ctx, rq.Call("somewhere.count_words_at_url", "http://nvie.com"))
	check(err)
	later, err := rq.FetchJob(ctx, rdb, job.ID())
	check(err)

	fmt.Println(later.Description())
	// Output: somewhere.count_words_at_url('http://nvie.com')
}

// Job Creation: the id can be chosen when the job is made.
func Example_pageJobID() {
	ctx, rdb, stop := server()
	defer stop()

	job, err := rq.NewQueue(rdb, rq.DefaultQueue).Enqueue(ctx, rq.Call("f", "http://nvie.com"), rq.JobID("my_job_id"))
	check(err)

	fmt.Println(job.ID())
	// Output: my_job_id
}

// Job Creation: Job.create makes a job, and enqueue_job puts it in a queue.
func Example_pageCreate() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, rq.DefaultQueue)

	job, err := rq.CreateJob(rdb, rq.Call("f", "http://nvie.com"), rq.JobID("my_job_id"))
	check(err)
	check(q.EnqueueJob(ctx, job))

	fmt.Println(job.ID(), job.Status())
	// Output: my_job_id queued
}

// Job Creation: timeout is a number of seconds, or text such as "2", "1h", "3m" and
// "5s"; result_ttl defaults to 500 seconds, ttl to none, failure_ttl to a year;
// description, meta and depends_on are what they say.
func Example_pageKeywords() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, rq.DefaultQueue)

	for _, text := range []string{"2", "1h", "3m", "5s"} {
		d, err := rq.ParseTimeout(text)
		check(err)
		job, err := q.Enqueue(ctx, rq.Call("f"), rq.Timeout(d))
		check(err)
		limit, _ := job.Timeout()
		fmt.Print(limit, " ")
	}
	fmt.Println(rq.DefaultResultTTL, rq.DefaultFailureTTL)

	first, err := q.Enqueue(ctx, rq.Call("f"), rq.Description("the first"), rq.Meta(map[string]any{"progress": 0}))
	check(err)
	second, err := q.Enqueue(ctx, rq.Call("f"), rq.DependsOn(first.ID()))
	check(err)
	_, limited := first.TTL()
	fmt.Println(first.Description(), first.Meta, limited, second.Status())
	// Output:
	// 2s 1h0m0s 3m0s 5s 8m20s 8760h0m0s
	// the first map[progress:0] false deferred
}

// Job Creation: keywords that RQ has too, such as ttl, go to the function when they
// are its own arguments.
func Example_pageKeywordsOfTheFunction() {
	ctx, rdb, stop := server()
	defer stop()

	job, err := rq.CreateJob(rdb,
		rq.Call("f", "http://nvie.com", rq.Kw("description", "Function description"), rq.Kw("ttl", 15)),
		rq.TTL(30*time.Second)) // this one is RQ's
	check(err)
	check(rq.NewQueue(rdb, rq.DefaultQueue).EnqueueJob(ctx, job))

	ttl, _ := job.TTL()
	fmt.Println(ttl, job.Description())
	// Output: 30s f('http://nvie.com', description='Function description', ttl=15)
}

// Retrieving a Job: Job.fetch finds it with its status, function and arguments. Its
// result is there when it has run, until result_ttl has passed.
func Example_pageFetch() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, rq.DefaultQueue)
	_, err := q.Enqueue(ctx, rq.Call("add", 2, rq.Kw("y", 3)), rq.JobID("my_job_id"))
	check(err)

	job, err := rq.FetchJob(ctx, rdb, "my_job_id")
	check(err)
	status, err := job.GetStatus(ctx)
	check(err)
	name, _ := job.FuncName()
	args, _ := job.Args()
	kwargs, _ := job.Kwargs()
	y, _ := kwargs.Get("y")
	fmt.Println(status, name, args, y, !job.EnqueuedAt().IsZero(), job.StartedAt().IsZero())
	value, err := job.ReturnValue(ctx)
	check(err)
	fmt.Println(value)

	work(ctx, rdb, rq.Handlers{"add": rq.Func(func(x, y int) int { return x + y }, "x", "y")})

	sum, err := rq.ResultOf[int](ctx, job)
	check(err)
	check(job.Refresh(ctx))
	fmt.Println(job.Status(), sum, !job.EndedAt().IsZero(), rdb.TTL(ctx, "rq:job:my_job_id").Val() <= rq.DefaultResultTTL)
	// Output:
	// queued add [2] 3 true true
	// <nil>
	// finished 5 true true
}

// Retrieving a Job: Job.fetch_many finds many at once.
func Example_pageFetchMany() {
	ctx, rdb, stop := server()
	defer stop()
	for _, id := range []string{"foo_id", "bar_id"} {
		_, err := rq.NewQueue(rdb, rq.DefaultQueue).Enqueue(ctx, rq.Call("say_hello"), rq.JobID(id))
		check(err)
	}

	jobs, err := rq.FetchJobs(ctx, rdb, "foo_id", "bar_id")
	check(err)
	for _, job := range jobs {
		name, _ := job.FuncName()
		fmt.Printf("Job %s: %s\n", job.ID(), name)
	}
	// Output:
	// Job foo_id: say_hello
	// Job bar_id: say_hello
}

// Accessing the "current" Job, and storing arbitrary data: the function finds its
// job, and what it stores in meta can be read at once. Outside there is none.
func Example_pageCurrentJob() {
	ctx, rdb, stop := server()
	defer stop()
	job, err := rq.NewQueue(rdb, rq.DefaultQueue).Enqueue(ctx, rq.Call("add", 2, 3), rq.JobID("j"))
	check(err)

	work(ctx, rdb, rq.Handlers{"add": rq.Func(func(ctx context.Context, x, y int) (int, error) {
		job, _ := rq.CurrentJob(ctx)
		fmt.Println("Current job:", job.ID())
		job.Meta["handled_by"] = "host-1"
		return x + y, job.SaveMeta(ctx)
	}, "x", "y")})

	meta, err := job.GetMeta(ctx)
	check(err)
	_, outside := rq.CurrentJob(ctx)
	fmt.Println(meta, outside)
	// Output:
	// Current job: j
	// map[handled_by:host-1] false
}

// Time to live for job in queue: ttl is how long a job may wait, result_ttl how
// long it is kept when it has succeeded.
func Example_pageTTL() {
	ctx, rdb, stop := server()
	defer stop()

	_, err := rq.NewQueue(rdb, rq.DefaultQueue).Enqueue(ctx, rq.Call("say_hello"), rq.JobID("j"),
		rq.ResultTTL(600*time.Second), rq.TTL(43*time.Second))
	check(err)
	fmt.Println(rdb.TTL(ctx, "rq:job:j").Val())

	work(ctx, rdb, rq.Handlers{"say_hello": rq.Func(func() string { return "hello" })})

	fmt.Println(rdb.TTL(ctx, "rq:job:j").Val(), rdb.TTL(ctx, "rq:results:j").Val())
	// Output:
	// 43s
	// 10m0s 10m0s
}

// Failed Jobs: a job that fails is in the FailedJobRegistry, with is_failed true;
// requeue puts it back in its queue.
func Example_pageFailedJobs() {
	ctx, rdb, stop := server()
	defer stop()
	queue := rq.NewQueue(rdb, rq.DefaultQueue)
	job, err := queue.Enqueue(ctx, rq.Call("div_by_zero", 1))
	check(err)
	registry, zero := queue.Failed(), 0

	work(ctx, rdb, rq.Handlers{"div_by_zero": rq.Func(func(x int) int { return x / zero }, "x")})

	failed, err := registry.Count(ctx)
	check(err)
	check(job.Refresh(ctx))
	fmt.Println("failed:", failed, job.Status() == rq.StatusFailed)

	check(registry.Requeue(ctx, job.ID()))

	failed, err = registry.Count(ctx)
	check(err)
	queued, err := queue.Count(ctx)
	check(err)
	fmt.Println("failed:", failed, "queued:", queued)
	// Output:
	// failed: 1 true
	// failed: 0 queued: 1
}

// Failed Jobs: failure_ttl is for how long a failed job is kept.
func Example_pageFailureTTL() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, rq.DefaultQueue)
	_, err := q.Enqueue(ctx, rq.Call("foo_job"), rq.JobID("j"), rq.FailureTTL(300*time.Second))
	check(err)

	work(ctx, rdb, rq.Handlers{"foo_job": rq.Func(func() error { return errors.New("no luck") })})

	fmt.Println(rdb.TTL(ctx, "rq:job:j").Val())
	// Output: 5m0s
}

// Requeueing Failed Jobs: some by their ids, or all.
func Example_pageRequeue() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "myqueue")
	for _, id := range []string{"foo_job_id", "bar_job_id", "baz", "qux"} {
		_, err := q.Enqueue(ctx, rq.Call("foo_job"), rq.JobID(id))
		check(err)
	}
	work(ctx, rdb, rq.Handlers{"foo_job": rq.Func(func() error { return errors.New("no luck") })}, "myqueue")

	some, err := q.Failed().RequeueMany(ctx, []string{"foo_job_id", "bar_job_id"})
	check(err)
	others, err := q.Failed().RequeueAll(ctx)
	check(err)

	queued, err := q.Count(ctx)
	check(err)
	fmt.Println(some, others, queued)
	// Output: 2 2 4
}

// work runs the jobs of queues, default "default", until none is left.
func work(ctx context.Context, rdb *redis.Client, handlers rq.Handlers, queues ...string) {
	w, err := rq.NewWorker(rdb, handlers, rq.WorkerConfig{
		Queues: queues, Burst: true, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	check(err)
	check(w.Run(ctx))
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
