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

// Orphans are left behind when workers or clients die half-way, or when somebody
// deletes keys.
const (
	// OrphanEntry is an id without a job in a queue, its intermediate queue or a
	// registry. The entry of a started job is an orphan once its heartbeat has expired.
	OrphanEntry OrphanKind = "entry"
	// OrphanResults is a stream of results without its job. RQ leaves it behind when it
	// deletes a job. If the job had failed, it never expires.
	OrphanResults OrphanKind = "results"
	// OrphanDependents is the set of jobs that waited for a deleted job. It is not an
	// orphan while one of them still waits, or if it has more than 5,000 members.
	OrphanDependents OrphanKind = "dependents"
	// OrphanDependencies is the set of dependencies of a deleted job.
	OrphanDependencies OrphanKind = "dependencies"
	// OrphanExecutions are the executions of a deleted job, or one of them, once their
	// heartbeats have expired.
	OrphanExecutions OrphanKind = "executions"
	// OrphanJob is a job that by its status belongs in its queue or a registry, but is in
	// none of them. Not orphans are jobs that were never enqueued, that run in their
	// caller, that are finished and will expire, and that are in a queue that RQ is
	// compacting.
	OrphanJob OrphanKind = "job"
)

// OrphanKinds returns all kinds.
func OrphanKinds() []OrphanKind {
	return []OrphanKind{OrphanEntry, OrphanResults, OrphanDependents, OrphanDependencies, OrphanExecutions, OrphanJob}
}

// prunedKinds are the kinds that PruneOrphans removes by default: they hold no job.
func prunedKinds() []OrphanKind {
	return slices.DeleteFunc(OrphanKinds(), func(k OrphanKind) bool { return k == OrphanJob })
}

// An Orphan is something that a crash or a deletion has left behind.
type Orphan struct {
	Kind OrphanKind `json:"kind"`
	// Key is the key that was left behind, or that holds the entry.
	Key string `json:"key"`
	// ID is the id of the deleted job or, for OrphanJob, of the job itself.
	ID string `json:"id"`
	// Queue is the queue of an entry or a job, else "".
	Queue string `json:"queue,omitempty"`
}

// FindOrphans yields the orphans of these kinds, or of all kinds. It changes nothing.
// RQ has no such function: its maintenance only finds entries that expire.
//
// It reads every key of the database, in short steps and with bounded memory. Each
// orphan is checked again after some seconds, so that a job that is being moved is not
// reported. An orphan may be yielded twice if the database grows meanwhile. An error
// ends the iteration: ErrCluster for a Redis Cluster, *InvalidError for an unknown
// kind, an error of Redis, or the error of ctx.
func FindOrphans(ctx context.Context, rdb redis.UniversalClient, kinds ...OrphanKind) iter.Seq2[Orphan, error] {
	return func(yield func(Orphan, error) bool) {
		if len(kinds) == 0 {
			kinds = OrphanKinds()
		}
		err := searchOrphans(ctx, rdb, kinds, &orphanSearch{pause: pauseForOrphans, found: func(o Orphan, _ int) error {
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

// errEnough ends a search when the caller stops iterating.
var errEnough = errors.New("rq: enough")

// PruneOrphans removes the orphans of these kinds, and returns how many of each.
// Without kinds it removes all but OrphanJob. Ids are removed from their queues and
// registries, and keys are deleted, each in one step with a final check. An OrphanJob
// is deleted as by Job.Delete, if it has not changed in the seconds since it was found.
// This cannot be undone: call FindOrphans first to see which jobs these are. No step
// holds Redis for more than a few milliseconds, except the final search of such a job's
// queue, which takes as long as in Job.Cancel.
//
// The only option is Progress, which counts the keys that were read. If Redis fails or
// ctx ends, the counts say how many were removed so far, and the call can be repeated.
// The errors are those of FindOrphans.
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
	err = searchOrphans(ctx, rdb, kinds, &orphanSearch{prune: true, pause: pauseForOrphans, progress: set.progress, found: func(o Orphan, n int) error {
		counts[o.Kind] += n
		return nil
	}})
	return counts, err
}

// searchOrphans checks its arguments and runs the search.
func searchOrphans(ctx context.Context, rdb redis.UniversalClient, kinds []OrphanKind, s *orphanSearch) error {
	switch rdb.(type) {
	case nil:
		return &InvalidError{"client", "nil", "must be a client of Redis"}
	case *redis.ClusterClient, *redis.Ring:
		return ErrCluster
	}
	s.rdb, s.kinds, s.limit = rdb, make(map[OrphanKind]bool), cmp.Or(s.limit, maxCandidates)
	for _, kind := range kinds {
		if !slices.Contains(OrphanKinds(), kind) {
			return &InvalidError{"kind of orphans", string(kind), fmt.Sprintf("must be one of %q", OrphanKinds())}
		}
		s.kinds[kind] = true
	}
	err := s.run(ctx)
	if errors.Is(err, errEnough) {
		return err
	}
	return wrapf(err, "look for orphans")
}

// leftoverKinds maps the names of prune_keys.lua to kinds of orphans.
var leftoverKinds = map[string]OrphanKind{
	scripts.ResultsKey: OrphanResults, scripts.DependentsKey: OrphanDependents, scripts.DependenciesKey: OrphanDependencies,
	scripts.ExecutionsKey: OrphanExecutions, scripts.ExecutionKey: OrphanExecutions,
}
