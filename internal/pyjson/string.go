package pyjson

import (
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
)

const hexDigits = "0123456789abcdef"

// plain has the bytes that need no escape. DEL does.
func plain(c byte) bool {
	return ' ' <= c && c <= '~' && c != '"' && c != '\\'
}

// appendString appends s quoted, with every code point outside printable ASCII
// escaped as UTF-16.
func appendString(dst []byte, s string) ([]byte, error) {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		if plain(s[i]) {
			i++
			continue
		}
		dst = append(dst, s[start:i]...)
		r, size, ok := py.DecodeRune(s[i:])
		if !ok {
			return dst, &ValueError{Reason: errNotUTF8}
		}
		dst = appendEscape(dst, r)
		i += size
		start = i
	}
	return append(append(dst, s[start:]...), '"'), nil
}

func appendEscape(dst []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(dst, '\\', byte(r))
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\f':
		return append(dst, '\\', 'f')
	case '\b':
		return append(dst, '\\', 'b')
	}
	if r >= 0x10000 {
		r -= 0x10000
		dst = appendUnit(dst, 0xD800|r>>10)
		r = 0xDC00 | r&0x3FF
	}
	return appendUnit(dst, r)
}

// appendUnit appends one UTF-16 code unit.
func appendUnit(dst []byte, u rune) []byte {
	return append(dst, '\\', 'u', hexDigits[u>>12&15], hexDigits[u>>8&15], hexDigits[u>>4&15], hexDigits[u&15])
}

// readString reads a string whose opening quote was read. The data is known to
// be UTF-8.
func (d *decoder) readString() (string, error) {
	start := d.pos
	for ; d.pos < len(d.data); d.pos++ {
		switch c := d.data[d.pos]; {
		case c == '"':
			s := string(d.data[start:d.pos])
			d.pos++
			return s, nil
		case c == '\\':
			return d.readEscaped(start)
		case c < ' ':
			return "", d.fail(d.pos, "invalid control character in a string")
		}
	}
	return "", d.fail(start-1, "unterminated string")
}

// readEscaped continues where readString met a backslash.
func (d *decoder) readEscaped(start int) (string, error) {
	d.text = append(d.text[:0], d.data[start:d.pos]...)
	for d.pos < len(d.data) {
		c := d.data[d.pos]
		switch {
		case c == '"':
			d.pos++
			return string(d.text), nil
		case c < ' ':
			return "", d.fail(d.pos, "invalid control character in a string")
		case c == '\\':
			r, err := d.readEscape()
			if err != nil {
				return "", err
			}
			d.text = py.AppendRune(d.text, r)
		default:
			d.text = append(d.text, c)
			d.pos++
		}
	}
	return "", d.fail(start-1, "unterminated string")
}

// readEscape reads one escape, or the two that make one code point. A
// surrogate without its other half stands for itself, as in Python.
func (d *decoder) readEscape() (rune, error) {
	if d.pos+1 >= len(d.data) {
		return 0, d.fail(d.pos, "unterminated string")
	}
	d.pos += 2
	switch c := d.data[d.pos-1]; c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
	default:
		return 0, d.fail(d.pos-2, "invalid escape")
	}
	r, ok := d.readUnit(d.pos)
	if !ok {
		return 0, d.fail(d.pos-2, `invalid \u escape`)
	}
	d.pos += 4
	if 0xD800 <= r && r < 0xDC00 && d.pos+1 < len(d.data) && d.data[d.pos] == '\\' && d.data[d.pos+1] == 'u' {
		if low, ok := d.readUnit(d.pos + 2); ok && 0xDC00 <= low && low < 0xE000 {
			d.pos += 6
			return 0x10000 + (r&0x3FF)<<10 + low&0x3FF, nil
		}
	}
	return r, nil
}

// readUnit returns the four hexadecimal digits at i.
func (d *decoder) readUnit(i int) (rune, bool) {
	if i+4 > len(d.data) {
		return 0, false
	}
	var u rune
	for _, c := range d.data[i : i+4] {
		switch {
		case '0' <= c && c <= '9':
			u = u<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			u = u<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return u, true
}

// invalidUTF8 returns the offset of the first byte that is no text, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; ; {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size < 2 {
			return i
		}
		i += size
	}
}
