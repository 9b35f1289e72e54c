package rq

import (
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// A WorkerConfig configures a Worker. With the zero value it runs the jobs of the queue
// "default", one at a time, until its context ends.
type WorkerConfig struct {
	// Queues are the names of the queues, the most important first. Default is
	// DefaultQueue.
	Queues []string
	// Name identifies the worker to RQ's tools and commands. No live worker may have the
	// same name. It may contain spaces and characters that are not ASCII; the server lists
	// the worker's connections with underscores in their place. Default is 32 random hex
	// digits.
	Name string
	// Concurrency is how many jobs run at once. Default 1, as in RQ.
	Concurrency int
	// Strategy says which queue the next job comes from. Default is DequeueDefault: the
	// first queue that has one.
	Strategy DequeueStrategy
	// Burst ends the worker when its queues are empty, or have only jobs that it leaves
	// to other workers. Default false.
	Burst bool
	// MaxJobs ends the worker after this many jobs. Default is no limit.
	MaxJobs int
	// MaxIdle ends the worker after this long without a job. Default is no limit.
	MaxIdle time.Duration
	// Scheduler moves scheduled jobs to the worker's queues when they are due, and shares
	// that work with RQ's schedulers (rq worker --with-scheduler). Default false.
	Scheduler bool
	// Serializer reads the arguments and writes the results. Default is Pickle.
	Serializer Serializer
	// Fleet is the oldest version of Python RQ in use, such as "1.16". See the option
	// Fleet. Default is the newest.
	Fleet string
	// UnknownFunc is the policy for a job whose function, or a callback, has no handler.
	// Default is UnknownLeaves: it stays in its queue.
	UnknownFunc UnknownFuncPolicy
	// ExceptionHandlers are called in order when a run of a job fails, until one returns
	// false (rq worker --exception-handler). Default none. The failure is always recorded:
	// RQ's disable_default_exception_handler has no counterpart.
	ExceptionHandlers []ExceptionHandler
	// ResultTTL is how long results are kept of jobs without a result TTL; Forever keeps
	// them. Default is DefaultResultTTL.
	ResultTTL time.Duration
	// WorkerTTL is how long an idle worker counts as alive without a heartbeat. Default
	// 420 s.
	WorkerTTL time.Duration
	// JobMonitoringInterval is the time between heartbeats. Other workers take over a job
	// that had none for this long plus a minute. Default 30 s.
	JobMonitoringInterval time.Duration
	// MaintenanceInterval is the time between cleanings of the registries.
	// Default 10 minutes.
	MaintenanceInterval time.Duration
	// ShutdownTimeout is how long jobs may continue when the worker shuts down. Then
	// their contexts end, and jobs that return within a second are settled as usual. The
	// others go back to the front of their queues, as if they had not run. Default 25 s;
	// Forever waits for them all.
	ShutdownTimeout time.Duration
	// Logger gets the worker's log. Default is slog.Default().
	Logger *slog.Logger
}

// A DequeueStrategy says from which of a worker's queues the next job comes
// (rq/worker/base.py DequeueStrategy).
type DequeueStrategy string

// The strategies of RQ.
const (
	// DequeueDefault takes from the first queue that has a job.
	DequeueDefault DequeueStrategy = "default"
	// DequeueRoundRobin takes from each queue in turn.
	DequeueRoundRobin DequeueStrategy = "round_robin"
	// DequeueRandom takes from the queues in random order.
	DequeueRandom DequeueStrategy = "random"
)

// An UnknownFuncPolicy says what a worker does with a job whose function has no
// handler.
type UnknownFuncPolicy int

const (
	// UnknownLeaves leaves the job at its place in the queue, for a worker that has the
	// function, and runs the jobs behind it. A warning names each such function at once,
	// and once a minute while its jobs are there. Meanwhile a new job of the queue may
	// start a second late; searching a queue of a million for the first time takes about
	// half a minute. A burst ends when only such jobs are left, and logs their number.
	UnknownLeaves UnknownFuncPolicy = iota
	// UnknownFails fails the job, as RQ does when it cannot import the function.
	UnknownFails
)

// An ExceptionHandler is called when a job has failed. When it returns false, the handlers
// after it are not called. The job is settled afterwards, whatever it returns.
type ExceptionHandler func(ctx context.Context, job *Job, err error) bool

// RQ's defaults (rq/defaults.py).
const (
	defaultWorkerTTL           = 420 * time.Second
	defaultMonitoringInterval  = 30 * time.Second
	defaultMaintenanceInterval = 10 * time.Minute
	defaultShutdownTimeout     = 25 * time.Second
)

// fill sets the defaults.
func (c *WorkerConfig) fill() {
	if len(c.Queues) == 0 {
		c.Queues = []string{DefaultQueue}
	}
	if c.Name == "" {
		id := uuid.New()
		c.Name = hex.EncodeToString(id[:])
	}
	if c.Concurrency == 0 {
		c.Concurrency = 1
	}
	if c.Strategy == "" {
		c.Strategy = DequeueDefault
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	c.Serializer = orPickle(c.Serializer)
	for _, d := range []struct {
		set   *time.Duration
		value time.Duration
	}{
		{&c.ResultTTL, DefaultResultTTL},
		{&c.WorkerTTL, defaultWorkerTTL},
		{&c.JobMonitoringInterval, defaultMonitoringInterval},
		{&c.MaintenanceInterval, defaultMaintenanceInterval},
		{&c.ShutdownTimeout, defaultShutdownTimeout},
	} {
		if *d.set == 0 {
			*d.set = d.value
		}
	}
}

// check returns the errors of invalid settings.
func (c *WorkerConfig) check() error {
	var bad []error
	refuse := func(wrong bool, name string, value any, rule string) {
		if wrong {
			bad = append(bad, &InvalidError{name, value, rule})
		}
	}
	refuse(!validWorkerName(c.Name), "worker name", c.Name, "must be text without control characters that does not end with :executions")
	refuse(c.Concurrency < 0, "concurrency", c.Concurrency, "must be 1 or more")
	refuse(c.MaxJobs < 0, "max jobs", c.MaxJobs, "must not be negative")
	refuse(c.MaxIdle < 0, "max idle", c.MaxIdle, "must not be negative")
	refuse(c.Strategy != DequeueDefault && c.Strategy != DequeueRoundRobin && c.Strategy != DequeueRandom,
		"strategy", string(c.Strategy), "must be default, round_robin or random")
	refuse(c.UnknownFunc != UnknownLeaves && c.UnknownFunc != UnknownFails, "unknown func", int(c.UnknownFunc), "must be UnknownLeaves or UnknownFails")
	refuse(c.ResultTTL != Forever && c.ResultTTL < time.Second, "result ttl", c.ResultTTL, "must be a second or more, or Forever")
	refuse(c.WorkerTTL < time.Second, "worker ttl", c.WorkerTTL, "must be a second or more")
	refuse(c.JobMonitoringInterval < time.Second, "job monitoring interval", c.JobMonitoringInterval, "must be a second or more")
	refuse(c.MaintenanceInterval < time.Second, "maintenance interval", c.MaintenanceInterval, "must be a second or more")
	refuse(c.ShutdownTimeout != Forever && c.ShutdownTimeout < 0, "shutdown timeout", c.ShutdownTimeout, "must not be negative, or Forever")
	seen := map[string]bool{}
	for _, name := range c.Queues {
		refuse(seen[name], "queue", name, "must be given once")
		seen[name] = true
	}
	for i, h := range c.ExceptionHandlers {
		refuse(h == nil, "exception handler", i, "must not be nil")
	}
	return errors.Join(bad...)
}

// validWorkerName reports whether RQ's tools can show the name, and its key is not
// that of another worker's executions.
func validWorkerName(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl) && !strings.HasSuffix(name, ":executions")
}
