package py_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

type (
	pythonUser struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	pythonNested struct {
		ID    int        `json:"id"`
		Owner pythonUser `json:"owner"`
	}
)

// pythonTargets are the Go types of testdata/values/generate.py.
var pythonTargets = map[string]reflect.Type{
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "uint64": reflect.TypeFor[uint64](),
	"float64": reflect.TypeFor[float64](), "bool": reflect.TypeFor[bool](), "string": reflect.TypeFor[string](),
	"[]int": reflect.TypeFor[[]int](), "[2]int": reflect.TypeFor[[2]int](), "[]string": reflect.TypeFor[[]string](),
	"[]float64": reflect.TypeFor[[]float64](), "[]byte": reflect.TypeFor[[]byte](), "netip.Addr": reflect.TypeFor[netip.Addr](),
	"map[string]int": reflect.TypeFor[map[string]int](), "map[int]struct{}": reflect.TypeFor[map[int]struct{}](),
	"point": reflect.TypeFor[point](), "user": reflect.TypeFor[pythonUser](), "nested": reflect.TypeFor[pythonNested](),
	"time.Time": reflect.TypeFor[time.Time](), "[]time.Time": reflect.TypeFor[[]time.Time](), "time.Duration": reflect.TypeFor[time.Duration](), "big.Rat": reflect.TypeFor[big.Rat](), "nested3": reflect.TypeFor[kitchen](),
}

// A pythonValue is a line of testdata/values/values.jsonl.
type pythonValue struct {
	Name     string
	Into     string
	Protocol int
	Pickle   []byte
	Want     json.RawMessage
}

func pythonValues(tb testing.TB) []pythonValue {
	tb.Helper()
	f, err := os.Open("../../testdata/values/values.jsonl")
	require.NoError(tb, err)
	defer f.Close()
	var values []pythonValue
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var v pythonValue
		require.NoError(tb, json.Unmarshal(lines.Bytes(), &v))
		values = append(values, v)
	}
	require.NoError(tb, lines.Err())
	require.NotEmpty(tb, values)
	return values
}

// TestAssignWhatPythonMeans assigns values of all kinds of classes. Where the
// value is of another type in Python, nothing may be assigned.
func TestAssignWhatPythonMeans(t *testing.T) {
	t.Parallel()
	refused := 0
	for _, v := range pythonValues(t) {
		if v.Want == nil {
			refused++
		}
		t.Run(fmt.Sprintf("%s/protocol %d", v.Name, v.Protocol), func(t *testing.T) {
			t.Parallel()
			src, err := pickle.Decode(v.Pickle)
			require.NoError(t, err)
			dst := reflect.New(pythonTargets[v.Into])

			err = py.Assign(dst.Interface(), src)

			checkPythonValue(t, v, dst.Interface(), err)
			if v.Protocol < 4 {
				return
			}
			again, err := pickle.Append(nil, src, v.Protocol)
			require.NoError(t, err)
			assert.Equal(t, v.Pickle, again, "the value is still what Python sent")
		})
	}
	require.Greater(t, refused, 40)
}

func checkPythonValue(t *testing.T, v pythonValue, dst any, err error) {
	t.Helper()
	if v.Want == nil {
		var refused *py.AssignError
		require.ErrorAs(t, err, &refused)
		if errors.Unwrap(refused) == nil {
			assert.Equal(t, "class", v.Name, "an error that does not say why")
		}
		return
	}
	require.NoError(t, err)
	got, err := json.Marshal(dst)
	require.NoError(t, err)
	assert.JSONEq(t, string(v.Want), string(got))
}
