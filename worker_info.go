package rq

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/wire"
)

// WorkerInfo is what a worker, in Python or Go, has written to Redis about itself. Missing
// values are zero.
type WorkerInfo struct {
	// Name is unique among the workers of a database.
	Name string
	// Hostname, IPAddress and PID say where it runs.
	Hostname, IPAddress string
	PID                 int
	// State is "starting", "started", "idle", "busy" or "suspended"; "?" when it has
	// none yet.
	State string
	// Queues are the queues it works for, in order of preference.
	Queues []string
	// CurrentJobID is the job it runs, or one of several. See WorkerExecutions.
	CurrentJobID string
	// Succeeded and Failed count the jobs it has run; WorkingTime is their total time.
	Succeeded, Failed int
	WorkingTime       time.Duration
	// Birth is when it started, LastHeartbeat when it sent its last heartbeat.
	Birth, LastHeartbeat time.Time
	// ShutdownRequested is when it was told to shut down, if it was.
	ShutdownRequested time.Time
	// Version is that of RQ, or of this package; PythonVersion that of Python or Go.
	Version, PythonVersion string
}

// Workers returns all workers, in the order of their names (rq/worker Worker.all).
// Dead workers are left out; RQ also removes them from its sets.
func Workers(ctx context.Context, rdb redis.UniversalClient) ([]WorkerInfo, error) {
	infos, err := workersIn(ctx, rdb, keys.Workers)
	return infos, wrapf(err, "list workers")
}

// Workers returns the workers of the queue, in the order of their names
// (rq/worker Worker.all with a queue).
func (q *Queue) Workers(ctx context.Context) ([]WorkerInfo, error) {
	infos, err := workersIn(ctx, q.rdb, keys.QueueWorkers(q.name))
	return infos, wrapf(err, "list workers of queue %s", q.name)
}

// CountWorkers returns the number of workers. Dead workers count until maintenance has
// removed them (rq/worker Worker.count).
func CountWorkers(ctx context.Context, rdb redis.UniversalClient) (int, error) {
	n, err := rdb.SCard(ctx, keys.Workers).Result()
	return int(n), wrapf(err, "count workers")
}

// CountWorkers returns the number of workers of the queue. Dead workers count until
// maintenance has removed them (rq/worker Worker.count).
func (q *Queue) CountWorkers(ctx context.Context) (int, error) {
	n, err := q.rdb.SCard(ctx, keys.QueueWorkers(q.name)).Result()
	return int(n), wrapf(err, "count workers of queue %s", q.name)
}

// FindWorker returns the worker of that name, or ErrNoSuchWorker when there is none
// (rq/worker Worker.find_by_key).
func FindWorker(ctx context.Context, rdb redis.UniversalClient, name string) (WorkerInfo, error) {
	infos, err := readWorkers(ctx, rdb, []string{name})
	switch {
	case err != nil:
		return WorkerInfo{}, wrapf(err, "find worker %s", name)
	case len(infos) == 0:
		return WorkerInfo{}, noSuchWorker(name)
	}
	return infos[0], nil
}

// WorkerExecutions returns the executions that a worker runs now, the longest running
// first. Before RQ 2.0 a worker has no executions, and the one returned has no ID. It
// returns none for a worker that does not exist.
func WorkerExecutions(ctx context.Context, rdb redis.UniversalClient, name string) ([]Execution, error) {
	pairs, err := rdb.SMembers(ctx, keys.WorkerExecutions(name)).Result()
	if err == nil && len(pairs) > 0 {
		var running []Execution
		if running, err = readExecutions(ctx, rdb, pairs); len(running) > 0 {
			return running, nil
		}
	}
	if err != nil {
		return nil, wrapf(err, "list executions of worker %s", name)
	}
	running, err := executionsOfCurrentJob(ctx, rdb, name)
	return running, wrapf(err, "list executions of worker %s", name)
}

// executionsOfCurrentJob returns what a worker before RQ 3.0 runs.
func executionsOfCurrentJob(ctx context.Context, rdb redis.UniversalClient, name string) ([]Execution, error) {
	id, err := rdb.HGet(ctx, keys.Worker(name), "current_job").Result()
	if id == "" && (err == nil || errors.Is(err, redis.Nil)) {
		return nil, nil
	}
	var job *Job
	if err == nil {
		job, err = FetchJob(ctx, rdb, id)
	}
	switch {
	case errors.Is(err, ErrNoSuchJob):
		return nil, nil
	case err != nil:
		return nil, err
	}
	running, err := job.Executions(ctx)
	if err != nil || len(running) > 0 {
		return running, err
	}
	return []Execution{{JobID: id, WorkerName: name, CreatedAt: job.StartedAt(), LastHeartbeat: job.LastHeartbeat()}}, nil
}

// workersIn returns the workers of a set of their keys.
func workersIn(ctx context.Context, rdb redis.UniversalClient, set string) ([]WorkerInfo, error) {
	members, err := rdb.SMembers(ctx, set).Result()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, key := range members {
		if name, ok := strings.CutPrefix(key, keys.Worker("")); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return readWorkers(ctx, rdb, names)
}

// readWorkers returns those of the workers that live, in the order of the names.
func readWorkers(ctx context.Context, rdb redis.UniversalClient, names []string) ([]WorkerInfo, error) {
	infos := make([]WorkerInfo, 0, len(names))
	key := func(i int) string { return keys.Worker(names[i]) }
	err := readHashes(ctx, rdb, len(names), key, func(i int, hash map[string]string) {
		if len(hash) > 0 {
			infos = append(infos, workerInfo(names[i], hash))
		}
	})
	return infos, err
}

// workerInfo reads the hash of a worker; what cannot be read is left zero.
func workerInfo(name string, hash map[string]string) WorkerInfo {
	w, _ := wire.DecodeWorker(hash)
	info := WorkerInfo{
		Name: name, Hostname: w.Hostname, IPAddress: w.IPAddress, PID: w.PID,
		State: w.State, Queues: w.Queues, CurrentJobID: w.CurrentJob,
		Succeeded: w.SuccessfulJobCount, Failed: w.FailedJobCount, WorkingTime: time.Duration(w.TotalWorkingTime * float64(time.Second)),
		Birth: w.Birth, LastHeartbeat: w.LastHeartbeat, ShutdownRequested: w.ShutdownRequested,
		Version: w.Version, PythonVersion: w.PythonVersion,
	}
	if info.State == "" {
		info.State = "?"
	}
	return info
}
