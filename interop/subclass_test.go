package interop

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/rqgo/rq"
)

// A coordinates fits a namedtuple and a frozen dataclass.
type coordinates struct {
	X int `rq:"x"`
	Y int `rq:"y"`
}

// returns is a handler of one argument, which it returns.
func returns[T any]() rq.Handler { return rq.Func(func(v T) T { return v }, "v") }

// subclassHandlers are a function for each kind of testdata/lab/subclasses.py.
var subclassHandlers = rq.Handlers{
	"subclasses.int": returns[int](), "subclasses.float": returns[float64](), "subclasses.str": returns[string](),
	"subclasses.list": returns[[]int](), "subclasses.dict": returns[map[string]int](),
	"subclasses.point": returns[coordinates](), "subclasses.any": returns[any](),
}

// TestSubclassesIntoGo has Python send ints, strs, lists and dicts of classes of
// their own to Go functions that take a plain int, string, slice or map. The
// functions must return the values that Python sent. Values of other kinds fail.
func TestSubclassesIntoGo(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		e.py.exec(t, `
import subclasses
for kind, values in subclasses.KINDS.items():
    for i, v in enumerate(values): q.enqueue(f'subclasses.{kind}', v, job_id=f'{kind}-{i}')
for i, (kind, v) in enumerate(subclasses.REFUSED): q.enqueue(f'subclasses.{kind}', v=v, job_id=f'refused-{i}')`)
		w, err := rq.NewWorker(e.db, subclassHandlers, rq.WorkerConfig{Burst: true, Fleet: e.version, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}

		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}

		var wrong []string
		e.py.eval(t, "subclasses.wrong(lambda id: view(id)['return_value'])", &wrong)
		equal(t, "what Go returned otherwise", strings.Join(wrong, "; "), "")
		e.holds(t, "len(q.failed_job_registry) == len(subclasses.REFUSED)",
			"all(id.startswith('refused-') for id in q.failed_job_registry.get_job_ids())")
	})
}

// TestSubclassesReturnedToGo has a Python worker return them, and Go wait for
// plain values.
func TestSubclassesReturnedToGo(t *testing.T) {
	eachPage(t, func(t *testing.T, e *env) {
		var waits []func()
		waits = append(waits, awaits(t, e, "int", 1000, 6, 200, -5)...)
		waits = append(waits, awaits(t, e, "float", 0.5, 2.0)...)
		waits = append(waits, awaits(t, e, "str", "fast", "red", "snow ☃")...)
		waits = append(waits, awaits(t, e, "list", []int{1, 2}, []int{1}, []int{1, 2}, []int{1, 2}, []int{1}, []int{1000})...)
		waits = append(waits, awaits(t, e, "dict", map[string]int{"a": 1}, map[string]int{"a": 1, "b": 2}, map[string]int{"a": 2, "b": 1},
			map[string]int{"a": 1}, map[string]int{"fast": 1000})...)
		waits = append(waits, awaits(t, e, "point", slices.Repeat([]coordinates{{3, 4}}, 3)...)...)

		burst(t, e.version, e.db)

		for _, wait := range waits {
			wait()
		}
	})
}

// awaits enqueues a job for each value of a kind, and returns functions that wait
// for them.
func awaits[T any](t *testing.T, e *env, kind string, want ...T) []func() {
	t.Helper()
	var waits []func()
	for i, w := range want {
		job, err := e.queue().Enqueue(t.Context(), rq.Call("subclasses.value", kind, i))
		if err != nil {
			t.Fatal(err)
		}
		waits = append(waits, func() {
			t.Helper()
			got, err := rq.Await[T](t.Context(), job)
			if err != nil {
				t.Error(err)
				return
			}
			equal(t, fmt.Sprint(kind, " ", i), any(got), any(w))
		})
	}
	return waits
}
