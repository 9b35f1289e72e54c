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
}

func (b *bench) comparisons() []comparison {
	return []comparison{
		{
			"enqueue one at a time", 2000,
			[]side{{name: "rq", run: b.goEnqueue}, b.pythonSide("RQ", "enqueue"), {name: "asynq", run: b.asynqEnqueue}},
			[]float64{4, 1},
		},
		{
			"enqueue 10,000", many,
			[]side{{name: "rq", run: b.goEnqueueMany}, b.pythonSide("RQ", "enqueue_many")},
			[]float64{6},
		},
		{
			"fetch 10,000, read args", many,
			[]side{{name: "rq", run: b.goFetch}, b.pythonSide("RQ", "fetch")},
			[]float64{5},
		},
		{
			"work, 50 at once", 2 * many,
			[]side{
				{name: "rq", run: b.goWork}, b.pythonSide("Simple", "simple_worker").of(500),
				b.pythonSide("Worker", "worker").of(60), {name: "asynq", run: b.asynqWork},
			},
			[]float64{20, 60, 1.3},
		},
		{
			"requeue all of 100,000", 10 * many,
			[]side{{name: "rq", run: b.goRequeueAll}, {name: "RQ", run: b.pythonRequeueAll, n: many}},
			[]float64{20},
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
	fmt.Printf("%-24s %12s  %-6s %12s  %7s  %6s\n", "case", "rq ops/s", "peer", "peer ops/s", "ratio", "target")
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
			fmt.Printf("%-24s %12.0f  %-6s %12.0f  %6.2fx  %5.1fx  %s\n",
				c.name, rates[0], c.sides[i+1].name, rates[i+1], ratio, want, verdict(ratio >= want))
			short = short || ratio < want
		}
	}
	return short, nil
}

// measure returns each side's median operations per second. The sides take
// turns, every round another one first, after one round that does not count.
func (c *comparison) measure(ctx context.Context, rounds int) ([]float64, error) {
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
