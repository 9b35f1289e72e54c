// Package rq speaks the Redis schema of Python RQ (Redis Queue) byte for byte,
// so that Go and Python share queues: either side enqueues, either side reads
// results, and RQ's own tools cannot tell the difference.
//
//	rdb := redis.NewClient(&redis.Options{Addr: "localhost:6379"})
//	q := rq.NewQueue(rdb, "default")
//	job, err := q.Enqueue(ctx, rq.Call("tasks.add", 2, rq.Kw("b", 3)), rq.ResultTTL(time.Hour))
//	sum, err := rq.Await[int](ctx, job) // once a worker has run tasks.add
//
// # Jobs
//
// [Queue.Enqueue] and its relatives put jobs in a queue, with an [EnqueueOption] for
// each keyword of RQ's enqueue. [FetchJob] and [FetchJobs] read jobs,
// [Job.Cancel], [Job.Delete] and [Job.Requeue] act on them, and [Await],
// [ResultOf] and [Job.LatestResult] read what they returned.
//
// # Handlers
//
// [Handlers] maps the names of Python's functions to Go's. [Func] binds a call
// to an ordinary function, by position and by keyword as Python does; a
// [HandlerFunc] looks at the [Job] itself; a [Middleware] goes around either.
//
//	func add(a, b int) (int, error) { return a + b, nil }
//
//	rq.Handlers{"tasks.add": rq.Func(add, "a", "b")} // add(2, 3), add(2, b=3)
//
// # Workers
//
// A [Worker] runs the jobs of its queues with Handlers, and is one of RQ's
// workers to RQ's tools. Inside a handler [CurrentJob] is the job, whose Meta
// shows progress; the context ends with the job's timeout, when it is stopped by
// a command, and when the worker has to end.
//
//	w, err := rq.NewWorker(rdb, handlers, rq.WorkerConfig{Concurrency: 50})
//	err = w.Run(ctx) // until ctx ends
//
// # Values
//
// A [Serializer] carries arguments and results between the languages: [Pickle]
// by default, as in RQ, or [JSON], [MessagePack] or one of your own. Reading a
// pickle never runs anything. Python's values that Go has no type for are types
// of this package, from [Tuple] to [PyObject].
//
// # Mixed versions
//
// What is written is what the newest RQ writes. With an older RQ around, name
// the oldest one in the option [Fleet].
//
// # Errors
//
// What RQ would refuse is an [*InvalidError], what cannot be serialized a
// [*SerializeError], and nothing has been written then. What is written is
// written in one transaction or script. A call that does not fit its function
// fails the job with a [*CallError], Python's TypeError.
//
// All functions that take a context talk to Redis; no others do. A [Queue] and a
// [Worker] are safe for concurrent use, a [Job] is not.
package rq
