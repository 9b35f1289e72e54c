package py_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
)

// called is an object that Python makes by a call of its class, as an Enum member.
func called(class string, args ...any) *py.Object {
	return &py.Object{Callable: py.Global{Module: "m", Name: class}, Args: args}
}

// created is an object that cls.__new__ made, as the instance of a subclass of str.
func created(class string, args ...any) *py.Object {
	o := called(class, args...)
	o.New = true
	return o
}

func TestAssignObjectStaysItself(t *testing.T) {
	t.Parallel()
	o := called("Level", int64(2))
	accepts(t, o, any(o))
	accepts(t, o, o)
	accepts(t, o, *o)
	accepts(t, []any{o}, []any{o})
	accepts(t, dict(t, "a", o), map[string]any{"a": o})
}

func TestAssignObjectSaysWhy(t *testing.T) {
	t.Parallel()
	lines := created("Lines")
	lines.Appended = []any{"a"}

	refuses[string](t, called("Level", int64(2)), "cannot use m.Level as string: its value is of type int")
	refuses[int8](t, called("Level", int64(200)), "cannot use m.Level as int8: 200 is out of range")
	refuses[int](t, created("Text", "5"), "cannot use m.Text as int: its value is of type str")
	refuses[[]int](t, lines, "[0]: cannot use str as int")
	refuses[map[string]int](t, lines, "cannot use m.Lines as map[string]int: its value is of type list")
	refuses[int](t, called("C", int64(1), int64(2)), "cannot use m.C as int: its pickle does not say which int, str, float, bool, list or dict it is; "+
		"send that from Python, as by int(v), str(v), list(v) or v.value, or take an any in Go, which holds a *PyObject")
	refuses[[]int](t, created("C"), "cannot use m.C as []int: its pickle has nothing in it, so an empty list or dict of this class looks like any other object; "+
		"send list(v) or dict(v) from Python, or take an any in Go, which holds a *PyObject")
	refuses[time.Time](t, called("C", int64(1), int64(2)), "cannot use m.C as time.Time: its pickle does not say which time it is; "+
		"send v.isoformat() from Python, or take an any in Go, which holds a *PyObject")
	refuses[order](t, created("Point", int64(1), int64(2)), "cannot use m.Point as py_test.order: "+
		"its pickle has 2 values without names, which need a struct of as many fields; this one has 8")
	refuses[point](t, created("Point", int64(1), "a"), "Y: cannot use str as int")
}

func TestAssignObjectTimes(t *testing.T) {
	t.Parallel()
	accepts(t, called("Day", py.Date{Year: 2026, Month: 8, Day: 1}), time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC))
	accepts(t, called("Pause", time.Second), time.Second)
	accepts(t, created("Text", "2026-08-01T10:30:00Z"), time.Date(2026, 8, 1, 10, 30, 0, 0, time.UTC))
}

// TestAssignStructTakesSomething: a struct must not stay empty in silence.
func TestAssignStructTakesSomething(t *testing.T) {
	t.Parallel()
	const why = "none of its names (id, name) is a field (X, Y)"
	attributes := dict(t, "id", int64(1), "name", "Ann")
	user := created("User")
	user.State, user.HasState = attributes, true
	model := created("Model")
	model.State, model.HasState = dict(t, "__dict__", attributes, "__fields_set__", nil), true

	refuses[point](t, attributes, "cannot use dict as py_test.point: "+why)
	refuses[point](t, user, "cannot use m.User as py_test.point: "+why)
	refuses[point](t, model, "cannot use m.Model as py_test.point: "+why)
	refuses[[]point](t, []any{attributes}, "[0]: cannot use dict as py_test.point: "+why)
	refuses[struct{}](t, dict(t, int64(1), int64(2)), "cannot use dict as struct {}: none of its names (int) is a field (it has none)")
	accepts(t, dict(t), point{})
	accepts(t, dict(t, "x", int64(1), "other", int64(2)), point{X: 1})
}

// TestAssignMapKeepsKeys: keys that differ in Python can be one key in Go.
func TestAssignMapKeepsKeys(t *testing.T) {
	t.Parallel()
	red, warm := called("Colour", "red"), called("Mood", "red")

	accepts(t, dict(t, red, int64(1), "blue", int64(2)), map[string]int{"red": 1, "blue": 2})
	refuses[map[string]int](t, dict(t, red, int64(1), warm, int64(2)), "cannot use dict as map[string]int: two of its keys are one key in Go")
	refuses[map[string]int](t, dict(t, red, int64(1), "red", int64(2)), "cannot use dict as map[string]int: two of its keys are one key in Go")
}

func TestAssignObjectIntoDict(t *testing.T) {
	t.Parallel()
	config := created("Config")
	config.Items = dict(t, "a", int64(1)).Items()
	got, err := assigned[*py.Dict](config)
	require.NoError(t, err)
	v, ok := got.Get("a")
	assert.True(t, ok)
	assert.Equal(t, int64(1), v)

	config.Items = []py.Item{{Key: []any{}, Value: 1}}
	refuses[*py.Dict](t, config, "cannot use m.Config as py.Dict: unhashable value of type list")
	refuses[map[any]int](t, config, "cannot use m.Config as map[interface {}]int: unhashable value of type list")
}

func TestAssignHostileObjects(t *testing.T) {
	t.Parallel()
	own := called("C")
	own.Args = py.Tuple{own}
	_, err := assigned[int](own)
	require.ErrorIs(t, err, py.ErrTooDeep)

	list := created("C")
	list.Appended = []any{list}
	_, err = assigned[tree](list)
	require.ErrorIs(t, err, py.ErrTooDeep)

	list.State, list.HasState = []any{list}, true
	broken := dict(t, list, "x")
	refuses[map[any]int](t, broken, "[m.C]: cannot use str as int")

	dtype := &py.Object{Callable: py.Global{Module: "numpy", Name: "dtype"}, Args: py.Tuple{"U65536"}, State: py.Tuple{int64(3), "<"}}
	letters := make([]byte, 4*65536)
	for i := 0; i < len(letters); i += 4 {
		letters[i] = 'a'
	}
	text := &py.Object{Callable: py.Global{Module: "numpy.core.multiarray", Name: "scalar"}, Args: py.Tuple{dtype, letters}}
	many := make([]any, 10)
	for i := range many {
		many[i] = text
	}
	var dst []string
	require.NoError(t, py.AssignWithin(10*65536/16+100, &dst, many))
	assert.ErrorContains(t, py.AssignWithin(9*65536/16, &dst, many), "elements")

	array := called("array")
	array.Callable = py.Global{Module: "numpy.core.numeric", Name: "_frombuffer"}
	array.Args = py.Tuple{letters, dtype, py.Tuple{int64(1)}, "C"}
	for i := range many {
		many[i] = array
	}
	var lists [][]string
	require.NoError(t, py.AssignWithin(10*65536/16+100, &lists, many))
	assert.ErrorContains(t, py.AssignWithin(9*65536/16, &lists, many), "elements")
}
