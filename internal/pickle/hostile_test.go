package pickle_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
)

// hostile is what no pickler writes, with the offset at which that is found.
var hostile = []struct {
	name   string
	input  string
	offset int
	err    error // what the error wraps, if anything
}{
	{"empty", "", 0, pickle.ErrNotPickle},
	{"JSON object", `{"a": 1}`, 0, pickle.ErrNotPickle},
	{"JSON array", `["tasks.add", null, [], {}]`, 0, pickle.ErrNotPickle},
	{"JSON string", `"abc"`, 0, pickle.ErrNotPickle},
	{"JSON number", "12", 0, pickle.ErrNotPickle},
	{"words", "tasks.add", 0, pickle.ErrNotPickle},
	{"zlib", "\x78\x9c\x6b\x60", 0, pickle.ErrNotPickle},
	{"gzip", "\x1f\x8b\x08", 0, pickle.ErrNotPickle},
	{"MessagePack", "\x94\xa9tasks.add\xc0\x90\x80", 0, pickle.ErrNotPickle},
	{"newer protocol", "\x80\x06N.", 0, pickle.ErrNotPickle},
	{"no opcode on the way", "K\x01{", 2, pickle.ErrNotPickle},
	{"no opcode behind a protocol", "\x80\x04K\x01{", 4, nil},

	{"only a protocol", "\x80\x04", 2, pickle.ErrTruncated},
	{"half a protocol", "\x80", 0, pickle.ErrTruncated},
	{"no STOP", "\x80\x04N", 3, pickle.ErrTruncated},
	{"STOP on nothing", "\x80\x04.", 2, nil},
	{"STOP above a MARK", "\x80\x04N(.", 4, nil},
	{"short integer", "\x80\x04J\x01\x02", 2, pickle.ErrTruncated},
	{"short float", "\x80\x04G\x00", 2, pickle.ErrTruncated},
	{"line without end", "\x80\x00I12", 2, pickle.ErrTruncated},
	{"frame of 2 GiB", "\x80\x04\x95\x00\x00\x00\x80\x00\x00\x00\x00N.", 2, pickle.ErrTruncated},
	{"frame of 2^64", "\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\xffN.", 2, pickle.ErrTruncated},
	{"str of 2 GiB", "\x80\x04X\xff\xff\xff\x7fabc.", 2, pickle.ErrTruncated},
	{"str of 2^63", "\x80\x04\x8d\x00\x00\x00\x00\x00\x00\x00\x80a.", 2, pickle.ErrTruncated},
	{"bytes of 4 GiB", "\x80\x04B\xff\xff\xff\xffabc.", 2, pickle.ErrTruncated},
	{"bytes of 2^64", "\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffa.", 2, pickle.ErrTruncated},
	{"bytearray of 2^62", "\x80\x05\x96\x00\x00\x00\x00\x00\x00\x00\x40a.", 2, pickle.ErrTruncated},
	{"long of 2 GiB", "\x80\x04\x8b\xff\xff\xff\x7f\x01.", 2, pickle.ErrTruncated},
	{"long of -1 bytes", "\x80\x04\x8b\xff\xff\xff\xff\x01.", 2, nil},
	{"string of -1 bytes", "\x80\x01T\xff\xff\xff\xffa.", 2, nil},

	{"a million digits", "\x80\x00L" + strings.Repeat("9", 1<<20) + "L\n.", 2, pickle.ErrLimit},
	{"integer of words", "\x80\x00Iseven\n.", 2, nil},
	{"integer with two signs", "\x80\x00I--7\n.", 2, nil},
	{"empty integer", "\x80\x00I\n.", 2, nil},
	{"float of words", "\x80\x00Fone\n.", 2, nil},
	{"float in hex", "\x80\x00F0x1p4\n.", 2, nil},
	{"str that is no UTF-8", "\x80\x04\x8c\x01\xff.", 2, nil},
	{"str cut in a rune", "\x80\x04\x8c\x02\xe2\x98.", 2, nil},
	{"unicode with a broken escape", "\x80\x00V\\u12\n.", 2, nil},
	{"unicode past the last code point", "\x80\x00V\\U00110000\n.", 2, nil},
	{"string without quotes", "\x80\x00Sabc\n.", 2, nil},
	{"string with half an escape", "\x80\x00S'\\'\n.", 2, nil},
	{"string with a broken escape", "\x80\x00S'\\xg1'\n.", 2, nil},

	{"memo miss", "\x80\x04h\x05.", 2, nil},
	{"memo miss in a gap", "\x80\x04Nq\x05h\x01.", 5, nil},
	{"far memo miss", "\x80\x04j\xff\xff\xff\xff.", 2, nil},
	{"put of nothing", "\x80\x04q\x00.", 2, nil},
	{"memoize of nothing", "\x80\x04\x94.", 2, nil},
	{"memo index of words", "\x80\x00Npx\n.", 3, nil},
	{"memo index past 32 bits", "\x80\x00Np99999999999\n.", 3, nil},
	{"pop of nothing", "\x80\x040.", 2, nil},
	{"dup of nothing", "\x80\x042.", 2, nil},
	{"dup of a MARK", "\x80\x04N(2.", 4, nil},
	{"tuple without MARK", "\x80\x04Nt.", 3, nil},
	{"pair of one", "\x80\x04N\x86.", 3, nil},
	{"pair across a MARK", "\x80\x04N(N\x86.", 5, nil},
	{"append to nothing", "\x80\x04N(Na.", 5, nil},
	{"append to None", "\x80\x04NNa.", 4, nil},
	{"append to a tuple", "\x80\x04)Na.", 4, nil},
	{"appends without MARK", "\x80\x04]e.", 3, nil},
	{"appends to nothing", "\x80\x04(Ne.", 4, nil},
	{"item for a list", "\x80\x04]NNs.", 5, nil},
	{"key without value", "\x80\x04}(Nu.", 5, nil},
	{"list as a key", "\x80\x04}]Ns.", 5, nil},
	{"tuple with a list as a key", "\x80\x04}]\x85Ns.", 6, nil},
	{"dict in a set", "\x80\x04\x8f(}\x90.", 5, nil},
	{"set in a frozenset", "\x80\x04(\x8f\x91.", 4, nil},
	{"elements for a list", "\x80\x04](N\x90.", 5, nil},

	{"global with a number", "\x80\x04K\x01K\x02\x93.", 6, nil},
	{"call of a number", "\x80\x04K\x01)R.", 5, nil},
	{"call without arguments", "\x80\x04cos\nsystem\nR.", 13, nil},
	{"call with a list", "\x80\x04cos\nsystem\n]R.", 14, nil},
	{"object of None", "\x80\x04N)\x81.", 4, nil},
	{"keywords in a list", "\x80\x04cos\nsystem\n)]\x92.", 15, nil},
	{"OBJ without class", "\x80\x04(o.", 3, nil},
	{"OBJ of a number", "\x80\x04(K\x01o.", 5, nil},
	{"INST without MARK", "\x80\x00ios\nsystem\n.", 2, nil},
	{"state for a list", "\x80\x04]Nb.", 4, nil},
	{"state for None", "\x80\x04NNb.", 4, nil},
	{"two states", "\x80\x04cos\nx\n)\x81NbNb.", 13, nil},

	{"persistent id", "\x80\x00P5\n.", 2, pickle.ErrUnsupported},
	{"binary persistent id", "\x80\x04NQ.", 3, pickle.ErrUnsupported},
	{"extension 1", "\x80\x02\x82\x01.", 2, pickle.ErrUnsupported},
	{"extension 2", "\x80\x02\x83\x01\x00.", 2, pickle.ErrUnsupported},
	{"extension 4", "\x80\x02\x84\x01\x00\x00\x00.", 2, pickle.ErrUnsupported},
	{"next buffer", "\x80\x05\x97.", 2, pickle.ErrUnsupported},
	{"read-only buffer", "\x80\x05\x98.", 2, pickle.ErrUnsupported},

	{"datetime of the month 13", "\x80\x03cdatetime\ndatetime\nC\x0a\x07\xe4\x0d\x01\x00\x00\x00\x00\x00\x00\x85R.", 34, nil},
	{"datetime in a number", "\x80\x03cdatetime\ndatetime\nC\x0a\x07\xe4\x01\x01\x00\x00\x00\x00\x00\x00K\x01\x86R.", 36, nil},
	{"30 February", "\x80\x03cdatetime\ndate\nC\x04\x07\xe4\x02\x1e\x85R.", 24, nil},
	{"25 o'clock", "\x80\x03cdatetime\ntime\nC\x06\x19\x00\x00\x00\x00\x00\x85R.", 26, nil},
	{"huge timedelta", "\x80\x03cdatetime\ntimedelta\nK\x00\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x00\x87R.", 37, nil},
	{"timedelta of a billion days", "\x80\x03cdatetime\ntimedelta\nJ\x00\xca\x9a\x3bK\x00K\x00\x87R.", 32, nil},
	{"range without step", "\x80\x03cbuiltins\nrange\nK\x00K\x05K\x00\x87R.", 25, nil},

	{"deep list", "\x80\x04" + strings.Repeat("]", 2000) + strings.Repeat("a", 1999) + ".", 4001, pickle.ErrLimit},
	{"deep tuple", "\x80\x04)" + strings.Repeat("\x85", 2000) + ".", 2003, pickle.ErrLimit},
	{"deep dict by memo", "\x80\x04}\x94" + deepByMemo(2000) + ".", 4 + 2000*10, pickle.ErrLimit},
	{"deep key", "\x80\x04})" + strings.Repeat("\x85", 2000) + "Ns.", 2005, nil},
	{"million brackets", "\x80\x04" + strings.Repeat("]", 1<<20) + strings.Repeat("a", 1<<20-1) + ".", 1 + 2<<20, pickle.ErrLimit},
}

// deepByMemo puts the empty dict at 0 into a new dict, that into another, and
// so on: each is taken from the memo, where it was still empty.
func deepByMemo(n int) string {
	var b strings.Builder
	for i := range n {
		slot := string([]byte{byte(i), byte(i >> 8), 0, 0})
		b.WriteString("0}\x94Nj" + slot + "s")
	}
	return b.String()
}

// TestHostile decodes what is wrong, and gets the place where it is.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, h := range hostile {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()

			v, err := pickle.Decode([]byte(h.input))

			var syntax *pickle.SyntaxError
			require.ErrorAs(t, err, &syntax)
			require.Nil(t, v)
			require.Equal(t, h.offset, syntax.Offset, err)
			if h.err != nil {
				require.ErrorIs(t, err, h.err)
			} else {
				require.NoError(t, syntax.Err, err)
			}
		})
	}
}

// TestErrorText has what a user gets to read.
func TestErrorText(t *testing.T) {
	t.Parallel()
	tests := []struct{ input, want string }{
		{"", "invalid pickle at byte 0: no input (not a pickle)"},
		{`{"a": 1}`, "invalid pickle at byte 0: unknown opcode 0x7b, this looks like JSON (not a pickle)"},
		{"\x78\x9c", "invalid pickle at byte 0: unknown opcode 0x78, this looks like zlib (not a pickle)"},
		{"\x1f\x8b", "invalid pickle at byte 0: unknown opcode 0x1f, this looks like gzip (not a pickle)"},
		{"\x80\x04\x8c\x05ab.", "invalid pickle at byte 2: 5 bytes wanted, 3 left (the pickle is cut off)"},
		{"\x80\x04}]Ns.", "invalid pickle at byte 5: dict key: unhashable value of type []interface {}"},
		{"\x80\x04NQ.", "invalid pickle at byte 3: refers to a persistent id (not supported)"},
	}
	for _, tt := range tests {
		_, err := pickle.Decode([]byte(tt.input))
		require.EqualError(t, err, tt.want)
	}
}
