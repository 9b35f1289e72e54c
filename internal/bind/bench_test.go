package bind_test

import (
	"testing"

	"github.com/rqgo/rq/internal/bind"
	"github.com/rqgo/rq/internal/py"
)

type address struct {
	Street string `rq:"street"`
	City   string `rq:"city"`
}

func BenchmarkCall(b *testing.B) {
	home, err := py.NewDict(py.Item{Key: "street", Value: "Mill Lane"}, py.Item{Key: "city", Value: "York"})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		f      *bind.Func
		args   []any
		kwargs []py.Item
	}{
		{"nothing", mustNew(func() {}), nil, nil},
		{"two ints", mustNew(func(a, b int) (int, error) { return a + b, nil }, "a", "b"), []any{int64(2), int64(3)}, nil},
		{"by keyword", mustNew(func(a, b int) (int, error) { return a + b, nil }, "a", "b"), []any{int64(2)}, []py.Item{{Key: "b", Value: int64(3)}}},
		{"struct", mustNew(func(a address) (string, error) { return a.City, nil }, "a"), []any{home}, nil},
		{"args", mustNew(func(n ...int) (int, error) { return len(n), nil }), []any{int64(1), int64(2), int64(3)}, nil},
	} {
		kwargs, err := py.NewDict(c.kwargs...)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.f.Call(b.Context(), "f", c.args, kwargs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
