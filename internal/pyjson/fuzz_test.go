package pyjson_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

// FuzzJSONDecode checks that what decodes encodes, to text that decodes to the
// same value, within memory in proportion to the data.
func FuzzJSONDecode(f *testing.F) {
	for _, seed := range []string{
		jobJSON, `{"a": [1, 2.5e-7, {"b": null}], "a": "\ud83d\ude00\ud800"}`, "[[[[", "-0", "[1e999, -Infinity, NaN]",
		`"\ud83d\u0041"`,         // half a pair, then another escape
		"{\"\":0,\"\\u0000\":0}", // keys of no letters
		"123456789012345678901234567890",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		if len(data) > 1<<12 {
			runtime.ReadMemStats(&before)
		}
		v, err := pyjson.Decode(data)
		if len(data) > 1<<12 {
			runtime.ReadMemStats(&after)
			// A "{}," is the worst: three bytes for a dict and its place in a list.
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(100*len(data)+1<<20))
		}
		if err != nil {
			return
		}
		text, err := pyjson.Append(nil, v)
		require.NoError(t, err)
		back, err := pyjson.Decode(text)
		require.NoError(t, err)
		require.True(t, tagged.Equal(v, back), "%q became %q", data, text)
	})
}
