package tagged

import (
	"bytes"
	"math"
	"math/big"
	"reflect"
	"slices"

	"github.com/rqgo/rq/internal/py"
)

// Equal reports whether two canonical values are the same to the bit: of the
// same types, dicts in the same order, and a NaN equal to itself.
func Equal(a, b any) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	switch a := a.(type) {
	case float64:
		return math.Float64bits(a) == math.Float64bits(b.(float64)) || math.IsNaN(a) && math.IsNaN(b.(float64))
	case *big.Int:
		return a.Cmp(b.(*big.Int)) == 0
	case []byte:
		return bytes.Equal(a, b.([]byte))
	case []any:
		return slices.EqualFunc(a, b.([]any), Equal)
	case py.Tuple:
		return slices.EqualFunc(a, b.(py.Tuple), Equal)
	case *py.Dict:
		return slices.EqualFunc(a.Items(), b.(*py.Dict).Items(), equalItems)
	}
	return reflect.DeepEqual(a, b)
}

func equalItems(a, b py.Item) bool {
	return Equal(a.Key, b.Key) && Equal(a.Value, b.Value)
}
