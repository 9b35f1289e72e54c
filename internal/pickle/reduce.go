package pickle

import (
	"math"
	"math/big"
	"time"

	"github.com/rqgo/rq/internal/py"
)

// A builder does a call of the standard library. It returns false if the call is to be
// recorded as a py.Object, and an error where Python would raise one.
type builder func(d *decoder, args py.Tuple) (v any, ok bool, err error)

var uuidClass any = py.Global{Module: "uuid", Name: "UUID"}

// known are the callables with a counterpart in Go.
var known map[py.Global]builder

func init() {
	known = map[py.Global]builder{
		{Module: "_codecs", Name: "encode"}:           buildEncoded,
		{Module: "builtins", Name: "bytearray"}:       buildByteArray,
		{Module: "builtins", Name: "bytes"}:           buildBytes,
		{Module: "builtins", Name: "complex"}:         buildComplex,
		{Module: "builtins", Name: "frozenset"}:       buildFrozenSet,
		{Module: "builtins", Name: "getattr"}:         buildAttribute,
		{Module: "builtins", Name: "range"}:           buildRange,
		{Module: "builtins", Name: "set"}:             buildSet,
		{Module: "collections", Name: "OrderedDict"}:  buildOrderedDict,
		{Module: "collections", Name: "defaultdict"}:  buildDefaultDict,
		{Module: "copyreg", Name: "__newobj__"}:       buildNewObj,
		{Module: "copyreg", Name: "_reconstructor"}:   buildReconstructed,
		{Module: "datetime", Name: "date"}:            buildDate,
		{Module: "datetime", Name: "datetime"}:        buildDateTime,
		{Module: "datetime", Name: "time"}:            buildTimeOfDay,
		{Module: "datetime", Name: "timedelta"}:       buildTimeDelta,
		{Module: "decimal", Name: "Decimal"}:          buildDecimal,
		{Module: "pathlib", Name: "PosixPath"}:        buildPath,
		{Module: "pathlib._local", Name: "PosixPath"}: buildPath, // Python 3.13
	}
}

func buildComplex(_ *decoder, args py.Tuple) (any, bool, error) {
	if len(args) != 2 {
		return nil, false, nil
	}
	re, ok1 := args[0].(float64)
	im, ok2 := args[1].(float64)
	return complex(re, im), ok1 && ok2, nil
}

func buildRange(d *decoder, args py.Tuple) (any, bool, error) {
	n, ok := ints(args)
	if !ok || len(n) != 3 {
		return nil, false, nil
	}
	if n[2] == 0 {
		return nil, false, d.errorf("range with a step of zero")
	}
	return py.Range{Start: n[0], Stop: n[1], Step: n[2]}, true, nil
}

// ints returns args when all are int64.
func ints(args py.Tuple) ([]int64, bool) {
	out := make([]int64, len(args))
	for i, a := range args {
		n, ok := a.(int64)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

func bigInt(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

func buildDecimal(_ *decoder, args py.Tuple) (any, bool, error) {
	if len(args) != 1 {
		return nil, false, nil
	}
	text, ok := args[0].(string)
	return py.Decimal(text), ok && validDecimal(text), nil
}

func buildPath(d *decoder, args py.Tuple) (any, bool, error) {
	parts := make([]string, len(args))
	for i, a := range args {
		s, ok := a.(string)
		if !ok {
			return nil, false, nil
		}
		if err := d.charge(len(s)+1, 4); err != nil {
			return nil, false, err
		}
		parts[i] = s
	}
	return py.Path(joinPath(parts)), true, nil
}

// buildNewObj is the call that protocols without NEWOBJ make instead.
func buildNewObj(d *decoder, args py.Tuple) (any, bool, error) {
	if len(args) == 0 || !canCall(args[0]) {
		return nil, false, nil
	}
	return d.created(&py.Object{Callable: args[0], Args: args[1:], New: true})
}

// buildReconstructed is copyreg._reconstructor(cls, object, None): the
// instance of a plain class in protocols 0 and 1.
func buildReconstructed(d *decoder, args py.Tuple) (any, bool, error) {
	plain := py.Global{Module: "builtins", Name: "object"}
	if len(args) != 3 || args[1] != any(plain) || args[2] != nil || !canCall(args[0]) {
		return nil, false, nil
	}
	return d.created(&py.Object{Callable: args[0], Args: py.Tuple{}, New: true})
}

// created is create for a builder.
func (d *decoder) created(o *py.Object) (any, bool, error) {
	if err := d.create(o); err != nil {
		return nil, false, err
	}
	top := len(d.stack) - 1
	v := d.stack[top]
	d.stack = d.stack[:top]
	return v, true, nil
}

// buildAttribute returns the method or inner class of a class that protocols without
// dotted names get by getattr.
func buildAttribute(d *decoder, args py.Tuple) (any, bool, error) {
	if len(args) != 2 || d.protocol >= 4 {
		return nil, false, nil
	}
	outer, ok1 := args[0].(py.Global)
	name, ok2 := args[1].(string)
	if !ok1 || !ok2 {
		return nil, false, nil
	}
	err := d.charge(len(outer.Name)+len(name), 1)
	return py.Global{Module: outer.Module, Name: outer.Name + "." + name}, true, err
}

func buildTimeDelta(d *decoder, args py.Tuple) (any, bool, error) {
	n, ok := ints(args)
	if !ok || len(n) != 3 {
		return nil, false, nil
	}
	const most = math.MaxInt64 / 4 // far past any timedelta, and safe to add
	for _, x := range n {
		if x < -most || x > most {
			return nil, false, d.errorf("timedelta out of range")
		}
	}
	delta := normalise(py.TimeDelta{Days: int(n[0]), Seconds: int(n[1]), Microseconds: int(n[2])})
	if delta.Days < -maxDays || delta.Days > maxDays {
		return nil, false, d.errorf("timedelta out of range")
	}
	if v, ok := duration(delta); ok {
		return v, true, nil
	}
	return delta, true, nil
}

// duration returns a normalised delta as a Duration, when that has room.
func duration(d py.TimeDelta) (time.Duration, bool) {
	const most = math.MaxInt64 / int64(day*time.Second)
	if int64(d.Days) < -most-1 || int64(d.Days) > most {
		return 0, false
	}
	us := int64(d.Days)*day*1e6 + int64(d.Seconds)*1e6 + int64(d.Microseconds)
	if us < math.MinInt64/1000 || us > math.MaxInt64/1000 {
		return 0, false
	}
	return time.Duration(us) * time.Microsecond, true
}
