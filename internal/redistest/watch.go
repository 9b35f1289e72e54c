package redistest

import (
	"bufio"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Command is one command that a server executed.
type Command struct {
	Args []string // the name first, as the client spelled it
	Lua  bool     // a script issued it, not a client
}

// String returns the command as one would type it.
func (c Command) String() string { return strings.Join(c.Args, " ") }

// monitorLine is one line of MONITOR: time, database, client, quoted words.
var (
	monitorLine = regexp.MustCompile(`^\+[\d.]+ \[(\d+) ([^\]]+)\] (.*)$`)
	quotedWord  = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
)

// Commands starts to watch rdb's database, on a real server only. The function
// it returns stops watching and returns what was executed in between, by
// whatever client, in order.
func Commands(t testing.TB, rdb *redis.Client) func() []Command {
	t.Helper()
	conn, err := net.Dial("tcp", rdb.Options().Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	r := bufio.NewReader(conn)
	fmt.Fprint(conn, "MONITOR\r\n")
	if reply, err := r.ReadString('\n'); err != nil || reply != "+OK\r\n" {
		t.Fatalf("MONITOR answered %q, %v", reply, err)
	}
	return func() []Command {
		t.Helper()
		end := fmt.Sprintf("end of watch %d", time.Now().UnixNano())
		if err := rdb.Echo(t.Context(), end).Err(); err != nil {
			t.Fatal(err)
		}
		return readCommands(t, r, rdb.Options().DB, end)
	}
}

// readCommands reads the lines about one database up to the ECHO of end.
func readCommands(t testing.TB, r *bufio.Reader, db int, end string) []Command {
	t.Helper()
	var got []Command
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		m := monitorLine.FindStringSubmatch(strings.TrimSuffix(line, "\r\n"))
		if m == nil || m[1] != strconv.Itoa(db) {
			continue
		}
		c := Command{Lua: m[2] == "lua"}
		for _, w := range quotedWord.FindAllString(m[3], -1) {
			word, err := strconv.Unquote(w)
			if err != nil {
				t.Fatalf("unquote %s of MONITOR: %v", w, err)
			}
			c.Args = append(c.Args, word)
		}
		if len(c.Args) == 2 && c.Args[1] == end {
			return got
		}
		got = append(got, c)
	}
}
