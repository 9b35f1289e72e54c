package py_test

import (
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
)

func frozen(t *testing.T, values ...any) *py.FrozenSet {
	t.Helper()
	s, err := py.NewFrozenSet(values...)
	require.NoError(t, err)
	return s
}

// TestEqualKeys pairs keys that are one key in Python, and some that are not.
func TestEqualKeys(t *testing.T) {
	t.Parallel()
	huge := func() *big.Int { return new(big.Int).Lsh(big.NewInt(1), 100) }
	object, zone := &py.Object{}, &py.Object{}
	paris := time.FixedZone("Europe/Paris", 3600)
	noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	long := strings.Repeat("x", 100)
	tests := []struct {
		name string
		a, b any
		same bool
	}{
		{"int and bool", int64(1), true, true},
		{"int and float", int64(3), 3.0, true},
		{"int and Go int", int64(3), 3, true},
		{"int and complex", int64(3), 3 + 0i, true},
		{"int and small big int", int64(3), big.NewInt(3), true},
		{"big ints", huge(), huge(), true},
		{"big int and its negative", huge(), new(big.Int).Neg(huge()), false},
		{"big int and float", huge(), math.Ldexp(1, 100), true},
		{"2^63 as int and float", new(big.Int).Lsh(big.NewInt(1), 63), math.Ldexp(1, 63), true},
		{"-2^63 as int and float", int64(math.MinInt64), -math.Ldexp(1, 63), true},
		{"float and str", 1.5, "1.5", false},
		{"infinities", math.Inf(1), math.Inf(1), true},
		{"infinity and its negative", math.Inf(1), math.Inf(-1), false},
		{"NaN", math.NaN(), math.NaN(), false},
		{"zeros", 0.0, math.Copysign(0, -1), true},
		{"complex", 1i, 1i, true},
		{"None and zero", nil, int64(0), false},
		{"str and bytes", "a", []byte("a"), false},
		{"bytes", []byte("a"), []byte("a"), true},
		{"str and Decimal", "1", py.Decimal("1"), false},
		{"Path and str", py.Path("a"), "a", false},
		{"tuples", py.Tuple{int64(1), "a"}, py.Tuple{1.0, "a"}, true},
		{"tuples of other parts", py.Tuple{"ab", "c"}, py.Tuple{"a", "bc"}, false},
		{"tuple and its element", py.Tuple{"a"}, "a", false},
		{"nested tuples", py.Tuple{py.Tuple{"a"}, "b"}, py.Tuple{py.Tuple{"a", "b"}}, false},
		{"empty tuple and frozenset", py.Tuple{}, frozen(t), false},
		{"long tuples", py.Tuple{long, long}, py.Tuple{long, long}, true},
		{"other long tuples", py.Tuple{long, long + "y"}, py.Tuple{long, long}, false},
		{"str and bytes in tuples", py.Tuple{"a"}, py.Tuple{[]byte("a")}, false},
		{"NaN in tuples", py.Tuple{math.NaN()}, py.Tuple{math.NaN()}, false},
		{"frozensets", frozen(t, "a", "b"), frozen(t, "b", "a"), true},
		{"other frozensets", frozen(t, "a", "b"), frozen(t, "a"), false},
		{"objects", object, &py.Object{}, false},
		{"one object", object, object, true},
		{"one object in tuples", py.Tuple{object}, py.Tuple{object}, true},
		{"objects in tuples", py.Tuple{object}, py.Tuple{&py.Object{}}, false},
		{"UUIDs", uuid.UUID{1}, uuid.UUID{1}, true},
		{"UUIDs in tuples", py.Tuple{uuid.UUID{1}}, py.Tuple{uuid.UUID{2}}, false},
		{"instants in two zones", noon, noon.In(paris), true},
		{"naive datetime and instant", py.DateTime{Year: 2026, Month: 1, Day: 1, Hour: 12}, noon, false},
		{"datetimes", py.DateTime{Year: 2026, TZ: zone}, py.DateTime{Year: 2026, TZ: zone}, true},
		{"datetimes in tuples", py.Tuple{py.DateTime{Year: 2026, TZ: zone}}, py.Tuple{py.DateTime{Year: 2026, TZ: zone}}, true},
		{"datetimes in two zones", py.Tuple{py.DateTime{Year: 2026, TZ: zone}}, py.Tuple{py.DateTime{Year: 2026, TZ: object}}, false},
		{"times", py.TimeOfDay{Hour: 1, TZ: paris}, py.TimeOfDay{Hour: 1, TZ: paris}, true},
		{"times in tuples", py.Tuple{py.TimeOfDay{Hour: 1}}, py.Tuple{py.TimeOfDay{Hour: 2}}, false},
		{"dates", py.Date{Year: 2026}, py.Date{Year: 2026}, true},
		{"globals", py.Global{Module: "m", Name: "f"}, py.Global{Module: "m", Name: "f"}, true},
		{"ranges in tuples", py.Tuple{py.Range{Stop: 1, Step: 1}}, py.Tuple{py.Range{Stop: 1, Step: 1}}, true},
		{"durations", time.Second, time.Second, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &py.Dict{}
			require.NoError(t, d.Set(tt.a, "a"))

			require.NoError(t, d.Set(tt.b, "b"))

			require.Equal(t, tt.same, d.Len() == 1)
		})
	}
}

// TestUnhashable has values that Python refuses, or that Go cannot compare.
func TestUnhashable(t *testing.T) {
	t.Parallel()
	deep := py.Tuple{}
	for range 2000 {
		deep = py.Tuple{deep}
	}
	wide := py.Tuple{}
	for range 40 {
		wide = py.Tuple{wide, wide}
	}
	incomparable := []any{}
	tests := []struct {
		name string
		key  any
	}{
		{"list", []any{}},
		{"dict", &py.Dict{}},
		{"set", &py.Set{}},
		{"bytearray", py.ByteArray("a")},
		{"tuple with a list", py.Tuple{[]any{}}},
		{"tuple in itself", func() any { t := py.Tuple{nil}; t[0] = t; return t }()},
		{"deep tuple", deep},
		{"tuple of 2^40", wide},
		{"frozenset in a tuple in itself", func() any {
			inner := py.Tuple{"a", nil}
			inner[1] = inner
			return py.Tuple{inner}
		}()},
		{"time zone that is a list", py.DateTime{TZ: incomparable}},
		{"time of day whose zone is a list", py.TimeOfDay{TZ: incomparable}},
		{"time zone that is a struct of a list", py.DateTime{TZ: struct{ v any }{incomparable}}},
		{"array of a list", [1]any{incomparable}},
		{"array of lists", [1][]any{nil}},
		{"datetime in a tuple whose zone is a list", py.Tuple{py.DateTime{TZ: incomparable}}},
		{"nil Object", (*py.Object)(nil)},
		{"nil FrozenSet", (*py.FrozenSet)(nil)},
		{"nil FrozenSet in a tuple", py.Tuple{(*py.FrozenSet)(nil)}},
		{"function", func() {}},
		{"channel", make(chan int)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := &py.Dict{}
			require.NoError(t, d.Set("a", 1))

			require.ErrorIs(t, d.Set(tt.key, 2), py.ErrUnhashable)

			_, ok := d.Get(tt.key)
			require.False(t, ok)
			require.False(t, d.Delete(tt.key))
			require.Equal(t, 1, d.Len())
		})
	}
}

// TestLargeKeys has keys that a Dict knows by their digest, alone, among many,
// and inside others.
func TestLargeKeys(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 1000)
	other := strings.Repeat("x", 999) + "y"
	keys := []any{
		text, other, []byte(text), []byte(other), py.Path(text), py.Decimal(text),
		py.Tuple{text}, py.Tuple{other}, py.Tuple{[]byte(text)}, py.Tuple{py.Path(text)}, frozen(t, text), frozen(t, other),
	}
	for _, n := range []int{2, len(keys)} { // searched item by item, and through the index
		d, known := &py.Dict{}, &py.Keys{}
		for i, k := range keys[:n] {
			require.NoError(t, d.Set(k, i))
			require.NoError(t, d.SetKnown(known, k, i))
			require.NoError(t, d.SetKnown(known, k, i), "a key that is known by now")
		}
		require.Equal(t, n, d.Len())
		for i, k := range keys[:n] {
			v, ok := d.Get(k)
			require.True(t, ok)
			require.Equal(t, i, v)
		}
		v, ok := d.Get(strings.Clone(text))
		require.True(t, ok)
		require.Equal(t, 0, v, "a key of equal content")
	}
}

func TestKeyCost(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("x", 200)
	many := py.Tuple{text, text, frozen(t, []byte(text), py.Tuple{text})}
	var known py.Keys

	require.GreaterOrEqual(t, known.Cost(many), 800)
	require.GreaterOrEqual(t, known.Cost(new(big.Int).Lsh(big.NewInt(1), 80000)), 10000)
	require.Less(t, known.Cost(py.Tuple{strings.Repeat("x", 10000)}), 1000)
	require.Less(t, known.Cost((*py.FrozenSet)(nil)), 1000)
	require.Less(t, known.Cost(py.Tuple{int64(1), "a"}), 1000)

	require.NoError(t, new(py.Dict).SetKnown(&known, many, nil))
	require.Zero(t, known.Cost(many))
	require.NotZero(t, (*py.Keys)(nil).Cost(many))
}
