package rq

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// A QueueInfo holds the number of a queue's jobs in each state, and the number of
// workers that serve it.
type QueueInfo struct {
	Name                                string
	Queued, Deferred, Ready, Scheduled  int
	Started, Finished, Failed, Canceled int
	Workers                             int // includes dead workers until they are cleaned up
}

// QueueInfos counts the jobs of queues, in the order of the names, as Queue.Count and
// Registry.Count do. It takes one round trip for each hundred queues and changes
// nothing. RQ's `rq info` cleans up first.
func QueueInfos(ctx context.Context, rdb redis.UniversalClient, names ...string) ([]QueueInfo, error) {
	infos := make([]QueueInfo, 0, len(names))
	for chunk := range slices.Chunk(names, infoChunk) {
		replies, err := redisx.Transact(ctx, rdb, func(pipe redis.Pipeliner) {
			for _, name := range chunk {
				addQueueCounts(ctx, pipe, NewQueue(rdb, name))
			}
		})
		if err != nil {
			return nil, wrapf(err, "count the jobs of queues")
		}
		n := counts(replies)
		for _, name := range chunk {
			infos = append(infos, queueInfo(name, &n))
		}
	}
	return infos, nil
}

// addQueueCounts adds the commands whose replies queueInfo takes.
func addQueueCounts(ctx context.Context, pipe redis.Pipeliner, q *Queue) {
	pipe.LLen(ctx, keys.Queue(q.name))
	for _, r := range q.Registries() {
		r.addCount(ctx, pipe)
	}
	pipe.SCard(ctx, keys.QueueWorkers(q.name))
}

func queueInfo(name string, n *counts) QueueInfo {
	info := QueueInfo{Name: name, Queued: n.next()}
	registries := [...]*int{
		deferredKind: &info.Deferred, readyKind: &info.Ready, scheduledKind: &info.Scheduled, startedKind: &info.Started,
		finishedKind: &info.Finished, failedKind: &info.Failed, canceledKind: &info.Canceled,
	}
	for i, r := range NewQueue(nil, name).Registries() {
		*registries[i] = r.count(n)
	}
	info.Workers = n.next()
	return info
}

// counts are the integer replies of a transaction.
type counts []any

// next takes the next one. The counting commands reply with nothing but integers.
func (c *counts) next() int {
	n, _ := (*c)[0].(int64)
	*c = (*c)[1:]
	return int(n)
}
