package rq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/scripts"
)

// An OrphanKind says what an Orphan is.
type OrphanKind string

// What workers, clients and RQ itself leave behind when they die half-way, or when
// somebody deletes keys.
const (
	// OrphanEntry is an id without a job in a queue, its intermediate queue or a
	// registry. One of a started job is none until its heartbeats have ended.
	OrphanEntry OrphanKind = "entry"
	// OrphanResults is a stream of results without its job. RQ leaves it whenever
	// it deletes a job, and for ever when the job had failed.
	OrphanResults OrphanKind = "results"
	// OrphanDependents is a set of jobs that waited for one that is gone. It is none
	// while one of them waits still, or if it has more than 5,000.
	OrphanDependents OrphanKind = "dependents"
	// OrphanDependencies is a set of what a job that is gone waited for.
	OrphanDependencies OrphanKind = "dependencies"
	// OrphanExecutions are the executions of a job that is gone, or one of them. They
	// are none until their heartbeats have ended.
	OrphanExecutions OrphanKind = "executions"
	// OrphanJob is a job that is nowhere: by its status it is in its queue or in a
	// registry of it, and it is in none. None are jobs that were never enqueued, that
	// run in their caller, that are finished and expire by themselves, and those of
	// queues that RQ compacts.
	OrphanJob OrphanKind = "job"
)

// OrphanKinds returns all there are.
func OrphanKinds() []OrphanKind {
	return []OrphanKind{OrphanEntry, OrphanResults, OrphanDependents, OrphanDependencies, OrphanExecutions, OrphanJob}
}

// prunedKinds are those that PruneOrphans removes unasked: they hold no job.
func prunedKinds() []OrphanKind {
	return slices.DeleteFunc(OrphanKinds(), func(k OrphanKind) bool { return k == OrphanJob })
}

// An Orphan is something that a crash or a deletion has left behind.
type Orphan struct {
	Kind OrphanKind `json:"kind"`
	// Key is the key that is left, or that has the entry.
	Key string `json:"key"`
	// ID is that of the job: the one that is gone, or, for OrphanJob, nowhere.
	ID string `json:"id"`
	// Queue is the queue of an entry or a job, else "".
	Queue string `json:"queue,omitempty"`
}

// FindOrphans yields what crashes have left behind: the orphans of these kinds,
// or of all. It changes nothing. RQ has no such function; its maintenance finds
// what has a time to expire.
//
// It looks at each key of the database, in steps that are short for Redis, and with
// a memory that does not grow. What could be a job on its way from one place to
// another is looked at again some seconds later, so that it is not taken for an
// orphan. One may come twice if the database grows meanwhile. An error ends it:
// ErrCluster for a Redis Cluster, *InvalidError for an unknown kind, what Redis said, or
// that of ctx.
func FindOrphans(ctx context.Context, rdb redis.UniversalClient, kinds ...OrphanKind) iter.Seq2[Orphan, error] {
	return func(yield func(Orphan, error) bool) {
		if len(kinds) == 0 {
			kinds = OrphanKinds()
		}
		err := hunt(ctx, rdb, kinds, &orphanHunt{pause: pauseForOrphans, found: func(o Orphan, _ int) error {
			if !yield(o, nil) {
				return errEnough
			}
			return nil
		}})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Orphan{}, err)
		}
	}
}

// errEnough ends a hunt whose caller wants no more.
var errEnough = errors.New("rq: enough")

// PruneOrphans removes the orphans of these kinds, and returns how many of each.
// Without kinds these are all but OrphanJob. Ids leave their queues and registries,
// and keys are deleted, unless they are orphans no more in the moment of it. Jobs
// that are nowhere are deleted as Job.Delete does, if they have not changed in
// the seconds since they were found; they cannot be brought back, so that FindOrphans
// should say first which they are. To look for one in its queue a last time takes
// Redis longer if the queue is long; no other step takes more than a few milliseconds.
//
// The one option is Progress, which is told how many keys were looked at. When
// Redis fails or ctx ends in between, the counts are of what was done, and the
// call can be repeated. Errors are those of FindOrphans.
func PruneOrphans(ctx context.Context, rdb redis.UniversalClient, kinds []OrphanKind, opts ...ProgressOption) (map[OrphanKind]int, error) {
	set, err := collect(opts)
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		kinds = prunedKinds()
	}
	counts := make(map[OrphanKind]int)
	for _, kind := range kinds {
		counts[kind] = 0
	}
	err = hunt(ctx, rdb, kinds, &orphanHunt{prune: true, pause: pauseForOrphans, progress: set.progress, found: func(o Orphan, n int) error {
		counts[o.Kind] += n
		return nil
	}})
	return counts, err
}

// hunt checks what it is asked for, and goes through the database.
func hunt(ctx context.Context, rdb redis.UniversalClient, kinds []OrphanKind, h *orphanHunt) error {
	switch rdb.(type) {
	case nil:
		return &InvalidError{"client", "nil", "must be a client of Redis"}
	case *redis.ClusterClient, *redis.Ring:
		return ErrCluster
	}
	h.rdb, h.kinds, h.most = rdb, make(map[OrphanKind]bool), cmp.Or(h.most, mostSuspects)
	for _, kind := range kinds {
		if !slices.Contains(OrphanKinds(), kind) {
			return &InvalidError{"kind of orphans", string(kind), fmt.Sprintf("must be one of %q", OrphanKinds())}
		}
		h.kinds[kind] = true
	}
	err := h.run(ctx)
	if errors.Is(err, errEnough) {
		return err
	}
	return wrapf(err, "look for orphans")
}

// leftoverKinds tells what prune_keys.lua calls keys.
var leftoverKinds = map[string]OrphanKind{
	scripts.ResultsKey: OrphanResults, scripts.DependentsKey: OrphanDependents, scripts.DependenciesKey: OrphanDependencies,
	scripts.ExecutionsKey: OrphanExecutions, scripts.ExecutionKey: OrphanExecutions,
}
