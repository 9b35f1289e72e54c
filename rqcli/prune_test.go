package rqcli

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// leaveBehind leaves two ids without a job, results of one, and a job that is
// nowhere, beside one that waits.
func leaveBehind(t *testing.T, rdb *redis.Client) {
	t.Helper()
	ctx := t.Context()
	_, err := rq.NewQueue(rdb, "q").Enqueue(ctx, rq.Call("f"), rq.JobID("alive"))
	require.NoError(t, err)
	rdb.RPush(ctx, keys.Queue("q"), "gone")
	rdb.ZAdd(ctx, keys.Failed("q"), redis.Z{Score: 2e9, Member: "gone"})
	rdb.XAdd(ctx, &redis.XAddArgs{Stream: keys.Results("gone"), Values: []string{"type", "1"}})
	rdb.HSet(ctx, keys.Job("lost"), "data", "x", "origin", "q", "status", "queued")
}

func TestPruneLists(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	leaveBehind(t, rdb)

	got := command(t, rdb, "prune", "--dry-run")

	assert.Zero(t, got.Code, got.Err)
	for _, line := range []string{
		"entry         gone in rq:queue:q\n", "entry         gone in rq:failed:q\n", "results       rq:results:gone\n", "job           rq:job:lost\n",
		"Left behind: 2 ids without a job, 1 stream of results, 1 job in no queue or registry\n",
	} {
		assert.Contains(t, got.Out, line)
	}
	assert.EqualValues(t, 2, rdb.LLen(t.Context(), keys.Queue("q")).Val(), "nothing is changed")
}

func TestPruneListsAsJSON(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	leaveBehind(t, rdb)
	var all []rq.Orphan
	data(t, rdb, &all, "prune", "--dry-run")
	assert.ElementsMatch(t, []rq.Orphan{
		{Kind: "entry", Key: "rq:queue:q", ID: "gone", Queue: "q"}, {Kind: "entry", Key: "rq:failed:q", ID: "gone", Queue: "q"},
		{Kind: "results", Key: "rq:results:gone", ID: "gone"}, {Kind: "job", Key: "rq:job:lost", ID: "lost", Queue: "q"},
	}, all)
}

func TestPrune(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	leaveBehind(t, rdb)

	got := command(t, rdb, "prune")
	assert.Equal(t, said{ExitFailure, "", "rq: Remove 2 ids without a job, 1 stream of results: use --yes to confirm, there is no terminal to ask on\n"}, got)
	assert.EqualValues(t, 2, rdb.LLen(ctx, keys.Queue("q")).Val(), "nothing is changed")

	got = command(t, rdb, "prune", "-y")
	assert.Equal(t, said{0, "Removed 2 ids without a job, 1 stream of results\n", ""}, got)
	assert.Equal(t, []string{"alive"}, rdb.LRange(ctx, keys.Queue("q"), 0, -1).Val())
	assert.EqualValues(t, 1, rdb.Exists(ctx, keys.Job("lost")).Val(), "jobs stay unless it is asked for")

	var counts map[rq.OrphanKind]int
	data(t, rdb, &counts, "prune", "-y", "--jobs")
	assert.Equal(t, 1, counts[rq.OrphanJob])
	assert.Zero(t, rdb.Exists(ctx, keys.Job("lost")).Val())
	assert.Equal(t, said{0, "Nothing to do\n", ""}, command(t, rdb, "prune", "--jobs"), "nobody is asked for nothing")
	assert.Equal(t, said{0, "Nothing was left behind\n", ""}, command(t, rdb, "prune", "--dry-run"))
}
