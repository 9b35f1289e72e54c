package scripts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// What a step may cost the server: commands, and time of its processor, which a machine
// that is busy with other tests does not stretch as it does the time on the clock. A step
// takes some milliseconds; what does all at once takes seconds.
const (
	mostCommands = 3000
	mostTime     = 0.1 // seconds
)

// idle returns a client of a server that nobody else uses.
func idle(t *testing.T) *redis.Client {
	t.Helper()
	redistest.Real(t)
	s := redistest.Start(t, os.Getenv(redistest.Env), "--slowlog-log-slower-than", "5000", "--slowlog-max-len", "10000")
	return s.Client(t)
}

// A meter says what scripts cost the server.
type meter struct {
	t        *testing.T
	rdb      *redis.Client
	commands int
	time     float64
	steps    int
	most     int     // commands in a step
	longest  float64 // seconds of a step
}

func newMeter(t *testing.T, rdb *redis.Client) *meter {
	t.Helper()
	require.NoError(t, rdb.ConfigResetStat(t.Context()).Err())
	require.NoError(t, rdb.Do(t.Context(), "SLOWLOG", "RESET").Err())
	m := &meter{t: t, rdb: rdb}
	m.look()
	return m
}

var (
	calls     = regexp.MustCompile(`calls=(\d+)`)
	processor = regexp.MustCompile(`used_cpu_(?:user|sys)_main_thread:([\d.]+)`)
)

// look returns what the server has done since the last look.
func (m *meter) look() (commands int, seconds float64) {
	m.t.Helper()
	info, err := m.rdb.Info(m.t.Context(), "commandstats", "cpu").Result()
	require.NoError(m.t, err)
	for _, match := range calls.FindAllStringSubmatch(info, -1) {
		n, _ := strconv.Atoi(match[1])
		commands += n
	}
	for _, match := range processor.FindAllStringSubmatch(info, -1) {
		s, _ := strconv.ParseFloat(match[1], 64)
		seconds += s
	}
	require.Positive(m.t, seconds, info)
	commands, m.commands = commands-m.commands, commands
	seconds, m.time = seconds-m.time, seconds
	return commands, seconds
}

// step checks what the last step has cost.
func (m *meter) step() {
	m.t.Helper()
	commands, seconds := m.look()
	m.most, m.longest, m.steps = max(m.most, commands), max(m.longest, seconds), m.steps+1
	require.Less(m.t, commands, mostCommands, "commands in one step")
	require.Less(m.t, seconds, mostTime, "seconds in one step")
}

// end says what it was, also by the clock.
func (m *meter) end() {
	m.t.Helper()
	logs, err := m.rdb.SlowLogGet(m.t.Context(), -1).Result()
	require.NoError(m.t, err)
	var longest time.Duration
	over := 0
	for _, entry := range logs {
		longest = max(longest, entry.Duration)
		if entry.Duration > 10*time.Millisecond {
			over++
		}
	}
	m.t.Logf("%d steps of up to %d commands and %.1f ms; by the clock %d over 10 ms, the longest %v", m.steps, m.most, 1000*m.longest, over, longest)
}

// client returns a client each of whose round trips is a step.
func (m *meter) client() *redis.Client {
	c := redis.NewClient(m.rdb.Options())
	m.t.Cleanup(func() { c.Close() })
	c.AddHook(steps{m})
	return c
}

type steps struct{ *meter }

func (s steps) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s steps) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		defer s.step()
		return next(ctx, cmd)
	}
}

func (s steps) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		defer s.step()
		return next(ctx, cmds)
	}
}

// build runs a text of Lua for each i from 1 to n, in steps.
func build(t *testing.T, rdb *redis.Client, n int, text string) {
	t.Helper()
	for from := 1; from <= n; from += 5000 {
		script := "for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do " + text + " end"
		err := rdb.Eval(t.Context(), script, nil, from, min(from+4999, n)).Err()
		if !errors.Is(err, redis.Nil) {
			require.NoError(t, err)
		}
	}
}

// child returns Lua that saves the deferred job c<i>.
const child = `
redis.call('HSET', 'rq:job:c' .. i, 'origin', 'later', 'status', 'deferred', 'data', 'x')
redis.call('ZADD', 'rq:deferred:later', 1, 'c' .. i) `

// startedJob returns commands that have a job run by the worker w.
func startedJob(id string) []string {
	return []string{
		"HSET rq:job:" + id + " origin q status started created_at T data x worker_name w",
		"ZADD rq:wip:q 2000 " + id + ":e", "ZADD rq:executions:" + id + " 2000 e",
	}
}

func finishing(id string) Settle {
	return Settle{
		Worker: "w", ID: id, Execution: "e", Queue: "q", Member: id + ":e", Now: at, Fence: Own, Registry: "finished",
		Score: "2000", Keep: "500", Parent: "finished", Fields: []any{"status", "finished"},
	}
}

// arrived checks that n jobs are queued in "later", each once, and that none is left.
func arrived(t *testing.T, rdb *redis.Client, n int) {
	t.Helper()
	ids, err := rdb.LRange(t.Context(), "rq:queue:later", 0, -1).Result()
	require.NoError(t, err)
	assert.Len(t, ids, n)
	slices.Sort(ids)
	assert.Len(t, slices.Compact(ids), n)
	assert.Zero(t, rdb.ZCard(t.Context(), "rq:deferred:later").Val())
	assert.Empty(t, rdb.Keys(t.Context(), "rq:releasing*").Val())
}

func TestJobWithManyDependents(t *testing.T) {
	const n = 100_000
	rdb := idle(t)
	build(t, rdb, n, child+`redis.call('SADD', 'rq:job:p:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', 'p')`)
	do(t, rdb, startedJob("p")...)
	m := newMeter(t, rdb)

	done, more, err := SettleJob(t.Context(), rdb, finishing("p"))

	require.NoError(t, err)
	require.True(t, done)
	require.True(t, more)
	assert.Zero(t, rdb.LLen(t.Context(), "rq:queue:later").Val(), "it has only made a note")
	m.step()
	require.NoError(t, ReleaseAllDependents(t.Context(), m.client(), at))
	m.end()
	arrived(t, rdb, n)
	assert.Equal(t, "hash data=x enqueued_at=T origin=later status=queued", content(t, rdb, "rq:job:c1"))
	assert.Zero(t, rdb.Exists(t.Context(), "rq:job:p:dependents").Val())
}

func TestParentsOfTheSameJobs(t *testing.T) {
	// It takes seconds: there are a million pairs.
	const n = 1000
	rdb := idle(t)
	build(t, rdb, n, child)
	for p := range n {
		id := fmt.Sprint("p", p)
		build(t, rdb, n, fmt.Sprintf("redis.call('SADD', 'rq:job:%s:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', '%s')", id, id))
		do(t, rdb, startedJob(id)...)
	}
	m := newMeter(t, rdb)
	c := m.client()
	for p := 0; p < n; p += 100 {
		var batch []Settle
		for i := range 100 {
			batch = append(batch, finishing(fmt.Sprint("p", p+i)))
		}
		_, more, errs := SettleJobs(t.Context(), rdb, batch)
		for _, err := range errs {
			require.NoError(t, err)
		}
		require.True(t, more)
		m.step()
		require.NoError(t, ReleaseAllDependents(t.Context(), c, at))
	}
	m.end()
	arrived(t, rdb, n)
}

func TestJobWithManyDependencies(t *testing.T) {
	const n = 10_000
	ctx, rdb := t.Context(), idle(t)
	w := Waiting{ID: "c0", Queue: "later", Where: Back, Score: "1", Now: at, Fields: []any{"origin", "later", "data", "x"}}
	for p := range n {
		w.Dependencies = append(w.Dependencies, fmt.Sprint("p", p))
	}
	build(t, rdb, n, `
		local id = 'p' .. (i - 1)
		redis.call('HSET', 'rq:job:' .. id, 'origin', 'q', 'status', 'started', 'created_at', 'T', 'data', 'x', 'worker_name', 'w')
		redis.call('ZADD', 'rq:wip:q', 2000, id .. ':e') redis.call('ZADD', 'rq:executions:' .. id, 2000, 'e')`)
	m := newMeter(t, rdb)
	c := m.client()

	status, err := EnqueueWaiting(ctx, c, w)

	require.NoError(t, err)
	require.Equal(t, "deferred", status)
	assert.EqualValues(t, n, rdb.SCard(ctx, "rq:job::c0:dependencies").Val())
	m.look()
	for p := 0; p < n; p += 16 {
		var batch []Settle
		for i := p; i < min(p+16, n); i++ {
			batch = append(batch, finishing(w.Dependencies[i]))
		}
		_, more, errs := SettleJobs(ctx, rdb, batch)
		for _, err := range errs {
			require.NoError(t, err)
		}
		m.step()
		if more {
			require.NoError(t, ReleaseAllDependents(ctx, c, at))
		}
		if p+16 < n {
			require.Zero(t, rdb.LLen(ctx, "rq:queue:later").Val(), "it waits for more")
		}
	}
	m.end()
	arrived(t, rdb, 1)

	again := w
	again.ID = "c1"
	status, err = EnqueueWaiting(ctx, c, again)
	require.NoError(t, err)
	require.Equal(t, "queued", status)
	arrived(t, rdb, 2)
}

// TestWitnessOfAJobIsDoneMeanwhile: the dependency that was not done ends before the job
// is saved, so that nobody will look at the job when it does.
func TestWitnessOfAJobIsDoneMeanwhile(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.New(t)
	w := Waiting{ID: "c0", Queue: "later", Where: Back, Score: "1", Now: at, Dependencies: []string{"p"}, more: true, Fields: []any{"data", "x"}}
	do(t, rdb, "HSET rq:job:p status finished", "SADD rq:job::c0:dependencies p r", "SADD rq:job:p:dependents c0")
	before := dump(t, rdb)

	status, err := enqueueWaiting.Run(ctx, rdb, w.keys(), w.args()...).Text()

	require.NoError(t, err)
	assert.Empty(t, status)
	assert.Empty(t, changes(before, dump(t, rdb)))
}

func TestReleaseGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const n = 1000
	build(t, rdb, n, child+`redis.call('SADD', 'rq:job:p:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', 'p')`)
	do(t, rdb, append(startedJob("p"), startedJob("other")...)...)
	last := finishing("p")
	last.Keep = "0" // the job is gone, and with it its dependents
	_, more, err := SettleJob(ctx, rdb, last)
	require.NoError(t, err)
	require.True(t, more)

	next, more, err := ReleaseDependents(ctx, rdb, Release{}, at)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, Release{"finished:0:p", "", "0"}, next)
	part := rdb.LLen(ctx, "rq:queue:later").Val()
	assert.Positive(t, part)
	assert.Less(t, part, int64(n))
	// Whoever did this dies here. For a while nobody else goes on.
	_, more, err = ReleaseDependents(ctx, rdb, Release{}, at)
	require.NoError(t, err)
	assert.False(t, more)
	assert.Equal(t, part, rdb.LLen(ctx, "rq:queue:later").Val())
	do(t, rdb, "ZADD rq:releasing 1 finished:0:p") // that time is over
	_, more, err = SettleJob(ctx, rdb, finishing("other"))
	require.NoError(t, err)
	require.True(t, more, "any settlement tells of it")

	require.NoError(t, ReleaseAllDependents(ctx, rdb, at))
	arrived(t, rdb, n)
}

func TestReleaseKeepsThoseThatWaitOn(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const n = 300
	build(t, rdb, n, child+`redis.call('SADD', 'rq:job:p:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', 'p')
		if i > 10 then redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', 'u') redis.call('SADD', 'rq:job:u:dependents', 'c' .. i) end`)
	do(t, rdb, startedJob("p")...)
	do(t, rdb, startedJob("u")...)
	do(t, rdb, "HSET rq:job:c1 status canceled", "DEL rq:job:c2", "ZREM rq:deferred:later c1 c2")

	_, _, err := SettleJob(ctx, rdb, finishing("p"))
	require.NoError(t, err)
	require.NoError(t, ReleaseAllDependents(ctx, rdb, at))
	assert.EqualValues(t, 8, rdb.LLen(ctx, "rq:queue:later").Val())
	assert.EqualValues(t, n-8, rdb.SCard(ctx, "rq:job:p:dependents").Val(), "as RQ leaves them")
	assert.InDelta(t, 500, rdb.TTL(ctx, "rq:job:p:dependents").Val().Seconds(), 5, "with the job")

	_, _, err = SettleJob(ctx, rdb, finishing("u"))
	require.NoError(t, err)
	require.NoError(t, ReleaseAllDependents(ctx, rdb, at))
	arrived(t, rdb, n-2)
}

// TestReleaseOfAJobThatRanTwice: the second run ends before all that waited for the first
// are in their queues.
func TestReleaseOfAJobThatRanTwice(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	for run := range 2 {
		build(t, rdb, 300, fmt.Sprintf("i = i + %d ", 300*run)+child+`redis.call('SADD', 'rq:job:p:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', 'p')`)
		do(t, rdb, startedJob("p")...)
		_, _, err := SettleJob(ctx, rdb, finishing("p"))
		require.NoError(t, err)
	}
	assert.EqualValues(t, 2, rdb.ZCard(ctx, "rq:releasing").Val())

	require.NoError(t, ReleaseAllDependents(ctx, rdb, at))
	arrived(t, rdb, 600)
}

func TestCancelOfAJobWithManyDependents(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), redistest.Real(t)
	const n = 500
	build(t, rdb, n, child+`redis.call('SADD', 'rq:job:p:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', 'p')`)
	do(t, rdb, "HSET rq:job:p origin q status queued data x", "RPUSH rq:queue:q p")
	codes, errs, more, err := cancelJobs(ctx, rdb, []string{"p"}, at, true)
	require.NoError(t, firstOf(errs, err))
	require.True(t, more)
	require.Equal(t, []int64{Done}, codes)
	// The caller dies here, and its call is made again.
	code, err := CancelJob(ctx, rdb, "p", at, true, false)
	require.NoError(t, err)
	require.EqualValues(t, Done, code)
	arrived(t, rdb, n)

	code, err = CancelJob(ctx, rdb, "p", at, true, false)
	require.NoError(t, err)
	assert.EqualValues(t, Refused, code)
}

// TestReleaseWithoutAPermission: the entry stays until its jobs can be read, and those
// that still wait can be put back.
func TestReleaseWithoutAPermission(t *testing.T) {
	t.Parallel()
	rdb := idle(t)
	for _, command := range []string{"srandmember", "sadd", "hget"} {
		app := without(t, rdb, command)
		do(t, rdb, "HSET rq:job:p data x status finished", "SADD rq:releasing:finished:0:p c d", "ZADD rq:releasing 1 finished:0:p",
			"HSET rq:job:c data x origin q status deferred", "SADD rq:job::c:dependencies p", "ZADD rq:deferred:q 1 c",
			"HSET rq:job:d data x origin q status deferred", "SADD rq:job::d:dependencies p o", "ZADD rq:deferred:q 1 d",
			"HSET rq:job:o data x status started")

		_, _, err := ReleaseDependents(t.Context(), app, Release{}, at)
		assert.NotContains(t, rdb.LRange(t.Context(), "rq:queue:q", 0, -1).Val(), "d", command)
		require.NoError(t, rdb.Do(t.Context(), "acl", "setuser", "app", "+@all").Err())
		if err != nil {
			do(t, rdb, "ZADD rq:releasing 1 finished:0:p") // the time of the other one is over
			_, _, err = ReleaseDependents(t.Context(), app, Release{}, at)
		}

		require.NoError(t, err, command)
		assert.Equal(t, []string{"c"}, rdb.LRange(t.Context(), "rq:queue:q", 0, -1).Val(), command)
		assert.Equal(t, []string{"d"}, rdb.SMembers(t.Context(), "rq:job:p:dependents").Val(), command)
	}
}
