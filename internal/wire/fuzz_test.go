package wire

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// fields turns a fuzzer's bytes into a hash: names and values in turn, each up
// to a byte that UTF-8 does not have.
func fields(text string) map[string]string {
	parts := strings.Split(text, "\xf8")
	hash := make(map[string]string, len(parts)/2)
	for i := 0; i+1 < len(parts); i += 2 {
		hash[parts[i]] = parts[i+1]
	}
	return hash
}

// seed is the inverse of fields.
func seed(pairs [][2]string) string {
	var b strings.Builder
	for _, f := range pairs {
		b.WriteString(f[0] + "\xf8" + f[1] + "\xf8")
	}
	return b.String()
}

// rewritten returns what is stored of a record, as a hash.
func rewritten(args []any) map[string]string {
	hash := make(map[string]string, len(args)/2)
	for i := 0; i < len(args); i += 2 {
		hash[args[i].(string)] = fmt.Sprintf("%s", args[i+1])
	}
	return hash
}

// fuzzLimit is what one field may unfold to in a test: a thousandfold of the
// fuzzer's largest inputs. What is over MaxInflated is for another test.
const fuzzLimit = 256 << 20

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func FuzzDecodeJob(f *testing.F) {
	for _, g := range goldens(f, "jobs.jsonl") {
		if len(seed(g.Fields)) < 4096 { // the fuzzer mutates short ones faster
			f.Add(seed(g.Fields))
		}
	}
	f.Add("data\xf8x\x9c\xf8exc_info\xf8x\x9c\x03\x00")                           // truncated
	f.Add("data\xf8\xf8timeout\xf83m\xf8ttl\xf81e3\xf8created_at\xf80")           // rejected values
	f.Add("data\xf8\xf8dependency_ids\xf8[\"\\ud800\", \"\\u0000\"]")             // half a character
	f.Add("data\xf8\xf8webhooks\xf8[{\"url\": \"http://\\ud83d\\ude00\"}]\xf8")   // text outside ASCII
	f.Add("data\xf8" + string(Deflate(make([]byte, 1<<20))) + "\xf8meta\xf8\xff") // unfolds a thousandfold
	f.Fuzz(func(t *testing.T, text string) {
		before := allocated()
		j, err := DecodeJob(fields(text))
		require.Less(t, allocated()-before, uint64(fuzzLimit))
		if j == nil {
			require.ErrorIs(t, err, ErrNoData)
			return
		}
		once := rewritten(j.Fields())
		again, err := DecodeJob(once)
		require.NoError(t, err)
		require.Equal(t, once, rewritten(again.Fields()))
		require.Equal(t, len(j.DependencyIDs), len(again.DependencyIDs))
		require.Equal(t, len(j.Webhooks), len(again.Webhooks))
	})
}

func FuzzDecodeResult(f *testing.F) {
	for _, g := range goldens(f, "results.jsonl") {
		if len(seed(g.Fields)) < 4096 {
			f.Add(seed(g.Fields))
		}
	}
	f.Add("type\xf81\xf8return_value\xf8_-8=\xf8exc_string\xf8eJw=")                // URL-safe, truncated
	f.Add("type\xf8\xf8execution_started_at\xf8nan\xf8execution_ended_at\xf8-1e11") // no times
	f.Fuzz(func(t *testing.T, text string) {
		before := allocated()
		r, _ := DecodeResult(fields(text))
		require.Less(t, allocated()-before, uint64(fuzzLimit))

		once := rewritten(r.Fields())
		again, err := DecodeResult(once)
		require.NoError(t, err)
		require.Equal(t, once, rewritten(again.Fields()))
		require.Equal(t, r.ReturnValue, again.ReturnValue)
	})
}
