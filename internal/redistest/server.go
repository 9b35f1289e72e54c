package redistest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// databases is how many databases each server has. Tests take them in turn.
const databases = 4096

// startTimeout bounds the wait for a new server to answer.
const startTimeout = 10 * time.Second

// warden runs the server and kills it when its own standard input ends, which happens
// when this process closes the pipe or dies in any way. So no server outlives its test
// binary, and no test needs a TestMain for it.
const warden = `
dir=$1; shift
"$@" </dev/null >"$dir/log" 2>&1 &
pid=$!
read -r how
kill -9 $pid
wait $pid
[ "$how" = restart ] || rm -rf "$dir"
`

// A Server is a real server process that one test uses.
type Server struct {
	Addr string // host:port on the loopback

	binary, dir string
	args        []string
	next        atomic.Int64 // the database that the next client gets

	mu    sync.Mutex
	cmd   *exec.Cmd
	leash io.WriteCloser
}

// Start runs a server of binary, with args added to its command line, until
// the test ends. It keeps nothing on disk.
func Start(t testing.TB, binary string, args ...string) *Server {
	t.Helper()
	s, err := start(binary, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.stop("") })
	return s
}

// start runs a server on a port that was free a moment ago. Losing the race
// for that port is the one failure worth another try.
func start(binary string, args ...string) (*Server, error) {
	dir, err := os.MkdirTemp("", "rq-redis-")
	if err != nil {
		return nil, err
	}
	s := &Server{binary: binary, dir: dir, args: args}
	for range 3 {
		if s.Addr, err = freeAddr(); err != nil {
			break
		}
		if err = s.launch(); err == nil {
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *Server) launch() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	args := append([]string{
		"-c", warden, "warden", s.dir, s.binary,
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--unixsocket", s.socket(),
		"--save", "", "--appendonly", "no", "--databases", strconv.Itoa(databases),
	}, s.args...)
	s.cmd = exec.Command("/bin/sh", args...)
	if s.leash, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := s.await(); err != nil {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		s.release("restart")
		return fmt.Errorf("start %s: %w\n%s", s.binary, err, log)
	}
	return nil
}

func (s *Server) socket() string { return filepath.Join(s.dir, "socket") }

// await waits for the server to answer on its socket. Only this server has
// that socket, and it opens it after it got its port.
func (s *Server) await() error {
	rdb := redis.NewClient(&redis.Options{Network: "unix", Addr: s.socket(), MaxRetries: -1})
	defer rdb.Close()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := rdb.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// Client returns a client of a database that no other client of s was given.
// It is emptied now and the client closed when the test ends.
func (s *Server) Client(t testing.TB) *redis.Client {
	t.Helper()
	db := int(s.next.Add(1)-1) % databases
	rdb := redis.NewClient(&redis.Options{Addr: s.Addr, DB: db})
	t.Cleanup(func() { rdb.Close() })
	if err := rdb.FlushDB(t.Context()).Err(); err != nil {
		t.Fatalf("empty database %d of %s: %v", db, s.Addr, err)
	}
	return rdb
}

// Kill9 ends the server at once, as kill -9 does. Clients see their
// connections break; Restart brings the server back, empty.
func (s *Server) Kill9() { s.stop("restart") }

// Restart starts the server again at the same address, killing it first if it
// still runs. Nothing was kept: the databases are empty.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Kill9()
	if err := s.launch(); err != nil {
		t.Fatal(err)
	}
}

func (s *Server) stop(how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(how)
	if how == "" {
		os.RemoveAll(s.dir)
	}
}

// release makes the warden kill the server and waits for it. The caller holds mu.
func (s *Server) release(how string) {
	if s.cmd == nil {
		return
	}
	fmt.Fprintln(s.leash, how)
	s.leash.Close()
	_ = s.cmd.Wait() // killed, as asked
	s.cmd = nil
	os.Remove(s.socket())
}
