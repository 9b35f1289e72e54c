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
// [ResultOf] and [Job.LatestResult] read their results.
//
// # Handlers
//
// [Handlers] maps the names of Python functions to handlers in Go. [Func] makes a
// handler of an ordinary function, and binds arguments by position and by keyword
// as Python does. A [HandlerFunc] reads the [Job] itself. A [Middleware] wraps a
// handler.
//
//	func add(a, b int) (int, error) { return a + b, nil }
//
//	rq.Handlers{"tasks.add": rq.Func(add, "a", "b")} // add(2, 3), add(2, b=3)
//
// # Workers
//
// A [Worker] runs the jobs of its queues with Handlers. RQ's tools see it as one of
// RQ's workers. Inside a handler [CurrentJob] returns the job, and [Job.SaveMeta]
// stores its progress. The handler's context ends at the job's timeout, when a command
// stops the job, and when the worker's shutdown timeout is over.
//
//	w, err := rq.NewWorker(rdb, handlers, rq.WorkerConfig{Concurrency: 50})
//	err = w.Run(ctx) // until ctx ends
//
// Jobs of functions without a handler stay in their queue, for a worker in Go or Python
// that has them, and are warned of; see [UnknownLeaves].
//
// # Values
//
// A [Serializer] carries arguments and results between the languages: [Pickle] by
// default, as in RQ, or [JSON], [MessagePack] or your own. Reading a pickle never runs
// code. For Python values that Go has no type for, this package has types, from [Tuple]
// to [PyObject].
//
// Handlers of [Func], [Job.Arg] and [Await] convert to any Go type that holds the
// value without loss. A value that is an int, a str, a list or a dict in Python
// fits like one, whatever its class: members of an Enum, instances of subclasses,
// a Counter, a deque, numbers and one-dimensional arrays of NumPy, times of pytz
// and pandas. Attributes that an instance of a subclass has beside its value are
// not converted.
//
// A struct takes the keys of a dict, or the attributes of an object (of a
// dataclass, a pydantic model, an attrs class), by name, and must take at least
// one. It takes a namedtuple by position, since its pickle has no names.
//
// The pickle of an empty list or dict of a subclass is that of any object without
// attributes. It fits neither a slice nor a map; list(v) or dict(v) does.
//
// # Mixed versions
//
// By default jobs are written as the newest RQ writes them. If an older RQ reads
// them too, name the oldest version in the option [Fleet].
//
// # Errors
//
// An argument that RQ refuses is an [*InvalidError], and a value that cannot be
// serialized a [*SerializeError]; nothing has been written then. Each operation is one
// transaction or script, or can safely be repeated after an error. A call that does not
// fit its function fails the job with a [*CallError], Python's TypeError.
//
// Functions that take a context talk to Redis, and no other functions do. A [Queue],
// a [Registry] and a [Worker] are safe for concurrent use; a [Job] is not.
package rq
