package bind_test

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/bind"
	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pymsgpack"
)

// A shape is a function and what can be given to it, told a second time.
type shape struct {
	f                *bind.Func
	positional       int
	names            []string // all that are known
	required         []string // each has a name
	args, kwargs     bool
	positionsOfNames map[string]int
}

// ran is what the functions of shapes return, to tell that they were called.
const ran = "ran"

var shapes = []shape{
	{f: mustNew(func() string { return ran })},
	{f: mustNew(func(int, int) string { return ran }, "a", "b"), positional: 2,
		names: []string{"a", "b"}, required: []string{"a", "b"}, positionsOfNames: map[string]int{"a": 0, "b": 1}},
	{f: mustNew(func(any, *any) string { return ran }, "a"), positional: 2,
		names: []string{"a"}, required: []string{"a"}, positionsOfNames: map[string]int{"a": 0}},
	{f: mustNew(func(context.Context, *big.Int, *time.Duration, ...any) string { return ran }, "a", "b"), positional: 2, args: true,
		names: []string{"a", "b"}, required: []string{"a"}, positionsOfNames: map[string]int{"a": 0, "b": 1}},
	{f: mustNew(func(*any, everythingKw, map[string]any, ...endless) string { return ran }, "a"), positional: 1, args: true, kwargs: true,
		names: []string{"a", "c", "x"}, required: []string{"c"}, positionsOfNames: map[string]int{"a": 0}},
	{f: mustNew(func(address, []string, map[string]int) string { return ran }, "a", "b", "c"), positional: 3,
		names: []string{"a", "b", "c"}, required: []string{"a", "b", "c"}, positionsOfNames: map[string]int{"a": 0, "b": 1, "c": 2}},
}

// fits tells whether a call has the right arguments, whatever their types.
func (s *shape) fits(args []any, kwargs *py.Dict) bool {
	if len(args) > s.positional && !s.args {
		return false
	}
	given := map[string]bool{}
	for name, i := range s.positionsOfNames {
		given[name] = i < len(args)
	}
	for k := range kwargs.All() {
		name, ok := k.(string)
		known := slices.Contains(s.names, name)
		if !ok || given[name] || !known && !s.kwargs {
			return false
		}
		given[name] = true
	}
	for _, name := range s.required {
		if !given[name] {
			return false
		}
	}
	return true
}

// FuzzCall checks that a function is called exactly when the arguments fit it
// and convert, and that nothing panics.
func FuzzCall(f *testing.F) {
	for _, seed := range []any{
		[]any{[]any{}, map[string]any{}},
		[]any{[]any{1, 2}, map[string]any{}},
		[]any{[]any{1}, map[string]any{"b": 2}},
		[]any{[]any{1}, map[string]any{"a": 2}}, // twice
		[]any{[]any{nil, 1.5, "more"}, map[string]any{}},
		[]any{[]any{[]any{}, []any{}, []any{[]any{}}}, map[string]any{"c": 1, "other": nil}},
		[]any{[]any{map[string]any{"city": "York"}, []any{"x"}}, map[string]any{"c": map[string]any{"k": 1}}},
		[]any{[]any{}, map[any]any{1: 2}},
	} {
		data, err := pymsgpack.Encode(seed)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		args, kwargs, ok := callIn(data)
		if !ok {
			return
		}
		for i := range shapes {
			s := &shapes[i]
			got, err := s.f.Call(t.Context(), "f", args, kwargs)
			call := fmt.Sprintf("shape %d of %d arguments and %d keywords", i, len(args), kwargs.Len())
			if err == nil {
				require.True(t, s.fits(args, kwargs), call)
				require.Equal(t, ran, got, call)
				continue
			}
			var ce *bind.CallError
			require.ErrorAs(t, err, &ce, call)
			require.Equal(t, ce.Err != nil, s.fits(args, kwargs), "%s: %s", call, err)
		}
	})
}

// callIn reads a list of arguments and a dict of keywords.
func callIn(data []byte) (args []any, kwargs *py.Dict, ok bool) {
	v, err := pymsgpack.Decode(data)
	parts, isList := v.([]any)
	if err != nil || !isList || len(parts) != 2 {
		return nil, nil, false
	}
	args, ok1 := parts[0].([]any)
	kwargs, ok2 := parts[1].(*py.Dict)
	return args, kwargs, ok1 && ok2
}
