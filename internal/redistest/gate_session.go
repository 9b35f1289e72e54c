package redistest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A session is one connection through a gate.
type session struct {
	g              *Gate
	client, server net.Conn
	replies        *bufio.Reader
	toClient       io.Writer
	multi, aborted bool
	late           atomic.Bool // a command is kept until the test says so
	streams        bool        // it is subscribed: replies come without requests
	streaming      sync.WaitGroup
}

type request struct {
	raw  []byte
	args []string
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
	s := session{g: g, client: client, server: server, replies: bufio.NewReader(server), toClient: slowWriter{client, &g.down}}
	requests, over := make(chan request), make(chan struct{})
	go s.read(requests, over)
	for r := range requests {
		if s.handle(r.raw, r.args) != nil {
			break
		}
	}
	close(over)
	g.close(server)
	g.close(client)
	for range requests { // until the reader has ended
	}
	s.streaming.Wait()
}

// read reads commands. When the client is gone, the server is told: else it
// would go on to block for it.
func (s *session) read(requests chan<- request, over <-chan struct{}) {
	defer close(requests)
	for r := bufio.NewReader(slowReader{s.client, &s.g.up}); ; {
		raw, args, err := readRequest(r)
		if err != nil {
			if !s.late.Load() {
				_ = s.server.(*net.TCPConn).CloseWrite()
			}
			return
		}
		select {
		case requests <- request{raw, args}:
		case <-over:
			return
		}
	}
}

var errCut = errors.New("the connection is to break")

// handle answers one request.
func (s *session) handle(raw []byte, args []string) error {
	a := s.g.answer(args)
	switch {
	case a.Cut:
		return errCut
	case a.Until != nil:
		s.late.Store(true)
		<-a.Until
		_ = s.pass(raw, io.Discard) // the client hears nothing
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
	case args[0] == "subscribe" || args[0] == "psubscribe":
		s.stream()
	}
	var lost bytes.Buffer
	to := s.toClient
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
	if _, err := s.server.Write(raw); err != nil || s.streams {
		return err
	}
	return copyReply(to, s.replies)
}

// stream has replies passed on as they come.
func (s *session) stream() {
	if s.streams {
		return
	}
	s.streams = true
	s.streaming.Go(func() {
		_, _ = io.Copy(s.toClient, s.replies)
		_ = s.client.Close()
	})
}

// A pace is how fast bytes go one way, on all connections together.
type pace struct {
	mu   sync.Mutex
	rate int       // bytes a second, 0 is no limit
	free time.Time // when the next may go
}

const (
	// paceChunk is how many bytes go at once.
	paceChunk = 32 << 10
	// paceCredit is for how long a pace makes up for time in which nothing went, so that
	// a machine that is busy does not slow it down.
	paceCredit = 200 * time.Millisecond
)

func (p *pace) set(rate int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = rate
}

// wait returns when so many bytes have gone.
func (p *pace) wait(n int) {
	p.mu.Lock()
	if p.rate == 0 {
		p.mu.Unlock()
		return
	}
	if first := time.Now().Add(-paceCredit); p.free.Before(first) {
		p.free = first
	}
	p.free = p.free.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	gone := p.free
	p.mu.Unlock()
	time.Sleep(time.Until(gone))
}

type slowReader struct {
	net.Conn
	pace *pace
}

func (r slowReader) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b[:min(len(b), paceChunk)])
	r.pace.wait(n)
	return n, err
}

type slowWriter struct {
	to   io.Writer
	pace *pace
}

func (w slowWriter) Write(b []byte) (done int, err error) {
	for len(b) > 0 && err == nil {
		var n int
		n, err = w.to.Write(b[:min(len(b), paceChunk)])
		w.pace.wait(n)
		done, b = done+n, b[n:]
	}
	return done, err
}
