// Package pyrepr writes values as Python's repr does, and calls as RQ describes
// them.
//
// It follows CPython 3.11. Where a value does not hold what Python would
// print, the text comes close: sets keep the order of insertion, a py.Global
// reads as a class, a *py.Object as a call, and a Go value
// that py.From refuses as its type in angle brackets.
package pyrepr

import (
	"encoding"
	"math/big"
	"reflect"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// maxLen is the longest value of Redis. A few objects that contain one another many
// times could have an endless repr.
const maxLen = 512 << 20

// maxIntBits is where Python gives up too: it prints ints of up to 4300 digits.
const maxIntBits = 14284

// Repr returns repr(v).
func Repr(v any) string { return string(AppendRepr(nil, v)) }

// AppendRepr appends repr(v) to dst.
func AppendRepr(dst []byte, v any) []byte {
	p := printer{dst: dst, stop: len(dst) + maxLen}
	p.value(v)
	return p.dst
}

// A printer appends to dst until that is as long as stop, because the rest will be cut.
type printer struct {
	dst  []byte
	stop int
	path []ref
}

// A ref tells one container from another while it is being printed.
type ref struct {
	first *any // of a list
	n     int
	other any
}

func (p *printer) full() bool      { return len(p.dst) >= p.stop }
func (p *printer) add(text string) { p.dst = append(p.dst, text...) }
func (p *printer) int(n int)       { p.dst = strconv.AppendInt(p.dst, int64(n), 10) }

func (p *printer) value(v any) {
	if p.known(v) {
		return
	}
	canonical, err := py.From(p.shorten(v))
	if err != nil || !p.known(canonical) {
		p.add("<" + reflect.TypeOf(v).String() + ">")
	}
}

// shorten cuts a slice to the elements that there is room for, as From would
// convert them all.
func (p *printer) shorten(v any) any {
	switch v.(type) {
	case encoding.TextMarshaler, error:
		return v
	}
	rv := reflect.ValueOf(v)
	const shortest = len("0, ")
	if n := max(p.stop-len(p.dst), 0)/shortest + 2; rv.Kind() == reflect.Slice && rv.Len() > n {
		return rv.Slice(0, n).Interface()
	}
	return v
}

// known is false for a value that is not canonical.
func (p *printer) known(v any) bool {
	switch v := v.(type) {
	case nil:
		p.add("None")
	case bool:
		p.bool(v)
	case string:
		p.str(v)
	case int64:
		p.dst = strconv.AppendInt(p.dst, v, 10)
	case int:
		p.int(v)
	case float64:
		p.dst = py.AppendFloat(p.dst, v)
	case []byte:
		p.bytes(v)
	case py.ByteArray:
		p.bytearray(v)
	case []any:
		p.list(v, "[", "]")
	case py.Tuple:
		p.tuple(v)
	case *py.Dict:
		p.dict(v, v.Items())
	default:
		return p.scalar(v) || p.container(v)
	}
	return true
}

func (p *printer) bool(b bool) {
	if b {
		p.add("True")
	} else {
		p.add("False")
	}
}

// scalar prints the rarer values that hold no others.
func (p *printer) scalar(v any) bool {
	switch v := v.(type) {
	case *big.Int:
		if v == nil {
			return false
		}
		p.big(v)
	case complex128:
		p.complex(v)
	case py.Decimal:
		p.call("Decimal", string(v))
	case uuid.UUID:
		p.call("UUID", v.String())
	case py.Path:
		p.call("PosixPath", string(v))
	case py.Range:
		p.rangeOf(v)
	case py.Global:
		p.class(v)
	case time.Time:
		p.instant(v)
	case py.DateTime:
		p.datetime(v)
	case py.Date:
		p.date(v)
	case py.TimeOfDay:
		p.clock(v)
	case time.Duration:
		p.delta(py.Delta(v))
	case py.TimeDelta:
		p.delta(v)
	default:
		return false
	}
	return true
}

// call prints a constructor with one str.
func (p *printer) call(name, arg string) {
	p.add(name)
	p.add("(")
	p.str(arg)
	p.add(")")
}

func (p *printer) big(n *big.Int) {
	if n.BitLen() > maxIntBits+1 {
		p.add("<int of " + strconv.Itoa(n.BitLen()) + " bits>")
		return
	}
	p.dst = n.Append(p.dst, 10)
}

// class prints a class. Nothing in a py.Global tells it from a function, whose
// repr has an address that no other process could print anyway. The two builtins
// that are neither are known by their names.
func (p *printer) class(g py.Global) {
	if g.Module == "builtins" && (g.Name == "Ellipsis" || g.Name == "NotImplemented") {
		p.add(g.Name)
		return
	}
	p.add("<class '")
	if g.Module != "builtins" {
		p.add(g.Module)
		p.add(".")
	}
	p.add(g.Name)
	p.add("'>")
}

func (p *printer) rangeOf(r py.Range) {
	p.dst = strconv.AppendInt(append(p.dst, "range("...), r.Start, 10)
	p.dst = strconv.AppendInt(append(p.dst, ", "...), r.Stop, 10)
	if r.Step != 1 {
		p.dst = strconv.AppendInt(append(p.dst, ", "...), r.Step, 10)
	}
	p.add(")")
}
