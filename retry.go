package rq

import (
	"time"
	"unicode/utf8"
)

// Retry runs the job again when it fails (rq/job.py Retry).
type Retry struct {
	// Max is how often the job is retried, 1 or more.
	Max int
	// Intervals are the waits before the retries, in whole seconds. With fewer
	// than Max, RQ uses the first one several times. Default is no wait.
	Intervals []time.Duration
	// AtFront puts the retry at the front of the queue. Default false.
	AtFront bool
}

func (r Retry) apply(s *settings) {
	if r.Max < 1 {
		s.refuse("retry max", r.Max, "must be greater than 0")
	}
	s.retry = &r
}
func (Retry) forEnqueue() {}
func (Retry) forPrepare() {}
func (Retry) forCreate()  {}

// Repeat runs the job again after it succeeded (rq/repeat.py Repeat).
type Repeat struct {
	// Times is how often the job is repeated after its first run, 1 or more.
	Times int
	// Intervals are the waits before the repeats, in whole seconds. Default is
	// no wait.
	Intervals []time.Duration
}

func (r Repeat) apply(s *settings) {
	if r.Times < 1 {
		s.refuse("repeat times", r.Times, "must be greater than 0")
	}
	s.repeat = &r
}
func (Repeat) forEnqueue() {}
func (Repeat) forPrepare() {}
func (Repeat) forCreate()  {}

// intervals returns durations as RQ stores them. RQ has no empty list.
func (s *settings) intervals(name string, list []time.Duration) []int {
	if len(list) == 0 {
		return []int{0}
	}
	out := make([]int, 0, len(list))
	for _, d := range list {
		n, err := wholeSeconds(name, d)
		if d < 0 {
			err = &InvalidError{name, d, "must not be negative"}
		}
		if err != nil {
			s.fail(err)
		}
		out = append(out, n)
	}
	return out
}

// A Callback is a function that the worker calls after the job.
type Callback struct {
	// Func is its dotted path.
	Func string
	// Timeout is how long it may run, in whole seconds. Default 60 s.
	Timeout time.Duration
}

// seconds checks the callback and returns its timeout as RQ stores it.
func (c *Callback) seconds(s *settings, name string) *int {
	if c.Func == "" || !utf8.ValidString(c.Func) {
		s.refuse(name, c.Func, "must be the dotted path of a function")
	}
	timeout := c.Timeout
	if timeout == 0 {
		timeout = DefaultCallbackTimeout
	}
	n, err := wholeSeconds(name+" timeout", timeout)
	if timeout < 0 {
		err = &InvalidError{name + " timeout", timeout, "must not be negative"}
	}
	if err != nil {
		s.fail(err)
	}
	return &n
}

// OnSuccess calls c when the job has succeeded. If c fails, so does the job.
func OnSuccess(c Callback) JobOption { return jobOption(func(s *settings) { s.onSuccess = &c }) }

// OnFailure calls c when the job has failed.
func OnFailure(c Callback) JobOption { return jobOption(func(s *settings) { s.onFailure = &c }) }

// OnStopped calls c when the job was stopped by a command.
func OnStopped(c Callback) JobOption { return jobOption(func(s *settings) { s.onStopped = &c }) }

// A RateLimit bounds how many jobs with the same key are queued or running at
// once, over all queues (rq/rate_limit.py RateLimit, RQ 3.0). Others wait with
// the status rate_limited. It goes with neither Unique, Pipeline nor a queue
// that is not async, and needs a fleet that knows it.
type RateLimit struct {
	// Key is what the jobs share.
	Key string
	// Concurrency is how many may be queued or running, 1 or more. The last
	// job enqueued decides.
	Concurrency int
}

func (r RateLimit) apply(s *settings) {
	if r.Key == "" || !utf8.ValidString(r.Key) {
		s.refuse("rate limit key", r.Key, "must not be empty")
	}
	if r.Concurrency < 1 {
		s.refuse("rate limit concurrency", r.Concurrency, "must be greater than 0")
	}
	s.rateLimit = &r
}
func (RateLimit) forEnqueue() {}
func (RateLimit) forPrepare() {}
func (RateLimit) forCreate()  {}
