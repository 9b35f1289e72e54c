// Package pymsgpack reads and writes MessagePack as the msgpack package of
// PyPI does by default: str and bytes apart, every float in 64 bits.
package pymsgpack

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/rqgo/rq/internal/py"
)

// maxLen is the longest value of Redis. It also ends the encoding of a small value that
// contains itself twice at every level.
const maxLen = 512 << 20

// Encode returns msgpack.packb(v). Tuples become arrays. Values that MessagePack cannot
// represent, such as sets, datetimes and ints past 64 bits, are an *EncodeError. Other
// Go values go through py.From.
func Encode(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := msgpack.GetEncoder()
	defer msgpack.PutEncoder(enc)
	enc.Reset(&buf)
	e := encoder{buf: &buf, enc: enc}
	if err := e.value(v); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

type encoder struct {
	buf   *bytes.Buffer
	enc   *msgpack.Encoder
	depth int
}

func (e *encoder) value(v any) error {
	if ok, err := e.known(v); ok {
		return err
	}
	canonical, err := py.From(v)
	if err != nil {
		return err
	}
	if ok, err := e.known(canonical); ok {
		return err
	}
	return &EncodeError{PyType: py.TypeName(canonical), Reason: errNoForm}
}

// known is false for a value that is not canonical, or not of MessagePack.
func (e *encoder) known(v any) (bool, error) {
	switch v := v.(type) {
	case nil:
		return true, e.enc.EncodeNil()
	case bool:
		return true, e.enc.EncodeBool(v)
	case string:
		return true, e.str(v)
	case int64:
		return true, e.enc.EncodeInt(v)
	case int:
		return true, e.enc.EncodeInt(int64(v))
	case float64:
		return true, e.float(v)
	case []byte:
		return true, e.bytes(v)
	case py.ByteArray:
		return true, e.bytes(v)
	case []any:
		return true, e.list(v)
	case py.Tuple:
		return true, e.list(v)
	case *py.Dict:
		return true, e.dict(v)
	case *py.OrderedDict:
		if v != nil {
			return true, e.dict(&v.Dict)
		}
	case *py.DefaultDict:
		if v != nil {
			return true, e.dict(&v.Dict)
		}
	case *big.Int:
		if v != nil {
			return true, e.big(v)
		}
	}
	return false, nil
}

// float writes Go's NaN as Python's, which is one bit off.
func (e *encoder) float(f float64) error {
	const pythonNaN = 0x7FF8 << 48
	if math.Float64bits(f) == math.Float64bits(math.NaN()) {
		f = math.Float64frombits(pythonNaN)
	}
	return e.enc.EncodeFloat64(f)
}

func (e *encoder) str(s string) error {
	if !utf8.ValidString(s) {
		return &EncodeError{PyType: "str", Reason: errNotUTF8}
	}
	return e.enc.EncodeString(s)
}

// bytes writes a nil slice like an empty one, which EncodeBytes would not.
func (e *encoder) bytes(b []byte) error {
	if err := e.enc.EncodeBytesLen(len(b)); err != nil {
		return err
	}
	e.buf.Write(b)
	return nil
}

func (e *encoder) big(n *big.Int) error {
	switch {
	case n.IsInt64():
		return e.enc.EncodeInt(n.Int64())
	case n.IsUint64():
		return e.enc.EncodeUint(n.Uint64())
	}
	return &EncodeError{PyType: "int", Reason: errIntRange}
}

func (e *encoder) list(list []any) error {
	if err := e.enter("list"); err != nil {
		return err
	}
	defer e.leave()
	if err := e.enc.EncodeArrayLen(len(list)); err != nil {
		return err
	}
	for i, v := range list {
		if err := e.value(v); err != nil {
			return py.Under(err, "["+strconv.Itoa(i)+"]")
		}
	}
	return nil
}

func (e *encoder) dict(d *py.Dict) error {
	if err := e.enter("dict"); err != nil {
		return err
	}
	defer e.leave()
	if err := e.enc.EncodeMapLen(d.Len()); err != nil {
		return err
	}
	for _, it := range d.Items() {
		if err := e.value(it.Key); err != nil {
			return py.Under(err, "[key]")
		}
		if err := e.value(it.Value); err != nil {
			return py.Under(err, py.Step(it.Key))
		}
	}
	return nil
}

func (e *encoder) enter(pyType string) error {
	if e.depth == py.MaxDepth {
		return &EncodeError{PyType: pyType, Reason: py.ErrTooDeep}
	}
	if e.buf.Len() > maxLen {
		return &EncodeError{PyType: pyType, Reason: errTooLong}
	}
	e.depth++
	return nil
}

func (e *encoder) leave() { e.depth-- }
