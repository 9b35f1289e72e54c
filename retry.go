package rq

import (
	"time"
	"unicode/utf8"
)

// A Retry runs the job again when it fails (rq/job.py Retry). It is an option of every
// call that creates a job, and a value that a handler may return.
type Retry struct {
	// Max is the number of retries, 1 or more.
	Max int
	// Intervals are the delays before the retries, in whole seconds. If there are fewer
	// than Max, the first retries use the first one, as in RQ. Default is no delay.
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

// A Repeat runs the job again after it has succeeded (rq/repeat.py Repeat).
type Repeat struct {
	// Times is the number of runs after the first one, 1 or more.
	Times int
	// Intervals are the delays before these runs, in whole seconds. Default is no
	// delay.
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

// intervals returns durations as RQ stores them. RQ stores no empty list.
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

// A Callback is a function that the worker calls after a run of the job.
type Callback struct {
	// Func is the dotted path of the function.
	Func string
	// Timeout limits how long the function may run, in whole seconds. Default is
	// DefaultCallbackTimeout.
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

// OnSuccess calls c after the job has succeeded. If c fails, the job fails.
func OnSuccess(c Callback) JobOption { return jobOption(func(s *settings) { s.onSuccess = &c }) }

// OnFailure calls c after the job has failed.
func OnFailure(c Callback) JobOption { return jobOption(func(s *settings) { s.onFailure = &c }) }

// OnStopped calls c after a command has stopped the job.
func OnStopped(c Callback) JobOption { return jobOption(func(s *settings) { s.onStopped = &c }) }

// A RateLimit limits how many jobs with the same key are queued or running at once,
// over all queues (rq/rate_limit.py RateLimit, RQ 3.0). The rest wait with the status
// rate_limited. A slot is free as soon as its job ends, expires, is deleted or
// canceled, or is emptied from its queue. If the job's function is still running then,
// it runs beside those with a slot; RQ waits until it ends.
//
// It cannot be combined with Unique, Pipeline or a queue with Sync, and is refused when
// Fleet names an RQ before 3.0.
type RateLimit struct {
	// Key is the key that the jobs share.
	Key string
	// Concurrency is the number of jobs that may be queued or running, 1 or more. The
	// value of the job that was last enqueued applies to all.
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
