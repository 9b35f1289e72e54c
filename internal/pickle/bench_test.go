package pickle_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

// call is what RQ stores for q.enqueue("tasks.add", 2, 3, b=3).
func call(tb testing.TB) py.Tuple {
	tb.Helper()
	kwargs, err := py.NewDict(py.Item{Key: "b", Value: int64(3)})
	require.NoError(tb, err)
	return py.Tuple{"tasks.add", nil, py.Tuple{int64(2), int64(3)}, kwargs}
}

// report is a larger job: 1000 rows of five fields.
func report(tb testing.TB) any {
	tb.Helper()
	rows := make([]any, 1000)
	at := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for i := range rows {
		row, err := py.NewDict(
			py.Item{Key: "id", Value: int64(i)},
			py.Item{Key: "name", Value: "customer"},
			py.Item{Key: "amount", Value: float64(i) / 7},
			py.Item{Key: "tags", Value: []any{"a", "b", int64(i)}},
			py.Item{Key: "at", Value: at.Add(time.Duration(i) * time.Second)},
		)
		require.NoError(tb, err)
		rows[i] = row
	}
	return rows
}

func BenchmarkEncodeCall(b *testing.B)   { benchmarkEncode(b, call(b)) }
func BenchmarkDecodeCall(b *testing.B)   { benchmarkDecode(b, call(b)) }
func BenchmarkEncodeReport(b *testing.B) { benchmarkEncode(b, report(b)) }
func BenchmarkDecodeReport(b *testing.B) { benchmarkDecode(b, report(b)) }

func benchmarkEncode(b *testing.B, v any) {
	data, err := pickle.Encode(v)
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pickle.Encode(v); err != nil {
			b.Fatal(err)
		}
	}
}

func benchmarkDecode(b *testing.B, v any) {
	data, err := pickle.Encode(v)
	require.NoError(b, err)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := pickle.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
