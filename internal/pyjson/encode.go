// Package pyjson reads and writes JSON as Python's json module does, byte for byte, for
// RQ's JSONSerializer.
package pyjson

import (
	"math"
	"math/big"
	"strconv"

	"github.com/rqgo/rq/internal/py"
)

// maxLen is the longest value of Redis. It also ends the encoding of a small value that
// contains itself twice at every level.
const maxLen = 512 << 20

// maxDigits is sys.get_int_max_str_digits() unless someone changed it: Python
// neither reads nor writes longer ints.
const maxDigits = 4300

// Append appends json.dumps(v) to dst: ASCII only, ", " and ": " between items,
// dicts in their order. What Python cannot express in JSON, such as bytes, sets
// and datetimes, is an *UnsupportedError. Other Go values go through py.From.
// With an error it returns dst as it was.
func Append(dst []byte, v any) ([]byte, error) {
	out, err := appendValue(dst, v, 0)
	if err != nil {
		return dst, err
	}
	return out, nil
}

func appendValue(dst []byte, v any, depth int) ([]byte, error) {
	out, ok, err := appendKnown(dst, v, depth)
	if ok || err != nil {
		return out, err
	}
	canonical, err := py.From(v)
	if err != nil {
		return dst, err
	}
	out, ok, err = appendKnown(dst, canonical, depth)
	if !ok && err == nil {
		return dst, &UnsupportedError{PyType: py.TypeName(canonical)}
	}
	return out, err
}

// appendKnown is false for a value that is not canonical, or not of JSON.
func appendKnown(dst []byte, v any, depth int) (out []byte, ok bool, err error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), true, nil
	case bool:
		return strconv.AppendBool(dst, v), true, nil
	case string:
		dst, err = appendString(dst, v)
	case int64:
		dst = strconv.AppendInt(dst, v, 10)
	case int:
		dst = strconv.AppendInt(dst, int64(v), 10)
	case float64:
		dst = appendFloat(dst, v)
	case []any:
		dst, err = appendList(dst, v, depth)
	case py.Tuple:
		dst, err = appendList(dst, v, depth)
	case *py.Dict:
		dst, err = appendDict(dst, v, depth)
	case *py.OrderedDict:
		if v == nil {
			return dst, false, nil
		}
		dst, err = appendDict(dst, &v.Dict, depth)
	case *py.DefaultDict:
		if v == nil {
			return dst, false, nil
		}
		dst, err = appendDict(dst, &v.Dict, depth)
	case *big.Int:
		if v == nil {
			return dst, false, nil
		}
		dst, err = appendBig(dst, v)
	default:
		return dst, false, nil
	}
	return dst, true, err
}

func appendFloat(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	return py.AppendFloat(dst, f)
}

func appendBig(dst []byte, n *big.Int) ([]byte, error) {
	const maxBits = maxDigits*3322/1000 + 1 // a digit is 3.3219 bits
	start := len(dst)
	if n.BitLen() <= maxBits {
		dst = n.Append(dst, 10)
		if digits := len(dst) - start; digits <= maxDigits || digits == maxDigits+1 && n.Sign() < 0 {
			return dst, nil
		}
	}
	return dst[:start], errDigits
}

// appendList appends a list or a tuple, which are the same to JSON.
func appendList(dst []byte, list []any, depth int) ([]byte, error) {
	if err := enter(dst, depth); err != nil {
		return dst, err
	}
	dst = append(dst, '[')
	for i, v := range list {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		var err error
		if dst, err = appendValue(dst, v, depth+1); err != nil {
			return dst, py.Under(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return append(dst, ']'), nil
}

func appendDict(dst []byte, d *py.Dict, depth int) ([]byte, error) {
	if err := enter(dst, depth); err != nil {
		return dst, err
	}
	dst = append(dst, '{')
	for i, it := range d.Items() {
		if i > 0 {
			dst = append(dst, ", "...)
		}
		var err error
		if dst, err = appendKey(dst, it.Key); err != nil {
			return dst, err
		}
		dst = append(dst, ": "...)
		if dst, err = appendValue(dst, it.Value, depth+1); err != nil {
			return dst, py.Under(err, py.Step(it.Key))
		}
	}
	return append(dst, '}'), nil
}

func enter(dst []byte, depth int) error {
	if depth >= py.MaxDepth {
		return &ValueError{Reason: py.ErrTooDeep}
	}
	if len(dst) > maxLen {
		return &ValueError{Reason: errTooLong}
	}
	return nil
}

// appendKey appends a key as a string: numbers, booleans and None become the
// text that they would be as values.
func appendKey(dst []byte, key any) ([]byte, error) {
	switch k := key.(type) {
	case string:
		return appendString(dst, k)
	case nil, bool, int64, float64, *big.Int:
		dst, err := appendValue(append(dst, '"'), k, 0)
		return append(dst, '"'), err
	}
	k, err := py.From(key)
	if err != nil {
		return dst, py.Under(err, "[key]")
	}
	switch k.(type) {
	case nil, bool, string, int64, float64, *big.Int:
		return appendKey(dst, k)
	}
	return dst, &UnsupportedError{PyType: py.TypeName(k), Key: true}
}
