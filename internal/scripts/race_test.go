package scripts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// finish ends a job as RQ does (rq/worker/base.py, handle_job_success): it
// watches the dependents, reads them, and queues them in the transaction that
// sets its status, again and again until nobody interferes.
func finish(ctx context.Context, rdb *redis.Client, id string) error {
	for {
		err := rdb.Watch(ctx, func(tx *redis.Tx) error {
			dependents, err := tx.SMembers(ctx, keys.Dependents(id)).Result()
			if err != nil {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				for _, d := range dependents {
					pipe.ZRem(ctx, keys.Deferred("q"), d)
					pipe.HSet(ctx, keys.Job(d), "status", "queued")
					pipe.RPush(ctx, keys.Queue("q"), d)
				}
				pipe.Del(ctx, keys.Dependents(id))
				pipe.HSet(ctx, keys.Job(id), "status", "finished")
				return nil
			})
			return err
		}, keys.Dependents(id))
		if !errors.Is(err, redis.TxFailedErr) {
			return err
		}
	}
}

// TestEnqueueWhileTheDependencyFinishes: whoever comes first, each dependent is
// queued, once.
func TestEnqueueWhileTheDependencyFinishes(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const rounds, dependents = 60, 8
	var want []string
	statuses := make(map[string]int)
	var mu sync.Mutex
	for round := range rounds {
		parent := fmt.Sprintf("p%d", round)
		do(t, rdb, "HSET "+keys.Job(parent)+" data x status started")
		var wg sync.WaitGroup
		for i := range dependents {
			id := fmt.Sprintf("d%d-%d", round, i)
			want = append(want, id)
			wg.Go(func() {
				status, err := EnqueueWaiting(ctx, rdb, Waiting{
					ID: id, Queue: "q", Where: Back, Score: "1", Now: at, Dependencies: []string{parent}, Fields: []any{"data", "x"},
				})
				assert.NoError(t, err)
				mu.Lock()
				defer mu.Unlock()
				statuses[status]++
			})
		}
		wg.Go(func() { assert.NoError(t, finish(ctx, rdb, parent)) })
		wg.Wait()
	}
	t.Log(statuses)

	got, err := rdb.LRange(ctx, keys.Queue("q"), 0, -1).Result()
	require.NoError(t, err)
	assert.ElementsMatch(t, want, got)
	assert.Zero(t, rdb.Exists(ctx, keys.Deferred("q")).Val())
	for _, id := range want {
		require.Equal(t, "queued", rdb.HGet(ctx, keys.Job(id), "status").Val())
	}
}

// TestARateLimitHoldsUnderLoad: however many come at once, no more than the
// concurrency are let through, and each gets its turn in the end.
func TestARateLimitHoldsUnderLoad(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const jobs, slots = 60, 3
	var want []string
	var wg sync.WaitGroup
	for i := range jobs {
		id := fmt.Sprintf("j%02d", i)
		want = append(want, id)
		wg.Go(func() {
			_, err := EnqueueWaiting(ctx, rdb, Waiting{
				ID: id, Queue: "q", Where: Back, Score: "1", Now: at, RateLimit: "k", Concurrency: slots,
				Fields: []any{"data", "x", "origin", "q", "rate_limit_key", "k", "rate_limit_concurrency", slots},
			})
			assert.NoError(t, err)
		})
	}
	wg.Wait()

	var done []string
	for range jobs {
		running := rdb.LRange(ctx, keys.Queue("q"), 0, -1).Val()
		require.Len(t, running, min(slots, jobs-len(done)))
		ok, err := DeleteJob(ctx, rdb, running[0], true, at)
		require.NoError(t, err)
		require.True(t, ok)
		done = append(done, running[0])
	}
	slices.Sort(done)
	assert.Equal(t, want, done)
	assert.Equal(t, keyspace{"rq:queues": "set rq:queue:q", "rq:rl-keys": "set k", "rq:rl:k": "hash concurrency=3"}, dump(t, rdb))
}

// TestUniqueJobsAreCreatedOnce: of many who create a job of one id, one does.
func TestUniqueJobsAreCreatedOnce(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	var wg sync.WaitGroup
	var created sync.Map
	for i := range 20 {
		wg.Go(func() {
			ok, err := CreateJob(ctx, rdb, Create{ID: "a", Queue: "q", Target: keys.Queue("q"), Where: Back, Fields: []any{"data", i}})
			assert.NoError(t, err)
			if ok {
				created.Store(i, true)
			}
		})
	}
	wg.Wait()
	var winners []any
	created.Range(func(k, _ any) bool { winners = append(winners, k); return true })
	require.Len(t, winners, 1)
	assert.Equal(t, keyspace{
		"rq:job:a": fmt.Sprintf("hash data=%d", winners[0]), "rq:queue:q": "list a", "rq:queues": "set rq:queue:q",
	}, dump(t, rdb))
}
