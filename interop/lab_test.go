// Package interop tests rq against real RQ versions on real servers: what Go
// writes must be what Python writes, and either side must read the other's.
package interop

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/rqgo/rq/internal/redistest"
)

// How the lab is laid out in the directory that $RQ_LAB names; scripts/lab
// writes it.
const (
	pythonOf = "%s/venv/%s/bin/python"
	rqOf     = "%s/venv/%s/bin/rq"
	tasksDir = "../testdata/lab"
)

var lab = struct {
	dir      string
	versions []string // of RQ, oldest first
	servers  []server

	scenarios, runs, comparisons atomic.Int64
}{
	dir:      os.Getenv("RQ_LAB"),
	versions: strings.Fields(os.Getenv("RQ_LAB_VERSIONS")),
	servers:  labServers(),
}

// A server is one of the lab's server binaries.
type server struct{ name, binary string }

// labServers leaves Redis 7 out where there is none and 6.2 stands in for it.
func labServers() []server {
	redis7, redis62 := os.Getenv("RQ_LAB_REDIS"), os.Getenv("RQ_LAB_REDIS62")
	all := []server{{"valkey8", os.Getenv("RQ_LAB_VALKEY")}, {"redis62", redis62}}
	if redis7 == redis62 {
		return all
	}
	return append([]server{{"redis7", redis7}}, all...)
}

// db returns a client of an empty database that is this test's alone.
func (s server) db(t testing.TB) *redis.Client {
	t.Helper()
	return redistest.On(t, s.binary)
}

func TestMain(m *testing.M) {
	if os.Getenv(processEnv) != "" {
		workAsProcess()
	}
	if lab.dir == "" {
		fmt.Println("interop: every test against real RQ is skipped; `make test` runs them")
	}
	code := m.Run()
	drivers.close()
	if err := leaks(); err != nil {
		fmt.Println("interop:", err)
		code = max(code, 1)
	}
	if lab.dir != "" {
		fmt.Printf("lab: %d scenarios in %d runs made %d comparisons, with %d deliberate deviations\n",
			lab.scenarios.Load(), lab.runs.Load(), lab.comparisons.Load(), len(deviations))
		code = max(code, reportUnused())
	}
	os.Exit(code)
}

// leaks finds goroutines that outlive the tests. A connection being dialled
// when its client closes may take a few seconds to notice on a busy machine.
func leaks() (err error) {
	for range 5 {
		if err = goleak.Find(); err == nil {
			return nil
		}
	}
	return err
}

// needLab skips a test that cannot run without the lab.
func needLab(t testing.TB) {
	t.Helper()
	if lab.dir == "" {
		t.Skip("needs real RQ: run `make test`")
	}
}

// between says whether version is since or later, and until or earlier. Empty
// bounds are none.
func between(version, since, until string) bool {
	return (since == "" || compareVersions(version, since) >= 0) &&
		(until == "" || compareVersions(version, until) <= 0)
}

// compareVersions orders dotted numbers. A bound of fewer numbers speaks of all
// versions that start with it: 2.6.1 is neither before nor after 2.6.
func compareVersions(version, bound string) int {
	v, b := strings.Split(version, "."), strings.Split(bound, ".")
	for i := range min(len(v), len(b)) {
		x, _ := strconv.Atoi(v[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x - y
		}
	}
	return 0
}

// eachLab runs f for every RQ version on every server that is named, or on all
// of them, one parallel subtest each.
func eachLab(t *testing.T, names []string, f func(t *testing.T, version string, s server)) {
	t.Helper()
	needLab(t)
	for _, version := range lab.versions {
		for _, s := range lab.servers {
			if len(names) > 0 && !strings.Contains(strings.Join(names, " "), s.name) {
				continue
			}
			t.Run("rq-"+version+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				f(t, version, s)
			})
		}
	}
}
