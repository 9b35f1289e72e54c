package pymsgpack

import (
	"bytes"
	"math/big"
	"unicode/utf8"

	"github.com/vmihailenco/msgpack/v5"
	"github.com/vmihailenco/msgpack/v5/msgpcode"

	"github.com/rqgo/rq/internal/py"
)

// Decode returns msgpack.unpackb(data), with a time.Time for the timestamps of
// MessagePack's own extension and an error for every other. Keys may be of any
// hashable type, where unpackb asks for strict_map_key=False. The error is a
// *SyntaxError. Memory is proportional to len(data), whatever lengths it claims.
func Decode(data []byte) (any, error) {
	r := bytes.NewReader(data)
	dec := msgpack.GetDecoder()
	defer msgpack.PutDecoder(dec)
	dec.Reset(r)
	d := decoder{size: len(data), r: r, dec: dec}
	v, err := d.value()
	if err == nil && r.Len() > 0 {
		err = d.fail(errExtraData)
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

type decoder struct {
	size  int
	r     *bytes.Reader
	dec   *msgpack.Decoder
	depth int
}

// fail returns a SyntaxError for the next byte.
func (d *decoder) fail(reason error) error {
	return &SyntaxError{Offset: d.size - d.r.Len(), Reason: reason}
}

// check turns an error of the msgpack package, which is never more than that
// bytes are missing, into a SyntaxError.
func check[T any](d *decoder, v T, err error) (any, error) {
	if err != nil {
		return nil, d.fail(errTruncated)
	}
	return v, nil
}

func (d *decoder) value() (any, error) {
	code, err := d.dec.PeekCode()
	if err != nil {
		return nil, d.fail(errTruncated)
	}
	switch {
	case code <= msgpcode.PosFixedNumHigh || code >= msgpcode.NegFixedNumLow,
		msgpcode.Uint8 <= code && code <= msgpcode.Int64:
		return d.integer(code)
	case msgpcode.IsString(code):
		return d.str()
	case msgpcode.IsBin(code):
		return d.bytes()
	case msgpcode.IsFixedArray(code), code == msgpcode.Array16, code == msgpcode.Array32:
		return d.list()
	case msgpcode.IsFixedMap(code), code == msgpcode.Map16, code == msgpcode.Map32:
		return d.dict()
	case msgpcode.IsExt(code):
		return d.timestamp()
	}
	return d.constant(code)
}

func (d *decoder) constant(code byte) (any, error) {
	switch code {
	case msgpcode.Nil:
		return nil, d.dec.DecodeNil()
	case msgpcode.False, msgpcode.True:
		v, err := d.dec.DecodeBool()
		return check(d, v, err)
	case msgpcode.Float, msgpcode.Double:
		v, err := d.dec.DecodeFloat64()
		return check(d, v, err)
	}
	return nil, d.fail(errInvalidCode)
}

func (d *decoder) integer(code byte) (any, error) {
	if code != msgpcode.Uint64 {
		v, err := d.dec.DecodeInt64()
		return check(d, v, err)
	}
	v, err := d.dec.DecodeUint64()
	if v > 1<<63-1 {
		return check(d, new(big.Int).SetUint64(v), err)
	}
	return check(d, int64(v), err)
}

// raw reads the length and the bytes of a str or bytes.
func (d *decoder) raw() ([]byte, error) {
	n, err := d.dec.DecodeBytesLen()
	if err != nil || n < 0 || n > d.r.Len() {
		return nil, d.fail(errTruncated)
	}
	b := make([]byte, n)
	if err := d.dec.ReadFull(b); err != nil {
		return nil, d.fail(errTruncated)
	}
	return b, nil
}

func (d *decoder) str() (any, error) {
	b, err := d.raw()
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(b) {
		return nil, d.fail(errNotUTF8)
	}
	return string(b), nil
}

func (d *decoder) bytes() (any, error) {
	b, err := d.raw()
	if err != nil {
		return nil, err
	}
	return b, nil
}

// enter checks the length of a container whose elements take at least width
// bytes each.
func (d *decoder) enter(n int, err error, width int) error {
	if err != nil || n < 0 || n > d.r.Len()/width {
		return d.fail(errTruncated)
	}
	if d.depth == py.MaxDepth {
		return d.fail(py.ErrTooDeep)
	}
	d.depth++
	return nil
}

func (d *decoder) list() (any, error) {
	n, err := d.dec.DecodeArrayLen()
	if err := d.enter(n, err, 1); err != nil {
		return nil, err
	}
	// A thousand lists in one another can all claim to be as long as the data.
	const trusted = 256
	list := make([]any, 0, min(n, trusted))
	for range n {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	d.depth--
	return list, nil
}

func (d *decoder) dict() (any, error) {
	n, err := d.dec.DecodeMapLen()
	if err := d.enter(n, err, 2); err != nil {
		return nil, err
	}
	out := new(py.Dict)
	for range n {
		k, err := d.value()
		if err != nil {
			return nil, err
		}
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		if err := out.Set(k, v); err != nil {
			return nil, d.fail(err)
		}
	}
	d.depth--
	return out, nil
}
