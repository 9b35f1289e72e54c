package bind_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/bind"
)

type endless []endless

// TestNewRefuses checks that what could never be called is said at once.
func TestNewRefuses(t *testing.T) {
	t.Parallel()
	type hidden struct {
		a int `rq:"a"` //nolint:unused // it is the field under test
	}
	type noisy struct {
		A chan int `rq:"a"`
	}
	for _, c := range []struct {
		fn    any
		names []string
		want  string
	}{
		{nil, nil, "<nil> is not a function or is nil"},
		{5, nil, "int is not a function or is nil"},
		{(func())(nil), nil, "func() is not a function or is nil"},
		{func(int, chan int) {}, nil, "parameter 2 (chan int) cannot come from Python"},
		{func(context.Context, func()) {}, nil, "parameter 2 (func()) cannot come from Python"},
		{func(int, context.Context) {}, nil, "parameter 2 (context.Context) cannot come from Python"},
		{func(...error) {}, nil, "parameter 1 ([]error) cannot come from Python"},
		{func(map[string][]*func()) {}, nil, "parameter 1 (map[string][]*func()) cannot come from Python"},
		{func(map[[2]fmt.Stringer]int) {}, nil, "parameter 1 (map[[2]fmt.Stringer]int) cannot come from Python"},
		{func(int) {}, []string{"a", "b"}, "2 names for 1 parameter"},
		{func(int, ...int) {}, []string{"a", "b"}, "2 names for 1 parameter"},
		{func(int, int) {}, []string{"a", "a"}, `two parameters are called "a"`},
		{func(int, mixedKw) {}, []string{"c"}, `two parameters are called "c"`},
		{func(int) {}, []string{""}, `"" cannot be the name of a parameter`},
		{func(int) {}, []string{"1st"}, `"1st" cannot be the name of a parameter`},
		{func(int) {}, []string{"a b"}, `"a b" cannot be the name of a parameter`},
		{func(hidden) {}, nil, "field a (int) of bind_test.hidden cannot come from Python"},
		{func(noisy) {}, nil, "field A (chan int) of bind_test.noisy cannot come from Python"},
		{func() (int, int) { return 0, 0 }, nil, "2 results: at most one result and an error are allowed"},
		{func() (int, int, error) { return 0, 0, nil }, nil, "3 results: at most one result and an error are allowed"},
		{func() (error, error) { return nil, nil }, nil, "result 1 (error) cannot go to Python"},
		{func() *bind.CallError { return nil }, nil, "result 1 (*bind.CallError) cannot go to Python"},
		{func() chan int { return nil }, nil, "result 1 (chan int) cannot go to Python"},
	} {
		_, err := bind.New(c.fn, c.names)

		assert.EqualError(t, err, c.want, "%T", c.fn)
	}
}

func TestNewAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fn    any
		names []string
	}{
		{func() {}, nil},
		{func(context.Context) error { return nil }, nil},
		{func(endless, map[string]endless) {}, []string{"type", "from"}},
		{func(a, _b2, é int) {}, []string{"a", "_b2", "é"}},
		{func(mixedKw) {}, []string{"order"}},
		{func() fmt.Stringer { return nil }, nil},
		{errors.New("a method").Error, nil},
	} {
		_, err := bind.New(c.fn, c.names)

		assert.NoError(t, err, "%T", c.fn)
	}
}

// TestPointers checks which parameters may be left out.
func TestPointers(t *testing.T) {
	t.Parallel()
	optional := mustNew(func(a *int, b **big.Int) bool { return a == nil && b == nil }, "a", "b")
	required := mustNew(func(*big.Int) {}, "n")

	absent, err := optional.Call(t.Context(), "f", nil, nil)
	require.NoError(t, err)
	none, err := optional.Call(t.Context(), "f", []any{nil, nil}, nil)
	require.NoError(t, err)
	_, missing := required.Call(t.Context(), "f", nil, nil)

	assert.Equal(t, true, absent)
	assert.Equal(t, true, none)
	assert.EqualError(t, missing, "f() missing 1 required positional argument: 'n'")
}
