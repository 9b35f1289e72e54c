// Testreport reads `go test -json` and prints what a person wants to know: the
// packages, the output of what failed, and what the lab counted. It fails when
// a test failed, and also when a test was skipped, so that a green run means
// that every test ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// An event is a line of `go test -json`; see `go doc test2json`.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

// labPrefix starts the lines that are passed on to the end of the report.
const labPrefix = "lab: "

type report struct {
	out                     io.Writer
	output                  map[string][]string // by package and test, until it ends
	lab                     []string
	passed, failed, skipped int
	broken                  []string // tests that failed or were skipped, packages that failed
}

func main() {
	r := &report{out: os.Stdout, output: map[string][]string{}}
	if err := r.read(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
	if !r.summary() {
		os.Exit(1)
	}
}

// read reports each package as it ends. What is not JSON is passed through.
func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "":
		case json.Unmarshal([]byte(line), &e) != nil:
			fmt.Fprint(r.out, line)
		default:
			r.handle(e)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) handle(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.output[key] = append(r.output[key], e.Output)
		if strings.HasPrefix(e.Output, labPrefix) {
			r.lab = append(r.lab, e.Output)
		}
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.packageDone(e, r.output[key])
		} else {
			r.testDone(e, r.output[key])
		}
		delete(r.output, key)
	}
}

func (r *report) testDone(e event, output []string) {
	if e.Action == "pass" {
		r.passed++
		return
	}
	if e.Action == "fail" {
		r.failed++
	} else {
		r.skipped++
	}
	r.broken = append(r.broken, fmt.Sprintf("%s: %s %s", e.Action, e.Package, e.Test))
	for _, line := range output {
		if !strings.HasPrefix(line, "===") {
			fmt.Fprint(r.out, line)
		}
	}
}

// packageDone treats a skipped package as passed: it has no tests.
func (r *report) packageDone(e event, output []string) {
	if e.Action == "skip" {
		return
	}
	fmt.Fprintf(r.out, "%-4s %s %.1fs\n", e.Action, e.Package, e.Elapsed)
	if e.Action == "fail" {
		r.broken = append(r.broken, "fail: "+e.Package)
		fmt.Fprint(r.out, strings.Join(output, ""))
	}
}

// summary prints the totals and says whether all is well.
func (r *report) summary() bool {
	fmt.Fprintf(r.out, "\n%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped)
	for _, line := range r.lab {
		fmt.Fprint(r.out, line)
	}
	for _, line := range r.broken {
		fmt.Fprintln(r.out, line)
	}
	return len(r.broken) == 0 && r.passed > 0
}
