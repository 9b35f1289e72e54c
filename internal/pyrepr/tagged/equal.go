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
		return math.Float64bits(a) == math.Float64bits(as[float64](b)) || math.IsNaN(a) && math.IsNaN(as[float64](b))
	case *big.Int:
		return a.Cmp(as[*big.Int](b)) == 0
	case []byte:
		return bytes.Equal(a, as[[]byte](b))
	case []any:
		return slices.EqualFunc(a, as[[]any](b), Equal)
	case py.Tuple:
		return slices.EqualFunc(a, as[py.Tuple](b), Equal)
	case *py.Dict:
		return slices.EqualFunc(a.Items(), as[*py.Dict](b).Items(), equalItems)
	}
	return reflect.DeepEqual(a, b)
}

func equalItems(a, b py.Item) bool {
	return Equal(a.Key, b.Key) && Equal(a.Value, b.Value)
}

// as is v as a T, or the zero T.
func as[T any](v any) T {
	t, _ := v.(T)
	return t
}
