package rq

import (
	"context"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

// A QueueInfo says how many jobs of a queue are in each state, and how many
// workers listen to it.
type QueueInfo struct {
	Name                                         string
	Queued, Deferred, Ready, Scheduled           int
	Started, Finished, Failed, Canceled, Workers int
}

// QueueInfos counts the jobs of queues, in the order of the names. It takes a
// round trip for each hundred queues, and has no side effect: entries of jobs that
// have expired are counted until a worker cleans up.
func QueueInfos(ctx context.Context, rdb redis.UniversalClient, names ...string) ([]QueueInfo, error) {
	infos := make([]QueueInfo, 0, len(names))
	for chunk := range slices.Chunk(names, infoChunk) {
		pipe := rdb.Pipeline()
		counts := make([]queueCounts, len(chunk))
		for i, name := range chunk {
			counts[i] = countQueue(ctx, pipe, name)
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return nil, wrapf(err, "count the jobs of queues")
		}
		for i, name := range chunk {
			infos = append(infos, counts[i].info(name))
		}
	}
	return infos, nil
}

const infoChunk = 100

// queueCounts are the replies that a QueueInfo is made of, in the order of its fields.
type queueCounts [9]*redis.IntCmd

func countQueue(ctx context.Context, pipe redis.Pipeliner, name string) queueCounts {
	return queueCounts{
		pipe.LLen(ctx, keys.Queue(name)),
		pipe.ZCard(ctx, keys.Deferred(name)), pipe.ZCard(ctx, keys.Ready(name)), pipe.ZCard(ctx, keys.Scheduled(name)),
		pipe.ZCard(ctx, keys.Started(name)), pipe.ZCard(ctx, keys.Finished(name)), pipe.ZCard(ctx, keys.Failed(name)),
		pipe.ZCard(ctx, keys.Canceled(name)), pipe.SCard(ctx, keys.QueueWorkers(name)),
	}
}

func (c queueCounts) info(name string) QueueInfo {
	n := func(i int) int { return int(c[i].Val()) }
	return QueueInfo{name, n(0), n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8)}
}
