package py_test

import (
	"math"
	"math/big"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
)

func TestDictKeepsOrder(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 8, 9, 1000} { // scanned, and indexed
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			d := &py.Dict{}
			for i := range size {
				require.NoError(t, d.Set(int64(size-i), i))
			}
			for i := range size {
				require.NoError(t, d.Set(int64(size-i), i+1))
			}

			require.Equal(t, size, d.Len())
			at := 0
			for k, v := range d.All() {
				require.Equal(t, int64(size-at), k)
				require.Equal(t, at+1, v)
				at++
			}
			require.Equal(t, size, at)
			for i := range size {
				v, ok := d.Get(int64(size - i))
				require.True(t, ok)
				require.Equal(t, i+1, v)
			}
			_, ok := d.Get("absent")
			require.False(t, ok)
		})
	}
}

func TestDictDelete(t *testing.T) {
	t.Parallel()
	d := &py.Dict{}
	require.False(t, d.Delete(int64(1)))
	for i := range 20 {
		require.NoError(t, d.Set(int64(i), nil))
	}

	for i := 0; i < 20; i += 2 {
		require.True(t, d.Delete(int64(i)))
		require.False(t, d.Delete(int64(i)))
	}

	require.False(t, d.Delete([]any{}))
	require.Equal(t, 10, d.Len())
	for i := range 20 {
		_, ok := d.Get(int64(i))
		require.Equal(t, i%2 == 1, ok, i)
	}
	require.NoError(t, d.Set(int64(0), "last"))
	require.Equal(t, py.Item{Key: int64(0), Value: "last"}, d.Items()[10])
}

func TestNewDict(t *testing.T) {
	t.Parallel()

	d, err := py.NewDict(py.Item{Key: "a", Value: 1}, py.Item{Key: "b", Value: 2}, py.Item{Key: "a", Value: 3})
	require.NoError(t, err)
	require.Equal(t, []py.Item{{Key: "a", Value: 3}, {Key: "b", Value: 2}}, d.Items())

	_, err = py.NewDict(py.Item{Key: []any{}})
	require.ErrorIs(t, err, py.ErrUnhashable)
}

func TestNilDict(t *testing.T) {
	t.Parallel()
	var d *py.Dict

	require.Zero(t, d.Len())
	require.Empty(t, d.Items())
	_, ok := d.Get("a")
	require.False(t, ok)
	for range d.All() {
		t.Fatal("a nil Dict has no items")
	}
}

func TestDictStopsEarly(t *testing.T) {
	t.Parallel()
	d, err := py.NewDict(py.Item{Key: "a"}, py.Item{Key: "b"})
	require.NoError(t, err)

	var seen []any
	for k := range d.All() {
		seen = append(seen, k)
		break
	}

	require.Equal(t, []any{"a"}, seen)
}

func TestGrowAllocatesAhead(t *testing.T) {
	d := &py.Dict{}
	allocs := testing.AllocsPerRun(100, func() {
		*d = py.Dict{}
		d.Grow(8)
		for _, key := range [8]any{"a", "b", "c", "d", "e", "f", "g", "h"} {
			_ = d.Set(key, nil)
		}
	})
	require.LessOrEqual(t, allocs, 2.0) // four without Grow, and two with the race detector
}

func TestSets(t *testing.T) {
	t.Parallel()
	s, err := py.NewSet("b", "a", "b", int64(1), true, 1.0)
	require.NoError(t, err)
	require.Equal(t, []any{"b", "a", int64(1)}, s.Values())
	require.Equal(t, 3, s.Len())
	require.True(t, s.Contains(true))
	require.False(t, s.Contains("c"))
	require.False(t, s.Contains([]any{}))
	require.ErrorIs(t, s.Add(s), py.ErrUnhashable)

	_, err = py.NewSet([]any{})
	require.ErrorIs(t, err, py.ErrUnhashable)
	_, err = py.NewFrozenSet(&py.Dict{})
	require.ErrorIs(t, err, py.ErrUnhashable)

	one, err := py.NewFrozenSet("x", "y")
	require.NoError(t, err)
	other, err := py.NewFrozenSet("y", "x")
	require.NoError(t, err)
	outer, err := py.NewSet(one, other, big.NewInt(5), math.Inf(1))
	require.NoError(t, err)
	require.Equal(t, 3, outer.Len())
	require.True(t, outer.Contains(other))
}
