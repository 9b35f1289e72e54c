package rq

import (
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/keys"
)

// deafProxy passes requests on to a server. After deaf is set, it breaks the
// connection when the next reply comes: what was asked is done, and nobody hears
// it.
type deafProxy struct {
	addr string
	deaf atomic.Bool
}

func newDeafProxy(t *testing.T, to string) *deafProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &deafProxy{addr: l.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.serve(client, to)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return p
}

func (p *deafProxy) serve(client net.Conn, to string) {
	server, err := net.Dial("tcp", to)
	if err != nil {
		_ = client.Close()
		return
	}
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	go func() {
		defer client.Close()
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil || p.deaf.CompareAndSwap(true, false) {
				return
			}
			if _, err := client.Write(buf[:n]); err != nil {
				return
			}
		}
	}()
}

// TestLostReply checks that what was done once is not done again because the
// reply was lost, which go-redis would do.
func TestLostReply(t *testing.T) {
	t.Parallel()
	ctx, rdb := t.Context(), ownServer(t)
	proxy := newDeafProxy(t, rdb.Options().Addr)
	through := redis.NewClient(&redis.Options{Addr: proxy.addr, DB: rdb.Options().DB})
	defer through.Close()
	q := NewQueue(through, "default")
	fail := func(do func() error) error {
		connect(t, through)
		proxy.deaf.Store(true)
		return do()
	}

	plain := fail(func() error { _, err := q.Enqueue(ctx, Call("f"), JobID("a")); return err })
	many := fail(func() error { _, err := q.EnqueueMany(ctx, []Prepared{Prepare(Call("f"), JobID("b"))}); return err })
	waiting := fail(func() error { _, err := q.Enqueue(ctx, Call("f"), JobID("c"), DependsOn("none")); return err })
	unique := fail(func() error { _, err := q.Enqueue(ctx, Call("f"), JobID("d"), Unique()); return err })

	for _, err := range []error{plain, many, waiting, unique} {
		assert.Error(t, err)
		assert.NotErrorIs(t, err, ErrDuplicateJob)
	}
	ids := rdb.LRange(ctx, keys.Queue("default"), 0, -1).Val()
	assert.ElementsMatch(t, []string{"a", "b"}, ids[:2])
	assert.Subset(t, []string{"c", "d"}, ids[2:], "of a script the lost reply may be that the server does not know it")
	assert.LessOrEqual(t, len(ids), 4)
	again, err := q.Enqueue(ctx, Call("f"), JobID("a"), Unique())
	assert.ErrorIs(t, err, ErrDuplicateJob, "that is how a caller repeats safely")
	assert.Nil(t, again)
}
