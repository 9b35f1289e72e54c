package rq

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/wire"
)

// An Execution is one run of a job that has not ended (rq/executions.py Execution).
type Execution struct {
	// ID is unique to this run.
	ID string
	// JobID is the id of the job.
	JobID string
	// WorkerName is the name of the worker; "" for a worker of RQ before 2.11.
	WorkerName string
	// CreatedAt is when the run started. LastHeartbeat is the worker's last heartbeat
	// for it.
	CreatedAt, LastHeartbeat time.Time
}

// Executions returns the executions of the job, usually one or none (rq/job.py
// Job.get_executions). An execution that has expired is left out, where RQ fails.
func (j *Job) Executions(ctx context.Context) ([]Execution, error) {
	now := fmt.Sprintf("(%d", time.Now().Unix())
	ids, err := j.rdb.ZRangeByScore(ctx, keys.Executions(j.id), &redis.ZRangeBy{Min: now, Max: "+inf"}).Result()
	if err != nil || len(ids) == 0 {
		return nil, wrapf(err, "fetch executions of job %s", j.id)
	}
	for i, id := range ids {
		ids[i] = j.id + ":" + id
	}
	out, err := readExecutions(ctx, j.rdb, ids)
	return out, wrapf(err, "fetch executions of job %s", j.id)
}

// readExecutions returns the executions of the pairs job:execution that still run, the
// longest running first.
func readExecutions(ctx context.Context, rdb redis.UniversalClient, pairs []string) ([]Execution, error) {
	var out []Execution
	key := func(i int) string { return keys.Execution(cutPair(pairs[i])) }
	err := readHashes(ctx, rdb, len(pairs), key, func(i int, hash map[string]string) {
		if e, _ := wire.DecodeExecution(hash); !e.CreatedAt.IsZero() {
			job, id := cutPair(pairs[i])
			out = append(out, Execution{id, job, e.WorkerName, e.CreatedAt, e.LastHeartbeat})
		}
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b Execution) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return out, nil
}
