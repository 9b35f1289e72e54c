package rqcli

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/redistest"
)

// start starts a real server of the test's own.
func start(t *testing.T, args ...string) *redistest.Server {
	t.Helper()
	redistest.Real(t)
	return redistest.Start(t, os.Getenv(redistest.Env), args...)
}

// refused wants a command to fail with that error, in time, without passwords.
func refused(t *testing.T, address, want string) {
	t.Helper()
	begin := time.Now()
	got := commandOf(t, nil, "requeue", "--queue", "q", "--all", "--url", address)
	assert.Equal(t, ExitFailure, got.Code)
	assert.Empty(t, got.Out)
	assert.True(t, strings.HasPrefix(got.Err, "rq: Redis at "), got.Err)
	assert.Contains(t, got.Err, want)
	assert.NotContains(t, got.Err, "secret")
	assert.Less(t, time.Since(begin), patience+2*time.Second) // on a machine with other work, too
}

// listening returns the address of a server that does that to connections.
func listening(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-ended
	})
	return l.Addr().String()
}

// silent returns the address of a server that takes connections, and says nothing.
func silent(t *testing.T) string {
	t.Helper()
	return listening(t, func(conn net.Conn) { t.Cleanup(func() { conn.Close() }) })
}

// deaf returns an address where connections are not made, as behind a firewall that
// drops packets: nobody accepts them, and the queue of those that wait is full.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	addr := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for {
		conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { conn.Close() })
	}
}

// soon has a server that does not answer be given up soon.
const soon = "?socket_connect_timeout=0.1"

// Nobody waits for long for a server that does not answer, and has not to say so.
func TestConnectToNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free := l.Addr().String()
	l.Close()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	closed := filepath.Join(t.TempDir(), "socket")
	hangsUp := listening(t, func(conn net.Conn) { conn.Close() })
	tests := []struct{ name, url, want string }{
		{"nobody listens", "redis://u:secret@" + free, free + " refuses the connection: is the server running, and is --url right?"},
		{"nobody listens, with TLS", "rediss://u:secret@" + free, "refuses the connection"},
		{"no socket", "unix://u:secret@" + closed, closed + " cannot be reached: no such socket"},
		{"a web server", "redis://u:secret@" + web.Listener.Addr().String(), "does not answer like a Redis server: is --url right"},
		{"a web server, with TLS", "rediss://u:secret@" + web.Listener.Addr().String(), "use redis:// instead of rediss://"},
		{"one that hangs up", "redis://u:secret@" + hangsUp, "closed the connection: is it a Redis server, and does it require TLS (rediss://"},
		{"a silent server", "redis://u:secret@" + silent(t) + soon, "did not answer within 100ms: is --url right, or is a firewall in the way?"},
		{"a silent server, with TLS", "rediss://u:secret@" + silent(t) + soon, "did not answer within 100ms: is --url right, and does it use TLS (if not, use redis://"},
		{"a deaf server", "redis://u:secret@" + deaf(t), "did not answer within 5s"},
		{"a deaf server, with TLS", "rediss://u:secret@" + deaf(t) + soon, "did not answer within 100ms"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.url, tt.want)
		})
	}
}

func TestConnectWithPasswords(t *testing.T) {
	t.Parallel()
	locked, open := start(t), start(t)
	require.NoError(t, locked.Client(t).ConfigSet(t.Context(), "requirepass", "right").Err())
	host := locked.Addr

	refused(t, "redis://"+host, host+" requires a password: put it in the URL, redis://user:password@host, or in REDIS_PASSWORD")
	refused(t, "redis://:secret@"+host, host+" rejects the user or password")
	refused(t, "redis://somebody:secret@"+host, host+" rejects the user or password")
	for _, right := range []string{"redis://:right@" + host, "redis://default:right@" + host, "redis://" + host + "?password=right"} {
		assert.Zero(t, commandOf(t, nil, "resume", "--url", right).Code, right)
	}
	// HELLO takes any password where there is none, and so does RQ.
	assert.Zero(t, commandOf(t, nil, "resume", "--url", "redis://:any@"+open.Addr).Code)
}

func TestConnectToDatabases(t *testing.T) {
	t.Parallel()
	s := start(t)
	assert.Zero(t, commandOf(t, nil, "resume", "--url", "redis://"+s.Addr+"/4095").Code)
	refused(t, "redis://"+s.Addr+"/4096", s.Addr+" has no database 4096: check the number at the end of the URL, or REDIS_DB")
}

func TestConnectToACluster(t *testing.T) {
	t.Parallel()
	node := start(t, "--cluster-enabled", "yes", "--databases", "1")
	refused(t, "redis://"+node.Addr, "Redis Cluster cannot hold RQ's keys")
	refused(t, "redis://"+node.Addr+"/1", "is a cluster, which cannot be used: give another server with --url")
}

func TestConnectToASocket(t *testing.T) {
	t.Parallel()
	s := start(t)
	rdb := s.Client(t)
	socket := rdb.ConfigGet(t.Context(), "unixsocket").Val()["unixsocket"]
	require.NoError(t, rdb.Set(t.Context(), "rq:suspended", 1, 0).Err())

	got := commandOf(t, nil, "resume", "--url", fmt.Sprintf("unix://%s?db=%d", socket, rdb.Options().DB))

	assert.Equal(t, "Workers are resumed.\n", got.Out, got.Err)
}

// A real server with TLS says other things than ours.
func TestConnectToRedisWithTLS(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	cert, key := ours.host(t, "127.0.0.1")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	secure := l.Addr().String()
	_, port, err := net.SplitHostPort(secure)
	require.NoError(t, err)
	l.Close()
	s := start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ours.file)

	refused(t, "rediss://u:secret@"+s.Addr+soon, "use redis:// instead of rediss://")
	refused(t, "redis://u:secret@"+secure, "does it require TLS (rediss://")
	refused(t, "rediss://u:secret@"+secure, "is not trusted")
	refused(t, "rediss://u:secret@"+secure+"?ssl_ca_certs="+ours.file, "requires a client certificate")
	got := commandOf(t, nil, "resume", "--url", fmt.Sprintf("rediss://%s?ssl_ca_certs=%s&ssl_certfile=%s&ssl_keyfile=%s", secure, ours.file, cert, key))
	assert.Zero(t, got.Code, got.Err)
}

func TestConnectError(t *testing.T) {
	t.Parallel()
	opts := &redis.Options{Addr: "host:1", DB: 3}
	dial := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	tests := []struct {
		err  error
		want string
	}{
		{dial(&net.DNSError{Err: "no such host", IsNotFound: true}), "cannot be found: no such host: check --url or REDIS_HOST"},
		{dial(&net.DNSError{Err: "server misbehaving"}), "cannot be found: looking up the host name failed"},
		{dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), "there is no route to the host"},
		{dial(os.NewSyscallError("connect", syscall.ENETUNREACH)), "there is no route to the host"},
		{dial(os.NewSyscallError("connect", syscall.EACCES)), "this user has no permission to open the socket"},
		{dial(os.NewSyscallError("read", syscall.ECONNRESET)), "closed the connection"},
		{redisError("ERR AUTH <password> called without any password configured for the default user"), "has no password set: remove it"},
		{redisError("ERR Client sent AUTH, but no password is set"), "has no password set: remove it"},
		{redisError("ERR invalid password"), "rejects the user or password"},
		{redisError("ERR max number of clients reached"), "Redis at host:1: ERR max number of clients reached"},
		{redisError("DENIED Redis is running in protected mode"), "Redis at host:1: DENIED"},
	}
	for _, tt := range tests {
		got := connectError(tt.err, opts)
		assert.ErrorContains(t, got, "Redis at host:1")
		assert.ErrorContains(t, got, tt.want)
		assert.ErrorContains(t, got, tt.err.Error())
		assert.ErrorIs(t, got, tt.err)
	}
}

// A redisError is what a server answers.
type redisError string

func (e redisError) Error() string { return string(e) }
func (redisError) RedisError()     {}
