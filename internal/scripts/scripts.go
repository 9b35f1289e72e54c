// Package scripts holds the Lua scripts, one file each with its contract on
// top, and one typed Go function for each. A file named lib_*.lua has functions
// that several scripts share.
//
// A script is not undone when it fails. So what can fail comes before its first
// write, or is caught, and the contract names what an error may have changed. A
// server that is out of memory refuses the first write of a script that needs some,
// and takes all that comes after any write, even one that changed nothing.
//
// Scripts make the keys of jobs that only they find, so they need one server
// that holds all keys: Redis Cluster is refused before it gets here.
package scripts

import (
	"context"
	_ "embed" // for the scripts

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

var (
	//go:embed lib_rate_limit.lua
	libRateLimit string
	//go:embed lib_job.lua
	libJobLua string
	//go:embed lib_dependents.lua
	libDependents string
	//go:embed lib_queue.lua
	libQueue string

	//go:embed create_job.lua
	createJobLua string
	//go:embed update_job.lua
	updateJobLua string
	//go:embed empty_queue.lua
	emptyQueueLua string
	//go:embed compact_queue.lua
	compactQueueLua string
)

var (
	libJob = libExpire + statusTable("registry_of", "met_of") + libJobLua

	createJob    = redis.NewScript(libExpire + createJobLua)
	updateJob    = redis.NewScript(updateJobLua)
	emptyQueue   = redis.NewScript(libRateLimit + emptyQueueLua)
	compactQueue = redis.NewScript(compactQueueLua)
)

// Where in a queue, or in the scheduled jobs, a job goes.
const (
	Front   = "front"
	Back    = "back"
	Nowhere = "nowhere"
)

// run executes a script and returns its integer. In a pipeline the whole script is
// sent, because a transaction cannot be repeated when the server does not know its
// hash. The result is then 0.
func run(ctx context.Context, c redis.Scripter, s *redis.Script, keys []string, args ...any) (int64, error) {
	if _, ok := c.(redis.Pipeliner); ok {
		return 0, s.Eval(ctx, c, keys, args...).Err()
	}
	return s.Run(ctx, c, keys, args...).Int64()
}

// A Create is what CreateJob needs to know.
type Create struct {
	ID     string
	Queue  string
	Target string // the key that the id goes into
	Where  string // Front, Back, Nowhere, or a score for Target
	TTL    int
	Group  string
	Fields []any
}

// CreateJob runs create_job.lua. It reports false when the job already exists.
func CreateJob(ctx context.Context, c redis.Scripter, p Create) (bool, error) {
	n, err := run(ctx, c, createJob,
		[]string{keys.Job(p.ID), p.Target, keys.Queues},
		append([]any{p.ID, keys.Queue(p.Queue), p.Where, p.TTL, p.Group}, p.Fields...)...)
	return n == 1, err
}

// UpdateJob runs update_job.lua. It reports false when there is no such job.
func UpdateJob(ctx context.Context, c redis.Scripter, id string, fields ...any) (bool, error) {
	n, err := run(ctx, c, updateJob, []string{keys.Job(id)}, fields...)
	return n == 1, err
}

// A Moment is the time of a change in the two forms that RQ stores. Unix may be
// ServerTime for scripts that say so.
type Moment struct {
	Unix int64
	Text string
}

// EmptyQueue runs empty_queue.lua and returns the number of ids that it took out.
func EmptyQueue(ctx context.Context, c redis.Scripter, queue string, most int, now Moment) (int64, error) {
	return run(ctx, c, emptyQueue, []string{keys.Queue(queue)}, most, now.Unix, now.Text)
}

// CompactQueue runs compact_queue.lua and returns how many ids it looked at, and how
// many of them it removed.
func CompactQueue(ctx context.Context, c redis.Scripter, queue string, behind, length int64, tombstone string) (seen, removed int64, err error) {
	return pair(compactQueue.Run(ctx, c, []string{keys.Queue(queue)}, behind, length, tombstone))
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
