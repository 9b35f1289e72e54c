package rq

import (
	"errors"
	"net/url"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/wire"
)

// An Option is a keyword of RQ's enqueue. Options that contradict each other,
// or that RQ would refuse, are an *InvalidError from the function they are given to.
type Option interface {
	apply(*settings)
}

type optionFunc func(*settings)

func (f optionFunc) apply(s *settings) { f(s) }

// settings is what the options of one call say.
type settings struct {
	id          string
	description string
	timeout     *int
	resultTTL   *int
	ttl         *int
	failureTTL  *int
	meta        map[string]any
	retry       *Retry
	repeat      *Repeat
	onSuccess   *Callback
	onFailure   *Callback
	onStopped   *Callback
	webhooks    []Webhook
	group       string
	serializer  Serializer
	fleet       release
	rateLimit   *RateLimit

	dependsOn    []string
	dependency   bool // a Dependency was used: its two flags are stored
	allowFailure bool
	depFront     bool

	atFront bool
	unique  bool
	pipe    redis.Pipeliner

	errs []error
}

func collect(opts []Option) (*settings, error) {
	s := new(settings)
	for _, o := range opts {
		if o != nil {
			o.apply(s)
		}
	}
	return s, s.err()
}

// collectPlacement collects options for a job that exists: those that describe
// a job come too late.
func collectPlacement(opts []Option) (*settings, error) {
	s, err := collect(opts)
	if err != nil {
		return nil, err
	}
	if !s.only(settings{atFront: s.atFront, unique: s.unique, pipe: s.pipe}) {
		return nil, &InvalidError{"option", "other than AtFront, Unique and Pipeline", "is given when the job is made"}
	}
	return s, nil
}

// only reports whether nothing is said but what allowed has.
func (s *settings) only(allowed settings) bool { return reflect.DeepEqual(*s, allowed) }

// err returns everything that was refused so far.
func (s *settings) err() error { return errors.Join(s.errs...) }

func (s *settings) fail(err error) { s.errs = append(s.errs, err) }

func (s *settings) refuse(name string, value any, rule string) {
	s.fail(&InvalidError{name, value, rule})
}

// duration stores d in field; see the table at DefaultTimeout.
func (s *settings) duration(field **int, name string, d time.Duration) {
	n, err := wholeSeconds(name, d)
	if err != nil {
		s.fail(err)
		return
	}
	*field = &n
}

// JobID names the job. An id has letters, digits, underscores and dashes only;
// default is a new UUID. A job of that id that exists is overwritten, unless
// Unique is given too.
func JobID(id string) Option {
	return optionFunc(func(s *settings) {
		if err := validateJobID(id); err != nil {
			s.fail(err)
		}
		s.id = id
	})
}

// Description is what RQ's tools show for the job; default is the call.
func Description(text string) Option {
	return optionFunc(func(s *settings) {
		if !utf8.ValidString(text) {
			s.refuse("description", text, "must be UTF-8")
		}
		s.description = text
	})
}

// Timeout is how long the job may run, in whole seconds (RQ's job_timeout);
// default is the queue's. Forever is no limit.
func Timeout(d time.Duration) Option {
	return optionFunc(func(s *settings) {
		if d == 0 {
			s.refuse("timeout", d, "must not be 0; for no limit use rq.Forever")
			return
		}
		s.duration(&s.timeout, "timeout", d)
	})
}

// ResultTTL is how long the job and its result are kept after success, in whole
// seconds; default 500 s. With 0 both are deleted at once, with Forever they stay.
func ResultTTL(d time.Duration) Option {
	return optionFunc(func(s *settings) { s.duration(&s.resultTTL, "result_ttl", d) })
}

// TTL is how long the job may wait to be started, in whole seconds; default is
// no limit. A job that waited longer is gone.
func TTL(d time.Duration) Option {
	return optionFunc(func(s *settings) {
		if d <= 0 {
			s.refuse("ttl", d, "must be greater than 0")
			return
		}
		s.duration(&s.ttl, "ttl", d)
	})
}

// FailureTTL is how long the job is kept after a failure, in whole seconds;
// default a year. With 0 it is deleted at once, with Forever it stays.
func FailureTTL(d time.Duration) Option {
	return optionFunc(func(s *settings) { s.duration(&s.failureTTL, "failure_ttl", d) })
}

// AtFront puts the job at the front of the queue: it is the next one to run.
func AtFront() Option { return optionFunc(func(s *settings) { s.atFront = true }) }

// Unique makes the enqueue fail with ErrDuplicateJob when a job of the same id
// exists. It needs JobID, and goes with neither dependencies, a rate limit nor
// a pipeline.
func Unique() Option { return optionFunc(func(s *settings) { s.unique = true }) }

// Meta is what Job.Meta starts with. The keys are written in sorted order.
func Meta(meta map[string]any) Option { return optionFunc(func(s *settings) { s.meta = meta }) }

// Group makes the job part of a group, as RQ's Group.enqueue_many does.
func Group(name string) Option {
	return optionFunc(func(s *settings) {
		if name == "" || !utf8.ValidString(name) {
			s.refuse("group", name, "must be a name")
		}
		s.group = name
	})
}

// Pipeline makes the enqueue part of the caller's own transaction: all commands
// are added to pipe, and nothing happens until the caller executes it. What the
// server finds out then (whether a dependency is done) is not known to the Job
// that is returned. It goes with neither Unique, RateLimit nor a queue that is
// not async.
func Pipeline(pipe redis.Pipeliner) Option {
	return optionFunc(func(s *settings) { s.pipe = pipe })
}

// DependsOn makes the job wait until the jobs with these ids have finished. One
// that does not exist counts as finished; with no ids there is nothing to wait for.
func DependsOn(ids ...string) Option {
	return optionFunc(func(s *settings) { s.addDependencies(ids) })
}

// A Dependency is DependsOn with conditions, which are then those of all the
// job's dependencies (rq/job.py Dependency).
type Dependency struct {
	// IDs are the jobs to wait for, one or more.
	IDs []string
	// AllowFailure lets the job run also when one of them failed. Default false.
	AllowFailure bool
	// EnqueueAtFront puts the job at the front of its queue when its time
	// comes. Default false.
	EnqueueAtFront bool
}

func (d Dependency) apply(s *settings) {
	if len(d.IDs) == 0 {
		s.refuse("dependency", "", "must name a job")
	}
	s.addDependencies(d.IDs)
	s.dependency = true
	s.allowFailure = s.allowFailure || d.AllowFailure
	s.depFront = s.depFront || d.EnqueueAtFront
}

func (s *settings) addDependencies(ids []string) {
	for _, id := range ids {
		if err := validateJobID(id); err != nil {
			s.fail(err)
		}
	}
	s.dependsOn = append(s.dependsOn, ids...)
}

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
func OnSuccess(c Callback) Option { return optionFunc(func(s *settings) { s.onSuccess = &c }) }

// OnFailure calls c when the job has failed.
func OnFailure(c Callback) Option { return optionFunc(func(s *settings) { s.onFailure = &c }) }

// OnStopped calls c when the job was stopped by a command.
func OnStopped(c Callback) Option { return optionFunc(func(s *settings) { s.onStopped = &c }) }

// A Webhook is an HTTP request that whoever ran the job sends when it has ended
// (rq/webhook.py Webhook). Several can be given.
type Webhook struct {
	// URL is where it goes, http or https.
	URL string
	// JobStatus is when: StatusFinished or StatusFailed.
	JobStatus Status
	// Method is GET or POST. Default GET.
	Method string
	// Headers are added to the request. Default none.
	Headers map[string]string
	// Timeout is how long it may take, in whole seconds. Default 10 s.
	Timeout time.Duration
}

func (w Webhook) apply(s *settings) {
	if w.Method == "" {
		w.Method = "GET"
	}
	if w.Timeout == 0 {
		w.Timeout = 10 * time.Second
	}
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		s.refuse("webhook", w.URL, "must be an http or https URL")
	case w.JobStatus != StatusFinished && w.JobStatus != StatusFailed:
		s.refuse("webhook status", string(w.JobStatus), "must be finished or failed")
	case w.Method != "GET" && w.Method != "POST":
		s.refuse("webhook method", w.Method, "must be GET or POST")
	case w.Timeout < time.Second:
		s.refuse("webhook timeout", w.Timeout, "must be a second or more")
	}
	for name, value := range w.Headers {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			s.refuse("webhook header", name, "must be UTF-8")
		}
	}
	s.webhooks = append(s.webhooks, w)
}

func (w Webhook) wire() wire.Webhook {
	return wire.Webhook{URL: w.URL, JobStatus: string(w.JobStatus), Method: w.Method, Headers: w.Headers, Timeout: w.Timeout}
}

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

// validateJobID refuses what rq/job.py JOB_ID_PATTERN does. Python workers exit
// on other ids. Every id that is enqueued comes here, so it is no regexp.
func validateJobID(id string) error {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', c == '_', c == '-':
		default:
			return badJobID(id)
		}
	}
	if id == "" {
		return badJobID(id)
	}
	return nil
}

func badJobID(id string) error {
	return &InvalidError{"job id", id, "must be letters, digits, underscores and dashes"}
}
