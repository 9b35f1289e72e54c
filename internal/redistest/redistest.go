// Package redistest gives each test a Redis database of its own.
//
// Keys are literal in RQ's schema, so tests cannot use a prefix of their own; each uses
// a database. Tests share the parts of a server that its databases share: pub/sub
// channels, scripts and INFO.
package redistest

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Env is the environment variable that names the redis-server to test with.
// `make test` sets it.
const Env = "RQ_LAB_REDIS"

// New returns a client of an empty database that only this test uses: on a real server
// when Env names one, else on an in-process miniredis, so that plain `go test` needs
// nothing installed.
func New(t testing.TB) *redis.Client {
	t.Helper()
	if binary := os.Getenv(Env); binary != "" {
		return On(t, binary)
	}
	rdb := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

// Real is New for tests that miniredis cannot serve. They are skipped without
// a real server.
func Real(t testing.TB) *redis.Client {
	t.Helper()
	if os.Getenv(Env) == "" {
		t.Skip("needs a real Redis: run `make test`")
	}
	return New(t)
}

// shared holds the servers that all tests of this process use, by their binary.
var shared = struct {
	sync.Mutex
	servers map[string]func() (*Server, error)
}{servers: map[string]func() (*Server, error){}}

// On returns a client of an empty database on the server of binary that all
// tests of this process share. The server ends with the process.
func On(t testing.TB, binary string) *redis.Client {
	t.Helper()
	shared.Lock()
	once, ok := shared.servers[binary]
	if !ok {
		once = sync.OnceValues(func() (*Server, error) { return start(binary) })
		shared.servers[binary] = once
	}
	shared.Unlock()
	s, err := once()
	if err != nil {
		t.Fatal(err)
	}
	return s.Client(t)
}

// URL returns the address of rdb's database for programs that are not Go.
func URL(rdb *redis.Client) string {
	o := rdb.Options()
	return fmt.Sprintf("redis://%s/%d", o.Addr, o.DB)
}
