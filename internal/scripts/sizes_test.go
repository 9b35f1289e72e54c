package scripts

import (
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

// A machine that is busy with other tests makes a script of some milliseconds take many
// times that. So these tests count what the server does in each step; only what would
// take seconds on any machine is told by its time.
const (
	mostCommands = 3000
	slowest      = 400 * time.Millisecond
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
	steps    int
	most     int // commands in a step
}

func newMeter(t *testing.T, rdb *redis.Client) *meter {
	t.Helper()
	require.NoError(t, rdb.ConfigResetStat(t.Context()).Err())
	require.NoError(t, rdb.Do(t.Context(), "SLOWLOG", "RESET").Err())
	return &meter{t: t, rdb: rdb}
}

var calls = regexp.MustCompile(`calls=(\d+)`)

// step notes what the server has done since the last one.
func (m *meter) step() {
	m.t.Helper()
	stats, err := m.rdb.Info(m.t.Context(), "commandstats").Result()
	require.NoError(m.t, err)
	all := 0
	for _, match := range calls.FindAllStringSubmatch(stats, -1) {
		n, _ := strconv.Atoi(match[1])
		all += n
	}
	m.most, m.commands, m.steps = max(m.most, all-m.commands), all, m.steps+1
	require.Less(m.t, m.most, mostCommands, "commands in one step")
}

// end checks that no command took long.
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
	m.t.Logf("%d steps of up to %d commands, %d over 10 ms, the longest took %v", m.steps, m.most, over, longest)
	assert.Less(m.t, longest, slowest)
}

// releaseAll is ReleaseAllDependents, measured.
func (m *meter) releaseAll() {
	m.t.Helper()
	var at1 Release
	for more := true; more; m.step() {
		var err error
		at1, more, err = ReleaseDependents(m.t.Context(), m.rdb, at1, at)
		require.NoError(m.t, err)
	}
}

// build runs a text of Lua for each i from 1 to n, in steps.
func build(t *testing.T, rdb *redis.Client, n int, text string) {
	t.Helper()
	for from := 1; from <= n; from += 5000 {
		script := "for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do " + text + " end"
		err := rdb.Eval(t.Context(), script, nil, from, min(from+4999, n)).Err()
		if err != redis.Nil {
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
	t.Parallel()
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
	m.releaseAll()
	m.end()
	arrived(t, rdb, n)
	assert.Equal(t, "hash data=x enqueued_at=T origin=later status=queued", content(t, rdb, "rq:job:c1"))
	assert.Zero(t, rdb.Exists(t.Context(), "rq:job:p:dependents").Val())
}

func TestParentsOfTheSameJobs(t *testing.T) {
	t.Parallel() // it takes seconds: there are a million pairs
	const n = 1000
	rdb := idle(t)
	build(t, rdb, n, child)
	for p := range n {
		id := fmt.Sprint("p", p)
		build(t, rdb, n, fmt.Sprintf("redis.call('SADD', 'rq:job:%s:dependents', 'c' .. i) redis.call('SADD', 'rq:job::c' .. i .. ':dependencies', '%s')", id, id))
		do(t, rdb, startedJob(id)...)
	}
	m := newMeter(t, rdb)
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
		m.releaseAll()
	}
	m.end()
	arrived(t, rdb, n)
}
