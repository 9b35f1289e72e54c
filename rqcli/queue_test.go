package rqcli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// fill puts n jobs in a queue: j00, j01 and so on.
func fill(t *testing.T, rdb *redis.Client, queue string, n int) *rq.Queue {
	t.Helper()
	q := rq.NewQueue(rdb, queue)
	for i := range n {
		_, err := q.Enqueue(t.Context(), rq.Call("tasks.add", i), rq.JobID(fmt.Sprintf("%s%02d", queue, i)))
		require.NoError(t, err)
	}
	return q
}

func TestQueueList(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	assert.Equal(t, said{0, "No queues\n", ""}, command(t, rdb, "queue", "list"))
	fill(t, rdb, "low", 2)
	fill(t, rdb, "high", 1)
	rdb.ZAdd(ctx, keys.Failed("high"), redis.Z{Score: 4e9, Member: "f"})
	rdb.ZAdd(ctx, keys.Ready("high"), redis.Z{Score: 4e9, Member: "r"})
	rdb.SAdd(ctx, keys.QueueWorkers("high"), "rq:worker:w")

	got := command(t, rdb, "queue", "list")

	assert.Equal(t, said{0, "" +
		" queued started deferred scheduled finished  failed canceled workers  queue\n" +
		"      1       0        1         0        0       1        0       1  high\n" +
		"      2       0        0         0        0       0        0       0  low\n", ""}, got)
	var lines []queueData
	data(t, rdb, &lines, "queue", "list")
	assert.Equal(t, []queueData{{Name: "high", Queued: 1, Ready: 1, Failed: 1, Workers: 1}, {Name: "low", Queued: 2}}, lines)
}

func TestQueuePeek(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	q := fill(t, rdb, "q", 12)
	j, err := q.Enqueue(ctx, rq.Call("f"), rq.JobID("last"), rq.Description("a\x1b[31m\n"+strings.Repeat("ö", 90)))
	require.NoError(t, err)
	rdb.RPush(ctx, keys.Queue("q"), "gone")

	got := command(t, rdb, "queue", "peek", "q")
	lines := strings.Split(strings.TrimSuffix(got.Out, "\n"), "\n")
	require.Len(t, lines, 11)
	assert.Equal(t, "id   enqueued at           description", lines[0])
	assert.Regexp(t, `^q00  \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  tasks\.add\(0\)$`, lines[1])

	got = command(t, rdb, "queue", "peek", "q", "-n", "5", "--from", "12")
	lines = strings.Split(strings.TrimSuffix(got.Out, "\n"), "\n")
	require.Len(t, lines, 3)
	assert.Len(t, []rune(lines[1]), 80)
	assert.True(t, strings.HasPrefix(lines[1], "last  "+stamp(j.EnqueuedAt())+"  a [31m öö"), lines[1])
	assert.Contains(t, lines[2], "gone  -                     (the job does not exist")

	var jobs []peeked
	data(t, rdb, &jobs, "queue", "peek", "q", "-n", "3", "--from", "11")
	require.Len(t, jobs, 3)
	assert.Equal(t, peeked{Position: 13, ID: "gone", Missing: true}, jobs[2])
	assert.Equal(t, "q11", jobs[0].ID)
	assert.NotNil(t, jobs[0].EnqueuedAt)
	assert.EqualValues(t, 14, rdb.LLen(ctx, keys.Queue("q")).Val(), "they stay there")
	assert.Equal(t, said{0, "The queue is empty\n", ""}, command(t, rdb, "queue", "peek", "q", "--from", "99"))
	assert.Equal(t, ExitUsage, command(t, rdb, "queue", "peek", "q", "-n", "0").Code)
}

func TestQueuesThatAreNot(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	fill(t, rdb, "q", 1)
	for _, args := range [][]string{
		{"queue", "peek", "qq"}, {"queue", "delete", "-y", "--jobs", "q", "qq"}, {"registry", "list", "qq"}, {"registry", "list", "qq", "failed"},
		{"registry", "clean", "q", "qq"},
	} {
		got := command(t, rdb, args...)
		assert.Equal(t, said{ExitFailure, "", "rq: no queue \"qq\" (`rq queue list` lists the queues)\n"}, got, "%q", args)
	}
	assert.EqualValues(t, 1, rdb.LLen(ctx, keys.Queue("q")).Val(), "nothing is changed")
	rdb.ZAdd(ctx, keys.Failed("qq"), redis.Z{Score: 4e9, Member: "f"})
	assert.Zero(t, command(t, rdb, "registry", "list", "qq").Code, "one that only has failed jobs is one")
}

func TestQueueDelete(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	fill(t, rdb, "a", 2)
	fill(t, rdb, "b", 3)

	got := command(t, rdb, "queue", "delete", "a", "b", "--jobs")
	assert.Equal(t, said{ExitFailure, "", "rq: Delete a, b, and all their waiting jobs: use --yes to confirm, there is no terminal to ask on\n"}, got)
	assert.EqualValues(t, 2, rdb.LLen(ctx, keys.Queue("a")).Val(), "nothing is changed")

	got = command(t, rdb, "queue", "delete", "a", "-y")
	assert.Equal(t, said{0, "a deleted: 0 jobs removed, 2 left in no queue\n", ""}, got)
	assert.EqualValues(t, 1, rdb.Exists(ctx, keys.Job("a00")).Val())

	var done []deleted
	data(t, rdb, &done, "queue", "delete", "b", "-y", "--jobs")
	assert.Equal(t, []deleted{{Queue: "b", Removed: 3}}, done)
	assert.Zero(t, rdb.Exists(ctx, keys.Job("b00"), keys.Queues, keys.Queue("a"), keys.Queue("b")).Val())
}

func TestQueueEmpty(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	fill(t, rdb, "q", 2)
	assert.Equal(t, said{0, "2 jobs removed from q queue\n", ""}, command(t, rdb, "queue", "empty", "q"))
}
