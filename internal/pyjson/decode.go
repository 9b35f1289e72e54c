package pyjson

import (
	"errors"
	"math"
	"math/big"
	"strconv"

	"github.com/rqgo/rq/internal/py"
)

// Decode returns what json.loads returns for data, which must be UTF-8 as RQ's
// JSONSerializer asks. Python takes more than the standard: NaN and Infinity,
// ints of any size (up to 4300 digits), floats past the range as infinities,
// and halves of surrogate pairs. The last of equal keys wins. The error is a
// *SyntaxError. Memory is proportional to len(data).
func Decode(data []byte) (any, error) {
	if i := invalidUTF8(data); i >= 0 {
		return nil, &SyntaxError{Offset: i, Reason: errNotUTF8}
	}
	d := decoder{data: data}
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	if d.skipSpace(); d.pos < len(data) {
		return nil, d.fail(d.pos, "extra data")
	}
	return v, nil
}

type decoder struct {
	data  []byte
	pos   int
	depth int
	text  []byte // room for strings with escapes
}

func (d *decoder) fail(offset int, reason string) error {
	return &SyntaxError{Offset: offset, Reason: errors.New(reason)}
}

func (d *decoder) skipSpace() {
	for d.pos < len(d.data) {
		switch d.data[d.pos] {
		case ' ', '\n', '\r', '\t':
			d.pos++
		default:
			return
		}
	}
}

// next skips space and returns the byte there without reading it, or 0.
func (d *decoder) next() byte {
	d.skipSpace()
	if d.pos < len(d.data) {
		return d.data[d.pos]
	}
	return 0
}

func (d *decoder) value() (any, error) {
	switch c := d.next(); {
	case c == '"':
		d.pos++
		return d.readString()
	case c == '[', c == '{':
		return d.nested(c == '[')
	case c == 'n' && d.literal("null"):
		return nil, nil
	case c == 't' && d.literal("true"):
		return true, nil
	case c == 'f' && d.literal("false"):
		return false, nil
	case c == 'N' && d.literal("NaN"):
		return math.NaN(), nil
	case c == 'I' && d.literal("Infinity"):
		return math.Inf(1), nil
	case c == '-' && d.literal("-Infinity"):
		return math.Inf(-1), nil
	case c == '-' || isDigit(c):
		return d.number()
	}
	return nil, d.fail(d.pos, "expecting a value")
}

// literal reads word, and nothing when it is not there.
func (d *decoder) literal(word string) bool {
	if rest := d.data[d.pos:]; len(rest) < len(word) || string(rest[:len(word)]) != word {
		return false
	}
	d.pos += len(word)
	return true
}

// nested reads the list or dict whose bracket is next.
func (d *decoder) nested(isList bool) (v any, err error) {
	if d.depth == py.MaxDepth {
		return nil, &SyntaxError{Offset: d.pos, Reason: py.ErrTooDeep}
	}
	d.depth++
	d.pos++
	if isList {
		v, err = d.list()
	} else {
		v, err = d.dict()
	}
	d.depth--
	return v, err
}

func (d *decoder) list() (any, error) {
	if d.next() == ']' {
		d.pos++
		return []any{}, nil
	}
	var room [8]any // most lists are short, and then are allocated once
	items := room[:0]
	for {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		items = append(items, v)
		switch d.next() {
		case ',':
			d.pos++
		case ']':
			d.pos++
			out := make([]any, len(items))
			copy(out, items)
			return out, nil
		default:
			return nil, d.fail(d.pos, "expecting ',' or ']'")
		}
	}
}

func (d *decoder) dict() (any, error) {
	out := new(py.Dict)
	if d.next() == '}' {
		d.pos++
		return out, nil
	}
	for {
		if d.next() != '"' {
			return nil, d.fail(d.pos, "expecting a key in double quotes")
		}
		d.pos++
		key, err := d.readString()
		if err != nil {
			return nil, err
		}
		if d.next() != ':' {
			return nil, d.fail(d.pos, "expecting ':'")
		}
		d.pos++
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		if err := out.Set(key, v); err != nil {
			return nil, err
		}
		switch d.next() {
		case ',':
			d.pos++
		case '}':
			d.pos++
			return out, nil
		default:
			return nil, d.fail(d.pos, "expecting ',' or '}'")
		}
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// digits moves past a run of digits and reports whether there was one.
func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.data) && isDigit(d.data[d.pos]) {
		d.pos++
	}
	return d.pos > start
}

// number reads an int, or a float if there is a fraction or an exponent.
func (d *decoder) number() (any, error) {
	start := d.pos
	if d.data[d.pos] == '-' {
		d.pos++
	}
	first := d.pos
	if !d.digits() {
		return nil, d.fail(start, "expecting a value")
	}
	if d.data[first] == '0' && d.pos > first+1 {
		return nil, d.fail(first+1, "a number with a leading zero")
	}
	isFloat, err := d.fraction()
	if err != nil {
		return nil, err
	}
	text := d.data[start:d.pos]
	if isFloat {
		f, _ := strconv.ParseFloat(string(text), 64) // out of range is infinite
		return f, nil
	}
	if d.pos-first > maxDigits {
		return nil, &SyntaxError{Offset: start, Reason: errDigits.Reason}
	}
	if n, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return n, nil
	}
	n, _ := new(big.Int).SetString(string(text), 10)
	return n, nil
}

// fraction reads what makes a number a float.
func (d *decoder) fraction() (found bool, err error) {
	if d.pos < len(d.data) && d.data[d.pos] == '.' {
		d.pos++
		if found = d.digits(); !found {
			return false, d.fail(d.pos, "expecting a digit")
		}
	}
	if d.pos < len(d.data) && d.data[d.pos]|0x20 == 'e' {
		d.pos++
		if d.pos < len(d.data) && (d.data[d.pos] == '+' || d.data[d.pos] == '-') {
			d.pos++
		}
		if found = d.digits(); !found {
			return false, d.fail(d.pos, "expecting a digit")
		}
	}
	return found, nil
}
