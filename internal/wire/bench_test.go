package wire

import (
	"bytes"
	"testing"
)

// payloads are the arguments of a usual job, and long ones.
var payloads = map[string][]byte{
	"usual": everything().Data,
	"100KB": bytes.Repeat([]byte(`{"id": 4711, "name": "größe", "price": 12.5}, `), 2100),
}

// jobs are one that is just enqueued, and one with all the fields there are.
var jobs = map[string]*Job{
	"usual": {
		Status: "queued", CreatedAt: day(1), EnqueuedAt: day(2), Data: everything().Data, Origin: "default",
		Description: "tasks.add(1, y=2)", Timeout: ptr(180),
	},
	"everything": everything(),
}

func BenchmarkJobFields(b *testing.B) {
	for name, j := range jobs {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				j.Fields()
			}
		})
	}
}

func BenchmarkDecodeJob(b *testing.B) {
	for name, j := range jobs {
		hash := rewritten(j.Fields())
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeJob(hash); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDeflate(b *testing.B) {
	for name, p := range payloads {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				Deflate(p)
			}
		})
	}
}

func BenchmarkInflate(b *testing.B) {
	for name, p := range payloads {
		z := Deflate(p)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(p)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Inflate(z); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
