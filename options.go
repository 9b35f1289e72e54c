package rq

import (
	"errors"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
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

	progress func(done, total int)
	onSkip   func(id string, err error)

	errs []error
}

func collect(opts []Option) (*settings, error) {
	s, err := collectAny(opts)
	if err == nil && (s.progress != nil || s.onSkip != nil) {
		err = &InvalidError{"option", "Progress or OnSkip", "is for functions that handle many jobs"}
	}
	return s, err
}

func collectAny(opts []Option) (*settings, error) {
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
// that is returned. The pipeline is sent at most once, so that a lost reply does not
// push a job twice; look at the error of Exec, since go-redis gives that of a refused
// connection to no command. It goes with neither Unique, RateLimit nor a queue that is
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
