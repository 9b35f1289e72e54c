package redistest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A Relay passes bytes to a server and back. It can stop doing so without closing
// anything, as a frozen server or a broken network does.
type Relay struct {
	Addr string

	to   string
	mu   sync.Mutex
	thaw *sync.Cond // of mu: something may pass again, or all is closed
	open map[*relayed]bool
	all  bool // later connections are frozen, too
	over bool
}

// A relayed is the connection of a client and the one to the server that it continues in.
type relayed struct {
	client, server net.Conn
	frozen         bool
}

// NewRelay returns a relay to the server at an address. It is closed with the test.
func NewRelay(t testing.TB, to string) *Relay {
	t.Helper()
	r := &Relay{to: to, open: map[*relayed]bool{}}
	r.thaw = sync.NewCond(&r.mu)
	r.Addr = listen(t, r.serve, r.close)
	return r
}

// Freeze lets nothing more pass on the open connections, until Thaw.
func (r *Relay) Freeze() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		c.frozen = true
	}
}

// FreezeAll is Freeze for connections that are made later, too.
func (r *Relay) FreezeAll() {
	r.mu.Lock()
	r.all = true
	r.mu.Unlock()
	r.Freeze()
}

// Thaw lets all pass that was kept back.
func (r *Relay) Thaw() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = false
	for c := range r.open {
		c.frozen = false
	}
	r.thaw.Broadcast()
}

// close breaks all connections.
func (r *Relay) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.over = true
	r.thaw.Broadcast()
	for c := range r.open {
		_, _ = c.client.Close(), c.server.Close()
	}
}

// serve is the life of one connection. The server's end stays open while it is frozen,
// whatever the client does.
func (r *Relay) serve(client net.Conn) {
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		_ = client.Close()
		return
	}
	c := &relayed{client: client, server: server}
	r.mu.Lock()
	c.frozen, r.open[c] = r.all, true
	over := r.over
	r.mu.Unlock()
	if over {
		_, _ = client.Close(), server.Close()
	}
	var both sync.WaitGroup
	both.Go(func() { r.pass(c, client, server) })
	both.Go(func() { r.pass(c, server, client) })
	both.Wait()
	r.mu.Lock()
	delete(r.open, c)
	r.mu.Unlock()
}

// pass passes on what comes from one end, and at last that it is closed.
func (r *Relay) pass(c *relayed, to io.WriteCloser, from io.Reader) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		r.await(c)
		if err == nil {
			_, err = to.Write(buf[:n])
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}

func (r *Relay) await(c *relayed) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c.frozen && !r.over {
		r.thaw.Wait()
	}
}
