package py_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
)

type (
	celsius float32
	label   string
	blob    []byte
	octet   byte
	inner   struct {
		A int
		B string `json:"b"`
	}
	outer struct {
		inner
		*Deep
		B       int               `rq:"bee"`
		Skipped int               `json:"-"`
		Dash    int               `rq:"-,"`
		Empty   []int             `json:"empty,omitempty"`
		Zero    time.Time         `rq:"zero,omitzero"`
		Any     any               `json:"any"`
		Map     map[string]string `rq:",omitempty"`
		hidden  int
	}
	// Deep is embedded by pointer.
	Deep struct {
		A     string // ties with inner.A, so neither is a field
		Level int
	}
	loop *loop
)

func dict(t testing.TB, kv ...any) *py.Dict {
	t.Helper()
	d := new(py.Dict)
	for i := 0; i < len(kv); i += 2 {
		require.NoError(t, d.Set(kv[i], kv[i+1]))
	}
	return d
}

func TestFromScalars(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("12345678-1234-5678-1234-567812345678")
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	n, text := 7, "x"
	pn := &n
	for _, tc := range []struct{ in, want any }{
		{nil, nil}, {true, true}, {int8(-1), int64(-1)}, {uint16(5), int64(5)},
		{uint64(math.MaxUint64), new(big.Int).SetUint64(math.MaxUint64)},
		{uint64(math.MaxInt64), int64(math.MaxInt64)},
		{big.NewInt(3), int64(3)}, {*big.NewInt(3), int64(3)}, {huge, huge}, {(*big.Int)(nil), nil},
		{float32(1.5), 1.5}, {celsius(2), 2.0}, {complex64(1i), 1i},
		{label("a"), "a"}, {blob("a"), []byte("a")}, {[]octet{1, 2}, []byte{1, 2}},
		{[2]byte{1, 2}, []byte{1, 2}}, {[2]octet{1, 2}, []byte{1, 2}}, {id, id},
		{&text, "x"}, {&pn, int64(7)}, {(*string)(nil), nil}, {(*py.Set)(nil), nil}, {(*inner)(nil), nil},
		{time.Second, time.Second}, {time.March, int64(3)},
		{json.Number("12"), int64(12)}, {json.Number("1e3"), 1000.0}, {json.Number("1180591620717411303424"), huge},
		{netip.MustParseAddr("::1"), "::1"}, {new(netip.Addr), ""}, {(*netip.Addr)(nil), nil}, {(*json.SyntaxError)(nil), nil},
		{[]int{1, 2}, []any{1, 2}}, {[]string(nil), []any{}}, {[2]bool{true}, []any{true, false}},
	} {
		got, err := py.From(tc.in)
		require.NoError(t, err, "%T", tc.in)
		assert.Equal(t, tc.want, got, "%T", tc.in)
	}
}

// TestFromPointers: the value behind a pointer keeps its type. Times and UUIDs have
// a text too, which is a str in Python.
func TestFromPointers(t *testing.T) {
	t.Parallel()
	noon, id := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC), uuid.MustParse("12345678-1234-5678-1234-567812345678")
	type event struct {
		At *time.Time `json:"at"`
	}

	for want, v := range map[any]any{noon: &noon, id: &id} {
		got, err := py.From(v)
		require.NoError(t, err)
		assert.Equal(t, want, got)
	}
	fields, err := py.From(event{&noon})
	require.NoError(t, err)
	at, _ := fields.(*py.Dict).Get("at")
	got, err := py.From(at)
	require.NoError(t, err)
	assert.Equal(t, noon, got)
	var none *time.Time
	got, err = py.From(none)
	require.NoError(t, err)
	assert.Nil(t, got)
}

func TestFromSortsMaps(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		in   any
		want *py.Dict
	}{
		{map[string]int{"b": 2, "a": 1, "é": 3, "Z": 0}, dict(t, "Z", 0, "a", 1, "b", 2, "é", 3)},
		{map[int]string{10: "x", 9: "y", -1: "z"}, dict(t, int64(-1), "z", int64(9), "y", int64(10), "x")},
		{map[any]int{"a": 1, 2: 2, 1: 3, nil: 4}, dict(t, nil, 4, int64(1), 3, int64(2), 2, "a", 1)},
		{map[[2]int]bool{{2, 1}: true, {1, 9}: false}, dict(t, py.Tuple{int64(1), int64(9)}, false, py.Tuple{int64(2), int64(1)}, true)},
		{map[any]int{uint64(1 << 63): 1, 5: 2, true: 3, 2.5: 4}, dict(t, true, 3, 2.5, 4, int64(5), 2, new(big.Int).SetUint64(1<<63), 1)},
		{map[label]any(nil), dict(t)},
	} {
		got, err := py.From(tc.in)
		require.NoError(t, err)
		assert.Equal(t, append([]py.Item{}, tc.want.Items()...), got.(*py.Dict).Items())
	}
	_, err := py.From(map[inner]int{{}: 1})
	assert.ErrorIs(t, err, py.ErrUnhashable)
}

func TestFromStructs(t *testing.T) {
	t.Parallel()
	v := outer{inner: inner{A: 1, B: "two"}, B: 3, Dash: 4, Any: 5, hidden: 6}

	got, err := py.From(&v)

	require.NoError(t, err)
	want := dict(t, "b", "two", "bee", 3, "-", 4, "any", 5)
	assert.Equal(t, want.Items(), got.(*py.Dict).Items())

	v.Deep = &Deep{A: "x", Level: 9}
	v.Empty, v.Zero = []int{1}, time.Unix(1, 0)
	got, err = py.From(v)
	require.NoError(t, err)
	assert.Equal(t, 7, got.(*py.Dict).Len())
	level, _ := got.(*py.Dict).Get("Level")
	assert.Equal(t, 9, level)
}

func TestFromJSON(t *testing.T) {
	t.Parallel()
	got, err := py.From(json.RawMessage(`{"b": [1, 2.5, null], "a": {}}`))
	require.NoError(t, err)
	want := dict(t, "b", []any{int64(1), 2.5, nil}, "a", dict(t))
	assert.Equal(t, want, got)

	got, err = py.From(json.RawMessage(nil))
	require.NoError(t, err)
	assert.Nil(t, got)
	_, err = py.From(json.RawMessage(`{`))
	require.Error(t, err)
	_, err = py.From(json.Number("x"))
	require.Error(t, err)
}

func TestFromRefuses(t *testing.T) {
	t.Parallel()
	self := loop(nil)
	self = &self
	for _, tc := range []struct {
		in   any
		want string
	}{
		{func() {}, "cannot express func() in Python"},
		{make(chan int), "cannot express chan int in Python"},
		{errors.New("x"), "cannot express *errors.errorString in Python"},
		{self, "cannot express py_test.loop in Python: nested too deeply"},
		{map[any]int{any(errors.ErrUnsupported): 1}, "[key]: cannot express *errors.errorString in Python"},
	} {
		_, err := py.From(tc.in)
		var fe *py.FromError
		require.ErrorAs(t, err, &fe)
		assert.EqualError(t, err, tc.want)
	}
	_, err := py.From(func() {})
	assert.EqualError(t, py.Under(py.Under(err, ".Field"), "args[1]"), "args[1].Field: cannot express func() in Python")
	assert.EqualError(t, py.Under(err, ".Field"), "Field: cannot express func() in Python")
}

func TestFromDoesNotAllocateForCanonicalValues(t *testing.T) {
	values := []any{nil, true, int64(1 << 40), 1.5, "text", []byte("b"), []any{1}, py.Tuple{1}, new(py.Dict), time.Now()}
	got := testing.AllocsPerRun(100, func() {
		for _, v := range values {
			_, _ = py.From(v)
		}
	})
	assert.Zero(t, got)
}
