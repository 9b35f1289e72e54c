package scripts

import (
	"cmp"
	"context"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

var (
	//go:embed lib_own.lua
	libOwn string
	//go:embed claim_jobs.lua
	claimJobsLua string
	//go:embed settle_job.lua
	settleJobLua string
	//go:embed beat.lua
	beatLua string
	//go:embed register_worker.lua
	registerWorkerLua string
)

var settleJobLib = libNow + libOwn + libRateLimit + libJob + libDependents + settleJobLua

var (
	claimJobs      = redis.NewScript(libNow + libOwn + libRateLimit + libQueue + libStatus + statusTable("dropped") + claimJobsLua)
	settleJob      = redis.NewScript(settleJobLib)
	beat           = redis.NewScript(libNow + libOwn + beatLua)
	registerWorker = redis.NewScript(registerWorkerLua)
)

// A Claim is what ClaimJobs needs to know.
type Claim struct {
	Worker, Birth string
	Interval      int // seconds between its heartbeats
	InTurn        bool
	Composite     bool // readers support executions
	CurrentJob    bool // readers use current_job
	Now           Moment
	Float         string
	Budget        int // bytes of jobs after which the claim ends; 0 is no limit
	Longest       int // bytes of the longest field that a reply has; 0 is no limit
	Queues        []ClaimQueue
	Named         []Named
	Executions    []string // one for each job that may be taken
}

// A ClaimQueue is a queue to take jobs from: any, or only the named ones.
type ClaimQueue struct {
	Name string
	Open bool
}

// A Named is an id in Claim.Queues[Queue], seen At a place, or if Moved, in its
// intermediate queue, where a blocking move has put it. Those of one queue must have been
// seen close to each other: they are looked for there.
type Named struct {
	Queue int
	ID    string
	Moved bool
	At    int64
}

// Gap begins the texts that keep the places of jobs that were claimed out of the middle
// of a long queue.
const Gap = "rq-go:gap:"

// The states that a claim returns.
const (
	Claimed      = 1
	Drained      = 2 // claimed, and the queues are empty now
	Held         = 3 // as Drained, except for jobs whose status only a newer RQ knows
	Suspended    = 0
	Unregistered = -1
)

// A ClaimedJob is a job whose execution has started. Hash is from before that, without
// fields that are too long, which have LeftOut bytes.
type ClaimedJob struct {
	Queue         int
	ID, Execution string
	Hash          map[string]string
	LeftOut       int64
}

// ClaimJobs runs claim_jobs.lua. The state is Claimed, Drained, Held, Suspended
// or Unregistered.
func ClaimJobs(ctx context.Context, c redis.Scripter, p Claim) (state int64, jobs []ClaimedJob, err error) {
	args := make([]any, 0, 14+2*len(p.Queues)+4*len(p.Named)+len(p.Executions))
	args = append(args, len(p.Executions), flag(p.InTurn), p.Now.Unix, p.Now.Text, p.Float, p.Worker, p.Birth, p.Interval,
		flag(p.Composite), flag(p.CurrentJob), cmp.Or(p.Budget, math.MaxInt), cmp.Or(p.Longest, math.MaxInt), len(p.Queues))
	for _, q := range p.Queues {
		args = append(args, q.Name, flag(q.Open))
	}
	args = append(args, len(p.Named))
	for _, m := range p.Named {
		args = append(args, m.Queue+1, m.ID, flag(m.Moved), m.At)
	}
	for _, id := range p.Executions {
		args = append(args, id)
	}
	reply, err := claimJobs.Run(ctx, c, []string{keys.Worker(p.Worker), keys.WorkerExecutions(p.Worker)}, args...).Slice()
	if err != nil {
		return 0, nil, err
	}
	return readClaim(reply)
}

var errReply = errors.New("unexpected reply to a script")

func readClaim(reply []any) (int64, []ClaimedJob, error) {
	if len(reply) == 0 {
		return 0, nil, errReply
	}
	state, ok := reply[0].(int64)
	jobs := make([]ClaimedJob, 0, len(reply)-1)
	for _, item := range reply[1:] {
		parts, _ := item.([]any)
		if len(parts) < 4 {
			return 0, nil, errReply
		}
		var long int64
		if len(parts) > 4 {
			long, _ = parts[4].(int64)
		}
		queue, _ := parts[0].(int64)
		id, _ := parts[1].(string)
		execution, _ := parts[2].(string)
		flat, _ := parts[3].([]any)
		jobs = append(jobs, ClaimedJob{int(queue) - 1, id, execution, hashOf(flat), long})
	}
	if !ok {
		return 0, nil, errReply
	}
	return state, jobs, nil
}

// The fences of an execution that the worker has started. The fence of one that it has
// taken over is TakenOver.
const (
	Own  = "own"
	Sent = "sent" // as Own, for a settlement that was sent before and may have been done
)

// A Settle is what SettleJob needs to know.
type Settle struct {
	Worker, ID, Execution, Queue string
	Member                       string // in rq:wip
	Now                          Moment
	Fence                        string // Own, Sent or TakenOver
	Registry, Score              string // "finished" or "failed" with a score, or none
	Keep                         string // seconds that the job is kept; "" is no change
	Place                        string // Front, Back, when it is due, or ""
	Parent                       string // the job's status for its dependents; "" leaves them
	Counter                      string // of the worker
	Seconds                      string // that it worked
	CurrentJob                   bool   // readers look for the worker's current_job
	RateLimit                    string // the job's key, for when its hash is gone
	ResultTTL                    string
	Result                       []any
	Fields                       []any
}

// settlement returns the arguments of settle_job.lua for jobs that one worker has run.
func settlement(batch []Settle) (jobs []string, args []any) {
	jobs = make([]string, 0, len(batch)+2)
	for i := range batch {
		p := &batch[i]
		jobs = append(jobs, keys.Job(p.ID))
		args = append(args, 18+len(p.Result)+len(p.Fields),
			p.ID, p.Execution, p.Queue, p.Member, p.Now.Unix, p.Now.Text, p.Fence, p.Registry, p.Score,
			p.Keep, p.Place, p.Parent, p.Counter, p.Seconds, flag(p.CurrentJob), p.RateLimit, p.ResultTTL, len(p.Result))
		args = append(append(args, p.Result...), p.Fields...)
		if i == 0 {
			args = slices.Grow(args, len(args)*(len(batch)-1)) // the jobs are much alike
		}
	}
	return append(jobs, keys.Worker(batch[0].Worker), keys.WorkerExecutions(batch[0].Worker)), args
}

// SettleJob runs settle_job.lua for one job. It reports whether the job was still in
// this execution, and whether there is more to do for ReleaseDependents.
func SettleJob(ctx context.Context, c redis.Scripter, p Settle) (done, more bool, err error) {
	k, args := settlement([]Settle{p})
	reply, err := settleJob.Run(ctx, c, k, args...).Slice()
	if err == nil && len(reply) != 1 {
		err = errReply
	}
	if err != nil {
		return false, false, err
	}
	return readSettled(reply[0])
}

// readSettled reads what settle_job.lua returns for a job.
func readSettled(reply any) (done, more bool, err error) {
	switch v := reply.(type) {
	case int64:
		return v == Done || v == doneAndMore, v == doneAndMore, nil
	case error:
		return false, false, v
	}
	return false, false, errReply
}

// settleChunk is how many jobs one script settles. A few are enough to share the cost
// of a script, and other clients get their turn between two scripts.
const settleChunk = 16

// SettleJobs settles a batch of jobs in one round trip. Each job has its own error. It
// also reports whether there is more to do for ReleaseDependents, for the batch or for
// other entries that are due.
func SettleJobs(ctx context.Context, c redis.UniversalClient, batch []Settle) (done []bool, more bool, errs []error) {
	chunks := chunksOf(batch)
	cmds, failed := make([]*redis.Cmd, len(chunks)), make([]error, len(chunks))
	var loaded *redis.StringCmd
	for _, load := range []bool{false, true} {
		pipe, sent := c.Pipeline(), []int(nil)
		if load {
			loaded = pipe.ScriptLoad(ctx, settleJobLib)
		}
		for i, chunk := range chunks {
			if !load || (failed[i] == nil && redisx.IsNoScript(cmds[i].Err())) {
				k, args := settlement(chunk)
				cmds[i] = settleJob.EvalSha(ctx, pipe, k, args...)
				sent = append(sent, i)
			}
		}
		if len(sent) == 0 {
			break
		}
		err := redisx.Send(ctx, pipe)
		for _, i := range sent { // what the first trip has settled keeps its reply
			if failed[i] = err; err == nil && load && redisx.IsNoScript(cmds[i].Err()) {
				failed[i] = loaded.Err()
			}
		}
	}
	for i, chunk := range chunks {
		replies := slices.Repeat([]any{failed[i]}, len(chunk))
		if failed[i] == nil {
			replies = repliesTo(chunk, cmds[i])
		}
		for _, reply := range replies {
			ok, rest, err := readSettled(reply)
			done, more, errs = append(done, ok), more || rest, append(errs, err)
		}
	}
	return done, more, errs
}

// chunksOf divides a batch into chunks for one script each, with jobs of one worker.
func chunksOf(batch []Settle) (chunks [][]Settle) {
	for first := 0; first < len(batch); {
		end := first + 1
		for end < len(batch) && end-first < settleChunk && batch[end].Worker == batch[first].Worker {
			end++
		}
		chunks = append(chunks, batch[first:end])
		first = end
	}
	return chunks
}

// repliesTo returns a reply for each job of a chunk. An error of the script is the
// reply for all.
func repliesTo(chunk []Settle, cmd *redis.Cmd) []any {
	replies, err := cmd.Slice()
	if err == nil && len(replies) != len(chunk) {
		err = errReply
	}
	if err != nil {
		return slices.Repeat([]any{err}, len(chunk))
	}
	return replies
}

// A Beat is what SendBeat needs to know.
type Beat struct {
	Worker, Birth string
	Now           Moment
	Float         string
	Keep          int // seconds that the worker is kept
	Queues        []string
	Executions    []Beating
}

// A Beating is an execution that is alive.
type Beating struct {
	Job, Execution, Queue, Member string
	Keep                          int
	CreatedAt                     string
}

// The states in which SendBeat finds the worker.
const (
	Registered = 1
	Forgotten  = 0
	Replaced   = -1
)

// A BeatReply is what SendBeat returns.
type BeatReply struct {
	State     int64
	Suspended bool
	Time      float64  // the server's, in Unix seconds
	Expiries  []int64  // the earliest in each queue's rq:wip, 0 if there is none
	NotOwned  []string // executions that no longer belong to the worker
}

// SendBeat runs beat.lua.
func SendBeat(ctx context.Context, c redis.Scripter, p Beat) (*BeatReply, error) {
	args := make([]any, 0, 7+len(p.Queues)+6*len(p.Executions))
	args = append(args, p.Birth, p.Now.Unix, p.Now.Text, p.Float, p.Keep, p.Worker, len(p.Queues))
	for _, name := range p.Queues {
		args = append(args, name)
	}
	for _, e := range p.Executions {
		args = append(args, e.Job, e.Execution, e.Queue, e.Member, e.Keep, e.CreatedAt)
	}
	reply, err := beat.Run(ctx, c, []string{keys.Worker(p.Worker), keys.WorkerExecutions(p.Worker)}, args...).Slice()
	if err != nil {
		return nil, err
	}
	if len(reply) < 3+len(p.Queues) {
		return nil, errReply
	}
	state, ok := reply[0].(int64)
	at, err := strconv.ParseFloat(fmt.Sprint(reply[2]), 64)
	if !ok || err != nil {
		return nil, errReply
	}
	echo := &BeatReply{State: state, Suspended: reply[1] == "1", Time: at}
	for i, v := range reply[3:] {
		text := fmt.Sprint(v)
		if i >= len(p.Queues) {
			echo.NotOwned = append(echo.NotOwned, text)
			continue
		}
		echo.Expiries = append(echo.Expiries, moment(text))
	}
	return echo, nil
}

// moment parses a score as Unix seconds, and returns 0 for others, such as "inf".
func moment(score string) int64 {
	f, err := strconv.ParseFloat(score, 64)
	if err != nil || !(f > 0 && f < 1<<53) {
		return 0
	}
	return int64(f)
}

// How RegisterWorker treats another worker with the same name.
const (
	New     = "new"
	Instead = "instead"
	Again   = "again"
)

// RegisterWorker runs register_worker.lua. It reports false when another worker
// has the name.
func RegisterWorker(ctx context.Context, c redis.Scripter, name, how string, keep int, queues []string, fields []any) (bool, error) {
	birth := any("")
	if i := slices.Index(fields, any("birth")); i >= 0 && i+1 < len(fields) {
		birth = fields[i+1]
	}
	args := []any{how, birth, keep, len(queues)}
	for _, q := range queues {
		args = append(args, q)
	}
	n, err := run(ctx, c, registerWorker, []string{keys.Worker(name), keys.WorkerExecutions(name), keys.Workers}, append(args, fields...)...)
	return n == 1, err
}
