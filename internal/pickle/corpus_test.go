package pickle_test

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
)

// A corpusCase is a line of testdata/pickle/corpus.jsonl, which generate.py
// explains.
type corpusCase struct {
	Name     string
	Expr     string
	Protocol int
	Pickle   []byte
	ZPickle  []byte
	Want     string
	WantSum  string
	Exact    bool
}

func corpus(tb testing.TB) []corpusCase {
	tb.Helper()
	f, err := os.Open("../../testdata/pickle/corpus.jsonl")
	require.NoError(tb, err)
	defer f.Close()
	var cases []corpusCase
	for lines := bufio.NewReader(f); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return cases
		}
		require.NoError(tb, err)
		var c corpusCase
		require.NoError(tb, json.Unmarshal(line, &c))
		if c.ZPickle != nil {
			z, err := zlib.NewReader(bytes.NewReader(c.ZPickle))
			require.NoError(tb, err)
			c.Pickle, err = io.ReadAll(z)
			require.NoError(tb, err)
		}
		cases = append(cases, c)
	}
}

// TestCorpus decodes what CPython wrote, and writes the same bytes.
func TestCorpus(t *testing.T) {
	t.Parallel()
	exact := 0
	for _, c := range corpus(t) {
		if c.Exact {
			exact++
		}
		t.Run(fmt.Sprintf("%s/protocol %d", c.Name, c.Protocol), func(t *testing.T) {
			t.Parallel()

			v, err := pickle.Decode(c.Pickle)
			require.NoError(t, err, c.Expr)

			got := describe(t, v)
			if c.WantSum != "" {
				sum := sha256.Sum256([]byte(got))
				require.Equal(t, c.WantSum, hex.EncodeToString(sum[:]), c.Expr)
			} else {
				require.Equal(t, c.Want, got, c.Expr)
			}
			again, err := pickle.Append(nil, v, max(c.Protocol, 4))
			require.NoError(t, err, c.Expr)
			if c.Exact {
				requireSameBytes(t, c.Pickle, again, c.Expr)
				return
			}
			back, err := pickle.Decode(again)
			require.NoError(t, err, c.Expr)
			require.Equal(t, got, describe(t, back), c.Expr)
		})
	}
	require.Greater(t, exact, 500, "most of the corpus is compared byte for byte")
}

// requireSameBytes says where two pickles part, without printing all of them.
func requireSameBytes(t *testing.T, want, got []byte, expr string) {
	t.Helper()
	if bytes.Equal(want, got) {
		return
	}
	i := 0
	for i < len(want) && i < len(got) && want[i] == got[i] {
		i++
	}
	from := max(0, i-40)
	require.Failf(t, "other bytes than CPython's", "%s\nat byte %d of %d and %d\nwant %q\ngot  %q", expr, i,
		len(want), len(got), want[from:min(i+40, len(want))], got[from:min(i+40, len(got))])
}
