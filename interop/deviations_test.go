package interop

import (
	"flag"
	"fmt"
	"sync/atomic"
)

// A deviation is a difference from Python that is meant. All but why are
// patterns in which * stands for anything; empty ones match everything.
type deviation struct {
	scenario, key, field string
	python, golang       string // the values
	since, until         string // RQ versions
	why                  string

	used atomic.Bool
}

// deviations is the one list of what this library means to do differently. An
// entry that no scenario needs fails the run.
var deviations = []*deviation{}

// covers says whether d allows what a scenario found with an RQ version.
func (d *deviation) covers(scenario, version string, found difference) bool {
	return glob(d.scenario, scenario) && between(version, d.since, d.until) &&
		glob(d.key, found.key) && glob(d.field, found.field) &&
		glob(d.python, found.python) && glob(d.golang, found.golang)
}

// unexpected returns what no deviation of allow covers.
func unexpected(scenario, version string, found []difference, allow []*deviation) []difference {
	var rest []difference
	for _, f := range found {
		covered := false
		for _, d := range allow {
			if d.covers(scenario, version, f) {
				d.used.Store(true)
				covered = true
			}
		}
		if !covered {
			rest = append(rest, f)
		}
	}
	return rest
}

// reportUnused prints the deviations that nothing needed and returns the exit
// code for that. It says nothing of a run of only some tests.
func reportUnused() int {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return 0
		}
	}
	code := 0
	for _, d := range deviations {
		if !d.used.Load() {
			fmt.Printf("interop: no scenario needs the deviation %q of %s %s %s\n", d.why, d.scenario, d.key, d.field)
			code = 1
		}
	}
	return code
}
