package rqcli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// A fakeScreen has the program of `rq top` without a terminal.
type fakeScreen struct {
	*testing.T
	top *top
}

func openTop(t *testing.T, rdb *redis.Client, width, height int) fakeScreen {
	t.Helper()
	s := fakeScreen{t, newTop(t.Context(), rdb, time.Hour)}
	s.top.where = "redis"
	s.top.Update(tea.WindowSizeMsg{Width: width, Height: height})
	s.looks()
	return s
}

// looks takes a look, without waiting for the next one.
func (s fakeScreen) looks() { s.top.Update(s.top.look()) }

// press types keys, and has what they lead to happen.
func (s fakeScreen) press(keys ...string) {
	s.Helper()
	for _, k := range keys {
		if cmd := s.top.press(k); cmd != nil {
			_, again := s.top.Update(cmd())
			s.top.Update(again())
		}
	}
}

// lines returns the screen, which fits.
func (s fakeScreen) lines() []string {
	s.Helper()
	lines := strings.Split(s.top.screen(), "\n")
	require.Len(s, lines, s.top.height)
	for _, l := range lines {
		require.LessOrEqual(s, ansi.StringWidth(l), s.top.width, l)
	}
	return lines
}

func (s fakeScreen) has(want string) {
	s.Helper()
	assert.Contains(s, strings.Join(s.lines(), "\n"), want)
}

func TestTopShows(t *testing.T) {
	t.Parallel()
	rdb := ran(t)
	addWorker(t, rdb, "ann", "busy", "q", "low")
	s := openTop(t, rdb, 80, 24)

	lines := s.lines()

	assert.Contains(t, lines[0], "redis  0.0/s done  0.0/s failed  1 of 1 workers busy")
	assert.Equal(t, []string{
		"QUEUES (1)     WAITING  RUNNING  FINISHED  FAILED  DEFERRED  SCHEDULED  WORKERS",
		"q                    0        0         2       4         0          0        1",
		"WORKERS (1)    STATE      ON     FINISHED  FAILED  HEARTBEAT",
		"ann            busy       q,low         3       1          ?",
		"RUNNING (0)    FUNCTION QUEUE WORKER     FOR",
		"FAILED (4)    WHY                FUNCTION  QUEUE     AGO",
	}, []string{lines[1], lines[2], lines[3], lines[4], lines[5], lines[6]})
	assert.Equal(t, "pack          error: no boxes    shop.pack q          0s", lines[7])
	assert.Equal(t, "tab: next table  ↑↓: choose  r: requeue all failed  p: pause workers  q: quit", lines[23])

	for _, size := range [][2]int{{200, 50}, {40, 12}, {20, 5}, {1, 1}} {
		s.top.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		s.lines()
	}
}

func TestTopGivesRoomToWhatIsInFocus(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for i := range 30 {
		require.NoError(t, rdb.SAdd(t.Context(), "rq:queues", fmt.Sprintf("rq:queue:q%02d", i)).Err())
		addWorker(t, rdb, fmt.Sprintf("w%02d", i), "idle", "q")
	}
	s := openTop(t, rdb, 80, 24)

	s.has("q13 ") // 4 of the workers are seen
	assert.NotContains(t, s.top.screen(), "w04 ")
	s.press("tab")
	s.has("w13 ")
	assert.NotContains(t, s.top.screen(), "q04 ")
	for range 3 {
		s.press("pgdown")
	}
	s.has("w29 ")
	s.press("pgup", "up", "shift+tab", "h", "l")
	assert.Equal(t, 18, s.top.chosen(workerSection))
}

func TestTopActs(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ran(t)
	q := rq.NewQueue(rdb, "q")
	s := openTop(t, rdb, 80, 24)

	s.press("tab", "tab", "tab", "down", "r")
	s.has("Requeue job sell2? (y/n)")
	s.press("n")
	assert.Zero(t, rdb.LLen(ctx, "rq:queue:q").Val())
	s.press("r", "y")
	s.has("Requeue job sell2: done")
	s.has("FAILED (3)")
	assert.Equal(t, []string{"sell2"}, rdb.LRange(ctx, "rq:queue:q", 0, -1).Val())

	s.press("d", "y") // what is in the place now
	assert.Zero(t, rdb.Exists(ctx, "rq:job:sell1").Val())
	s.press("d")
	require.NoError(t, q.Failed().Requeue(ctx, "sell0")) // by another one, meanwhile
	s.press("y")
	s.has("job sell0 is no longer among the failed jobs")
	assert.EqualValues(t, 1, rdb.Exists(ctx, "rq:job:sell0").Val())

	s.press("tab", "r", "y")
	s.has("Requeue all failed jobs of q: done")
	s.has("FAILED (0)")

	s.press("p")
	s.has("Suspend all workers? (y/n)")
	s.press("y")
	s.has("SUSPENDED")
	s.press("p", "y")
	s.has("Resume all workers: done")
	suspended, err := rq.IsSuspended(ctx, rdb)
	require.NoError(t, err)
	assert.False(t, suspended)

	s.press("tab", "s") // no worker is there to be stopped
	assert.Nil(t, s.top.asking)
	addWorker(t, rdb, "dead", "idle", "q")
	s.looks()
	s.press("s", "y")
	s.has("no such worker: dead")
	assert.NotNil(t, s.top.press("q"))
}

func TestTopTellsThatItCannotLook(t *testing.T) {
	t.Parallel()
	rdb := ran(t)
	s := openTop(t, rdb, 80, 24)
	require.NoError(t, rdb.Close())

	s.looks()

	s.has("cannot read: ")
	s.has("FAILED (4)") // as it was
}

func TestTopCountsPerSecond(t *testing.T) {
	t.Parallel()
	at := time.Unix(100, 0)
	before := &snapshot{at: at, workers: []workerData{{Name: "a", Succeeded: 10, Failed: 2, Birth: at}, {Name: "b", Succeeded: 50, Birth: at}}}
	now := &snapshot{at: at.Add(2 * time.Second), workers: []workerData{{Name: "a", Succeeded: 14, Failed: 3, Birth: at}, {Name: "b", Succeeded: 6, Birth: at.Add(1)}}}

	finished, failed := now.rates(before)

	assert.InDelta(t, 5, finished, 1e-9)
	assert.InDelta(t, 0.5, failed, 1e-9)
}

func TestTopNeedsATerminal(t *testing.T) {
	t.Parallel()
	got := command(t, redistest.New(t), "top")
	assert.Equal(t, said{ExitFailure, "", "rq: top needs a terminal: use `rq info --json` in programs\n"}, got)
	assert.Equal(t, ExitUsage, command(t, redistest.New(t), "top", "-i", "0").Code)
}

func TestTopTellsThatItCouldNotLookAtFirst(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	require.NoError(t, rdb.Set(t.Context(), "rq:queues", "of another program", 0).Err())

	s := openTop(t, rdb, 80, 24)

	s.has("cannot read: ")
	s.has("WRONGTYPE")
}

func TestTopKeepsWhatIsNewer(t *testing.T) {
	t.Parallel()
	s := openTop(t, redistest.New(t), 80, 24)
	newer := s.top.now

	s.top.Update(looked{snapshot: &snapshot{at: newer.at.Add(-time.Second), suspended: true}})

	assert.Same(t, newer, s.top.now)
}

func TestTopEndsInFailureUnlessItWasQuit(t *testing.T) {
	t.Parallel()
	require.NoError(t, unlessQuit(nil))
	require.NoError(t, unlessQuit(tea.ErrInterrupted))
	require.NoError(t, unlessQuit(fmt.Errorf("%w: %w", tea.ErrProgramKilled, context.Canceled)))
	require.Error(t, unlessQuit(fmt.Errorf("%w: %w", tea.ErrProgramKilled, tea.ErrProgramPanic)))
	require.Error(t, unlessQuit(fmt.Errorf("%w: %w", tea.ErrProgramKilled, io.ErrUnexpectedEOF))) // of the terminal
}
