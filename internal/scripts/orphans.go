package scripts

import (
	"context"
	_ "embed" // for the scripts

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

var (
	//go:embed prune_entries.lua
	pruneEntriesLua string
	//go:embed prune_keys.lua
	pruneKeysLua string
	//go:embed prune_jobs.lua
	pruneJobsLua string
)

var (
	pruneEntries = redis.NewScript(pruneEntriesLua)
	pruneKeys    = redis.NewScript(libMaintenance + pruneKeysLua)
	pruneJobs    = redis.NewScript(libRateLimit + libJob + libMaintenance + libStatus + statusTable("nowhere") + pruneJobsLua)
)

// How many hashes prune_keys.lua, and how many ids in lists prune_jobs.lua look at in
// one step: some milliseconds' worth.
const (
	dependentsBudget = 5_000
	listBudget       = 100_000
)

// PruneEntries runs prune_entries.lua for members of a registry. It reports for each
// whether it is in the registry and its job is gone.
func PruneEntries(ctx context.Context, c redis.Scripter, registry string, started bool, members []string, now int64, remove bool) ([]bool, error) {
	found, err := pruneEntries.Run(ctx, c, []string{registry}, append([]any{flag(remove), now, flag(started)}, anys(members)...)...).BoolSlice()
	if err == nil && len(found) != len(members) {
		err = errReply
	}
	return found, err
}

// The kinds of keys that belong to a job.
const (
	ResultsKey      = "results"
	DependentsKey   = "dependents"
	DependenciesKey = "dependencies"
	ExecutionsKey   = "executions"
	ExecutionKey    = "execution"
)

// A Leftover is a key that belongs to a job.
type Leftover struct{ Key, Kind, ID string }

// PruneKeys runs prune_keys.lua. It reports for the first of the keys, at least one,
// whether their job is gone.
func PruneKeys(ctx context.Context, c redis.Scripter, leftovers []Leftover, now int64, remove bool) ([]bool, error) {
	names, args := make([]string, len(leftovers)), []any{flag(remove), now, dependentsBudget}
	for i, l := range leftovers {
		names[i] = l.Key
		args = append(args, l.Kind, l.ID)
	}
	found, err := pruneKeys.Run(ctx, c, names, args...).BoolSlice()
	return found, someOf(len(leftovers), len(found), err)
}

// An OrphanCandidate is a job that may be in no queue or registry. State is what PruneJobs
// has returned for it before, "" the first time.
type OrphanCandidate struct{ ID, State string }

// PruneJobs runs prune_jobs.lua. It returns for the first of the jobs, at least one,
// their state if they are in no queue or registry, else "".
func PruneJobs(ctx context.Context, c redis.Scripter, jobs []OrphanCandidate, now Moment, remove bool) ([]string, error) {
	return prunedJobs(ctx, c, jobs, now, remove, listBudget)
}

func prunedJobs(ctx context.Context, c redis.Scripter, jobs []OrphanCandidate, now Moment, remove bool, budget int) ([]string, error) {
	names, args := make([]string, len(jobs)), []any{flag(remove), now.Unix, now.Text, budget}
	for i, j := range jobs {
		names[i] = keys.Job(j.ID)
		args = append(args, j.ID, j.State)
	}
	like, err := pruneJobs.Run(ctx, c, names, args...).StringSlice()
	return like, someOf(len(jobs), len(like), err)
}

// someOf checks that a script replied for some of n.
func someOf(n, replies int, err error) error {
	if err == nil && n > 0 && (replies == 0 || replies > n) {
		return errReply
	}
	return err
}
