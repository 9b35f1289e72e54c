package rq

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/internal/wire"
)

// testScheduler returns a scheduler that tries the locks of others each time.
func testScheduler(rdb redis.UniversalClient, queues ...string) *scheduler {
	s := newScheduler(rdb, queues, nil, quiet)
	s.retry = 0
	return s
}

// scheduleMany puts n jobs in the scheduled ones of a queue that are due, and
// returns their ids in order.
func scheduleMany(t testing.TB, rdb redis.UniversalClient, queue string, n int) []string {
	t.Helper()
	q := NewQueue(rdb, queue)
	ids := make([]string, n)
	_, err := rdb.Pipelined(t.Context(), func(pipe redis.Pipeliner) error {
		for i := range ids {
			ids[i] = fmt.Sprintf("%s-%05d", queue, i)
			j, err := q.CreateJob(Call("tasks.add", 1, 2), JobID(ids[i]))
			if err != nil {
				return err
			}
			if err := q.ScheduleJob(t.Context(), j, time.Unix(int64(i), 0), Pipeline(pipe)); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	return ids
}

func waiting(t testing.TB, rdb redis.UniversalClient, queue string) []string {
	t.Helper()
	ids, err := rdb.LRange(t.Context(), keys.Queue(queue), 0, -1).Result()
	require.NoError(t, err)
	return ids
}

func lockOf(t testing.TB, rdb redis.UniversalClient, queue string) string {
	t.Helper()
	return rdb.Get(t.Context(), keys.SchedulerLock(queue)).Val()
}

func TestSchedulerOnce(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	high, low := scheduleMany(t, rdb, "high", 5), scheduleMany(t, rdb, "low", 12)
	scheduleMany(t, rdb, "other", 1)
	_, err := NewQueue(rdb, "high").EnqueueIn(ctx, time.Hour, Call("tasks.add"), JobID("later"))
	require.NoError(t, err)
	s := testScheduler(rdb, "high", "low")
	s.chunk = 4

	require.NoError(t, s.enqueueDue(ctx))

	assert.Equal(t, high, waiting(t, rdb, "high"))
	assert.Equal(t, low, waiting(t, rdb, "low"))
	assert.Empty(t, waiting(t, rdb, "other"))
	assert.Equal(t, []string{"later"}, rdb.ZRange(ctx, keys.Scheduled("high"), 0, -1).Val())
	assert.Equal(t, "queued", rdb.HGet(ctx, keys.Job(low[11]), "status").Val())
	assert.Empty(t, rdb.Keys(ctx, "rq:scheduler*").Val())
}

func TestSchedulerLeavesTheQueuesOfOthers(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	scheduleMany(t, rdb, "a", 1)
	ids := scheduleMany(t, rdb, "b", 1)
	require.NoError(t, rdb.Set(ctx, keys.SchedulerLock("a"), "another", time.Minute).Err())

	require.NoError(t, testScheduler(rdb, "a", "b").enqueueDue(ctx))

	assert.Empty(t, waiting(t, rdb, "a"))
	assert.Equal(t, ids, waiting(t, rdb, "b"))
	assert.Equal(t, "another", lockOf(t, rdb, "a"))
}

func TestSchedulerIsKnownByItsName(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	s := testScheduler(rdb, "a", "b")

	require.NoError(t, s.pass(ctx))

	assert.Equal(t, s.self.Name, lockOf(t, rdb, "a"))
	assert.Equal(t, s.self.Name, lockOf(t, rdb, "b"))
	assert.Equal(t, 61*time.Second, rdb.TTL(ctx, keys.SchedulerLock("a")).Val())
	assert.Equal(t, 61*time.Second, rdb.TTL(ctx, keys.Scheduler(s.self.Name)).Val())
	got, err := wire.DecodeScheduler(rdb.HGetAll(ctx, keys.Scheduler(s.self.Name)).Val())
	require.NoError(t, err)
	assert.Equal(t, &s.self, got)
}

// TestSchedulerOfAnOldFleet: before RQ 2.10 the lock is an integer, by which
// schedulers must still tell one another apart, and there is no hash.
func TestSchedulerOfAnOldFleet(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	old := func() *scheduler { return newScheduler(rdb, []string{"q"}, release{2, 9, 1}, quiet) }
	s := old()

	require.NoError(t, s.pass(ctx))
	require.NoError(t, old().enqueueDue(ctx))

	lock := lockOf(t, rdb, "q")
	assert.Equal(t, s.owner, lock)
	_, err := strconv.ParseInt(lock, 10, 64)
	require.NoError(t, err)
	assert.Equal(t, []string{keys.SchedulerLock("q")}, rdb.Keys(ctx, "*").Val())
}

func TestSchedulerKeepsItsLocks(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	lock := keys.SchedulerLock("q")
	s := testScheduler(rdb, "q")
	hash := keys.Scheduler(s.self.Name)
	s.renew = 0
	require.NoError(t, s.pass(ctx))

	t.Log("renewed")
	require.NoError(t, rdb.Expire(ctx, lock, time.Second).Err())
	require.NoError(t, s.pass(ctx))
	assert.Equal(t, 61*time.Second, rdb.TTL(ctx, lock).Val())

	t.Log("expired")
	require.NoError(t, rdb.Del(ctx, lock, hash).Err())
	require.NoError(t, s.pass(ctx))
	assert.Equal(t, s.owner, lockOf(t, rdb, "q"))
	assert.Len(t, rdb.HGetAll(ctx, hash).Val(), 6)

	t.Log("lost")
	require.NoError(t, rdb.Set(ctx, lock, "another", 0).Err())
	scheduleMany(t, rdb, "q", 1)
	require.NoError(t, s.pass(ctx))
	assert.Equal(t, "another", lockOf(t, rdb, "q"))
	assert.Empty(t, s.held)

	t.Log("free again")
	require.NoError(t, rdb.Del(ctx, lock).Err())
	require.NoError(t, s.pass(ctx))
	assert.Equal(t, s.owner, lockOf(t, rdb, "q"))
	assert.Len(t, waiting(t, rdb, "q"), 1)
}

// TestSchedulerTriesTheLocksOfOthersNowAndThen, as often as RQ's.
func TestSchedulerTriesTheLocksOfOthersNowAndThen(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	require.NoError(t, rdb.Set(ctx, keys.SchedulerLock("q"), "another", 0).Err())
	s := newScheduler(rdb, []string{"q"}, nil, quiet)
	require.NoError(t, s.pass(ctx))
	require.NoError(t, rdb.Del(ctx, keys.SchedulerLock("q")).Err())

	require.NoError(t, s.pass(ctx))
	assert.Empty(t, lockOf(t, rdb, "q"))

	s.tried = s.tried.Add(-2 * time.Minute)
	require.NoError(t, s.pass(ctx))
	assert.Equal(t, s.owner, lockOf(t, rdb, "q"))
}

// A tap calls before for each command that a client is about to send.
type tap struct{ before func(name string) }

func (h tap) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h tap) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.before(cmd.Name())
		return next(ctx, cmd)
	}
}

func (h tap) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		h.before(fmt.Sprintf("%s x %d", cmds[0].Name(), len(cmds)))
		return next(ctx, cmds)
	}
}

// another returns a second client of rdb's database.
func another(t *testing.T, rdb *redis.Client) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: rdb.Options().Addr, DB: rdb.Options().DB})
	t.Cleanup(func() { c.Close() })
	return c
}

// TestSchedulerHeldUpForLongerThanItsLock: it has seen that jobs are due, and
// when it goes on, another has the lock and has moved some of them.
func TestSchedulerHeldUpForLongerThanItsLock(t *testing.T) {
	t.Parallel()
	for i, when := range []string{"before its first chunk", "between two chunks"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			ctx, rdb := t.Context(), redistest.New(t)
			ids := scheduleMany(t, rdb, "q", 50)
			slow := another(t, rdb)
			s, other := testScheduler(slow, "q", "r"), testScheduler(rdb, "q")
			s.chunk, other.chunk = 10, 20
			require.NoError(t, s.keepLocks(ctx))
			_, err := s.move(ctx, "q", map[string][]string{}) // the server learns the script
			require.NoError(t, err)
			s.retry = time.Hour
			connect(t, slow)
			var sent []string
			slow.AddHook(tap{func(name string) {
				if sent = append(sent, name); len(sent) == 2+i {
					require.NoError(t, rdb.Del(ctx, keys.SchedulerLock("q")).Err()) // it expires
					require.NoError(t, other.keepLocks(ctx))
					_, err := other.move(ctx, "q", map[string][]string{})
					require.NoError(t, err)
				}
			}})

			require.NoError(t, s.pass(ctx))

			assert.Equal(t, []string{"time x 3", "evalsha"}, sent[:2])
			moved := 10 + 10*i + 20
			assert.Equal(t, ids[:moved], waiting(t, rdb, "q"))
			assert.Equal(t, int64(50-moved), rdb.ZCard(ctx, keys.Scheduled("q")).Val())
			assert.Equal(t, map[string]bool{"r": true}, s.held)

			s.releaseLocks(ctx)
			assert.Equal(t, other.owner, lockOf(t, rdb, "q"))
		})
	}
}

// TestSchedulersAtOnce: whoever has the lock, each job is moved once.
func TestSchedulersAtOnce(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	ids := scheduleMany(t, rdb, "q", 1000)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for rdb.ZCard(ctx, keys.Scheduled("q")).Val() > 0 {
				assert.NoError(t, testScheduler(rdb, "q").enqueueDue(ctx))
			}
		})
	}
	wg.Wait()

	assert.Equal(t, ids, waiting(t, rdb, "q"))
}

// TestSchedulerSendsLittle: one round trip for each pass in which nothing is
// due, and one in 15 seconds for the locks.
func TestSchedulerSendsLittle(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	s := newScheduler(rdb, []string{"a", "b", "c"}, nil, quiet)
	require.NoError(t, s.pass(ctx))
	connect(t, rdb)
	var sent []string
	rdb.AddHook(tap{func(name string) { sent = append(sent, name) }})

	for range 15 {
		require.NoError(t, s.pass(ctx))
		s.beat = s.beat.Add(-time.Second)
	}
	require.NoError(t, s.pass(ctx))

	assert.Equal(t, append(slices.Repeat([]string{"time x 4"}, 15), "evalsha", "time x 4"), sent)
}

// TestSchedulerPassesTroubleBy: what is wrong with some keys does not keep the
// others waiting, and is logged once.
func TestSchedulerPassesTroubleBy(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	limited := func(id string) {
		_, err := NewQueue(rdb, "limits").EnqueueAt(ctx, time.Unix(1, 0), Call("tasks.add"), JobID(id), RateLimit{Key: "k", Concurrency: 1})
		require.NoError(t, err)
	}
	limited("r1")
	limited("r2")
	limited("r3")
	ids := scheduleMany(t, rdb, "limits", 3)
	scheduleMany(t, rdb, "full", 1)
	require.NoError(t, rdb.Set(ctx, keys.RateLimit("k"), "x", 0).Err())
	require.NoError(t, rdb.Set(ctx, keys.Queue("full"), "x", 0).Err())
	require.NoError(t, rdb.Set(ctx, keys.Scheduled("none"), "x", 0).Err())
	require.NoError(t, rdb.RPush(ctx, keys.SchedulerLock("locked"), "x").Err())
	require.NoError(t, rdb.Set(ctx, keys.Job("alien"), "x", 0).Err())
	require.NoError(t, rdb.ZAdd(ctx, keys.Scheduled("limits"), z("alien")).Err())
	last := scheduleMany(t, rdb, "last", 1)
	var log bytes.Buffer
	s := newScheduler(rdb, []string{"none", "locked", "full", "limits", "last"}, nil, slog.New(slog.NewTextHandler(&log, nil)))
	s.chunk = 2

	for range 3 {
		require.NoError(t, s.pass(ctx))
	}

	assert.Equal(t, ids, waiting(t, rdb, "limits"))
	assert.Equal(t, []redis.Z{zs("r1", 1), zs("r2", 1), zs("r3", 1)}, rdb.ZRangeWithScores(ctx, keys.Scheduled("limits"), 0, -1).Val())
	assert.Equal(t, last, waiting(t, rdb, "last"))
	assert.Equal(t, int64(1), rdb.ZCard(ctx, keys.Scheduled("full")).Val())
	assert.Equal(t, 3, strings.Count(log.String(), "level=ERROR"), log.String())
	assert.Equal(t, 1, strings.Count(log.String(), "ids=[alien]"), log.String())

	t.Log("mended")
	log.Reset()
	require.NoError(t, rdb.Del(ctx, keys.RateLimit("k"), keys.Queue("full"), keys.Scheduled("none")).Err())
	require.NoError(t, s.pass(ctx))
	assert.Equal(t, append(ids, "r1"), waiting(t, rdb, "limits"))
	assert.Len(t, waiting(t, rdb, "full"), 1)
	assert.Empty(t, s.troubles)
	assert.Empty(t, log.String())
}

// runs lets a scheduler run until stop is called, which returns when it has left.
func runs(t *testing.T, s *scheduler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

func TestSchedulerRuns(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	stop := runs(t, testScheduler(rdb, "q"))
	require.Eventually(t, func() bool { return lockOf(t, rdb, "q") != "" }, 10*time.Second, 5*time.Millisecond)
	job, err := NewQueue(rdb, "q").EnqueueIn(ctx, time.Second, Call("tasks.add"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return slices.Equal(waiting(t, rdb, "q"), []string{job.ID()}) }, 10*time.Second, 5*time.Millisecond)

	stop()

	assert.Empty(t, rdb.Keys(ctx, "rq:scheduler*").Val())
}

// TestSchedulerOutlivesItsServer: a server that comes back empty has no locks,
// no scripts and other connections.
func TestSchedulerOutlivesItsServer(t *testing.T) {
	t.Parallel()
	ctx, server := t.Context(), redistest.Start(t, realServer(t))
	rdb := server.Client(t)
	var log syncBuffer
	s := testScheduler(rdb, "q")
	s.log = slog.New(slog.NewTextHandler(&log, nil))
	stop := runs(t, s)
	require.Eventually(t, func() bool { return lockOf(t, rdb, "q") != "" }, 10*time.Second, 5*time.Millisecond)

	server.Kill9()
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "level=ERROR") }, 20*time.Second, 5*time.Millisecond)
	server.Restart(t)

	fresh := another(t, rdb)
	ids := scheduleMany(t, fresh, "q", 300)
	require.Eventually(t, func() bool { return slices.Equal(waiting(t, fresh, "q"), ids) }, 30*time.Second, 5*time.Millisecond)
	assert.Equal(t, s.owner, lockOf(t, fresh, "q"))
	stop()
	assert.Empty(t, fresh.Keys(ctx, "rq:scheduler*").Val())
}

// A syncBuffer is a buffer for one who writes and another who reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestSchedulerEndsBetweenChunks: a worker that ends does not wait for the rest.
func TestSchedulerEndsBetweenChunks(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	ids := scheduleMany(t, rdb, "q", 20)
	ctx, cancel := context.WithCancel(t.Context())
	slow := another(t, rdb)
	connect(t, slow)
	s := testScheduler(slow, "q")
	s.chunk = 5
	sent := 0
	slow.AddHook(tap{func(name string) {
		if name == "time x 2" {
			sent = 0
		}
		if sent++; sent == 3 {
			cancel()
		}
	}})

	require.ErrorIs(t, s.enqueueDue(ctx), context.Canceled)

	assert.Subset(t, ids[:10], waiting(t, rdb, "q"))
	assert.Empty(t, rdb.Keys(t.Context(), "rq:scheduler*").Val())
}

// fill schedules a million jobs for later and 50,000 that are due.
const fill = `
for i = 1, 1000000, 500 do
  local z = {}
  for j = i, i + 499 do
    z[#z + 1] = 4001000000 - j -- the latest first: that is faster
    z[#z + 1] = 'later' .. j
  end
  redis.call('ZADD', KEYS[1], unpack(z))
end
for i = 1, 50000 do
  redis.call('ZADD', KEYS[1], 1000 + i, 'due' .. i)
  redis.call('HSET', 'rq:job:due' .. i, 'data', 'x', 'status', 'scheduled', 'origin', 'q', 'timeout', 180)
end
return 1`

// TestSchedulerOfAMillion: no call keeps the server from others for long,
// however much is due.
func TestSchedulerOfAMillion(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	fast := redis.NewClient(&redis.Options{Addr: rdb.Options().Addr, DB: rdb.Options().DB, ReadTimeout: time.Minute})
	defer fast.Close()
	require.NoError(t, fast.Eval(ctx, fill, []string{keys.Scheduled("q")}).Err())
	require.NoError(t, rdb.ConfigSet(ctx, "slowlog-log-slower-than", "50000").Err())
	require.NoError(t, rdb.Do(ctx, "slowlog", "reset").Err())
	calls := 0
	rdb.AddHook(tap{func(string) { calls++ }})
	start := time.Now()

	require.NoError(t, testScheduler(rdb, "q").enqueueDue(ctx))

	t.Logf("%d calls in %v", calls, time.Since(start))
	assert.InDelta(t, 50_000/schedulerChunk, calls, 20)
	got := waiting(t, rdb, "q")
	require.Len(t, got, 50_000)
	for i, id := range got {
		require.Equal(t, "due"+strconv.Itoa(i+1), id)
	}
	assert.Equal(t, int64(1_000_000), rdb.ZCard(ctx, keys.Scheduled("q")).Val())
	slow, err := rdb.SlowLogGet(ctx, -1).Result()
	require.NoError(t, err)
	assert.LessOrEqual(t, len(slow), 5, "a busy machine may stop the server now and then: %v", slow)
}
