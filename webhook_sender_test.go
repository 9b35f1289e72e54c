package rq

import (
	"bytes"
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
)

// loggingSender returns a sender that a test closes, and its log, to be read then.
func loggingSender() (*webhookSender, *bytes.Buffer) {
	var log bytes.Buffer
	return newWebhookSender(slog.New(slog.NewTextHandler(&log, nil))), &log
}

// past is a context that has ended.
func past() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestTheSenderSendsAllBeforeItIsClosed(t *testing.T) {
	t.Parallel()
	s := newHookServer(t)
	sender, log := loggingSender()
	for i := range 100 {
		a, b := "/"+strconv.Itoa(i)+"a", "/"+strconv.Itoa(i)+"b"
		j := hookedJob(t, s.hook("POST", a, StatusFinished), s.hook("GET", b, StatusFinished))
		j.id = strconv.Itoa(i / 2)
		sender.send(t.Context(), j, StatusFinished, "")
	}

	sender.close(t.Context())

	assert.Len(t, s.lines(), 200)
	at := map[string]int{}
	for i, line := range s.lines() {
		at[line] = i
	}
	for i := range 100 {
		assert.Less(t, at["POST /"+strconv.Itoa(i)+"a"], at["GET /"+strconv.Itoa(i)+"b"], "those of one run are in order")
		if i%2 == 1 {
			assert.Less(t, at["GET /"+strconv.Itoa(i-1)+"b"], at["POST /"+strconv.Itoa(i)+"a"], "and the runs of one job")
		}
	}
	assert.Empty(t, log.String())
}

// TestTheSenderWaitsForRoom: nothing is thrown away because the receiver is slow.
func TestTheSenderWaitsForRoom(t *testing.T) {
	t.Parallel()
	s := newHookServer(t)
	sender, log := loggingSender()
	fillSender(t, sender, s)
	var late sync.WaitGroup
	late.Go(func() {
		sender.send(t.Context(), hookedJob(t, s.hook("GET", "/late", StatusFinished)), StatusFinished, "")
	})
	sender.send(past(), hookedJob(t, s.hook("GET", "/given-up", StatusFinished)), StatusFinished, "")

	sender.close(past())
	late.Wait()

	for _, path := range []string{"/hang", "/late", "/given-up"} {
		assert.Contains(t, log.String(), s.URL+path)
	}
	assert.Equal(t, webhookSenders+webhookQueue+2, strings.Count(log.String(), "a webhook was not sent"))
	for _, line := range s.lines() {
		assert.Equal(t, "GET /hang", line)
	}
}

// fillSender gives a sender as much as it takes.
func fillSender(t *testing.T, sender *webhookSender, s *hookServer) {
	t.Helper()
	hang(t, sender, s)
	j := hookedJob(t, s.hook("GET", "/hang", StatusFinished))
	for range webhookQueue {
		sender.send(t.Context(), j, StatusFinished, "")
	}
}

// hang has all that can be sent at once hang.
func hang(t *testing.T, sender *webhookSender, s *hookServer) {
	t.Helper()
	for i := range webhookSenders {
		j := hookedJob(t, s.hook("GET", "/hang", StatusFinished))
		j.id = "hangs" + strconv.Itoa(i)
		sender.send(t.Context(), j, StatusFinished, "")
	}
	require.Eventually(t, func() bool { return len(s.lines()) == webhookSenders }, 10*time.Second, time.Millisecond)
}

// TestTheSenderBoundsWhatItHolds: it holds the bodies of requests, and no job.
func TestTheSenderBoundsWhatItHolds(t *testing.T) {
	t.Parallel()
	sender, log := loggingSender()
	s := newHookServer(t)
	hang(t, sender, s)
	large := hookedJob(t, s.hook("POST", "/large", StatusFailed))
	exc := strings.Repeat("x", webhookBytes/2)

	sender.send(past(), large, StatusFailed, exc)
	sender.send(past(), large, StatusFailed, exc)

	assert.LessOrEqual(t, sender.bytes, webhookBytes)
	assert.Len(t, sender.waiting, 1)
	sender.close(past())
	assert.Equal(t, webhookSenders+2, strings.Count(log.String(), "a webhook was not sent"))
}

// TestAWebhookHoldsNoSlot, and no end: the receiver answers nothing.
func TestAWebhookHoldsNoSlot(t *testing.T) {
	t.Parallel()
	ctx, rdb, s := t.Context(), redistest.Real(t), newHookServer(t)
	q := NewQueue(rdb, "default")
	for range 5 {
		_, err := q.Enqueue(ctx, Call("tasks.add", 1, 2), Webhook{URL: s.URL + "/hang", JobStatus: StatusFinished, Timeout: time.Hour})
		require.NoError(t, err)
	}
	w := startWorker(t, rdb, testHandlers, WorkerConfig{ShutdownTimeout: 10 * time.Millisecond})

	require.Eventually(t, func() bool { return rdb.ZCard(ctx, keys.Finished("default")).Val() == 5 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return len(s.lines()) == 5 }, 10*time.Second, time.Millisecond)
	w.stop(t)
}

// TestWebhooksOfAbandonedJobsHoldUpNoJob: a dead worker has left jobs, and the receiver
// of their webhooks answers nothing.
func TestWebhooksOfAbandonedJobsHoldUpNoJob(t *testing.T) {
	t.Parallel()
	ctx, rdb, s := t.Context(), redistest.Real(t), newHookServer(t)
	for i := range 5 {
		leaveStarted(t, rdb, "dead"+strconv.Itoa(i), Webhook{URL: s.URL + "/hang", JobStatus: StatusFailed, Timeout: time.Hour})
	}
	j, err := NewQueue(rdb, "default").Enqueue(ctx, Call("tasks.add", 1, 2))
	require.NoError(t, err)
	w := startWorker(t, rdb, testHandlers, WorkerConfig{ShutdownTimeout: 10 * time.Millisecond})

	require.Eventually(t, func() bool { return len(s.lines()) == 5 && rdb.ZCard(ctx, keys.Failed("default")).Val() == 5 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return rdb.HGet(ctx, keys.Job(j.ID()), "status").Val() == "finished" }, 10*time.Second, time.Millisecond)

	w.stop(t)
}
