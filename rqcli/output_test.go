package rqcli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// TestControlCharactersAreSeen has what a job says on its own of a terminal.
func TestControlCharactersAreSeen(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"plain ü 世 \t\n":             "plain ü 世 \t\n",
		"\x1b]0;title\x07\x1b[2J":    `\x1b]0;title\a\x1b[2J`,
		"over\rwritten\b":            `over\rwritten\b`,
		"\u009b31mC1\x7f":            `\u009b31mC1\x7f`,
		"\x1b[31mred\x1b[0m of ours": "\x1b[31mred\x1b[0m of ours",
		"\x1b[8mhidden\u202e":        `\x1b[8mhidden\u202e`,
		"joined \u200d":              "joined \u200d",
	}
	for text, want := range tests {
		var out bytes.Buffer

		n, err := fmt.Fprint(harmless{&out}, text)

		require.NoError(t, err)
		assert.Equal(t, len(text), n)
		assert.Equal(t, want, out.String())
	}
}

// TestFailuresFitIntoTheLine has names that are cut, and characters of two columns.
func TestFailuresFitIntoTheLine(t *testing.T) {
	t.Parallel()
	mark := func(_ colour, s string) string { return "<" + s + ">" }
	for name, f := range map[string]*failure{
		"cut in its name":       {Exception: strings.Repeat("E", 64), Message: "m"},
		"wide":                  {Exception: "Error", Message: strings.Repeat("世", 60), Function: strings.Repeat("界", 60)},
		"with control sequence": {Exception: "\x1b[2JError", Message: "m"},
	} {
		var out bytes.Buffer

		printFailures(&out, []*failure{f}, 80, mark)

		assert.True(t, utf8.ValidString(out.String()), name)
		assert.NotContains(t, out.String(), "…>…", name)
		for line := range strings.Lines(out.String()) {
			assert.LessOrEqual(t, ansi.StringWidth(strings.NewReplacer("<", "", ">", "", "\n", "").Replace(line)), 80, name)
		}
		exception, _, _ := strings.Cut(out.String(), ">")
		assert.NotContains(t, exception, ": m", name)
	}
}

func TestIntervalsAreSeconds(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for _, cmd := range []string{"info", "top"} {
		for _, interval := range []string{"NaN", "1e300", "Inf", "-1"} {
			root := New(nil)
			root.SetArgs([]string{"--url", redistest.URL(rdb), cmd, "--interval", interval})
			root.SetIn(strings.NewReader(""))
			root.SetOut(io.Discard)
			root.SetErr(io.Discard)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)

			err := root.ExecuteContext(ctx)

			cancel()
			require.ErrorAs(t, err, new(usageError), cmd+" "+interval)
		}
	}
}

// TestUnreadableURLKeepsItsPassword has passwords that are not escaped.
func TestUnreadableURLKeepsItsPassword(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"redis://:se%cret@host:6379", "redis://:se#cret@host:6379/0", "redis://:secret@host:port"} {
		_, err := options(address, func(string) string { return "" })

		require.Error(t, err, address)
		assert.NotContains(t, err.Error(), "cret")
		assert.NotContains(t, err.Error(), ":se")
	}
}

// TestStopOfJobsSaysSo refuses, and says what it would do.
func TestStopOfJobsSaysSo(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	addWorker(t, rdb, "a", "busy", "q")
	addWorker(t, rdb, "b", "busy", "q")

	assert.Contains(t, command(t, rdb, "worker", "stop", "--all", "--kill-horse").Err, "Kill the running jobs of 2 workers")
	assert.Contains(t, command(t, rdb, "worker", "stop", "--all").Err, "Stop 2 workers")
}

// TestTopReadsOtherSerializers shows what a job in JSON calls.
func TestTopReadsOtherSerializers(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	q := rq.NewQueue(rdb, "q", rq.WithSerializer(rq.JSON{}))
	_, err := q.Enqueue(t.Context(), rq.Call("tasks.add"), rq.JobID("j"))
	require.NoError(t, err)
	require.NoError(t, rdb.HSet(t.Context(), "rq:job:j", "status", "failed").Err())
	require.NoError(t, rdb.ZAdd(t.Context(), "rq:failed:q", redis.Z{Score: 4e9, Member: "j"}).Err())

	s, err := look(t.Context(), rdb, rq.WithSerializer(rq.JSON{}))

	require.NoError(t, err)
	require.Len(t, s.failed, 1)
	assert.Equal(t, "tasks.add", s.failed[0].function)
}

// TestTopAsksInOneLine has an id that is more than one.
func TestTopAsksInOneLine(t *testing.T) {
	t.Parallel()
	s := openTop(t, redistest.New(t), 80, 24)
	s.top.now.failed = []seenJob{{id: "a\n\x1b[2Jb" + strings.Repeat("c", 100)}}

	s.press("tab", "tab", "tab", "d")

	s.has("? (y/n)")
	assert.NotContains(t, s.top.screen(), "\x1b")
}
