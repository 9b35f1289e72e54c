package interop

import (
	"flag"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
)

// A deviation is a difference from Python that is meant. All but why are
// patterns in which * stands for anything; empty ones match everything.
type deviation struct {
	scenario, key, field string
	python, golang       string // the values
	since, until         string // RQ versions
	tracebacks           bool   // only those that end with the same error
	why                  string

	used atomic.Bool
}

// deviations is the one list of what this library means to do differently. An
// entry that no scenario needs fails the run.
var deviations = []*deviation{
	// Safer than RQ.
	{
		scenario: "delete a *", key: "rq:results:j", until: "2.10",
		why: "before 3.0 a deleted job leaves its results behind; ours go with it, as in 3.0",
	},
	{
		scenario: "registry: delete*", key: "rq:results:*", until: "2.10",
		why: "before 3.0 a deleted job leaves its results behind; ours go with it, as in 3.0",
	},
	{
		scenario: "rate limit: delete a job that runs",
		why:      "RQ keeps the slot of a deleted job until its function returns, for ever if that hangs; ours gives it on at once",
	},
	{
		scenario: "*requeue*", key: "rq:job:*", field: "(ttl)", golang: "none",
		why: "a job that RQ requeues expires when it would have as a failed one, even in its queue; ours stays until it has run",
	},
	{
		scenario: "* again: *", key: "rq:*:default", golang: "<absent>",
		why: "RQ leaves a job that is enqueued again in its registry too, so that a scheduled one runs twice; ours is in one place",
	},
	{
		scenario: "* again: finished", key: "rq:job:finished", field: "(ttl)", golang: "none",
		why: "a finished job that RQ enqueues again expires when it would have, even in its queue; ours stays until it has run",
	},
	{
		scenario: "enqueue again: what was due", key: "rq:job:j", field: "enqueued_at", python: "<T3>", golang: "<T2>",
		why: "RQ's scheduler enqueues the job a second time",
	},
	{
		scenario: "registry: requeue what is queued by hand", key: "rq:queue:default", python: "failed", golang: "<absent>",
		why: "RQ queues a failed job a second time that was enqueued by hand meanwhile; ours says that it is not possible",
	},
	{
		scenario: "registry: requeue what is queued by hand", key: "rq:failed:default", python: "<absent>",
		why: "RQ queues a failed job a second time that was enqueued by hand meanwhile; ours says that it is not possible",
	},
	{
		scenario: "registry: requeue what is queued by hand", key: "rq:job:failed",
		why: "RQ queues a failed job a second time that was enqueued by hand meanwhile; ours says that it is not possible",
	},
	{
		scenario: "registry: delete what is queued by hand",
		why:      "RQ deletes a job that was enqueued by hand meanwhile; ours only takes it out of the registry",
	},
	{
		scenario: "registry: clean deferred", key: "rq:deferred:default", field: "old", since: "2.0", until: "2.6",
		why: "RQ 2.0 to 2.7 fail the deferred jobs whose time has come; since 2.8 that is when they came, and they stay",
	},
	{
		scenario: "registry: add gone *", field: "(key)", golang: "<absent>",
		why: "RQ's registries take a job that is gone, and the failed ones save it anew; ours say that it is gone",
	},
	{
		scenario: "registry: add to failed for no time",
		why:      "RQ deletes a job that is added to the failed ones for no time, and leaves its entry; ours refuse it",
	},
	{
		scenario: "many with*", key: "rq:job::met:dependencies",
		why: "RQ's enqueue_many leaves a met dependency registered, so that the job runs again when its parent does",
	},
	{
		scenario: "many with*", key: "rq:job:done:dependents",
		why: "RQ's enqueue_many leaves a met dependency registered, so that the job runs again when its parent does",
	},
	{
		scenario: "many with dependencies", key: "rq:deferred:default", field: "met", until: "2.6",
		why: "before 2.10 enqueue_many leaves a queued job in the deferred registry too",
	},
	{
		scenario: "many with met*", key: "rq:deferred:default", field: "(key)", python: "zset met=*", golang: "<absent>", until: "2.6",
		why: "before 2.10 enqueue_many leaves a queued job in the deferred registry too",
	},
	{
		scenario: "depends on what failed and may", until: "2.10",
		why: "before 3.0 a job whose dependency failed already waits for ever, whatever it allows",
	},
	{
		scenario: "sync failure*", key: "rq:results:j", field: "(ttl)", python: "none",
		why: "RQ keeps the results of a failed job for ever; ours live as long as the job",
	},
	{
		scenario: "schedule*", key: "rq:job:a", field: "(ttl)", until: "2.6",
		why: "before 2.10 the ttl of a scheduled job is not applied",
	},
	{
		scenario: "schedule a job that exists", key: "rq:job:a", field: "origin",
		why: "RQ leaves a scheduled job without its queue until it is due, so that delete and cancel do not find it",
	},
	{
		scenario: "schedule a job that exists", key: "rq:job:a", field: "timeout",
		why: "RQ gives the queue's timeout when the job is due, by the scheduler's queue; ours is that of the queue it was scheduled in",
	},
	{
		scenario: "schedule a job that exists", key: "rq:job:a", field: "status", until: "2.6",
		why: "before 2.10 the status of a created job that is scheduled stays as it was",
	},
	{
		scenario: "many*", key: "rq:queues", since: "2.0", until: "2.0",
		why: "RQ 2.0.0 forgets to register the queue of enqueue_many",
	},

	{
		scenario: "fetch a job that is gone", key: "rq:queue:default",
		why: "RQ's fetch_job and jobs take the ids of missing jobs out of the queue; reading changes nothing here, Compact does that",
	},
	{
		scenario: "sync with a ttl and a result that stays", key: "rq:job:j", field: "(ttl)",
		why: "RQ leaves the ttl of the waiting job on the result that is to stay",
	},

	// For the fleet: what some RQ cannot bear.
	{
		key: "rq:deferred:default", golang: "+Inf", until: "2.6",
		why: "RQ 2.0 to 2.7 fails a deferred job when its score has passed, so a fleet that old gets +inf",
	},

	// What an older RQ does not write and does not mind.
	{
		key: "rq:job:*", field: "group_id", python: "<absent>", golang: "", until: "1.16",
		why: "RQ 1 has no groups and ignores the field",
	},
	{
		scenario: "sync *", key: "rq:job:j", field: "ended_at", python: "", until: "2.0",
		why: "RQ before 2.6 does not say when a job ended that ran in the caller",
	},
	{
		scenario: "sync *", key: "rq:results:j", field: "0 worker_name", python: "<absent>", golang: "", until: "2.0",
		why: "RQ before 2.5 has no worker_name in results and ignores the field",
	},

	{
		scenario: "rq enqueue: scheduled at the front", key: "rq:job:j", field: "enqueue_at_front", python: "<absent>", golang: "1", until: "2.10",
		why: "before 3.0 rq enqueue forgets --at-front for a job that is scheduled; its workers know the field",
	},

	// Different by nature.
	{
		scenario: "rq enqueue: text that comes twice", key: "rq:job:j", field: "data",
		why: "equal texts are one object here, which a pickle has once; for Python's command line they are two",
	},
	{
		scenario: "arguments of every type", key: "rq:job:*", field: "description", python: "*<Color.RED: 'red'>*", golang: "*, Color('red'), *",
		why: "only Python knows the repr of a class of the user's own",
	},
	{
		scenario: "sync failure*", key: "rq:results:j", field: "0 exc_string", golang: "*Traceback (most recent call last):*Go handler of tasks.fail*",
		why: "the traceback of a Go function is a Go one",
	},

	// The worker: by nature.
	{
		scenario: "work: *", key: "rq:results:*", field: "* exc_string", tracebacks: true,
		why: "the traceback of a Go function is a Go one",
	},
	{
		scenario: "work: unknown *", key: "rq:results:*", field: "* exc_string", python: "*ValueError: Invalid attribute name: *", golang: "*no handler is registered for *",
		why: "a function that Go does not know is not a Python module that lacks it",
	},
	{
		scenario: "work: unreadable data", key: "rq:results:*", field: "* exc_string", python: "*DeserializationError*", golang: "*read call of job j as pickle*",
		why: "the text is pickle's own",
	},
	{
		scenario: "work: *", key: "rq:worker:*", field: "version", golang: "rq-go/*",
		why: "a Go worker says what it is",
	},
	{
		scenario: "work: *", key: "rq:worker:*", field: "python_version", golang: "go1.*",
		why: "a Go worker says what it is",
	},

	// The worker: safer than RQ.
	{
		scenario: "work: left for a worker that has it",
		why: "RQ fails a job whose function it cannot import; a Go worker has one function of many, beside Python workers that have " +
			"the others, so such jobs stay in their queues, with a warning, unless UnknownFails is set",
	},
	{
		scenario: "work: *", key: "rq:results:*", field: "(ttl)", python: "none", golang: "now+*",
		why: "RQ keeps the results of a failed job for ever; ours live as long as the job",
	},
	{
		scenario: "work: asked for a retry without a result", key: "rq:results:j", field: "(key)", golang: "<absent>", until: "2.10",
		why: "before 3.0 a deleted job leaves its results behind; ours go with it, as in 3.0",
	},
	{
		scenario: "work: canceled in the queue",
		why:      "RQ runs a job that was canceled when its worker had taken it already; ours drops it",
	},
	{
		scenario: "work: * in the queue", key: "rq:queue:default:intermediate", field: "(key)", golang: "<absent>",
		why: "RQ leaves ids without a job in the intermediate queue for its maintenance",
	},
	{
		scenario: "work: ids of nothing", key: "rq:queue:default:intermediate", field: "(key)", golang: "<absent>",
		why: "RQ leaves ids without a job in the intermediate queue for its maintenance",
	},
	{
		scenario: "work: dependent of a failure that is not kept",
		why:      "RQ deletes a failed job before it looks for those that wait for it, and they wait for ever",
	},
	{
		scenario: "work: retry later", key: "rq:job:j", field: "(ttl)", python: "none", golang: "now+100", until: "2.6",
		why: "before 2.10 the ttl of a scheduled job is not applied",
	},
	{
		scenario: "work: success callback that fails, and a retry", key: "rq:job:j", field: "result", golang: "<absent>",
		why: "RQ stores what the callback refused; nothing reads it",
	},

	{
		scenario: "work: during: *", key: "rq:job:*", field: "worker_name", python: "", golang: "<worker1>",
		why: "RQ's parent process overwrites the job that it stopped with what it knew before; ours says who ran it",
	},
	{
		scenario: "work: during: *", key: "rq:job:*", field: "last_heartbeat", python: "", golang: "<T*>",
		why: "RQ's parent process overwrites the job that it stopped with what it knew before",
	},
	{
		scenario: "work: during: stopped*", key: "rq:job:*", field: "ended_at", python: "", golang: "<T*>",
		why: "RQ does not say when a stopped job ended",
	},
	{
		scenario: "work: during: stopped*", key: "rq:results:*", field: "0 execution_ended_at", python: "<absent>",
		why: "RQ does not say when a stopped job ended",
	},

	{
		scenario: "work: during: *", key: "reads", field: "job * worker_name", python: "None", golang: "'random'",
		why: "RQ's parent process overwrites the job that it stopped with what it knew before; ours says who ran it",
	},
	{
		scenario: "work: during: deleted", key: "rq:*", field: "(key)", golang: "<absent>",
		why: "RQ brings a job back as a finished one that was deleted while it ran; here it stays deleted, and the run counts",
	},
	{
		scenario: "work: during: deleted", key: "reads", field: "job j *", golang: "<absent>",
		why: "RQ brings a job back as a finished one that was deleted while it ran; here it stays deleted, and the run counts",
	},
	{
		scenario: "work: during: deleted", key: "reads", field: "queue default Finished", golang: "(0, [])",
		why: "RQ brings a job back as a finished one that was deleted while it ran; here it stays deleted, and the run counts",
	},
	{
		scenario: "work: during: stopped*", key: "reads", field: "job * ended_at", python: "False", golang: "True",
		why: "RQ does not say when a stopped job ended",
	},

	// The worker: what an older RQ does not write and does not mind.
	{
		scenario: "work: *", key: "rq:results:*", field: "* worker_name", python: "<absent>", golang: "w1", until: "2.0",
		why: "RQ before 2.5 has no worker_name in results and ignores the field",
	},
	{
		scenario: "work: *", key: "rq:results:*", field: "* execution_*", python: "<absent>", until: "2.6",
		why: "RQ before 2.8 has no executions in results and ignores the fields",
	},
	{
		scenario: "work: *", key: "rq:clean_groups", field: "(key)", python: "<absent>", until: "2.10",
		why: "RQ before 3.0 cleans no groups; the lock is for other Go workers and expires",
	},
	{
		scenario: "work: asked for *", key: "rq:results:j", field: "* return_value", python: "<absent>", golang: "*Retry*enqueue_at_front*", until: "2.6",
		why: "RQ before 2.7 does not store the request for a retry, and can read one",
	},
	{
		scenario: "work: asked for *", key: "rq:job:j", field: "result", golang: "*Retry*enqueue_at_front*", until: "2.6",
		why: "the Retry of RQ before 2.7 has one attribute less, and takes one more",
	},

	{
		scenario: "work: during: *", key: "rq:results:*", field: "0 worker_name", python: "<absent>", golang: "<worker1>", until: "2.0",
		why: "RQ before 2.5 has no worker_name in results and ignores the field",
	},
	{
		scenario: "work: during: *", key: "rq:worker:<worker1>:executions", field: "(key)", python: "<absent>", until: "2.10",
		why: "RQ before 3.0 does not list a worker's executions; it looks at current_job",
	},
	{
		scenario: "work: during: *", key: "rq:execution:*", field: "job_id", python: "<absent>", until: "2.10",
		why: "RQ before 3.0 does not say in an execution whose it is, and ignores the field",
	},
	{
		scenario: "work: during: *", key: "rq:execution:*", field: "worker_name", python: "<absent>", until: "2.10",
		why: "RQ before 3.0 does not say in an execution whose it is, and ignores the field",
	},
	{
		scenario: "work: during: *", key: "rq:execution*", field: "(key)", python: "<absent>", until: "1.16",
		why: "RQ 1 has no executions and ignores the keys, which expire",
	},

	// The worker: no matter.
	{
		scenario: "work: during: suspended", field: "*state", python: "*suspended*", golang: "*idle*",
		why: "RQ looks whether it is suspended after each job; ours when there is a next one, or with a heartbeat",
	},
	{
		scenario: "work: during: *", key: "rq:worker:<worker1>:executions", field: "(ttl)", golang: "now+1*",
		why: "RQ writes so long a ttl too, and cuts it with the heartbeat that follows",
	},
	{
		scenario: "work: during: busy for a short time", key: "rq:worker:<worker1>", field: "(ttl)", python: "now+*", golang: "now+*",
		why: "RQ believes a worker to be alive for as long as its job; ours can have many",
	},
	{
		scenario: "work: during: *", key: "rq:worker:<worker1>", field: "(ttl)", python: "now+4*", golang: "now+*",
		why: "RQ sends a heartbeat after each job, for longer than it waits for the next one; ours sends one every 30 s",
	},
	{
		scenario: "work: during: *", key: "rq:worker:<worker1>", field: "last_heartbeat", python: "<T*>", golang: "<T*>",
		why: "RQ sends a heartbeat after each job; ours sends one every 30 s",
	},
	{
		scenario: "work: suspended", key: "rq:clean_groups", field: "(key)", python: "<absent>",
		why: "RQ looks whether it is suspended before its first maintenance; ours before each claim",
	},
	{
		scenario: "work: suspended", key: "rq:worker:w1", field: "state", python: "started", golang: "idle",
		why: "RQ looks whether it is suspended before its first maintenance; ours before each claim",
	},
}

// covers says whether d allows what a scenario found with an RQ version.
func (d *deviation) covers(scenario, version string, found difference) bool {
	return glob(d.scenario, scenario) && between(version, d.since, d.until) &&
		glob(d.key, found.key) && glob(d.field, found.field) &&
		glob(d.python, found.python) && glob(d.golang, found.golang) &&
		(!d.tracebacks || sameError(found.python, found.golang))
}

// module is what stands before the name of a class in a traceback's last line.
var module = regexp.MustCompile(`^(\w+\.)+`)

// sameError says whether both are tracebacks that end with the same error, of
// the same class but for the module that it is from.
func sameError(a, b string) bool {
	var last [2]string
	for i, text := range []string{a, b} {
		lines := strings.Split(text, "\n")
		if !strings.Contains(lines[0], "Traceback (most recent call last):") || len(lines) < 3 || lines[len(lines)-1] != "" {
			return false
		}
		last[i] = module.ReplaceAllString(lines[len(lines)-2], "")
	}
	return last[0] == last[1]
}

// unexpected returns what no deviation of allow covers.
func unexpected(scenario, version string, found []difference, allow []*deviation) []difference {
	var rest []difference
	for _, f := range found {
		covered := false
		for _, d := range allow {
			if d.covers(scenario, version, f) {
				d.used.Store(true)
				covered = true
			}
		}
		if !covered {
			rest = append(rest, f)
		}
	}
	return rest
}

// reportUnused prints the deviations that nothing needed and returns the exit
// code for that. It says nothing of a run of only some tests.
func reportUnused() int {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return 0
		}
	}
	code := 0
	for _, d := range deviations {
		if !d.used.Load() {
			fmt.Printf("interop: no scenario needs the deviation %q of %s %s %s\n", d.why, d.scenario, d.key, d.field)
			code = 1
		}
	}
	return code
}
