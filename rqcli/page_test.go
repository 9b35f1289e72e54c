package rqcli

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// These tests are the last section of RQ's page on jobs, Requeueing Failed Jobs: its
// two command lines as they stand there, but for where Redis is. The rest of the
// page is jobs_page_test.go of the library.

// onPage runs a command line of the page.
func onPage(t *testing.T, rdb *redis.Client, line string) said {
	t.Helper()
	line, ok := strings.CutPrefix(strings.Replace(line, "redis://localhost:6379", redistest.URL(rdb), 1), "rq ")
	require.True(t, ok, line)
	return commandOf(t, nil, strings.Fields(line)...)
}

// failedOnPage returns a database with failed jobs of myqueue and of another queue.
func failedOnPage(t *testing.T) *redis.Client {
	t.Helper()
	rdb := redistest.New(t)
	failed(t, rdb, "myqueue", "foo_job_id", "bar_job_id", "baz")
	failed(t, rdb, "q", "other")
	return rdb
}

// placed wants myqueue to have these jobs, in that order, and others to be left in
// its failed job registry.
func placed(t *testing.T, rdb *redis.Client, queued, left []string) {
	t.Helper()
	ctx := t.Context()
	assert.Equal(t, queued, rdb.LRange(ctx, "rq:queue:myqueue", 0, -1).Val())
	assert.ElementsMatch(t, left, rdb.ZRange(ctx, "rq:failed:myqueue", 0, -1).Val())
	for _, id := range queued {
		assert.Equal(t, "queued", rdb.HGet(ctx, "rq:job:"+id, "status").Val(), id)
	}
	assert.Equal(t, []string{"other"}, rdb.ZRange(ctx, "rq:failed:q", 0, -1).Val(), "another queue's stay")
}

// Requeueing Failed Jobs: this will requeue foo_job_id and bar_job_id from myqueue's
// failed job registry.
func TestPageRequeue(t *testing.T) {
	t.Parallel()
	rdb := failedOnPage(t)

	got := onPage(t, rdb, "rq requeue --queue myqueue -u redis://localhost:6379 foo_job_id bar_job_id")

	assert.Equal(t, 0, got.Code, got.Err)
	assert.Contains(t, got.Out, "Requeueing 2 jobs from failed queue\n")
	assert.Empty(t, got.Err)
	placed(t, rdb, []string{"foo_job_id", "bar_job_id"}, []string{"baz"})
}

// Requeueing Failed Jobs: this command will requeue all jobs in myqueue's failed job
// registry.
func TestPageRequeueAll(t *testing.T) {
	t.Parallel()
	rdb := failedOnPage(t)

	got := onPage(t, rdb, "rq requeue --queue myqueue -u redis://localhost:6379 --all")

	assert.Equal(t, 0, got.Code, got.Err)
	assert.Contains(t, got.Out, "Requeueing 3 jobs from failed queue\n")
	assert.Empty(t, got.Err)
	placed(t, rdb, []string{"foo_job_id", "bar_job_id", "baz"}, []string{})
	got = onPage(t, rdb, "rq requeue --queue myqueue -u redis://localhost:6379 --all")
	assert.Equal(t, said{Out: "Nothing to do\n"}, got)
}
