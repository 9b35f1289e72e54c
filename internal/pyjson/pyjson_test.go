package pyjson_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
)

func job(t testing.TB) []any {
	t.Helper()
	kwargs, err := py.NewDict(py.Item{Key: "b", Value: int64(3)})
	require.NoError(t, err)
	return []any{"tasks.add", nil, []any{int64(2), int64(3)}, kwargs}
}

const jobJSON = `["tasks.add", null, [2, 3], {"b": 3}]`

func TestAppendGoValues(t *testing.T) {
	t.Parallel()
	type item struct {
		Name string   `json:"name"`
		Tags []string `rq:"tags"`
		N    uint64
	}
	for want, v := range map[string]any{
		`[{"name": "a", "tags": ["x"], "N": 18446744073709551615}]`: []item{{"a", []string{"x"}, 1<<64 - 1}},
		`{"1": [1.5], "2": []}`:             map[int][]float32{2: nil, 1: {1.5}},
		`{"false": 1, "1.0": 2, "null": 3}`: must(py.NewDict(py.Item{Key: false, Value: 1}, py.Item{Key: 1.0, Value: 2}, py.Item{Key: nil, Value: 3})),
		`null`:                              (*big.Int)(nil),
		`"\ud800"`:                          "\xed\xa0\x80",
		`{}`:                                new(py.OrderedDict),
	} {
		got, err := pyjson.Append([]byte("x"), v)
		require.NoError(t, err)
		assert.Equal(t, "x"+want, string(got))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestAppendErrors(t *testing.T) {
	t.Parallel()
	cycle := make([]any, 1)
	cycle[0] = cycle
	for _, tc := range []struct {
		v    any
		want string
	}{
		{[]byte("a"), "Object of type bytes is not JSON serializable"},
		{time.Now(), "Object of type datetime is not JSON serializable"},
		{[]any{1, map[string]any{"k": py.Decimal("1")}}, `[1]["k"]: Object of type Decimal is not JSON serializable`},
		{must(py.NewDict(py.Item{Key: py.Tuple{}})), "keys must be str, int, float, bool or None, not tuple"},
		{[]any{func() {}}, "[0]: cannot express func() in Python"},
		{"\xff", "encode JSON: not UTF-8"},
		{[]string{"\xed\xa0"}, "[0]: not UTF-8"},
		{new(big.Int).Lsh(big.NewInt(1), 15000), "encode JSON: an int of more than 4300 digits"},
		{cycle, strings.Repeat("[0]", 66) + "[0...: nested too deeply"},
	} {
		got, err := pyjson.Append([]byte("x"), tc.v)
		require.EqualError(t, err, tc.want)
		assert.Equal(t, "x", string(got))
	}
	_, err := pyjson.Append(nil, cycle)
	require.ErrorIs(t, err, py.ErrTooDeep)
	_, err = pyjson.Append(nil, []any{[]byte("a")})
	require.EqualError(t, py.Under(err, "args"), "args[0]: Object of type bytes is not JSON serializable")
}

func TestDepth(t *testing.T) {
	t.Parallel()
	deep := []byte(strings.Repeat("[", py.MaxDepth) + strings.Repeat("]", py.MaxDepth))
	v, err := pyjson.Decode(deep)
	require.NoError(t, err)
	back, err := pyjson.Append(nil, v)
	require.NoError(t, err)
	assert.Equal(t, deep, back)

	_, err = pyjson.Append(nil, []any{v})
	require.ErrorIs(t, err, py.ErrTooDeep)
	_, err = pyjson.Decode(bytes.Repeat([]byte("["), py.MaxDepth+1))
	require.ErrorIs(t, err, py.ErrTooDeep)
	_, err = pyjson.Decode(bytes.Repeat([]byte(`{"":`), 1e6))
	require.ErrorIs(t, err, py.ErrTooDeep)
}

func TestDecodeErrorsNameTheByte(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":             "decode JSON: expecting a value at byte 0",
		"[1, x]":       "decode JSON: expecting a value at byte 4",
		"[1 2]":        "decode JSON: expecting ',' or ']' at byte 3",
		`{"a" 1}`:      "decode JSON: expecting ':' at byte 5",
		`{1:2}`:        "decode JSON: expecting a key in double quotes at byte 1",
		"\"ab\xffc\"":  "decode JSON: not UTF-8 at byte 3",
		"\"\xed\xa0\"": "decode JSON: not UTF-8 at byte 1",
		`"a\x"`:        "decode JSON: invalid escape at byte 2",
		`[1] 2`:        "decode JSON: extra data at byte 4",
	} {
		_, err := pyjson.Decode([]byte(text))
		assert.EqualError(t, err, want, "%q", text)
	}
}

func TestDecodeOrderAndDuplicates(t *testing.T) {
	t.Parallel()
	got, err := pyjson.Decode([]byte(`{"z": 1, "a": 2, "z": 3}`))
	require.NoError(t, err)
	assert.Equal(t, []py.Item{{Key: "z", Value: int64(3)}, {Key: "a", Value: int64(2)}}, got.(*py.Dict).Items())
}

func BenchmarkAppendJob(b *testing.B) {
	v := job(b)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = pyjson.Append(dst[:0], v)
	}
	require.Equal(b, jobJSON, string(dst))
}

func BenchmarkDecodeJob(b *testing.B) {
	data := []byte(jobJSON)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pyjson.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
