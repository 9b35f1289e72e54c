package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

// What reading or writing the usual call may cost.
const (
	pickleTime   = time.Microsecond
	pickleAllocs = 10
)

// comparePickle prints what it costs to write and to read the four values of a
// call, and reports whether one costs too much.
func comparePickle() (short bool, err error) {
	kwargs, err := py.NewDict(py.Item{Key: "b", Value: int64(2)})
	if err != nil {
		return false, err
	}
	call := py.Tuple{"tasks.add", nil, py.Tuple{int64(1)}, kwargs}
	data, err := pickle.Encode(call)
	if err != nil {
		return false, err
	}
	fmt.Printf("\n%-24s %12s  %6s  %s\n", "case", "ns", "allocs", "target")
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"pickle a call", func() error { _, err := pickle.Encode(call); return err }},
		{"unpickle a call", func() error { _, err := pickle.Decode(data); return err }},
	} {
		r := testing.Benchmark(func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := c.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
		ok := r.NsPerOp() < pickleTime.Nanoseconds() && r.AllocsPerOp() <= pickleAllocs
		fmt.Printf("%-24s %12d  %6d  <%s, <=%d  %s\n",
			c.name, r.NsPerOp(), r.AllocsPerOp(), pickleTime, pickleAllocs, verdict(ok))
		short = short || !ok
	}
	return short, nil
}
