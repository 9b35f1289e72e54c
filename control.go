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

// SendShutdown tells a worker, in Python or Go, to finish its running jobs and exit
// (rq/command.py send_shutdown_command).
//
// A command is a message that Redis does not store. SendShutdown and the functions below
// return ErrNoSuchWorker when no worker has received it; RQ does not report that. They
// return as soon as a worker has received it; the worker acts later. When the reply is
// lost, they do not retry, and return the error of the connection. Redis delivers
// messages across its databases, so workers of one server should not share a name.
func SendShutdown(ctx context.Context, rdb redis.UniversalClient, worker string) error {
	return sendCommand(ctx, rdb, worker, "shutdown")
}

// SendKillHorse tells a worker to abort its running jobs (rq/command.py
// send_kill_horse_command). They fail, and are retried if they have retries left. A
// Python worker kills the process of the job; a Go worker cancels the contexts of its
// jobs. A worker without a running job ignores it. It returns ErrNoSuchWorker when no
// worker has received it.
func SendKillHorse(ctx context.Context, rdb redis.UniversalClient, worker string) error {
	return sendCommand(ctx, rdb, worker, "kill-horse")
}

// SendStopJob tells the worker of a running job to stop it (rq/command.py
// send_stop_job_command). The job gets the status stopped, is put in the failed registry,
// and is not retried. A job that was canceled while it ran can be stopped too. If the job
// has ended meanwhile, the worker ignores the command.
//
// It returns ErrNoSuchJob when there is no such job, and ErrInvalidJobOperation when the
// job is not running; RQ then sends the command to the worker that ran it last. It
// returns ErrNoSuchWorker when no worker has received it, most often because the worker
// has died.
func SendStopJob(ctx context.Context, rdb redis.UniversalClient, jobID string) error {
	fields, err := rdb.HMGet(ctx, keys.Job(jobID), "data", "status", "worker_name").Result()
	if err != nil && !isForeign(err) {
		return wrapf(err, "stop job %s", jobID)
	}
	if err != nil || fields[0] == nil { // in RQ a job without data does not exist either
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
	return fmt.Errorf("%w: stop job %s: it is not running", ErrInvalidJobOperation, jobID)
}

// SendStopExecution tells a worker to stop one execution of a job (rq/command.py
// send_stop_execution_command). Workers of RQ 3.0 and later and of this package support
// it; older ones ignore it.
//
// It returns ErrInvalidJobOperation when there is no such execution, or when the execution
// does not name its worker, as before RQ 2.11. It returns ErrNoSuchWorker when no worker
// has received it.
func SendStopExecution(ctx context.Context, rdb redis.UniversalClient, jobID, executionID string) error {
	hash, err := rdb.HGetAll(ctx, keys.Execution(jobID, executionID)).Result()
	if err != nil && !isForeign(err) {
		return wrapf(err, "stop execution %s of job %s", executionID, jobID)
	}
	e, _ := wire.DecodeExecution(hash)
	switch {
	case len(hash) == 0:
		return fmt.Errorf("%w: stop execution %s of job %s: it is not running", ErrInvalidJobOperation, executionID, jobID)
	case e.WorkerName == "":
		return fmt.Errorf("%w: stop execution %s of job %s: it does not name its worker, which is older than RQ 2.11 and can stop only the job", ErrInvalidJobOperation, executionID, jobID)
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
	// A command that is received twice could stop the next job too.
	receivers, err := redisx.Once(ctx, rdb, "publish", keys.Commands(worker), payload).Int64()
	if err != nil {
		return wrapf(err, "send %s to worker %s", name, worker)
	}
	if receivers == 0 {
		return noSuchWorker(worker)
	}
	return nil
}
