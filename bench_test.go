package rq_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// The comparison with Python RQ and asynq is in benchmarks/. Here an op is one
// job in every benchmark, also where jobs travel in batches.

const batchSize = 10_000

func usualCall() rq.FuncCall { return rq.Call("tasks.add", 1, rq.Kw("b", 2)) }

func usualBatch(n int) []rq.Prepared {
	items := make([]rq.Prepared, n)
	for i := range items {
		items[i] = rq.Prepare(usualCall())
	}
	return items
}

func BenchmarkEnqueue(b *testing.B) {
	q := rq.NewQueue(redistest.New(b), "default")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := q.Enqueue(b.Context(), usualCall()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEnqueueMany(b *testing.B) {
	q := rq.NewQueue(redistest.New(b), "default")
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= batchSize {
		if _, err := q.EnqueueMany(b.Context(), usualBatch(min(left, batchSize))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchJobs(b *testing.B) {
	rdb := redistest.New(b)
	q := rq.NewQueue(rdb, "default")
	_, err := q.EnqueueMany(b.Context(), usualBatch(batchSize))
	require.NoError(b, err)
	ids, err := q.JobIDs(b.Context(), 0, -1)
	require.NoError(b, err)
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= batchSize {
		jobs, err := rq.FetchJobs(b.Context(), rdb, ids[:min(left, batchSize)]...)
		require.NoError(b, err)
		for _, j := range jobs {
			if _, err := j.Args(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
