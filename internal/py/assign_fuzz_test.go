package py_test

import (
	"encoding/hex"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pymsgpack"
	"github.com/rqgo/rq/internal/pyrepr"
)

// A kitchen has a drawer for everything.
type kitchen struct {
	A     any
	B     *bool
	I     int8
	U     uint64
	F     float32
	C     complex128
	S     string
	Raw   []byte
	Big   *big.Int
	T     time.Time
	D     time.Duration
	ID    uuid.UUID
	Dec   py.Decimal
	List  []int
	Pair  [2]string
	Map   map[string][]float64
	Keys  map[any]struct{}
	Next  *kitchen
	Trees tree
	*Deep
}

// fuzzTargets are the types that FuzzAssign assigns to.
var fuzzTargets = []reflect.Type{
	reflect.TypeFor[kitchen](), reflect.TypeFor[[]kitchen](), reflect.TypeFor[map[string]*kitchen](), reflect.TypeFor[tree](),
	reflect.TypeFor[map[any]any](), reflect.TypeFor[[]string](), reflect.TypeFor[int](), reflect.TypeFor[time.Time](),
	reflect.TypeFor[[3]byte](), reflect.TypeFor[py.Tuple](), reflect.TypeFor[*py.Dict](), reflect.TypeFor[any](), reflect.TypeFor[loop](),
}

// FuzzAssign checks that what was assigned is Python's for a value that
// assigns to the same type again, and reads the same.
func FuzzAssign(f *testing.F) {
	for _, seed := range []any{
		map[string]any{"a": 1, "B": true, "i": -128, "U": uint64(1 << 63), "F": 1.5, "C": 2, "S": "x", "Raw": []byte{1}, "Big": 7},
		map[string]any{"T": "2026-08-01T10:30:00Z", "D": 1.5, "ID": "12345678-1234-5678-1234-567812345678", "Dec": "1.5"},
		map[string]any{"List": []int{1}, "Pair": []string{"a", "b"}, "Map": map[string][]int{"k": {1}}, "Next": map[string]any{"Level": 3}},
		[]any{[]any{}, []any{[]any{}}}, []string{"a"}, "abc", nil,
	} {
		data, err := pymsgpack.Encode(seed)
		require.NoError(f, err)
		f.Add(data)
	}
	timestamp, _ := hex.DecodeString("d6ff5f5e1000")
	f.Add(timestamp)
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := pymsgpack.Decode(data)
		if err != nil {
			return
		}
		class := py.Global{Module: "m", Name: "C"}
		sources := []any{
			v, &py.Object{State: v}, &py.Object{Callable: class, Args: py.Tuple{v}},
			&py.Object{Callable: class, Args: py.Tuple{v}, New: true}, &py.Object{Callable: class, Args: py.Tuple{v, v}, New: true},
			&py.Object{Callable: class, New: true, Items: []py.Item{{Key: "a", Value: v}}},
		}
		if set, err := py.NewSet(v); err == nil {
			sources = append(sources, set, &py.Object{Callable: class, New: true, Items: []py.Item{{Key: v, Value: "a"}}})
		}
		if list, ok := v.([]any); ok {
			sources = append(sources, py.Tuple(list), &py.Object{Callable: class, New: true, Appended: list})
		}
		for _, src := range sources {
			for _, target := range fuzzTargets {
				checkAssign(t, target, src)
			}
		}
	})
}

func checkAssign(t *testing.T, target reflect.Type, src any) {
	t.Helper()
	first := reflect.New(target)
	if err := py.Assign(first.Interface(), src); err != nil {
		var ae *py.AssignError
		require.ErrorAs(t, err, &ae)
		return
	}
	second := reflect.New(target)
	require.NoError(t, py.Assign(second.Interface(), first.Interface()))
	want := pyrepr.Repr(first.Interface())
	if strings.Count(want, "nan: ") > 1 {
		return // a Go map gives such keys in any order
	}
	require.Equal(t, want, pyrepr.Repr(second.Interface()))
}

// FuzzAssignPickle does the same with the values of pickles, such as objects of
// any class.
func FuzzAssignPickle(f *testing.F) {
	for _, v := range pythonValues(f) {
		f.Add(v.Pickle)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := pickle.Decode(data)
		if err != nil {
			return
		}
		for _, target := range fuzzTargets {
			checkAssign(t, target, v)
		}
	})
}
