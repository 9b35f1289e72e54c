package rq

import (
	"context"
	"strconv"
	"time"

	"github.com/rqgo/rq/internal/keys"
)

// A registryKind is what the registries of one name have in common.
type registryKind struct {
	name string
	// keyOf returns the key of the registry of a queue.
	keyOf func(queue string) string
	// expires says that an entry expires at its time.
	expires bool
	// running says that an entry is an execution, which only its worker adds and
	// removes.
	running bool
	// scheduled says that an entry's time is when its job is due.
	scheduled bool
	// entry returns the score of an entry that a client adds with a ttl in seconds, and
	// the TTL of its job, 0 to leave it unchanged.
	entry func(fleet release, now int64, ttl int) (score string, kept int, err error)
	// instead says what to use where entry is nil.
	instead string
	// clean removes expired entries and returns how many; nil where no client does
	// that.
	clean func(ctx context.Context, m maintenance, r *Registry) (int, error)
}

// The kinds of registries, in the order in which a job may pass through them.
const (
	deferredKind = iota
	readyKind
	scheduledKind
	startedKind
	finishedKind
	failedKind
	canceledKind
)

var registryKinds = [...]registryKind{
	deferredKind: {
		name: "deferred", keyOf: keys.Deferred,
		entry: deferredEntry,
	},
	readyKind: {
		name: "ready", keyOf: keys.Ready,
		entry: readyEntry,
		clean: func(ctx context.Context, m maintenance, r *Registry) (int, error) {
			n, _, err := m.cleanReady(ctx, r.queue.name)
			return n, err
		},
	},
	scheduledKind: {
		name: "scheduled", keyOf: keys.Scheduled,
		scheduled: true, instead: "use Queue.ScheduleJob",
	},
	startedKind: {
		name: "started", keyOf: keys.Started,
		expires: true, running: true, instead: "its worker does that",
	},
	finishedKind: {
		name: "finished", keyOf: keys.Finished,
		expires: true, entry: timedEntry, clean: cleanExpiredEntries,
	},
	failedKind: {
		name: "failed", keyOf: keys.Failed,
		expires: true, entry: failedEntry, clean: cleanExpiredEntries,
	},
	canceledKind: {
		name: "canceled", keyOf: keys.Canceled,
		entry: timedEntry,
	},
}

// deferredEntry is scored with the time at which the job is added, in a form for the fleet.
func deferredEntry(fleet release, now int64, _ int) (string, int, error) {
	return fleet.deferredScore(now), 0, nil
}

// readyEntry is scored with the time at which the job is added.
func readyEntry(_ release, now int64, _ int) (string, int, error) {
	return strconv.FormatInt(now, 10), 0, nil
}

// timedEntry is scored with the time at which the ttl ends.
func timedEntry(_ release, now int64, ttl int) (string, int, error) {
	if ttl < 0 {
		return "+inf", 0, nil
	}
	return strconv.FormatInt(now+int64(ttl), 10), 0, nil
}

// failedEntry is scored with the time at which the ttl ends, and the job expires then too.
func failedEntry(_ release, now int64, ttl int) (string, int, error) {
	switch {
	case ttl == 0:
		return "", 0, &InvalidError{"ttl", time.Duration(0), "must not be 0 for a failed job, which RQ deletes then: use Job.Delete"}
	case ttl < 0:
		return "-1", 0, nil // as RQ does: lower than any time that a cleanup looks for
	}
	return strconv.FormatInt(now+int64(ttl), 10), ttl, nil
}

func cleanExpiredEntries(ctx context.Context, m maintenance, r *Registry) (int, error) {
	return m.cleanExpired(ctx, r.key)
}
