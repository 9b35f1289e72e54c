package bind_test

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/bind"
	"github.com/rqgo/rq/internal/py"
)

type (
	optionsKw struct {
		B int `rq:"b,required"`
		C int `rq:"c"`
	}
	strictKw struct {
		A int `rq:"a,required"`
		B int `rq:"b,required"`
		C int `rq:"c,required"`
	}
	mixedKw struct {
		C int `rq:"c"`
	}
	everythingKw struct {
		C int `rq:"c,required"`
		X int `rq:"x"`
	}
	kwargs map[string]int
)

// pythonFunctions are the functions of testdata/bind/generate.py.
var pythonFunctions = map[string]*bind.Func{
	"nothing":  mustNew(func() []any { return []any{} }),
	"one":      mustNew(func(a int) []any { return []any{a} }, "a"),
	"pair":     mustNew(func(a, b int) []any { return []any{a, b} }, "a", "b"),
	"three":    mustNew(func(a, b, c int) []any { return []any{a, b, c} }, "a", "b", "c"),
	"optional": mustNew(func(a int, b, c *int) []any { return []any{a, b, c} }, "a", "b", "c"),
	"lenient":  mustNew(func(a *int) []any { return []any{a} }, "a"),
	"rest":     mustNew(func(a int, args ...int) []any { return []any{a, args} }, "a"),
	"keywords": mustNew(func(a int, k kwargs) []any { return []any{a, k} }, "a"),
	"options":  mustNew(func(a int, o optionsKw) []any { return []any{a, o.B, o.C} }, "a"),
	"strict":   mustNew(func(o strictKw) []any { return []any{o.A, o.B, o.C} }),
	"mixed":    mustNew(func(a int, b *int, o mixedKw, k kwargs) []any { return []any{a, b, o.C, k} }, "a", "b"),
	"everything": mustNew(func(a int, b *int, o everythingKw, k kwargs, args ...int) []any {
		return []any{a, b, args, o.C, o.X, k}
	}, "a", "b"),
}

func mustNew(fn any, names ...string) *bind.Func {
	f, err := bind.New(fn, names)
	if err != nil {
		panic(err)
	}
	return f
}

// A pythonCall is a line of testdata/bind/calls.jsonl.
type pythonCall struct {
	Func   string
	Args   []int64
	Kwargs [][2]any
	Got    json.RawMessage
	Error  string
}

// TestCallsOfPython makes the calls that Python made, which must give the
// functions the same values or the same error.
func TestCallsOfPython(t *testing.T) {
	t.Parallel()
	file, err := os.Open("../../testdata/bind/calls.jsonl")
	require.NoError(t, err)
	defer file.Close()
	calls := 0
	lines := bufio.NewScanner(file)
	for ; lines.Scan(); calls++ {
		var c pythonCall
		require.NoError(t, json.Unmarshal(lines.Bytes(), &c))
		var args []any
		for _, n := range c.Args {
			args = append(args, n)
		}
		kwargs := new(py.Dict)
		for _, item := range c.Kwargs {
			require.NoError(t, kwargs.Set(item[0], int64(item[1].(float64))))
		}

		got, err := pythonFunctions[c.Func].Call(t.Context(), c.Func, args, kwargs)

		if c.Error != "" {
			require.EqualError(t, err, c.Error, lines.Text())
			continue
		}
		require.NoError(t, err, lines.Text())
		text, err := json.Marshal(got)
		require.NoError(t, err)
		assert.JSONEq(t, string(c.Got), string(text), lines.Text())
	}
	require.NoError(t, lines.Err())
	assert.Greater(t, calls, 1000)
}
