package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// many is the size of the batches.
const many = 10_000

// A comparison is one case: rq first, then the others with the ratio that rq is
// to reach against each.
type comparison struct {
	name  string
	n     int
	sides []side
	want  []float64 // for sides[1:]
	most  int       // rounds, for a case that takes minutes each; 0 is any number
}

func (b *bench) comparisons() []comparison {
	return []comparison{
		{
			name: "enqueue one at a time", n: 2000,
			sides: []side{{name: "rq", run: b.goEnqueue}, b.pythonSide("RQ", "enqueue"), {name: "asynq", run: b.asynqEnqueue}},
			want:  []float64{4, 1},
		},
		{
			name: "enqueue 10,000", n: many,
			sides: []side{{name: "rq", run: b.goEnqueueMany}, b.pythonSide("RQ", "enqueue_many")},
			want:  []float64{6},
		},
		{
			name: "fetch 10,000, read args", n: many,
			sides: []side{{name: "rq", run: b.goFetch}, b.pythonSide("RQ", "fetch")},
			want:  []float64{5},
		},
		{
			name: "work, 50 at once", n: 2 * many,
			sides: []side{
				{name: "rq", run: b.goWork}, b.pythonSide("Simple", "simple_worker").of(500),
				b.pythonSide("Worker", "worker").of(60), {name: "asynq", run: b.asynqWork},
			},
			want: []float64{20, 60, 1.3},
		},
		{
			name: "requeue all of 100,000", n: 10 * many,
			sides: []side{{name: "rq", run: b.goRequeueAll}, {name: "RQ", run: b.pythonRequeueAll, n: many}},
			want:  []float64{20},
		},
		{
			name: "rq requeue --all, 100,000", n: 10 * many,
			sides: []side{{name: "rq", run: b.goRequeueCommand}, {name: "RQ", run: b.pythonRequeueCommand}},
			want:  []float64{20},
			most:  3,
		},
	}
}

// size is how many things side i does.
func (c *comparison) size(i int) int {
	if n := c.sides[i].n; n > 0 {
		return n
	}
	return c.n
}

// comparePeers prints a line for every comparison, and reports whether one
// falls short of its target.
func (b *bench) comparePeers(ctx context.Context, rounds int, only string) (short bool, err error) {
	fmt.Printf("%-26s %12s  %-6s %12s  %7s  %6s\n", "case", "rq ops/s", "peer", "peer ops/s", "ratio", "target")
	for _, c := range b.comparisons() {
		if !strings.Contains(c.name, only) {
			continue
		}
		rates, err := c.measure(ctx, rounds)
		if err != nil {
			return short, fmt.Errorf("%s: %w", c.name, err)
		}
		for i, want := range c.want {
			ratio := rates[0] / rates[i+1]
			fmt.Printf("%-26s %12.0f  %-6s %12.0f  %6.2fx  %5.1fx  %s\n",
				c.name, rates[0], c.sides[i+1].name, rates[i+1], ratio, want, verdict(ratio >= want))
			short = short || ratio < want
		}
	}
	return short, nil
}

// measure returns each side's median operations per second. The sides take
// turns, every round another one first, after one round that does not count.
func (c *comparison) measure(ctx context.Context, rounds int) ([]float64, error) {
	if c.most > 0 {
		rounds = min(rounds, c.most)
	}
	took := make([][]time.Duration, len(c.sides))
	for round := range rounds + 1 {
		for turn := range c.sides {
			i := (round + turn) % len(c.sides)
			d, err := c.sides[i].run(ctx, c.size(i))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.sides[i].name, err)
			}
			if round > 0 {
				took[i] = append(took[i], d)
			}
		}
	}
	rates := make([]float64, len(took))
	for i, list := range took {
		slices.Sort(list)
		rates[i] = float64(c.size(i)) / list[len(list)/2].Seconds()
	}
	return rates, nil
}

func verdict(ok bool) string {
	if ok {
		return "ok"
	}
	return "SHORT"
}
