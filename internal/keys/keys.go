// Package keys is RQ's key layout: one function for each Redis key, with the
// key's Redis type first in its comment. No other Go package spells a key; Lua
// scripts spell those that only they can know.
//
// The prefix rq is RQ's default. Since RQ 3.0 its environment variable
// RQ_KEY_PREFIX can change it; keys here do not follow.
package keys

import "strings"

const (
	// Queues is a SET of the full keys of all queues, rq:queue:<name>, not of their names.
	Queues = "rq:queues"
	// Workers is a SET of the full keys of all workers, rq:worker:<name>.
	Workers = "rq:workers"
	// Suspended is a STRING that exists while workers are told to pause.
	Suspended = "rq:suspended"
	// Groups is a SET of the names of all groups.
	Groups = "rq:groups"
	// GroupsCleaning is a STRING: the lock for cleaning the groups (RQ 3.0).
	GroupsCleaning = "rq:clean_groups"
	// CronSchedulers is a ZSET of the names of cron schedulers, scored by last heartbeat.
	CronSchedulers = "rq:cron_schedulers"
	// CronJobNames is a ZSET of the names of cron jobs, scored by when they last
	// spawned a job (RQ 2.12).
	CronJobNames = "rq:cron_jobs"
	// RateLimits is a SET of the keys of all rate limits (RQ 3.0).
	RateLimits = "rq:rl-keys"

	// QueuePrefix begins the key of every queue.
	QueuePrefix = "rq:queue:"
	// JobPrefix begins the key of every job.
	JobPrefix = "rq:job:"
)

// Queue is a LIST of the ids of waiting jobs; the next one is at the left.
func Queue(name string) string { return QueuePrefix + name }

// QueueName returns the name of the queue with this key, and false when it is not the
// key of a queue.
func QueueName(key string) (string, bool) { return strings.CutPrefix(key, QueuePrefix) }

// Intermediate is a LIST of ids that a worker took and has not yet started.
func Intermediate(queue string) string { return Queue(queue) + ":intermediate" }

// FirstSeen is a STRING: when maintenance first saw id in the intermediate
// queue, in Unix seconds with a fraction.
func FirstSeen(queue, id string) string { return Intermediate(queue) + ":first_seen:" + id }

// Compact is a LIST that holds a queue while RQ compacts it. unique is a UUID.
func Compact(unique string) string { return Queue("_compact:" + unique) }

// Job is a HASH: the job itself.
func Job(id string) string { return JobPrefix + id }

// Dependents is a SET of the ids that wait for id.
func Dependents(id string) string { return Job(id) + ":dependents" }

// Dependencies is a SET of the ids that id waits for. The double colon is RQ's own.
func Dependencies(id string) string { return JobPrefix + ":" + id + ":dependencies" }

// Results is a STREAM of the job's results, the oldest first.
func Results(id string) string { return "rq:results:" + id }

// Executions is a ZSET of the ids of the job's running executions, scored by expiry.
func Executions(id string) string { return "rq:executions:" + id }

// Execution is a HASH: one execution of a job.
func Execution(id, execution string) string { return "rq:execution:" + id + ":" + execution }

// Started is a ZSET of job:execution pairs, scored by when their heartbeat
// expires. Before RQ 2.0 the members were job ids.
func Started(queue string) string { return "rq:wip:" + queue }

// Finished is a ZSET of ids, scored by when their result expires.
func Finished(queue string) string { return "rq:finished:" + queue }

// Failed is a ZSET of ids, scored by when their hash expires. Stopped jobs are here too.
func Failed(queue string) string { return "rq:failed:" + queue }

// Deferred is a ZSET of ids that wait for others, scored by when they were deferred.
func Deferred(queue string) string { return "rq:deferred:" + queue }

// Scheduled is a ZSET of ids, scored by when they are due.
func Scheduled(queue string) string { return "rq:scheduled:" + queue }

// Canceled is a ZSET of ids, scored by when they were canceled.
func Canceled(queue string) string { return "rq:canceled:" + queue }

// Ready is a ZSET of ids whose dependencies are met and which are about to be queued
// (RQ 3.0).
func Ready(queue string) string { return "rq:ready:" + queue }

// Worker is a HASH: a worker's state, counters and identity.
func Worker(name string) string { return "rq:worker:" + name }

// WorkerExecutions is a SET of the job:execution pairs a worker is running (RQ 3.0).
func WorkerExecutions(name string) string { return Worker(name) + ":executions" }

// QueueWorkers is a SET of the full keys of the workers that listen to a queue.
func QueueWorkers(queue string) string { return Workers + ":" + queue }

// Commands is a pub/sub channel, not a key: the commands to a worker.
func Commands(worker string) string { return "rq:pubsub:" + worker }

// CleaningLock is a STRING: the lock for cleaning the queue's registries.
func CleaningLock(queue string) string { return "rq:clean_registries:" + queue }

// SchedulerLock is a STRING: the name of the scheduler of a queue; before RQ
// 2.10, its process id.
func SchedulerLock(queue string) string { return "rq:scheduler-lock:" + queue }

// Scheduler is a HASH: a scheduler's identity and heartbeat (RQ 2.10).
func Scheduler(name string) string { return "rq:scheduler:" + name }

// CronScheduler is a HASH: a cron scheduler's identity and jobs.
func CronScheduler(name string) string { return "rq:cron_scheduler:" + name }

// CronJobs is a ZSET of the ids that a named cron job has spawned, scored by when (RQ 2.11).
func CronJobs(name string) string { return "rq:cron_job:" + name + ":jobs" }

// Group is a SET of the ids in a group.
func Group(name string) string { return "rq:group:" + name }

// RateLimit is a HASH with the concurrency of a rate limit (RQ 3.0).
func RateLimit(key string) string { return "rq:rl:" + key }

// RateLimitAllowed is a ZSET of the ids that hold a slot, scored by when they got it.
func RateLimitAllowed(key string) string { return RateLimit(key) + ":allowed" }

// RateLimitWaiting is a ZSET of the ids that wait for a slot, scored by when they began to wait.
func RateLimitWaiting(key string) string { return RateLimit(key) + ":rate_limited" }
