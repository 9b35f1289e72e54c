package rq

import (
	"context"
	"net"
	"sync"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// connections are all that a run has, of whatever client. They can be closed at once,
// also those that are still being made: a client that is closed waits for the answer to
// its HELLO for as long as a reply may take, and a server that is frozen gives none.
type connections struct {
	life context.Context // ends with the last of them
	stop context.CancelFunc

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newConnections() *connections {
	c := &connections{open: map[net.Conn]bool{}}
	c.life, c.stop = context.WithCancel(context.Background())
	return c
}

// follow has a client, and those that are made with its options, tell of its connections.
func (c *connections) follow(opts *redis.Options) {
	dial := opts.Dialer
	opts.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.life, cancel)()
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return c.add(conn)
	}
}

// add returns the connection as the client is to have it.
func (c *connections) add(conn net.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.life.Err(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	c.open[conn] = true
	own := ownConn{conn, c}
	if raw, ok := conn.(syscall.Conn); ok { // by which go-redis finds out that it was closed
		return rawConn{own, raw}, nil
	}
	return own, nil
}

// cut closes those that are open now.
func (c *connections) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		_ = conn.Close()
	}
	clear(c.open)
}

// end closes all, and those that come later.
func (c *connections) end() {
	c.stop()
	c.cut()
}

// An ownConn is a connection of a run.
type ownConn struct {
	net.Conn
	all *connections
}

// Close closes the connection.
func (c ownConn) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c.Conn)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// NetConn returns the connection below, as that of crypto/tls does.
func (c ownConn) NetConn() net.Conn { return c.Conn }

// A rawConn is an ownConn whose file descriptor can be asked.
type rawConn struct {
	ownConn
	syscall.Conn
}
