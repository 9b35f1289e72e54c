package pyrepr_test

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyrepr"
)

func dict(t testing.TB, kv ...any) *py.Dict {
	t.Helper()
	d := new(py.Dict)
	for i := 0; i < len(kv); i += 2 {
		require.NoError(t, d.Set(kv[i], kv[i+1]))
	}
	return d
}

func TestReprOfGoValues(t *testing.T) {
	t.Parallel()
	type item struct {
		Name string `json:"name"`
		N    *int
	}
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	for _, tc := range []struct {
		v    any
		want string
	}{
		{[]string{"a", "b"}, "['a', 'b']"},
		{map[string]any{"b": 1, "a": []item{{Name: "x"}}}, "{'a': [{'name': 'x', 'N': None}], 'b': 1}"},
		{uint8(7), "7"},
		{(*big.Int)(nil), "None"},
		{(*py.Set)(nil), "None"},
		{func() {}, "<func()>"},
		{[]any{make(chan int), 1}, "[<chan int>, 1]"},
		{"a\xffb", `'a\udcffb'`},
		{time.Date(2026, 7, 1, 12, 0, 0, 1999, paris), "datetime.datetime(2026, 7, 1, 12, 0, 0, 1, tzinfo=datetime.timezone(datetime.timedelta(seconds=7200)))"},
		{1500 * time.Millisecond, "datetime.timedelta(seconds=1, microseconds=500000)"},
		{new(big.Int).Lsh(big.NewInt(1), 20000), "<int of 20001 bits>"},
		{py.Global{Module: "builtins", Name: "list"}, "<class 'list'>"},
		{[]any{py.Global{Module: "builtins", Name: "Ellipsis"}, py.Global{Module: "builtins", Name: "NotImplemented"}}, "[Ellipsis, NotImplemented]"},
	} {
		assert.Equal(t, tc.want, pyrepr.Repr(tc.v))
	}
}

func TestReprOfObjects(t *testing.T) {
	t.Parallel()
	class := func(module, name string) py.Global { return py.Global{Module: module, Name: name} }
	for _, tc := range []struct {
		v    *py.Object
		want string
	}{
		{&py.Object{Callable: class("builtins", "ValueError"), Args: py.Tuple{"x", 2}}, "ValueError('x', 2)"},
		{&py.Object{Callable: class("collections", "deque"), Appended: []any{1, 2}}, "deque([1, 2])"},
		{&py.Object{Callable: class("collections", "Counter"), Args: py.Tuple{dict(t, "a", 2)}}, "Counter({'a': 2})"},
		{&py.Object{Callable: class("shop", "Cart.Item"), State: dict(t, "sku", "a", "n", 1)}, "Item(sku='a', n=1)"},
		{&py.Object{Callable: class("m", "C"), Args: py.Tuple{1}, KwArgs: dict(t, "k", 2), Items: []py.Item{{Key: 3, Value: 4}}}, "C(1, k=2, {3: 4})"},
		{&py.Object{}, "object()"},
	} {
		assert.Equal(t, tc.want, pyrepr.Repr(tc.v))
	}
}

// TestReprOfCycles expects what CPython 3.11 prints, run by hand: the notation
// of the corpora has no cycles.
func TestReprOfCycles(t *testing.T) {
	t.Parallel()
	list := make([]any, 1)
	list[0] = list
	assert.Equal(t, "[[...]]", pyrepr.Repr(list))

	inner := make([]any, 1)
	tuple := py.Tuple{inner}
	inner[0] = tuple
	assert.Equal(t, "([(...)],)", pyrepr.Repr(tuple))

	d := dict(t, 1, nil)
	require.NoError(t, d.Set(1, d))
	assert.Equal(t, "{1: {...}}", pyrepr.Repr(d))

	dd := &py.DefaultDict{Factory: py.Global{Module: "builtins", Name: "list"}}
	require.NoError(t, dd.Set("a", dd))
	assert.Equal(t, "defaultdict(<class 'list'>, {'a': defaultdict(<class 'list'>, {...})})", pyrepr.Repr(dd))

	od := new(py.OrderedDict)
	require.NoError(t, od.Set("a", od))
	assert.Equal(t, "OrderedDict([('a', ...)])", pyrepr.Repr(od))

	o := &py.Object{Callable: py.Global{Module: "m", Name: "C"}}
	o.Args = py.Tuple{o}
	assert.Equal(t, "C(C(...))", pyrepr.Repr(o))

	type node struct{ Next *node }
	n := new(node)
	n.Next = n
	got := pyrepr.Repr(n)
	assert.Equal(t, strings.Repeat("{'Next': ", py.MaxDepth)+"{...}"+strings.Repeat("}", py.MaxDepth), got)
}

func TestCallStringStopsEarly(t *testing.T) {
	t.Parallel()
	type pair struct{ Left, Right *pair }
	endless := new(pair)
	endless.Left, endless.Right = endless, endless
	wide := any(0)
	for range 60 {
		wide = []any{wide, wide}
	}
	long := make([]int, 1e6)
	for _, v := range []any{endless, wide, long, strings.Repeat("x", 1e6), make([]byte, 1e6)} {
		start := time.Now()
		got := pyrepr.CallString("f", []any{v}, dict(t, "k", v), 75)
		assert.Less(t, time.Since(start), time.Second)
		assert.Len(t, got, len("f(, k=)")+2*(75+len("...")))
	}
}

func TestCallStringWithoutArguments(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "f()", pyrepr.CallString("f", nil, nil, 75))
	assert.Equal(t, "f(k=1)", pyrepr.CallString("f", nil, dict(t, "k", 1), 75))
	assert.Equal(t, "f(3=1, None=2)", pyrepr.CallString("f", nil, dict(t, nil, 2, 3, 1), 75))
}

func BenchmarkCallString(b *testing.B) {
	args, kwargs := []any{int64(2), "text", []any{int64(3)}}, dict(b, "b", 3, "a", true)
	b.ReportAllocs()
	for b.Loop() {
		pyrepr.CallString("tasks.add", args, kwargs, 75)
	}
}

func BenchmarkCallStringOfTenMegabytes(b *testing.B) {
	args := []any{make([]any, 1600000)}
	b.ReportAllocs()
	for b.Loop() {
		pyrepr.CallString("tasks.add", args, nil, 75)
	}
}
