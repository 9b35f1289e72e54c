package rq

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
)

// Each call has an interface for its options, so that an option that makes no sense
// there does not compile. The methods only mark the call: an option does the same
// wherever it is given.
//
// Options that contradict each other, or that RQ would refuse, make the call return an
// *InvalidError. A nil option is ignored.
type (
	// An EnqueueOption is a keyword of RQ's enqueue, for Enqueue, EnqueueAt and
	// EnqueueIn: a JobOption, AtFront, Unique or Pipeline.
	EnqueueOption interface {
		option
		forEnqueue()
	}
	// A PrepareOption is for Prepare: a JobOption or AtFront.
	PrepareOption interface {
		EnqueueOption
		forPrepare()
	}
	// A CreateOption is for CreateJob: a JobOption, WithSerializer or Fleet.
	CreateOption interface {
		option
		forCreate()
	}
	// A JobOption describes a job, wherever one is made. Retry, Repeat, RateLimit,
	// Dependency and Webhook are JobOptions too.
	JobOption interface {
		PrepareOption
		CreateOption
	}
	// A PlaceOption says how EnqueueJob and ScheduleJob place an existing job: AtFront,
	// Unique or Pipeline.
	PlaceOption interface {
		EnqueueOption
		forPlace()
	}
	// A ManyOption applies to all jobs of one EnqueueMany: Group or Pipeline.
	ManyOption interface {
		EnqueueOption
		forMany()
	}
	// A RequeueOption is for Job.Requeue and Registry.Requeue: AtFront.
	RequeueOption interface {
		RequeueManyOption
		forRequeue()
	}
	// A RequeueManyOption is for RequeueMany and RequeueAll: AtFront, Progress or
	// OnSkip.
	RequeueManyOption interface {
		option
		forRequeueMany()
	}
	// A BulkOption is for the other calls that handle many jobs: Progress or OnSkip.
	BulkOption interface {
		RequeueManyOption
		forBulk()
	}
	// A RangeOption is for Registry.JobIDs and Registry.Range: LatestFirst.
	RangeOption interface {
		option
		forRange()
	}
	// A ProgressOption is for calls that can only report their progress: Progress.
	ProgressOption interface {
		BulkOption
		forProgress()
	}
)

// An option changes the settings of one call.
type option interface {
	apply(*settings)
}

// A jobOption is a JobOption without a type of its own.
type jobOption func(*settings)

func (f jobOption) apply(s *settings) { f(s) }
func (jobOption) forEnqueue()         {}
func (jobOption) forPrepare()         {}
func (jobOption) forCreate()          {}

// settings hold the values of the options of one call.
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
	dependency   bool // a Dependency was given, so both flags are stored
	allowFailure bool
	depFront     bool

	atFront bool
	unique  bool
	pipe    redis.Pipeliner

	latestFirst  bool
	fromRegistry string // key of the registry that the job is taken out of; not an option

	progress func(done, total int)
	onSkip   func(id string, err error)

	errs []error
}

// collect returns the settings of a call that was given opts.
func collect[O option](opts []O) (*settings, error) {
	s := new(settings)
	for _, o := range opts {
		if any(o) != nil {
			o.apply(s)
		}
	}
	return s, s.err()
}

// err returns the errors of all options, joined, or nil.
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

// JobID sets the id of the job: letters, digits, underscores and dashes. The default
// is a new UUID. A job with the same id is overwritten unless Unique is given.
func JobID(id string) JobOption {
	return jobOption(func(s *settings) {
		if err := validateJobID(id); err != nil {
			s.fail(err)
		}
		s.id = id
	})
}

// Description sets the text that RQ's tools show for the job. The default is the
// call.
func Description(text string) JobOption {
	return jobOption(func(s *settings) {
		if !utf8.ValidString(text) {
			s.refuse("description", text, "must be UTF-8")
		}
		s.description = text
	})
}

// Timeout limits how long the job may run, in whole seconds (RQ's job_timeout). The
// default is the timeout of the queue. Forever is no limit.
func Timeout(d time.Duration) JobOption {
	return jobOption(func(s *settings) {
		if d == 0 {
			s.refuse("timeout", d, "must not be 0; for no limit use rq.Forever")
			return
		}
		s.duration(&s.timeout, "timeout", d)
	})
}

// ResultTTL sets how long the job and its result are kept after it has succeeded, in
// whole seconds. The default is DefaultResultTTL. With 0 both are deleted at once;
// with Forever they do not expire.
func ResultTTL(d time.Duration) JobOption {
	return jobOption(func(s *settings) { s.duration(&s.resultTTL, "result_ttl", d) })
}

// TTL limits how long the job may wait before it starts, in whole seconds. A job that
// waits longer expires and is not run. The default is no limit.
func TTL(d time.Duration) JobOption {
	return jobOption(func(s *settings) {
		if d <= 0 {
			s.refuse("ttl", d, "must be greater than 0")
			return
		}
		s.duration(&s.ttl, "ttl", d)
	})
}

// FailureTTL sets how long the job is kept after it has failed, in whole seconds. The
// default is DefaultFailureTTL. With 0 it is deleted at once; with Forever it does
// not expire.
func FailureTTL(d time.Duration) JobOption {
	return jobOption(func(s *settings) { s.duration(&s.failureTTL, "failure_ttl", d) })
}

// AtFront puts the job at the front of the queue, so that it is the next one to
// run. The default is the back.
func AtFront() AtFrontOption { return AtFrontOption{} }

// An AtFrontOption is made by AtFront.
type AtFrontOption struct{}

func (AtFrontOption) apply(s *settings) { s.atFront = true }
func (AtFrontOption) forEnqueue()       {}
func (AtFrontOption) forPrepare()       {}
func (AtFrontOption) forPlace()         {}
func (AtFrontOption) forRequeue()       {}
func (AtFrontOption) forRequeueMany()   {}

// Unique makes the call return ErrDuplicateJob when a job with the same id exists.
// It needs JobID. It cannot be combined with dependencies, a rate limit or Pipeline.
func Unique() PlaceOption { return uniqueOption{} }

type uniqueOption struct{}

func (uniqueOption) apply(s *settings) { s.unique = true }
func (uniqueOption) forEnqueue()       {}
func (uniqueOption) forPlace()         {}

// LatestFirst reads a registry backwards from its last entry. The default is forwards
// from the first.
func LatestFirst() RangeOption { return latestFirstOption{} }

type latestFirstOption struct{}

func (latestFirstOption) apply(s *settings) { s.latestFirst = true }
func (latestFirstOption) forRange()         {}

// Meta sets the initial content of Job.Meta. The keys are written in sorted order.
func Meta(meta map[string]any) JobOption { return jobOption(func(s *settings) { s.meta = meta }) }

// Group makes the job a member of a group, as RQ's Group.enqueue_many does. Given
// to EnqueueMany, it is the group of every job.
func Group(name string) GroupOption { return GroupOption{name} }

// A GroupOption is made by Group.
type GroupOption struct{ name string }

func (o GroupOption) apply(s *settings) {
	if o.name == "" || !utf8.ValidString(o.name) {
		s.refuse("group", o.name, "must be a name")
	}
	s.group = o.name
}
func (GroupOption) forEnqueue() {}
func (GroupOption) forPrepare() {}
func (GroupOption) forCreate()  {}
func (GroupOption) forMany()    {}

// Pipeline adds the commands of the enqueue to pipe. Nothing is written until the
// caller executes it. With a TxPipeline the enqueue is part of the caller's
// transaction. The server then decides the status of a job with dependencies, and the
// returned Job says deferred until it is read again. The pipeline is sent at most once,
// so that a lost reply does not push a job twice. Check the error of Exec: when a
// connection is refused, go-redis sets no error on the commands. Pipeline cannot be
// combined with Unique, RateLimit or a queue with Sync.
func Pipeline(pipe redis.Pipeliner) PipelineOption { return PipelineOption{pipe} }

// A PipelineOption is made by Pipeline.
type PipelineOption struct{ pipe redis.Pipeliner }

func (o PipelineOption) apply(s *settings) { s.pipe = o.pipe }
func (PipelineOption) forEnqueue()         {}
func (PipelineOption) forPlace()           {}
func (PipelineOption) forMany()            {}
