package pyrepr_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyrepr"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

const corpus = "../../testdata/repr/"

func TestReprMatchesPython(t *testing.T) {
	t.Parallel()
	type row struct {
		Value tagged.Value
		Repr  string
	}
	for i, r := range tagged.Lines[row](t, corpus+"repr.jsonl") {
		assert.Equal(t, r.Repr, pyrepr.Repr(r.Value.V), "line %d", i+1)
	}
}

func TestCallStringMatchesRQ(t *testing.T) {
	t.Parallel()
	type row struct {
		Func         string
		Args, Kwargs tagged.Value
		Max          int
		Text         string
	}
	for i, r := range tagged.Lines[row](t, corpus+"call.jsonl") {
		want, err := hex.DecodeString(r.Text)
		require.NoError(t, err)
		got := pyrepr.CallString(r.Func, r.Args.V.(py.Tuple), r.Kwargs.V.(*py.Dict), r.Max)
		assert.Equal(t, string(want), got, "line %d", i+1)
	}
}

// TestEveryCharacter compares the repr of all 1,114,112 code points by hash.
func TestEveryCharacter(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(corpus + "characters.sha256")
	require.NoError(t, err)
	h := sha256.New()
	var buf []byte
	for r := rune(0); r < 0x110000; r++ {
		buf = buf[:0]
		if r > 0 {
			buf = append(buf, '\n')
		}
		buf = pyrepr.AppendRepr(buf, string(py.AppendRune(nil, r)))
		h.Write(buf)
	}
	assert.Equal(t, strings.TrimSpace(string(want)), hex.EncodeToString(h.Sum(nil)))
}
