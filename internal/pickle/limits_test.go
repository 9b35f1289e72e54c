package pickle_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

// text is an opcode that pushes a str of n bytes and puts it into the memo at 0.
func text(n int) string {
	return string(binary.LittleEndian.AppendUint32([]byte{'X'}, uint32(n))) + strings.Repeat("x", n) + "q\x00"
}

// TestSmallPickleOfMuch decodes what refers to large values again and again.
// Where that copies them, or hashes one more than once, the limit stops it.
func TestSmallPickleOfMuch(t *testing.T) {
	t.Parallel()
	const n = 20000
	again := func(s string) string { return strings.Repeat(s, n) }
	tests := []struct {
		name  string
		input string
		ok    bool
	}{
		{"pairs of one tuple", "\x80\x04)" + strings.Repeat("2\x86", 900), true},
		{"a list of one list", "\x80\x04](" + again("]\x942") + "e", true},
		{"bytes of one str", "\x80\x02c_codecs\nencode\nq\x01" + text(n) + "U\x06latin1q\x02(" + again("h\x01h\x00h\x02\x86R") + "t", false},
		{"bytearrays of one bytes", "\x80\x03cbuiltins\nbytearray\nq\x01B\x20\x4e\x00\x00" + strings.Repeat("y", n) + "\x85q\x02(" + again("h\x01h\x02R") + "t", false},
		{"paths of one str", "\x80\x04cpathlib\nPosixPath\nq\x01" + text(n) + "\x85q\x02(" + again("h\x01h\x02R") + "t", false},
		{"dicts with one key", "\x80\x04" + text(n) + "(" + again("}h\x00Ns") + "t", true},
		{"sets of one str", "\x80\x04" + text(n) + "(" + again("(h\x00\x91") + "t", true},
		{"keys of a str and a number", "\x80\x04" + text(n) + "}(" + again("h\x00\x8a\x01\x01\x86N") + "u", true},
		{"dicts with one tuple as key", "\x80\x04(" + again("K\x01") + "tq\x01(" + again("}h\x01Ns") + "t", true},
		{"dicts with tuples of one tuple as key", "\x80\x04(" + again("K\x01") + "tq\x01(" + again("}h\x01\x85Ns") + "t", false},
		{"dicts with one name as key", "\x80\x02c" + strings.Repeat("m", n) + "\nf\nq\x01(" + again("}h\x01Ns") + "t", false},
		{"sets of one list", "\x80\x02cbuiltins\nset\nq\x01](" + again("K\x01") + "e\x85q\x02(" + again("h\x01h\x02R") + "t", false},
		{"a key of pairs of pairs", "\x80\x04})" + strings.Repeat("2\x86", 40) + "Ns", false},
		{"a frozenset of pairs of pairs", "\x80\x04()" + strings.Repeat("2\x86", 40) + "\x91", false},
		{"dotted names of one name", "\x80\x02c__builtin__\ngetattr\nq\x01cos\nx\n" + text(n) + "0(" + again("h\x01cos\nx\nh\x00\x86R") + "t", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			_, err := pickle.Decode([]byte(tt.input + "."))

			if tt.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, pickle.ErrLimit)
			}
		})
	}
}

// TestLimits sets each limit to what a pickle just needs, and to less.
func TestLimits(t *testing.T) {
	t.Parallel()
	nested := []byte("\x80\x04]]]Naaa.")
	memo := []byte("\x80\x04(N\x94N\x94N\x94t.")
	large := []byte("\x80\x04" + text(1000) + ".")
	tests := []struct {
		name   string
		input  []byte
		limits pickle.Limits
		ok     bool
	}{
		{"depth enough", nested, pickle.Limits{Depth: 3}, true},
		{"depth too small", nested, pickle.Limits{Depth: 2}, false},
		{"memo enough", memo, pickle.Limits{Memo: 3}, true},
		{"memo too small", memo, pickle.Limits{Memo: 2}, false},
		{"memory enough", large, pickle.Limits{Memory: 1100}, true},
		{"memory too small", large, pickle.Limits{Memory: 1000}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			_, err := pickle.DecodeWithin(tt.input, tt.limits)

			if tt.ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, pickle.ErrLimit)
			}
		})
	}
}

// TestClaimedLengths costs nothing for lengths that are not there.
func TestClaimedLengths(t *testing.T) {
	for _, claim := range []string{
		"\x80\x04X\xff\xff\xff\x7f.", "\x80\x04\x8e\x00\x00\x00\x00\x01\x00\x00\x00.", "\x80\x04\x8b\xff\xff\xff\x7f.",
		"\x80\x05\x96\xff\xff\xff\xff\x01\x00\x00\x00.", "\x80\x04\x95\xff\xff\xff\xff\x01\x00\x00\x00.", "\x80\x04Nr\xff\xff\xff\xff.",
	} {
		before := allocated()
		_, _ = pickle.Decode([]byte(claim))
		require.Less(t, allocated()-before, uint64(1<<20), "%q", claim)
	}
}

// TestExactAndShared decodes lists that grow after others hold them, within a
// structure that is too deep to be walked without a map.
func TestExactAndShared(t *testing.T) {
	t.Parallel()
	// x = []; t = x and 1500 pairs of one tuple deep; then x.append(5)
	input := "\x80\x02]q\x00\x85" + strings.Repeat("q\x012\x86", 900) + "h\x00K\x05a\x86."

	v, err := pickle.Decode([]byte(input))

	require.NoError(t, err)
	pair := v.(py.Tuple)
	require.Equal(t, []any{int64(5)}, pair[1])
	inner := pair[0].(py.Tuple)
	for len(inner) == 2 {
		inner = inner[1].(py.Tuple)
	}
	require.Equal(t, []any{int64(5)}, inner[0])
}

// TestExactKeywords resolves a list in the keyword arguments of an object.
func TestExactKeywords(t *testing.T) {
	t.Parallel()

	v, err := pickle.Decode([]byte("\x80\x04cm\nC\n)}\x8c\x01b]\x94s\x92h\x00K\x07a\x86."))

	require.NoError(t, err)
	b, ok := v.(py.Tuple)[0].(*py.Object).KwArgs.Get("b")
	require.True(t, ok)
	require.Equal(t, []any{int64(7)}, b)
}
