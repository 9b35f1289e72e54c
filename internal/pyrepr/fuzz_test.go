package pyrepr_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pyrepr"
)

// FuzzCallString describes calls with what a JSON text holds, and with any
// bytes, and checks the cut against the whole repr.
func FuzzCallString(f *testing.F) {
	for _, seed := range []string{`{"a": [1, "it's"]}`, `"\ud83d\ude00\ud800\u0378"`, "\xff'\"\\", "\xed\xa0\x80"} {
		f.Add([]byte(seed), 5)
	}
	f.Fuzz(func(t *testing.T, data []byte, limit int) {
		values := []any{string(data), data, py.ByteArray(data)}
		if v, err := pyjson.Decode(data); err == nil {
			values = append(values, v, py.Tuple{v})
		}
		for _, v := range values {
			whole := pyrepr.Repr(v)
			require.True(t, utf8.ValidString(whole))
			got, ok := strings.CutPrefix(pyrepr.CallString("f", []any{v}, nil, limit), "f(")
			require.True(t, ok)
			got, ok = strings.CutSuffix(got, ")")
			require.True(t, ok)
			if n := utf8.RuneCountInString(whole); limit > 0 && n > limit {
				require.Equal(t, string([]rune(whole)[:limit])+"...", got)
			} else {
				require.Equal(t, whole, got)
			}
		}
	})
}
