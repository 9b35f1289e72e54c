package rqcli

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

func TestRegistryList(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	rdb.ZAdd(ctx, keys.Failed("q"), redis.Z{Score: -1, Member: "kept"}, redis.Z{Score: 2e9, Member: "b"}, redis.Z{Score: 2e9 + 60, Member: "c"})
	rdb.ZAdd(ctx, keys.Deferred("q"), redis.Z{Score: math.Inf(1), Member: "waits"}, redis.Z{Score: 5, Member: "old"})
	rdb.ZAdd(ctx, keys.Started("q"), redis.Z{Score: 2e9, Member: "j:" + strings.Repeat("e", 32)})
	rdb.ZAdd(ctx, keys.Scheduled("q"), redis.Z{Score: 2e9, Member: "s"})

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"failed"}, "" +
			"kept                                  never expires\n" +
			"b                                     expires 2033-05-18 03:33:20Z\n" +
			"c                                     expires 2033-05-18 03:34:20Z\n"},
		{[]string{"failed", "--desc", "--limit", "1"}, "" +
			"c                                     expires 2033-05-18 03:34:20Z\n" +
			"2 more: use --start and --limit\n"},
		{[]string{"failed", "--start", "1", "--limit", "1"}, "" +
			"b                                     expires 2033-05-18 03:33:20Z\n" +
			"1 more: use --start and --limit\n"},
		{[]string{"failed", "--start", "7"}, "No failed jobs\n"},
		{[]string{"deferred"}, "" +
			"old                                   since 1970-01-01 00:00:05Z\n" +
			"waits                                 since an unknown time\n"},
		{[]string{"started"}, "j                                     heartbeat expires 2033-05-18 03:33:20Z\n"},
		{[]string{"scheduled"}, "s                                     due 2033-05-18 03:33:20Z\n"},
		{nil, "deferred   2\nready      0\nscheduled  1\nstarted    1\nfinished   0\nfailed     3\ncanceled   0\n"},
	} {
		got := command(t, rdb, append([]string{"registry", "list", "q"}, c.args...)...)
		assert.Equal(t, said{0, c.want, ""}, got, "%q", c.args)
	}

	var lines []entryLine
	data(t, rdb, &lines, "registry", "list", "q", "started")
	at := time.Unix(2e9, 0).UTC()
	assert.Equal(t, []entryLine{{"j", strings.Repeat("e", 32), &at, "heartbeat expires"}}, lines)
	var counts map[string]int
	data(t, rdb, &counts, "registry", "list", "q")
	assert.Equal(t, 3, counts["failed"])
	assert.Len(t, counts, 7)
}

func TestRegistryListRefuses(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	got := command(t, rdb, "registry", "list", "q", "fail")
	assert.Equal(t, ExitUsage, got.Code)
	assert.Contains(t, got.Err, `registry "fail": must be one of deferred, ready, scheduled, started, finished, failed, canceled`)
	assert.Equal(t, ExitUsage, command(t, rdb, "registry", "list", "q", "--limit", "0").Code)
	assert.Equal(t, ExitUsage, command(t, rdb, "registry", "clean").Code)
	assert.Equal(t, ExitUsage, command(t, rdb, "registry", "clean", "q", "--all").Code)
}

func TestRegistryClean(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	fill(t, rdb, "a", 1)
	fill(t, rdb, "b", 1)
	for _, q := range []string{"a", "b"} {
		rdb.ZAdd(ctx, keys.Failed(q), redis.Z{Score: 5, Member: "old"}, redis.Z{Score: -1, Member: "kept"})
		rdb.ZAdd(ctx, keys.Canceled(q), redis.Z{Score: 5, Member: "canceled"})
	}

	got := command(t, rdb, "registry", "clean", "a")
	assert.Equal(t, said{0, "1 entries of failed jobs removed from a queue\n", ""}, got)
	var done []cleaned
	data(t, rdb, &done, "registry", "clean", "--all")
	assert.Equal(t, []cleaned{{"b", "failed", 1}}, done)
	assert.Equal(t, said{0, "Nothing to do\n", ""}, command(t, rdb, "registry", "clean", "a", "b"))
	assert.EqualValues(t, 1, rdb.ZCard(ctx, keys.Canceled("a")).Val())
}
