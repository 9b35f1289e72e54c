package scripts

import (
	"context"
	_ "embed" // for the scripts

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

var (
	//go:embed add_entry.lua
	addEntryLua string
	//go:embed page_registry.lua
	pageRegistryLua string
	//go:embed requeue_jobs.lua
	requeueJobsLua string
	//go:embed remove_jobs.lua
	removeJobsLua string
)

var (
	addEntry     = redis.NewScript(libRateLimit + libJob + addEntryLua)
	pageRegistry = redis.NewScript(pageRegistryLua)
	requeueJobs  = redis.NewScript(libRateLimit + libJob + libStatus + statusTable("pending") + requeueJobsLua)
	removeJobs   = redis.NewScript(libRateLimit + libJob + statusTable("nowhere") + removeJobsLua)
)

// An Entry is an entry of a registry, with its score as the server formats it.
type Entry struct{ Member, Score string }

// PageRegistry runs page_registry.lua: it returns up to most entries that come after
// the given one, or the first ones for the zero Entry.
func PageRegistry(ctx context.Context, c redis.Scripter, registry string, after Entry, most int) ([]Entry, error) {
	flat, err := pageRegistry.Run(ctx, c, []string{registry}, after.Score, after.Member, most).StringSlice()
	if err != nil {
		return nil, err
	}
	page := make([]Entry, 0, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		page = append(page, Entry{flat[i], flat[i+1]})
	}
	return page, nil
}

// AddEntry runs add_entry.lua for a job. It reports false when there is no such job.
func AddEntry(ctx context.Context, c redis.Scripter, registry, id, score string, ttl int) (bool, error) {
	n, err := run(ctx, c, addEntry, []string{registry, keys.Job(id)}, id, score, ttl)
	return n == 1, err
}

// A Requeue is what RequeueJobs needs to know.
type Requeue struct {
	Registry string
	IDs      []string
	AtFront  bool
	Now      Moment
	Empty    []byte // the compressed empty string
	LeaveOwn bool   // leave jobs with this enqueued_at, which the same call has requeued
}

// RequeueJobs runs requeue_jobs.lua for jobs of a registry. For each it returns Done,
// NoJob, Refused if it is not in the registry or will run anyway, or Left; or its
// error.
func RequeueJobs(ctx context.Context, c redis.Scripter, p Requeue) ([]int64, []error, error) {
	args := append([]any{flag(p.AtFront), p.Now.Unix, p.Now.Text, p.Empty, flag(p.LeaveOwn)}, anys(p.IDs)...)
	return each(len(p.IDs), requeueJobs.Run(ctx, c, jobsOf(p.Registry, p.IDs), args...))
}

// RemoveJobs runs remove_jobs.lua for jobs of a registry. For each it returns Done,
// NoJob if it has left the registry, or Refused if the job is not deleted because it
// has moved; or its error.
func RemoveJobs(ctx context.Context, c redis.Scripter, registry string, ids []string, deleteJobs bool, now Moment) ([]int64, []error, error) {
	return each(len(ids), removeJobs.Run(ctx, c, jobsOf(registry, ids), append([]any{flag(deleteJobs), now.Unix, now.Text}, anys(ids)...)...))
}

func jobsOf(registry string, ids []string) []string {
	return append([]string{registry}, keysOf(keys.Job, ids)...)
}

// each returns the replies of a script for each of n jobs.
func each(n int, cmd *redis.Cmd) (codes []int64, errs []error, err error) {
	replies, err := cmd.Slice()
	if err == nil && len(replies) != n {
		err = errReply
	}
	if err != nil {
		return nil, nil, err
	}
	codes, errs = make([]int64, n), make([]error, n)
	for i, reply := range replies {
		switch v := reply.(type) {
		case int64:
			codes[i] = v
		case error:
			errs[i] = v
		default:
			errs[i] = errReply
		}
	}
	return codes, errs, nil
}
