package pyrepr

import (
	"bytes"
	"math"
	"strings"

	"github.com/rqgo/rq/internal/py"
)

const hexDigits = "0123456789abcdef"

// str prints a str. A byte that is no text reads as Python's error handler
// surrogateescape would have decoded it.
func (p *printer) str(s string) {
	quote := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		quote = '"'
	}
	p.dst = append(p.dst, quote)
	for len(s) > 0 && !p.full() {
		if c := s[0]; ' ' <= c && c < 0x7F && c != quote && c != '\\' {
			p.dst = append(p.dst, c)
			s = s[1:]
			continue
		}
		r, size, ok := py.DecodeRune(s)
		switch {
		case !ok:
			p.escape(0xDC00 | rune(s[0]))
		case r == rune(quote) || r == '\\':
			p.dst = append(p.dst, '\\', byte(r))
		case printable(r):
			p.add(s[:size])
		default:
			p.escape(r)
		}
		s = s[size:]
	}
	p.dst = append(p.dst, quote)
}

// escape prints what is not printable, in the shortest form that it fits.
func (p *printer) escape(r rune) {
	switch {
	case r == '\n':
		p.add(`\n`)
	case r == '\r':
		p.add(`\r`)
	case r == '\t':
		p.add(`\t`)
	case r < 0x100:
		p.hex('x', r, 2)
	case r < 0x10000:
		p.hex('u', r, 4)
	default:
		p.hex('U', r, 8)
	}
}

func (p *printer) hex(kind byte, r rune, digits int) {
	p.dst = append(p.dst, '\\', kind)
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		p.dst = append(p.dst, hexDigits[r>>shift&15])
	}
}

func (p *printer) bytes(b []byte) {
	quote := quoteOf(b)
	p.byteString(b, quote, quote)
}

// bytearray escapes a single quote even between double ones.
func (p *printer) bytearray(b []byte) {
	p.add("bytearray(")
	p.byteString(b, quoteOf(b), '\'')
	p.add(")")
}

func quoteOf(b []byte) byte {
	if bytes.IndexByte(b, '\'') >= 0 && bytes.IndexByte(b, '"') < 0 {
		return '"'
	}
	return '\''
}

func (p *printer) byteString(b []byte, quote, escaped byte) {
	p.dst = append(p.dst, 'b', quote)
	for _, c := range b {
		if p.full() {
			break
		}
		switch {
		case c == escaped || c == '\\':
			p.dst = append(p.dst, '\\', c)
		case ' ' <= c && c < 0x7F:
			p.dst = append(p.dst, c)
		default:
			p.escape(rune(c))
		}
	}
	p.dst = append(p.dst, quote)
}

// complex prints a complex, without its real part when that is a positive zero.
func (p *printer) complex(c complex128) {
	if re := real(c); re != 0 || math.Signbit(re) {
		p.add("(")
		p.part(re)
		if im := imag(c); !math.Signbit(im) || math.IsNaN(im) {
			p.add("+")
		}
		p.part(imag(c))
		p.add("j)")
		return
	}
	p.part(imag(c))
	p.add("j")
}

// part prints a float without the ".0" of a whole number.
func (p *printer) part(f float64) {
	p.dst = bytes.TrimSuffix(py.AppendFloat(p.dst, f), []byte(".0"))
}
