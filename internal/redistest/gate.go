package redistest

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
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
}

// NewGate returns a gate to the server at an address. It is closed with the test.
func NewGate(t testing.TB, to string) *Gate {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &Gate{Addr: l.Addr().String(), to: to, conns: map[net.Conn]bool{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { g.serve(client) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); g.CutAll(); serving.Wait() })
	return g
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

// serve serves one connection.
func (g *Gate) serve(client net.Conn) {
	g.open(client)
	defer g.close(client)
	g.mu.Lock()
	greet, to := g.greet, g.to
	g.mu.Unlock()
	if greet != "" {
		g.refused.Add(1)
		_, _ = io.WriteString(client, "-"+greet+"\r\n")
		return
	}
	server, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	g.open(server)
	defer g.close(server)
	s := session{g: g, client: client, server: server, replies: bufio.NewReader(server)}
	for requests := bufio.NewReader(client); ; {
		raw, args, err := readRequest(requests)
		if err == nil {
			err = s.handle(raw, args)
		}
		if err != nil {
			return
		}
	}
}

type session struct {
	g              *Gate
	client, server net.Conn
	replies        *bufio.Reader
	multi, aborted bool
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

var errCut = errors.New("the connection is to break")

// handle answers one request.
func (s *session) handle(raw []byte, args []string) error {
	a := s.g.answer(args)
	switch {
	case a.Cut:
		return errCut
	case a.Error != "":
		s.aborted = s.multi
		if args[0] == "exec" {
			return s.discard(a.Error)
		}
		return s.tell(a.Error)
	case args[0] == "exec" && s.aborted:
		return s.discard("EXECABORT Transaction discarded because of previous errors.")
	case args[0] == "multi":
		s.multi = true
	case args[0] == "exec":
		s.multi = false
	}
	var lost bytes.Buffer
	to := io.Writer(s.client)
	if a.Lose {
		to = &lost
	}
	err := s.pass(raw, to)
	if a.Lose {
		return errCut
	}
	return err
}

func (s *session) tell(text string) error {
	_, err := io.WriteString(s.client, "-"+text+"\r\n")
	return err
}

// discard ends the server's transaction, and sends the client another reply.
func (s *session) discard(text string) error {
	if s.multi {
		if err := s.pass([]byte("*1\r\n$7\r\nDISCARD\r\n"), io.Discard); err != nil {
			return err
		}
	}
	s.multi, s.aborted = false, false
	return s.tell(text)
}

func (s *session) pass(raw []byte, to io.Writer) error {
	if _, err := s.server.Write(raw); err != nil {
		return err
	}
	return copyReply(to, s.replies)
}

// readRequest reads a command.
func readRequest(r *bufio.Reader) (raw []byte, args []string, err error) {
	var all bytes.Buffer
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, nil, err
	}
	all.WriteString(line)
	n, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "*")))
	if err != nil {
		return nil, nil, fmt.Errorf("a request that begins with %q", line)
	}
	for range n {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, nil, err
		}
		size, err := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(line, "$")))
		if err != nil {
			return nil, nil, fmt.Errorf("a word that begins with %q", line)
		}
		word := make([]byte, size+2)
		if _, err := io.ReadFull(r, word); err != nil {
			return nil, nil, err
		}
		all.WriteString(line)
		all.Write(word)
		args = append(args, string(word[:size]))
	}
	args[0] = strings.ToLower(args[0])
	return all.Bytes(), args, nil
}

// copyReply copies one reply, of RESP2 or RESP3.
func copyReply(w io.Writer, r *bufio.Reader) error {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return err
	}
	if _, err := w.Write(line); err != nil {
		return err
	}
	n, _ := strconv.Atoi(string(bytes.TrimSpace(line[1:])))
	switch line[0] {
	case '$', '=', '!':
		if n < 0 {
			return nil
		}
		_, err := io.CopyN(w, r, int64(n)+2)
		return err
	case '%':
		n *= 2
	case '|':
		n = 2*n + 1
	case '*', '~', '>':
	default:
		return nil
	}
	for range n {
		if err := copyReply(w, r); err != nil {
			return err
		}
	}
	return nil
}
