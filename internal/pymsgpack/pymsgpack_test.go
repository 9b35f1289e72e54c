package pymsgpack_test

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pymsgpack"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

func TestEncodeMatchesPython(t *testing.T) {
	t.Parallel()
	type row struct {
		Value          tagged.Value
		MsgPack, Error string
	}
	for i, r := range tagged.Lines[row](t, "../../testdata/msgpack/encode.jsonl") {
		got, err := pymsgpack.Encode(r.Value.V)
		if r.Error != "" {
			var ee *pymsgpack.EncodeError
			require.ErrorAs(t, err, &ee, "line %d: %s", i+1, r.Error)
			continue
		}
		require.NoError(t, err, "line %d", i+1)
		require.Equal(t, r.MsgPack, hex.EncodeToString(got), "line %d", i+1)
	}
}

func TestDecodeMatchesPython(t *testing.T) {
	t.Parallel()
	type row struct {
		Data, Error string
		Timestamp   []int64
		Value       *tagged.Value
	}
	for i, r := range tagged.Lines[row](t, "../../testdata/msgpack/decode.jsonl") {
		data, err := hex.DecodeString(r.Data)
		require.NoError(t, err)
		got, err := pymsgpack.Decode(data)
		switch {
		case r.Error != "":
			var se *pymsgpack.SyntaxError
			require.ErrorAs(t, err, &se, "line %d: %s: %s", i+1, r.Data, r.Error)
			assert.LessOrEqual(t, se.Offset, len(data))
		case r.Timestamp != nil:
			require.NoError(t, err, r.Data)
			require.Equal(t, time.Unix(r.Timestamp[0], r.Timestamp[1]).UTC(), got, r.Data)
		default:
			require.NoError(t, err, "line %d: %s", i+1, r.Data)
			require.True(t, tagged.Equal(r.Value.V, got), "line %d: %s", i+1, r.Data)
		}
	}
}

func TestLongHeaders(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		"daffff":     strings.Repeat("x", 65535),
		"db00010000": strings.Repeat("x", 65536),
		"c5ffff":     make([]byte, 65535),
		"c600010000": py.ByteArray(make([]byte, 65536)),
		"dcffff":     make([]any, 65535),
		"dd00010000": make([]bool, 65536),
		"c400":       []byte(nil),
		"90":         []int(nil),
	} {
		got, err := pymsgpack.Encode(v)
		require.NoError(t, err)
		assert.Equal(t, want, hex.EncodeToString(got[:len(want)/2]))
	}
}

func TestEncodeErrors(t *testing.T) {
	t.Parallel()
	cycle := make([]any, 1)
	cycle[0] = cycle
	for _, tc := range []struct {
		v    any
		want string
	}{
		{new(py.Set), "cannot pack set: MessagePack cannot represent it"},
		{map[string]any{"a": []any{1, time.Now()}}, `["a"][1]: cannot pack datetime.datetime: MessagePack cannot represent it`},
		{new(big.Int).Lsh(big.NewInt(1), 64), "cannot pack int: it does not fit 64 bits"},
		{"\xed\xa0\x80", "cannot pack str: not UTF-8"},
		{[]any{func() {}}, "[0]: cannot express func() in Python"},
		{cycle, strings.Repeat("[0]", 66) + "[0...: cannot pack list: nested too deeply"},
	} {
		_, err := pymsgpack.Encode(tc.v)
		assert.EqualError(t, err, tc.want)
	}
}

func TestDecodeErrorsNameTheByte(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"":                 "decode MessagePack: truncated at byte 0",
		"\x92\x01":         "decode MessagePack: truncated at byte 1",
		"\xc1":             "decode MessagePack: invalid byte at byte 0",
		"\x01\x02":         "decode MessagePack: extra data at byte 1",
		"\xd4\x05\x00":     "decode MessagePack: unknown extension type at byte 2",
		"\x81\x90\xc0":     "decode MessagePack: unhashable value of type []interface {} at byte 3",
		"\xdd\xff\xff\xff": "decode MessagePack: truncated at byte 4",
	} {
		_, err := pymsgpack.Decode([]byte(data))
		assert.EqualError(t, err, want)
	}
	_, err := pymsgpack.Decode(bytes.Repeat([]byte{0x91}, py.MaxDepth+2))
	require.ErrorIs(t, err, py.ErrTooDeep)
	_, err = pymsgpack.Decode([]byte("\x81\x90\xc0"))
	require.ErrorIs(t, err, py.ErrUnhashable)
}

// TestClaimsCostNothing decodes lists in one another that all say they hold as
// many elements as there are bytes.
func TestClaimsCostNothing(t *testing.T) {
	data := bytes.Repeat([]byte{0xdc, 0x0f, 0xff}, py.MaxDepth)
	data = append(data, make([]byte, 4000)...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := pymsgpack.Decode(data)
	runtime.ReadMemStats(&after)
	require.Error(t, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(8<<20))
}

func BenchmarkEncodeJob(b *testing.B) {
	v := []any{"tasks.add", nil, []any{int64(2), int64(3)}, map[string]any{"b": 3}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pymsgpack.Encode(v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeJob(b *testing.B) {
	data, err := pymsgpack.Encode([]any{"tasks.add", nil, []any{int64(2), int64(3)}, map[string]any{"b": 3}})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pymsgpack.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
