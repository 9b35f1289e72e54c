package bind_test

import (
	"context"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/bind"
	"github.com/rqgo/rq/internal/py"
)

func dict(t *testing.T, pairs ...any) *py.Dict {
	t.Helper()
	d := new(py.Dict)
	for i := 0; i < len(pairs); i += 2 {
		require.NoError(t, d.Set(pairs[i], pairs[i+1]))
	}
	return d
}

// TestConversions calls functions of one parameter.
func TestConversions(t *testing.T) {
	t.Parallel()
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	now := time.Date(2026, 8, 1, 10, 30, 0, 0, time.UTC)
	five := 5
	for _, c := range []struct {
		fn        any
		arg, want any
	}{
		{func(a int8) int8 { return a }, int64(-128), int8(-128)},
		{func(a uint64) uint64 { return a }, new(big.Int).SetUint64(1 << 63), uint64(1 << 63)},
		{func(a big.Int) string { return a.String() }, huge, huge.String()},
		{func(a *big.Int) *big.Int { return a }, int64(7), big.NewInt(7)},
		{func(a float64) float64 { return a }, int64(2), 2.0},
		{func(a bool) bool { return a }, true, true},
		{func(a string) string { return a }, "x", "x"},
		{func(a []byte) []byte { return a }, []byte("x"), []byte("x")},
		{func(a []string) []string { return a }, py.Tuple{"a", "b"}, []string{"a", "b"}},
		{func(a map[string]int) map[string]int { return a }, dict(t, "a", int64(1)), map[string]int{"a": 1}},
		{func(a address) address { return a }, dict(t, "street", "Mill Lane", "CITY", "York"), address{"Mill Lane", "York"}},
		{func(a *int) *int { return a }, int64(5), &five},
		{func(a *int) *int { return a }, nil, (*int)(nil)},
		{func(a time.Time) time.Time { return a }, now, now},
		{func(a time.Duration) time.Duration { return a }, int64(90), 90 * time.Second},
		{func(a any) any { return a }, py.Tuple{int64(1)}, py.Tuple{int64(1)}},
		{func(a any) any { return a }, nil, nil},
		{func(a py.Decimal) py.Decimal { return a }, py.Decimal("1.5"), py.Decimal("1.5")},
		{func(a *py.Dict) int { return a.Len() }, dict(t, 1, 2), 1},
		{func(a uuid.UUID) uuid.UUID { return a }, uuid.Max.String(), uuid.Max},
	} {
		got, err := mustNew(c.fn, "a").Call(t.Context(), "f", []any{c.arg}, nil)

		assert.NoError(t, err, "%T", c.fn)
		assert.Equal(t, c.want, got, "%T", c.fn)
	}
}

// TestCallErrors checks the errors that Python has no text for, or not for
// these functions.
func TestCallErrors(t *testing.T) {
	t.Parallel()
	add := mustNew(func(a, b int8) {}, "a")
	list := mustNew(func(ctx context.Context, a []address, o mixedKw, k map[string]int, rest ...string) {}, "a")
	for _, c := range []struct {
		f      *bind.Func
		args   []any
		kwargs *py.Dict
		want   string
	}{
		{add, nil, nil, "add() missing 2 required positional arguments: 'a' and #2"},
		{add, []any{int64(1), "x"}, nil, "add() argument #2: cannot use str as int8"},
		{add, []any{"x", int64(1)}, nil, "add() argument 'a': cannot use str as int8"},
		{add, []any{int64(1), int64(300)}, nil, "add() argument #2: cannot use int as int8: 300 is out of range"},
		{add, []any{nil, int64(1)}, nil, "add() argument 'a': cannot use NoneType as int8"},
		{add, nil, dict(t, "b", 1), "add() got an unexpected keyword argument 'b'"},
		{add, nil, dict(t, "", 1), "add() got an unexpected keyword argument ''"},
		{add, nil, dict(t, 1, 1), "add() keywords must be strings"},
		{list, []any{[]any{dict(t), dict(t, "street", true)}}, nil, "add() argument 'a': [1].street: cannot use bool as string"},
		{list, []any{[]any{}, "x", 1.5}, nil, "add() argument #3: cannot use float as string"},
		{list, []any{[]any{}}, dict(t, "c", "x"), "add() argument 'c': cannot use str as int"},
		{list, []any{[]any{}}, dict(t, "z", "x"), "add() argument 'z': cannot use str as int"},
	} {
		_, err := c.f.Call(t.Context(), "add", c.args, c.kwargs)

		var ce *bind.CallError
		require.ErrorAs(t, err, &ce)
		assert.EqualError(t, err, c.want)
	}
}

func TestCallErrorUnwraps(t *testing.T) {
	t.Parallel()
	_, err := mustNew(func(int) {}).Call(t.Context(), "f", []any{"x"}, nil)

	var ae *py.AssignError
	require.ErrorAs(t, err, &ae)
	assert.Equal(t, "str", ae.PyType)
}

type key struct{}

// TestResults checks what comes back for each form of results, and that the
// context arrives.
func TestResults(t *testing.T) {
	t.Parallel()
	ctx := context.WithValue(t.Context(), key{}, "here")
	failure := errors.New("no")
	for _, c := range []struct {
		fn   any
		want any
		err  error
	}{
		{func() {}, nil, nil},
		{func() error { return nil }, nil, nil},
		{func() error { return failure }, nil, failure},
		{func() int { return 1 }, 1, nil},
		{func() (int, error) { return 1, nil }, 1, nil},
		{func() (int, error) { return 1, failure }, nil, failure},
		{func() any { return nil }, nil, nil},
		{func(ctx context.Context) any { return ctx.Value(key{}) }, "here", nil},
	} {
		got, err := mustNew(c.fn).Call(ctx, "f", nil, nil)

		assert.Equal(t, c.want, got, "%T", c.fn)
		assert.Equal(t, c.err, err, "%T", c.fn)
	}
}

// TestManyParameters checks a function with more parameters than most.
func TestManyParameters(t *testing.T) {
	t.Parallel()
	f := mustNew(func(a, b, c, d, e, f, g, h, i, j int) int { return a + j }, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j")

	got, err := f.Call(t.Context(), "f", []any{int64(1), 0, 0, 0, 0, 0, 0, 0, 0}, dict(t, "j", int64(2)))

	require.NoError(t, err)
	assert.Equal(t, 3, got)
}

// TestPanicsPass checks that a panic is the caller's to recover.
func TestPanicsPass(t *testing.T) {
	t.Parallel()
	assert.PanicsWithValue(t, "oh no", func() {
		_, _ = mustNew(func() { panic("oh no") }).Call(t.Context(), "f", nil, nil)
	})
}

// TestCallTakesWhatPythonMeans: an IntEnum is an int to Python, a Counter a dict.
func TestCallTakesWhatPythonMeans(t *testing.T) {
	t.Parallel()
	class := func(name string, args ...any) *py.Object {
		return &py.Object{Callable: py.Global{Module: "shop", Name: name}, Args: args}
	}
	count, err := py.NewDict(py.Item{Key: class("Colour", "red"), Value: int64(2)})
	require.NoError(t, err)
	f := mustNew(func(level int, counts map[string]int, rest ...string) []any { return []any{level, counts, rest} }, "level", "counts")

	got, err := f.Call(t.Context(), "add", []any{class("Level", int64(3)), class("Counter", count), class("Mode", "fast")}, nil)

	require.NoError(t, err)
	assert.Equal(t, []any{3, map[string]int{"red": 2}, []string{"fast"}}, got)
	_, err = f.Call(t.Context(), "add", []any{class("Mode", "fast"), count}, nil)
	assert.EqualError(t, err, "add() argument 'level': cannot use shop.Mode as int: its value is of type str")
}
