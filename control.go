package rq

import (
	"context"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/wire"
)

// SendShutdown tells a worker, Python's or Go's, to end after the jobs it runs
// (rq/command.py send_shutdown_command).
//
// A command is a message that nobody keeps. SendShutdown and the functions below
// return ErrNoSuchWorker when nobody listened, where RQ says nothing; without an
// error a worker got the message, and it obeys in its own time. A message whose
// reply is lost is not sent a second time, and the error is the connection's.
// Redis gives messages to the workers of all its databases: workers of one server
// should not share a name.
func SendShutdown(ctx context.Context, rdb redis.UniversalClient, worker string) error {
	return sendCommand(ctx, rdb, worker, "shutdown")
}

// SendKillHorse tells a worker to end the jobs it runs: they fail, and are retried
// if they may be (rq/command.py send_kill_horse_command). Python kills the process
// of the job; in Go the job's context ends. A worker that runs none ignores it. It
// returns ErrNoSuchWorker when nobody listened.
func SendKillHorse(ctx context.Context, rdb redis.UniversalClient, worker string) error {
	return sendCommand(ctx, rdb, worker, "kill-horse")
}

// SendStopJob tells the worker that runs a job to stop it: the job is then stopped,
// among the failed ones, and not retried (rq/command.py send_stop_job_command). A
// job that was canceled while it ran can be stopped, too. The worker ignores it when
// the job ends meanwhile.
//
// It returns ErrNoSuchJob when there is no such job, ErrInvalidJobOperation when
// the job does not run, also where RQ tells the worker that ran it last; and
// ErrNoSuchWorker when nobody listened, most often because the worker has died.
func SendStopJob(ctx context.Context, rdb redis.UniversalClient, jobID string) error {
	if err := validateJobID(jobID); err != nil {
		return err
	}
	fields, err := rdb.HMGet(ctx, keys.Job(jobID), "data", "status", "worker_name").Result()
	if err != nil && !isForeign(err) {
		return wrapf(err, "stop job %s", jobID)
	}
	if err != nil || fields[0] == nil { // RQ has no job without data either
		return noSuchJob(jobID)
	}
	status, _ := fields[1].(string)
	worker, _ := fields[2].(string)
	switch Status(status) {
	case StatusStarted, StatusCanceled:
		if worker != "" {
			return sendCommand(ctx, rdb, worker, "stop-job", py.Item{Key: "job_id", Value: jobID})
		}
	}
	return fmt.Errorf("%w: stop job %s, which does not run", ErrInvalidJobOperation, jobID)
}

// SendStopExecution tells a worker to stop one running of a job, and no other of
// the same job. Workers since RQ 3.0 and those of this package obey it
// (rq/command.py send_stop_execution_command).
//
// It returns ErrInvalidJobOperation when there is no such execution, or its worker
// is too old to be told; and ErrNoSuchWorker when nobody listened.
func SendStopExecution(ctx context.Context, rdb redis.UniversalClient, jobID, executionID string) error {
	if err := validateJobID(jobID); err != nil {
		return err
	}
	hash, err := rdb.HGetAll(ctx, keys.Execution(jobID, executionID)).Result()
	if err != nil && !isForeign(err) {
		return wrapf(err, "stop execution %s of job %s", executionID, jobID)
	}
	e, _ := wire.DecodeExecution(hash)
	switch {
	case len(hash) == 0:
		return fmt.Errorf("%w: stop execution %s of job %s, which does not run", ErrInvalidJobOperation, executionID, jobID)
	case e.WorkerName == "":
		return fmt.Errorf("%w: stop execution %s of job %s: its worker is older than RQ 3.0 and can stop only the job", ErrInvalidJobOperation, executionID, jobID)
	}
	return sendCommand(ctx, rdb, e.WorkerName, "stop-execution",
		py.Item{Key: "job_id", Value: jobID}, py.Item{Key: "execution_id", Value: executionID})
}

// sendCommand publishes a command as RQ does.
func sendCommand(ctx context.Context, rdb redis.UniversalClient, worker, name string, args ...py.Item) error {
	if worker == "" {
		return &InvalidError{"worker name", worker, "must be a name"}
	}
	dict, err := py.NewDict(append([]py.Item{{Key: "command", Value: name}}, args...)...)
	if err != nil {
		return wrapf(err, "send %s to worker %s", name, worker)
	}
	payload, err := pyjson.Append(nil, dict)
	if err != nil {
		return wrapf(err, "send %s to worker %s", name, worker)
	}
	// A command that comes twice could end the next job, too.
	heard, err := redisx.Once(ctx, rdb, "publish", keys.Commands(worker), payload).Int64()
	if err != nil {
		return wrapf(err, "send %s to worker %s", name, worker)
	}
	if heard == 0 {
		return noSuchWorker(worker)
	}
	return nil
}
