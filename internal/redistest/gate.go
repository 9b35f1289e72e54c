package redistest

import (
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// An Answer is what a Gate does with a command. The zero Answer passes it on to the
// server.
type Answer struct {
	Error string // answers this error, such as "LOADING …", instead of the server
	Cut   bool   // breaks the connection; the server does not get the command
	Lose  bool   // breaks the connection when the server has answered
	// Until keeps the command until this is closed, whatever the client does meanwhile,
	// and breaks the connection when the server has answered.
	Until <-chan struct{}
}

// A Rule decides about commands, with the name in lower case. n counts them from 1
// since the rule was set, except those that set up a connection: HELLO, AUTH, SELECT
// and CLIENT have n 0.
type Rule func(n int, args []string) Answer

// A Gate is a proxy of a server that refuses commands by its rule. As on a server, a
// command refused inside a transaction makes EXEC abort it.
type Gate struct {
	Addr string

	refused atomic.Int64
	mu      sync.Mutex
	to      string
	rule    Rule
	n       int
	greet   string // the error that a client gets instead of being served
	conns   map[net.Conn]bool
	up      pace // of requests
	down    pace // of replies
}

// NewGate returns a gate to the server at an address. It is closed with the test.
func NewGate(t testing.TB, to string) *Gate {
	t.Helper()
	g := &Gate{to: to, conns: map[net.Conn]bool{}}
	g.Addr = listen(t, g.serve, g.CutAll)
	return g
}

// listen serves each connection to a new address, which it returns. At the end of the
// test it calls cut, which must break the connections, and waits until none is served.
func listen(t testing.TB, serve func(net.Conn), cut func()) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	var mu sync.Mutex
	var clients []net.Conn
	over := false // one that came at the last moment is closed too
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			if clients = append(clients, client); over {
				_ = client.Close()
			}
			mu.Unlock()
			serving.Go(func() { serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		cut()
		mu.Lock()
		over = true
		for _, client := range clients {
			_ = client.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return l.Addr().String()
}

// Set sets the rule, nil for none, and resets Refused.
func (g *Gate) Set(rule Rule) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rule, g.n, g.greet = rule, 0, ""
	g.refused.Store(0)
}

// Full sends clients an error as soon as they connect.
func (g *Gate) Full(text string) {
	g.Set(nil)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.greet = text
}

// Redirect sends later connections to another server, as after a failover.
func (g *Gate) Redirect(to string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to = to
}

// Slow has all connections share a link of so many bytes a second each way. 0 is no
// limit.
func (g *Gate) Slow(rate int) {
	g.up.set(rate)
	g.down.set(rate)
}

// Refused returns how many commands did not get the server's own reply.
func (g *Gate) Refused() int { return int(g.refused.Load()) }

// CutAll breaks all connections.
func (g *Gate) CutAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := range g.conns {
		_ = c.Close()
	}
}

func (g *Gate) open(c net.Conn) { g.mu.Lock(); g.conns[c] = true; g.mu.Unlock() }

func (g *Gate) close(c net.Conn) {
	_ = c.Close()
	g.mu.Lock()
	delete(g.conns, c)
	g.mu.Unlock()
}

// answer asks the rule.
func (g *Gate) answer(args []string) Answer {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	switch args[0] {
	case "hello", "auth", "select", "client":
	default:
		g.n++
		n = g.n
	}
	if g.rule == nil {
		return Answer{}
	}
	a := g.rule(n, args)
	if a != (Answer{}) {
		g.refused.Add(1)
	}
	return a
}
