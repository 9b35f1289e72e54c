package rq_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// server returns a client of a Redis in this process, and a function that ends both.
func server() (context.Context, *redis.Client, func()) {
	s, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr()})
	return context.Background(), rdb, func() { _ = rdb.Close(); s.Close() }
}

// q.enqueue('tasks.add', 2, b=3, result_ttl=-1) in Go.
func ExampleQueue_Enqueue() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "default")

	job, err := q.Enqueue(ctx, rq.Call("tasks.add", 2, rq.Kw("b", 3)), rq.ResultTTL(rq.Forever))
	if err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(job.Description(), "is", job.Status())
	// Output: tasks.add(2, b=3) is queued
}

// Names that RQ has options for go to the function when Kw gives them.
func ExampleKw() {
	ctx, rdb, stop := server()
	defer stop()

	job, err := rq.NewQueue(rdb, "default").Enqueue(ctx,
		rq.Call("count_words_at_url", "http://nvie.com", rq.Kw("ttl", 15), rq.Kw("description", "for the function")),
		rq.TTL(30*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}

	ttl, _ := job.TTL()
	fmt.Println(job.Description(), ttl)
	// Output: count_words_at_url('http://nvie.com', description='for the function', ttl=15) 30s
}

func ExampleQueue_EnqueueMany() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "default")

	var items []rq.Prepared
	for i := range 3 {
		items = append(items, rq.Prepare(rq.Call("tasks.resize", i), rq.TTL(time.Hour)))
	}
	jobs, err := q.EnqueueMany(ctx, items)
	if err != nil {
		fmt.Println(err)
		return
	}

	n, _ := q.Count(ctx)
	fmt.Println(len(jobs), n)
	// Output: 3 3
}

// A job can be created first and enqueued later.
func ExampleCreateJob() {
	ctx, rdb, stop := server()
	defer stop()

	job, err := rq.CreateJob(rdb, rq.Call("count_words_at_url", "http://nvie.com"), rq.JobID("my_job_id"))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := rq.NewQueue(rdb, "default").EnqueueJob(ctx, job); err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(job.ID(), job.Status())
	// Output: my_job_id queued
}

func ExampleFetchJobs() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "default")
	_, err := q.Enqueue(ctx, rq.Call("tasks.foo", 1), rq.JobID("foo_id"))
	if err != nil {
		fmt.Println(err)
		return
	}

	jobs, err := rq.FetchJobs(ctx, rdb, "foo_id", "bar_id")
	if err != nil {
		fmt.Println(err)
		return
	}

	for _, job := range jobs {
		if job == nil {
			fmt.Println("gone")
			continue
		}
		name, err := job.FuncName()
		fmt.Println(job.ID(), name, err)
	}
	// Output:
	// foo_id tasks.foo <nil>
	// gone
}

// Await blocks until a worker has run the job. Here the queue runs it itself.
func ExampleAwait() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "default", rq.Sync(rq.Handlers{
		"tasks.add":  rq.Func(func(a, b int) int { return a + b }, "a", "b"),
		"tasks.fail": rq.Func(func() error { return errors.New("no luck") }),
	}))

	for _, call := range []rq.FuncCall{rq.Call("tasks.add", 2, 3), rq.Call("tasks.fail")} {
		job, err := q.Enqueue(ctx, call, rq.JobID("j"))
		if err != nil {
			fmt.Println(err)
			return
		}
		sum, err := rq.Await[int](ctx, job)
		var failed *rq.FailedError
		fmt.Println(sum, errors.As(err, &failed), err)
	}
	// Output:
	// 5 false <nil>
	// 0 true rq: job j failed: error: no luck
}

// The handler of a job can note its progress on it; Python sees it at once.
func ExampleCurrentJob() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "default", rq.Sync(rq.Handlers{
		"tasks.report": rq.Func(func(ctx context.Context, url string) error {
			job, ok := rq.CurrentJob(ctx)
			if !ok {
				return errors.New("not in a job")
			}
			job.Meta["handled_by"] = "host-1"
			return job.SaveMeta(ctx)
		}, "url"),
	}))

	job, err := q.Enqueue(ctx, rq.Call("tasks.report", "http://nvie.com"))
	if err != nil {
		fmt.Println(err)
		return
	}

	meta, err := job.GetMeta(ctx)
	_, outside := rq.CurrentJob(ctx)
	fmt.Println(meta, err, outside)
	// Output: map[handled_by:host-1] <nil> false
}

// A callback sees how its job ended.
func ExampleJobOutcome() {
	ctx, rdb, stop := server()
	defer stop()
	q := rq.NewQueue(rdb, "default", rq.Sync(rq.Handlers{
		"tasks.add": rq.Func(func(a, b int) int { return a + b }, "a", "b"),
		"tasks.done": rq.HandlerFunc(func(ctx context.Context, job *rq.Job) (any, error) {
			outcome, ok := rq.JobOutcome(ctx)
			fmt.Println(job.ID(), outcome.Value, outcome.Err, ok)
			return nil, nil
		}),
	}))

	_, err := q.Enqueue(ctx, rq.Call("tasks.add", 2, 3), rq.JobID("j"), rq.OnSuccess(rq.Callback{Func: "tasks.done"}))
	fmt.Println(err)
	// Output:
	// j 5 <nil> true
	// <nil>
}

// An operator stops all workers from starting jobs for an hour, and ends that early.
func ExampleSuspendedFor() {
	ctx, rdb, stop := server()
	defer stop()

	err := rq.Suspend(ctx, rdb, time.Hour)
	left, leftErr := rq.SuspendedFor(ctx, rdb)
	resumed, resumeErr := rq.Resume(ctx, rdb)
	after, afterErr := rq.SuspendedFor(ctx, rdb)

	fmt.Println(left.Round(time.Minute), resumed, after, errors.Join(err, leftErr, resumeErr, afterErr))
	// Output: 1h0m0s true 0s <nil>
}

func ExampleParseTimeout() {
	for _, text := range []string{"2", "1h", "3m", "5s", "2D", "-1", "1 week"} {
		d, err := rq.ParseTimeout(text)
		fmt.Println(d, err)
	}
	// Output:
	// 2s <nil>
	// 1h0m0s <nil>
	// 3m0s <nil>
	// 5s <nil>
	// 48h0m0s <nil>
	// -1s <nil>
	// 0s rq: a timeout is a whole number of seconds, or digits and a unit d, h, m or s, such as "1h" or "23m": "1 week"
}
