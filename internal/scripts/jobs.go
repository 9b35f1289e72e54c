package scripts

import (
	"context"
	_ "embed" // for the scripts
	"errors"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

var (
	//go:embed delete_job.lua
	deleteJobLua string
	//go:embed cancel_job.lua
	cancelJobLua string
	//go:embed leave_queue.lua
	leaveQueueLua string
)

var (
	deleteJobLib = libRateLimit + libJob + libQueue + deleteJobLua
	cancelJobLib = libRateLimit + libJob + libDependents + libQueue + libStatus + statusTable("over") + cancelJobLua
)

var (
	deleteJob  = redis.NewScript(deleteJobLib)
	cancelJob  = redis.NewScript(cancelJobLib)
	leaveQueue = redis.NewScript(libRateLimit + libJob + libDependents + libQueue + libStatus + statusTable("over") + leaveQueueLua)
)

// The codes that CancelJob, RequeueJobs and RemoveJobs return.
const (
	Done    = 1
	NoJob   = 0
	Refused = -1
	Left    = -2
)

// Further codes that scripts return. The callers of this package do not see them.
const (
	doneAndMore = 2  // Done, with more to do for ReleaseDependents
	longQueue   = -3 // nothing was done: the queue is too long for one step
)

// DeleteJob runs delete_job.lua. It reports false when there is no such job.
func DeleteJob(ctx context.Context, c redis.UniversalClient, id string, fromQueue bool, now Moment) (bool, error) {
	codes, errs, err := DeleteJobs(ctx, c, []string{id}, fromQueue, now)
	if err = errors.Join(append(errs, err)...); err != nil {
		return false, err
	}
	return codes[0] == Done, nil
}

// DeleteJobs runs delete_job.lua for many jobs in one round trip. For each it returns
// Done or NoJob, or its error. Long queues are searched afterwards, in more round
// trips: an id without a job does no harm there.
func DeleteJobs(ctx context.Context, c redis.UniversalClient, ids []string, fromQueue bool, now Moment) ([]int64, []error, error) {
	codes, errs, err := deleteJobs(ctx, c, ids, fromQueue, now)
	late := atLongQueues(ids, codes)
	if err != nil || len(late) == 0 {
		return codes, errs, err
	}
	byQueue, err := originsOf(ctx, c, late)
	if err != nil {
		return nil, nil, err
	}
	again, againErrs, err := deleteJobs(ctx, c, late, false, now)
	if err != nil {
		return nil, nil, err
	}
	fillIn(codes, errs, again, againErrs)
	for queue, ids := range byQueue {
		if _, err := leaveLongQueue(ctx, c, queue, nil, ids, false, now); err != nil {
			return nil, nil, err
		}
	}
	return codes, errs, nil
}

func deleteJobs(ctx context.Context, c redis.UniversalClient, ids []string, fromQueue bool, now Moment) ([]int64, []error, error) {
	return forEach(ctx, c, deleteJob, deleteJobLib, len(ids), func(i int) (string, []any) {
		return ids[i], []any{ids[i], flag(fromQueue), now.Unix, now.Text}
	})
}

// CancelJob runs cancel_job.lua for one job and completes what the script leaves: it
// takes the job out of a long queue, enqueues its dependents, and takes it out of the
// dependents of the jobs that it waits for. It returns Done, NoJob, or Refused when the
// job is already canceled. After an error it can be repeated to continue with the
// dependents.
func CancelJob(ctx context.Context, c redis.UniversalClient, id string, now Moment, enqueueDependents, leaveDependencies bool) (int64, error) {
	codes, errs, more, err := cancelJobs(ctx, c, []string{id}, now, enqueueDependents)
	if err = errors.Join(append(errs, err)...); err != nil {
		return 0, err
	}
	if more {
		err = ReleaseAllDependents(ctx, c, now)
	}
	if err == nil && leaveDependencies && codes[0] == Done {
		err = leaveAllDependencies(ctx, c, id)
	}
	return codes[0], err
}

// CancelJobs runs cancel_job.lua for many jobs in one round trip, and more if their
// queues are long. For each it returns Done, NoJob or Refused, or its error.
func CancelJobs(ctx context.Context, c redis.UniversalClient, ids []string, now Moment) ([]int64, []error, error) {
	codes, errs, _, err := cancelJobs(ctx, c, ids, now, false)
	return codes, errs, err
}

func cancelJobs(ctx context.Context, c redis.UniversalClient, ids []string, now Moment, enqueueDependents bool) (codes []int64, errs []error, more bool, err error) {
	codes, errs, err = cancelShort(ctx, c, ids, now, enqueueDependents, false)
	late := atLongQueues(ids, codes)
	if err == nil && len(late) > 0 {
		var again []int64
		var againErrs []error
		again, againErrs, err = cancelLong(ctx, c, late, now, enqueueDependents)
		fillIn(codes, errs, again, againErrs)
	}
	if err != nil {
		return nil, nil, false, err
	}
	for i, code := range codes {
		if code == doneAndMore {
			codes[i], more = Done, true
		}
	}
	return codes, errs, more, nil
}

func cancelShort(ctx context.Context, c redis.UniversalClient, ids []string, now Moment, enqueueDependents, looked bool) ([]int64, []error, error) {
	return forEach(ctx, c, cancelJob, cancelJobLib, len(ids), func(i int) (string, []any) {
		return ids[i], []any{ids[i], now.Unix, now.Text, flag(enqueueDependents), flag(looked)}
	})
}

// cancelLong cancels jobs whose queues are long. A job in its queue is canceled in the
// step that takes it out, so that a crash never leaves a canceled job in its queue.
func cancelLong(ctx context.Context, c redis.UniversalClient, ids []string, now Moment, enqueueDependents bool) ([]int64, []error, error) {
	byQueue, err := originsOf(ctx, c, ids)
	if err != nil {
		return nil, nil, err
	}
	found := make(map[string]int64, len(ids))
	for queue, jobs := range byQueue {
		canceled, err := leaveLongQueue(ctx, c, queue, jobs, nil, enqueueDependents, now)
		if err != nil {
			return nil, nil, err
		}
		for id, code := range canceled {
			found[id] = code
		}
	}
	var rest []string
	codes, errs := make([]int64, len(ids)), make([]error, len(ids))
	for i, id := range ids {
		if codes[i] = found[id]; codes[i] == 0 {
			codes[i] = longQueue
			rest = append(rest, id)
		}
	}
	again, againErrs, err := cancelShort(ctx, c, rest, now, enqueueDependents, true)
	if err != nil {
		return nil, nil, err
	}
	fillIn(codes, errs, again, againErrs)
	return codes, errs, nil
}

// leaveChunk is how many ids of a queue one step looks at, and overlapChunk how many of
// them the next step looks at again, because others may take out ids behind it
// meanwhile.
const (
	leaveChunk   = 5000
	overlapChunk = 500
)

// leaveLongQueue runs leave_queue.lua for a whole queue. It returns the codes of the
// jobs that it has canceled.
func leaveLongQueue(ctx context.Context, c redis.Scripter, queue string, cancel, gone []string, enqueueDependents bool, now Moment) (map[string]int64, error) {
	tombstone, canceled := uuid.NewString(), make(map[string]int64)
	for behind := 0; ; behind += leaveChunk - overlapChunk {
		args := []any{behind, leaveChunk, tombstone, flag(enqueueDependents), now.Unix, now.Text, len(cancel)}
		reply, err := leaveQueue.Run(ctx, c, []string{keys.Queue(queue)}, append(append(args, anys(cancel)...), anys(gone)...)...).Int64Slice()
		if err == nil && len(reply)%2 != 1 {
			err = errReply
		}
		if err != nil {
			return canceled, err
		}
		var rest []string
		for i := 1; i < len(reply); i += 2 {
			canceled[cancel[reply[i]-1]] = reply[i+1]
		}
		for _, id := range cancel {
			if canceled[id] == 0 {
				rest = append(rest, id)
			} else {
				gone = append(gone, id) // it may be there a second time
			}
		}
		if cancel = rest; reply[0] < leaveChunk {
			return canceled, nil
		}
	}
}

// originsOf returns jobs by the queue in their hash.
func originsOf(ctx context.Context, c redis.UniversalClient, ids []string) (map[string][]string, error) {
	byQueue := make(map[string][]string)
	err := redisx.Read(ctx, c, len(ids), func(pipe redis.Pipeliner, i int) *redis.StringCmd {
		return pipe.HGet(ctx, keys.Job(ids[i]), "origin")
	}, func(i int, queue string) int {
		byQueue[queue] = append(byQueue[queue], ids[i])
		return len(queue)
	})
	return byQueue, err
}

// atLongQueues returns the ids whose code is longQueue.
func atLongQueues(ids []string, codes []int64) (late []string) {
	for i, code := range codes {
		if code == longQueue {
			late = append(late, ids[i])
		}
	}
	return late
}

// fillIn replaces each longQueue code by the next code of a second run.
func fillIn(codes []int64, errs []error, again []int64, againErrs []error) {
	next := 0
	for i, code := range codes {
		if code == longQueue && next < len(again) {
			codes[i], errs[i] = again[next], againErrs[next]
			next++
		}
	}
}

// forEach runs a script once for each of n jobs, in one round trip.
func forEach(ctx context.Context, c redis.UniversalClient, script *redis.Script, text string, n int, call func(i int) (id string, args []any)) (codes []int64, errs []error, err error) {
	if n == 0 {
		return nil, nil, nil
	}
	if id, args := call(0); n == 1 {
		code, err := script.Run(ctx, c, []string{keys.Job(id)}, args...).Int64()
		if fate := redisx.FateOf(err); fate != redisx.Done && fate != redisx.Refused {
			return nil, nil, err
		}
		return []int64{code}, []error{err}, nil
	}
	pipe := c.Pipeline()
	load := pipe.ScriptLoad(ctx, text)
	cmds := make([]*redis.Cmd, n)
	for i := range cmds {
		id, args := call(i)
		cmds[i] = script.EvalSha(ctx, pipe, []string{keys.Job(id)}, args...)
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
