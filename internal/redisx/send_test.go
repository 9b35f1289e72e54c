package redisx

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

const (
	readOnly = "READONLY You can't write against a read only replica."
	loading  = "LOADING Redis is loading the dataset in memory"
	oom      = "OOM command not allowed when used memory > 'maxmemory'."
)

// gated returns a client of an empty database behind a gate, and one beside it.
func gated(t *testing.T, change ...func(*redis.Options)) (c, beside *redis.Client, gate *redistest.Gate) {
	t.Helper()
	beside = redistest.Real(t)
	gate = redistest.NewGate(t, beside.Options().Addr)
	options := &redis.Options{
		Addr: gate.Addr, DB: beside.Options().DB, DialerRetries: 1,
		MinRetryBackoff: time.Microsecond, MaxRetryBackoff: time.Microsecond,
	}
	for _, f := range change {
		f(options)
	}
	c = redis.NewClient(options)
	t.Cleanup(func() { _ = c.Close() })
	return c, beside, gate
}

// refuse answers a kind of command with an error.
func refuse(name, text string) redistest.Rule {
	return func(_ int, args []string) redistest.Answer {
		if args[0] == name {
			return redistest.Answer{Error: text}
		}
		return redistest.Answer{}
	}
}

// from does something to all commands from one on.
func from(first int, a redistest.Answer) redistest.Rule {
	return func(n int, _ []string) redistest.Answer {
		if n >= first {
			return a
		}
		return redistest.Answer{}
	}
}

func password(o *redis.Options) { o.Password = "old" }

// TestSendToARefusedConnection has the server refuse the connection: go-redis gives
// the error to no command then.
func TestSendToARefusedConnection(t *testing.T) {
	t.Parallel()
	c, _, gate := gated(t, password)
	gate.Set(func(_ int, args []string) redistest.Answer {
		if args[0] == "hello" || args[0] == "auth" {
			return redistest.Answer{Error: "WRONGPASS invalid username-password pair"}
		}
		return redistest.Answer{}
	})
	pipe := c.Pipeline()
	cmd := pipe.Get(t.Context(), "a")

	err := Send(t.Context(), pipe)

	require.ErrorContains(t, err, "WRONGPASS")
	require.NoError(t, cmd.Err(), "that is why Send is asked first")
	assert.Equal(t, NotSent, FateOf(err))
}

// TestFates breaks the connection at each place of a pipeline and of a command that
// may be sent once.
func TestFates(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	for name, step := range map[string]struct {
		rule redistest.Rule
		want Fate
		done int64 // of two increments
	}{
		"nothing":          {nil, Done, 2},
		"not connected":    {func(n int, _ []string) redistest.Answer { return redistest.Answer{Cut: n == 0} }, NotSent, 0},
		"first cut":        {from(1, redistest.Answer{Cut: true}), Unknown, 0},
		"first reply lost": {from(1, redistest.Answer{Lose: true}), Unknown, 1},
		"second cut":       {from(2, redistest.Answer{Cut: true}), Unknown, 1},
		"second lost":      {from(2, redistest.Answer{Lose: true}), Unknown, 2},
		"refused":          {from(1, redistest.Answer{Error: oom}), Refused, 0},
		"second refused":   {from(2, redistest.Answer{Error: oom}), Refused, 1},
	} {
		gate.CutAll()
		gate.Set(step.rule)
		require.NoError(t, beside.FlushDB(t.Context()).Err())
		pipe := c.Pipeline()
		AddOnce(t.Context(), pipe, "incr", "a")
		AddOnce(t.Context(), pipe, "incr", "a")

		err := Exec(t.Context(), pipe)

		assert.Equal(t, step.want, FateOf(err), "%s: %v", name, err)
		n, _ := beside.Get(t.Context(), "a").Int64()
		assert.Equal(t, step.done, n, name)
	}
	for name, step := range map[string]struct {
		rule redistest.Rule
		want Fate
	}{
		"not connected": {func(n int, _ []string) redistest.Answer { return redistest.Answer{Cut: n == 0} }, NotSent},
		"cut":           {from(1, redistest.Answer{Cut: true}), Unknown},
		"lost":          {from(1, redistest.Answer{Lose: true}), Unknown},
		"refused":       {from(1, redistest.Answer{Error: oom}), Refused},
	} {
		gate.CutAll()
		gate.Set(step.rule)
		assert.Equal(t, step.want, FateOf(Once(t.Context(), c, "incr", "b").Err()), name)
		assert.LessOrEqual(t, gate.Refused(), 1, name)
	}
}

// TestSendWithTheCommandsOwnErrors checks that a refused command is not the end of
// the others.
func TestSendWithTheCommandsOwnErrors(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	require.NoError(t, beside.Set(t.Context(), "a", "x", 0).Err())
	gate.Set(refuse("incr", oom))
	pipe := c.Pipeline()
	odd, none, refused, good := pipe.HGetAll(t.Context(), "a"), pipe.Get(t.Context(), "none"), pipe.Incr(t.Context(), "n"), pipe.Get(t.Context(), "a")

	require.NoError(t, Send(t.Context(), pipe))

	assert.True(t, IsForeign(odd.Err()))
	assert.ErrorIs(t, none.Err(), redis.Nil)
	assert.ErrorContains(t, refused.Err(), "OOM")
	assert.Equal(t, "x", good.Val())
}

// TestTransactionTellsItsCause has a command refused inside a transaction.
func TestTransactionTellsItsCause(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	for _, text := range []string{readOnly, loading, oom, "NOPERM no permissions", "BUSY Redis is busy", "ERR unheard of"} {
		gate.Set(refuse("set", text))

		_, err := Transact(t.Context(), c, func(pipe redis.Pipeliner) {
			pipe.Incr(t.Context(), "a")
			pipe.Set(t.Context(), "b", 1, 0)
		})

		require.ErrorContains(t, err, text)
		assert.Equal(t, Refused, FateOf(err))
		assert.Zero(t, beside.DBSize(t.Context()).Val())
	}
}

// TestReplicaConnectionIsDropped has a server become a replica behind its address: a
// transaction that is refused leaves no connection to it.
func TestReplicaConnectionIsDropped(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t, func(o *redis.Options) { o.PipelinePoolSize = -1 })
	for name, send := range map[string]func() error{
		"transaction": func() error {
			_, err := Transact(t.Context(), c, func(pipe redis.Pipeliner) { AddOnce(t.Context(), pipe, "incr", "a") })
			return err
		},
		"pipeline": func() error {
			pipe := c.Pipeline()
			pipe.Get(t.Context(), "a")
			AddOnce(t.Context(), pipe, "incr", "a")
			return Exec(t.Context(), pipe)
		},
	} {
		gate.Set(refuse("incr", readOnly))
		require.ErrorContains(t, send(), "READONLY", name)
		assert.Zero(t, c.PoolStats().TotalConns, name)
		gate.Set(refuse("incr", oom))
		require.ErrorContains(t, send(), "OOM", name)
		assert.EqualValues(t, 1, c.PoolStats().TotalConns, "%s: for any other error the connection stays", name)
	}
	assert.Zero(t, beside.DBSize(t.Context()).Val())
}

func TestTransactionWithoutMulti(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	gate.Set(refuse("multi", "NOPERM no permissions to run multi"))

	_, err := Transact(t.Context(), c, func(pipe redis.Pipeliner) { AddOnce(t.Context(), pipe, "incr", "a") })

	require.ErrorContains(t, err, "NOPERM")
	assert.Equal(t, Unknown, FateOf(err), "the command was done, for itself")
	assert.Equal(t, "1", beside.Get(t.Context(), "a").Val())
}

func TestTransactionDoneInPart(t *testing.T) {
	t.Parallel()
	c, beside, _ := gated(t)
	require.NoError(t, beside.Set(t.Context(), "odd", "x", 0).Err())

	replies, err := Transact(t.Context(), c, func(pipe redis.Pipeliner) {
		pipe.SAdd(t.Context(), "odd", 1)
		pipe.Incr(t.Context(), "a")
	})

	assert.True(t, IsForeign(err))
	assert.Equal(t, Unknown, FateOf(err))
	assert.Equal(t, int64(1), replies[1])
}

// TestRead reads keys of all kinds, small and large.
func TestRead(t *testing.T) {
	t.Parallel()
	c, beside, gate := gated(t)
	ctx := t.Context()
	const n = 2500
	large := strings.Repeat("x", 1<<20)
	for i := range n {
		switch {
		case i == 7:
			require.NoError(t, beside.Set(ctx, name(i), "odd", 0).Err())
		case i >= 150 && i < 160:
			require.NoError(t, beside.HSet(ctx, name(i), "v", large).Err())
		case i != 9:
			require.NoError(t, beside.HSet(ctx, name(i), "v", i).Err())
		}
	}
	ask := func(pipe redis.Pipeliner, i int) *redis.MapStringStringCmd { return pipe.HGetAll(ctx, name(i)) }
	var got, sizes []int
	take := func(i int, hash map[string]string) int {
		got = append(got, i)
		sizes = append(sizes, len(hash["v"]))
		return len(hash["v"])
	}

	require.NoError(t, Read(ctx, c, n, ask, take))

	require.Len(t, got, n)
	for i := range got {
		require.Equal(t, i, got[i])
	}
	assert.Zero(t, sizes[7], "a key of another kind")
	assert.Zero(t, sizes[9], "no key")
	assert.Equal(t, len(large), sizes[155])

	for _, a := range []redistest.Answer{{Error: loading}, {Error: "NOPERM no permissions"}, {Cut: true}} {
		gate.Set(from(150, a))
		assert.Error(t, Read(ctx, c, n, ask, take))
	}
}

func name(i int) string { return "key:" + string(rune('a'+i%26)) + time.Duration(i).String() }

// TestReadInSmallerTrips counts how many large values travel together.
func TestReadInSmallerTrips(t *testing.T) {
	t.Parallel()
	c, beside, _ := gated(t)
	require.NoError(t, beside.Set(t.Context(), "large", strings.Repeat("x", 100_000), 0).Err())
	most, in := 0, 0
	counting := countTrips{each: func(n int) { most, in = max(most, n), in+1 }}
	c.AddHook(counting)

	err := Read(t.Context(), c, 1000,
		func(pipe redis.Pipeliner, _ int) *redis.StringCmd { return pipe.Get(t.Context(), "large") },
		func(_ int, text string) int { return len(text) })

	require.NoError(t, err)
	assert.Equal(t, readFirst, most)
	assert.Equal(t, 23, in, "the first with a hundred, the others of four megabytes")
}

type countTrips struct {
	redis.Hook
	each func(commands int)
}

func (countTrips) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (countTrips) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h countTrips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if cmds[0].Name() == "get" {
			h.each(len(cmds))
		}
		return next(ctx, cmds)
	}
}

func TestNothingToSend(t *testing.T) {
	t.Parallel()
	c, _, _ := gated(t)
	require.NoError(t, Exec(t.Context(), c.Pipeline()))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	pipe := c.Pipeline()
	pipe.Ping(ended)
	err := Send(ended, pipe)
	require.True(t, errors.Is(err, context.Canceled), "%v", err)
	assert.Equal(t, NotSent, FateOf(err))
}
