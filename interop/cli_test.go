package interop

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
	"github.com/rqgo/rq/rqcli"
)

// goCLI runs a command line of rqcli and returns what it prints.
func goCLI(ctx context.Context, rdb *redis.Client, args ...string) string {
	var out bytes.Buffer
	root := rqcli.New(nil)
	root.SetArgs(append([]string{args[0], "--url", redistest.URL(rdb)}, args[1:]...))
	root.SetIn(strings.NewReader(""))
	root.SetOut(&out)
	root.SetErr(&out)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(&out, "error: %v\n", err)
	}
	return out.String()
}

// TestInfoOfBoth has both command lines look at one database, in which workers of
// both run jobs.
func TestInfoOfBoth(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		e := newSide(t, version, s)
		startWorker(t, version, e.db, "--name", e.worker, "default", "low")
		e.becomes(t, "rq:worker:"+e.worker, "state", "idle")
		e.isBusy(t)
		e.startGo(t, rq.WorkerConfig{Name: "go-" + e.worker, Queues: []string{"go"}})
		e.becomes(t, "rq:worker:go-"+e.worker, "state", "idle")
		e.py.exec(t, "Queue('go', connection=connection).enqueue('tasks.add', 1); Queue('high', connection=connection).enqueue('tasks.add', 1)")
		eventually(t, "the Go worker to be done", func() bool {
			return e.db.ZCard(t.Context(), "rq:finished:go").Val() == 1 && e.db.HGet(t.Context(), "rq:worker:go-"+e.worker, "state").Val() == "idle"
		})
		e.db.ZAdd(t.Context(), "rq:finished:go", redis.Z{Score: 5, Member: "expired"}, redis.Z{Score: -1, Member: "kept"})

		for _, form := range []string{"", "-R", "-W", "-Q", "-r", "-rR", "-rW", "-rQ", "-r default", "-R low high go", "go nobody"} {
			lab.runs.Add(1)
			args := strings.Fields("info " + form)
			got := goCLI(t.Context(), e.db, args...)
			want := strings.TrimSuffix(e.evalText(t, fmt.Sprintf("cli(*%q.split())", strings.Join(args, " "))), "exit 0")
			equal(t, "rq info "+form, sortedLines(got), sortedLines(want))
		}
	})
	lab.scenarios.Add(1)
}

// sortedLines returns the lines in an order, since RQ lists queues and workers in
// that of a set.
func sortedLines(text string) string {
	lines := strings.Split(updated.ReplaceAllString(text, "Updated: <now>"), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// A cliScenario is a command line that both command lines run, each on a database
// of its own.
type cliScenario struct {
	name, before string
	args         string
	dies         string // the exception that ends Python's, after what it has done
}

var cliScenarios = []cliScenario{
	{name: "requeue", before: everyState, args: "requeue --queue default failed forever"},
	{name: "requeue what has not failed", before: everyState, args: "requeue --queue default failed finished", dies: "InvalidJobOperation("},
	{name: "requeue what is gone", before: everyState, args: "requeue --queue default failed gone", dies: "NoSuchJobError("},
	{name: "requeue all", before: everyState + "connection.zrem('rq:failed:default', 'gone')", args: "requeue --queue default --all"},
	{name: "requeue all by a letter", before: everyState + "connection.zrem('rq:failed:default', 'gone')", args: "requeue --queue default -a"},
	{name: "requeue all of none", args: "requeue --queue default --all"},
	{name: "requeue none", before: everyState, args: "requeue --queue default"},
	{name: "empty", before: everyState, args: "empty default nobody"},
	{name: "empty all", before: everyState + "Queue('high', connection=connection).enqueue('tasks.add', 1, job_id='h')", args: "empty --all"},
	{name: "empty none", before: everyState, args: "empty"},
	{name: "suspend", args: "suspend"},
	{name: "suspend for a time", args: "suspend --duration 90"},
	{name: "suspend for no time", args: "suspend --duration 0"},
	{name: "resume", before: "suspension.suspend(connection)", args: "resume"},
	{name: "resume without need", args: "resume"},
}

// TestCLI has both command lines say the same facts and leave the same keys.
func TestCLI(t *testing.T) {
	eachLab(t, []string{oneServer}, func(t *testing.T, version string, s server) {
		for _, c := range cliScenarios {
			sc := scenario{name: "cli: " + c.name, before: c.before}
			lab.runs.Add(1)
			var want, got string
			python := run(t, sc, newEnv(t, version, s), func(_ context.Context, e *env) error {
				want = e.evalText(t, fmt.Sprintf("cli(*%q.split())", c.args))
				return nil
			})
			golang := run(t, sc, newEnv(t, version, s), func(ctx context.Context, e *env) error {
				got = goCLI(ctx, e.db, strings.Fields(c.args)...)
				return nil
			})
			if c.dies != "" {
				equal(t, "rq "+c.args+" dies", strings.HasPrefix(want, c.dies), true)
			} else {
				equal(t, "rq "+c.args, fmt.Sprint(factsOf(got)), fmt.Sprint(factsOf(want)))
			}
			found, compared := diff(python, golang)
			lab.comparisons.Add(int64(compared))
			for _, d := range unexpected(sc.name, version, found, deviations) {
				t.Errorf("%s: %v", sc.name, d)
			}
		}
	})
	lab.scenarios.Add(int64(len(cliScenarios)))
}

// counted finds a number and what it counts.
var counted = regexp.MustCompile(`\d+ [a-z]+|Nothing to do`)

// factsOf returns what a command line says, without its sentences.
func factsOf(text string) []string {
	facts := counted.FindAllString(text, -1)
	slices.Sort(facts)
	return facts
}
