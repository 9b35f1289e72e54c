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
	"github.com/rqgo/rq/internal/redisx"
)

var (
	//go:embed lib_rate_limit.lua
	libRateLimit string
	//go:embed lib_job.lua
	libJobLua string

	//go:embed create_job.lua
	createJobLua string
	//go:embed enqueue_waiting.lua
	enqueueWaitingLua string
	//go:embed update_job.lua
	updateJobLua string
	//go:embed delete_job.lua
	deleteJobLua string
	//go:embed cancel_job.lua
	cancelJobLua string
	//go:embed empty_queue.lua
	emptyQueueLua string
	//go:embed compact_queue.lua
	compactQueueLua string
)

var (
	libJob            = libExpire + statusTable("registry_of", "met_of") + libJobLua
	enqueueWaitingLib = libRateLimit + libExpire + statusTable("met_of") + enqueueWaitingLua
	deleteJobLib      = libRateLimit + libJob + deleteJobLua
	cancelJobLib      = libRateLimit + libJob + libStatus + statusTable("over") + cancelJobLua
)

var (
	createJob      = redis.NewScript(libExpire + createJobLua)
	enqueueWaiting = redis.NewScript(enqueueWaitingLib)
	updateJob      = redis.NewScript(updateJobLua)
	deleteJob      = redis.NewScript(deleteJobLib)
	cancelJob      = redis.NewScript(cancelJobLib)
	emptyQueue     = redis.NewScript(libRateLimit + emptyQueueLua)
	compactQueue   = redis.NewScript(compactQueueLua)
)

// Where in a queue, or in the scheduled jobs, a job goes.
const (
	Front   = "front"
	Back    = "back"
	Nowhere = "nowhere"
)

// run executes a script and returns its integer. In a pipeline the script is
// sent whole, because a transaction cannot be repeated when the server does not
// know its hash; the integer is then not known and returned as 0.
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

// CreateJob runs create_job.lua. It reports false when the job exists.
func CreateJob(ctx context.Context, c redis.Scripter, p Create) (bool, error) {
	n, err := run(ctx, c, createJob,
		[]string{keys.Job(p.ID), p.Target, keys.Queues},
		append([]any{p.ID, keys.Queue(p.Queue), p.Where, p.TTL, p.Group}, p.Fields...)...)
	return n == 1, err
}

// A Waiting is what EnqueueWaiting needs to know. Fields are without status and
// enqueued_at.
type Waiting struct {
	ID           string
	Queue        string
	Where        string // Front, Back or Nowhere
	TTL          int
	Score        string // in the deferred registry
	Now          Moment
	Group        string
	RateLimit    string
	Concurrency  int
	AllowFailure bool
	Dependencies []string
	Fields       []any
}

// EnqueueWaiting runs enqueue_waiting.lua and returns the status of the job. In
// a pipeline, which is sent at most once then, that is "", because it is not known yet.
func EnqueueWaiting(ctx context.Context, c redis.Scripter, p Waiting) (string, error) {
	if pipe, ok := c.(redis.Pipeliner); ok {
		redisx.AddEvalOnce(ctx, pipe, enqueueWaitingLib, p.keys(), p.args()...)
		return "", nil
	}
	return enqueueWaiting.Run(ctx, c, p.keys(), p.args()...).Text()
}

// LoadEnqueueWaiting adds to a pipeline what AddEnqueueWaiting needs before it,
// and outside a transaction.
func LoadEnqueueWaiting(ctx context.Context, pipe redis.Pipeliner) {
	pipe.ScriptLoad(ctx, enqueueWaitingLib) // Script.Load would take over a hash that is not there yet
}

// AddEnqueueWaiting adds EnqueueWaiting to a pipeline without the script, which
// LoadEnqueueWaiting has put there.
func AddEnqueueWaiting(ctx context.Context, pipe redis.Pipeliner, p Waiting) {
	redisx.AddEvalShaOnce(ctx, pipe, enqueueWaiting.Hash(), p.keys(), p.args()...)
}

func (p *Waiting) keys() []string {
	k := []string{
		keys.Job(p.ID), keys.Dependents(p.ID), keys.Dependencies(p.ID),
		keys.Queue(p.Queue), keys.Deferred(p.Queue), keys.Queues,
	}
	for _, id := range p.Dependencies {
		k = append(k, keys.Job(id), keys.Dependents(id))
	}
	return k
}

func (p *Waiting) args() []any {
	a := []any{
		p.ID, p.Where, p.TTL, p.Score, p.Now.Unix, p.Now.Text, p.Group,
		p.RateLimit, p.Concurrency, flag(p.AllowFailure), len(p.Dependencies),
	}
	for _, id := range p.Dependencies {
		a = append(a, id)
	}
	return append(a, p.Fields...)
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

// DeleteJob runs delete_job.lua. It reports false when there is no such job.
func DeleteJob(ctx context.Context, c redis.Scripter, id string, fromQueue bool, now Moment) (bool, error) {
	n, err := run(ctx, c, deleteJob, deleteKeys(id), deleteArgs(id, fromQueue, now)...)
	return n == 1, err
}

func deleteKeys(id string) []string {
	return []string{keys.Job(id), keys.Dependents(id), keys.Dependencies(id), keys.Results(id), keys.Executions(id)}
}

func deleteArgs(id string, fromQueue bool, now Moment) []any {
	return []any{id, flag(fromQueue), now.Unix, now.Text}
}

// DeleteJobs runs delete_job.lua for many jobs in one round trip. For each it
// returns Done or NoJob, or its error.
func DeleteJobs(ctx context.Context, c redis.UniversalClient, ids []string, fromQueue bool, now Moment) ([]int64, []error, error) {
	return forEach(ctx, c, deleteJobLib, len(ids), func(pipe redis.Pipeliner, i int) *redis.Cmd {
		return deleteJob.EvalSha(ctx, pipe, deleteKeys(ids[i]), deleteArgs(ids[i], fromQueue, now)...)
	})
}

// forEach runs a script n times in one round trip, each for itself.
func forEach(ctx context.Context, c redis.UniversalClient, script string, n int, eval func(redis.Pipeliner, int) *redis.Cmd) (codes []int64, errs []error, err error) {
	pipe := c.Pipeline()
	load := pipe.ScriptLoad(ctx, script)
	cmds := make([]*redis.Cmd, n)
	for i := range cmds {
		cmds[i] = eval(pipe, i)
	}
	if err := redisx.Send(ctx, pipe); err != nil {
		return nil, nil, err
	}
	codes, errs = make([]int64, n), make([]error, n)
	for i, cmd := range cmds {
		codes[i], errs[i] = cmd.Int64()
		if redisx.IsNoScript(errs[i]) && load.Err() != nil {
			return nil, nil, load.Err()
		}
	}
	return codes, errs, nil
}

// What CancelJob, RequeueJobs and RemoveJobs return.
const (
	Done    = 1
	NoJob   = 0
	Refused = -1
	Left    = -2
)

// CancelJob runs cancel_job.lua. It returns Refused when the job is canceled already.
func CancelJob(ctx context.Context, c redis.Scripter, id string, now Moment, enqueueDependents, leaveDependencies bool) (int64, error) {
	return run(ctx, c, cancelJob, []string{keys.Job(id), keys.Dependents(id)},
		id, now.Unix, now.Text, flag(enqueueDependents), flag(leaveDependencies))
}

// CancelJobs runs cancel_job.lua for many jobs in one round trip. For each it
// returns Done, NoJob or Refused, or its error.
func CancelJobs(ctx context.Context, c redis.UniversalClient, ids []string, now Moment) ([]int64, []error, error) {
	return forEach(ctx, c, cancelJobLib, len(ids), func(pipe redis.Pipeliner, i int) *redis.Cmd {
		id := ids[i]
		return cancelJob.EvalSha(ctx, pipe, []string{keys.Job(id), keys.Dependents(id)}, id, now.Unix, now.Text, flag(false), flag(false))
	})
}

// EmptyQueue runs empty_queue.lua and returns the number of ids taken.
func EmptyQueue(ctx context.Context, c redis.Scripter, queue string, most int, now Moment) (int64, error) {
	return run(ctx, c, emptyQueue, []string{keys.Queue(queue)}, most, now.Unix, now.Text)
}

// CompactQueue runs compact_queue.lua and returns the number of ids it looked
// at and of those it removed.
func CompactQueue(ctx context.Context, c redis.Scripter, queue string, behind, length int64, tombstone string) (seen, removed int64, err error) {
	counts, err := compactQueue.Run(ctx, c, []string{keys.Queue(queue)}, behind, length, tombstone).Int64Slice()
	if err != nil {
		return 0, 0, err
	}
	return counts[0], counts[1], nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
