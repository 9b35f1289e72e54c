package pickle

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
)

func (d *decoder) shortBinUnicode() error { return d.pushText(d.sized8()) }
func (d *decoder) binUnicode() error      { return d.pushText(d.sized32()) }
func (d *decoder) binUnicode8() error     { return d.pushText(d.sized64()) }
func (d *decoder) shortBinBytes() error   { return d.pushBytes(d.sized8()) }
func (d *decoder) binBytes() error        { return d.pushBytes(d.sized32()) }
func (d *decoder) binBytes8() error       { return d.pushBytes(d.sized64()) }
func (d *decoder) shortBinString() error  { return d.pushPy2(d.sized8()) }

func (d *decoder) pushText(b []byte, err error) error {
	if err != nil {
		return err
	}
	if !utf8.Valid(b) && !validText(b) {
		return d.errorf("str that is not UTF-8")
	}
	d.push(string(b))
	return d.charge(len(b), 1)
}

func (d *decoder) pushBytes(b []byte, err error) error {
	if err != nil {
		return err
	}
	d.push(append(make([]byte, 0, len(b)), b...))
	return d.charge(len(b), 1)
}

func (d *decoder) byteArray8() error {
	b, err := d.sized64()
	if err != nil {
		return err
	}
	d.push(append(make(py.ByteArray, 0, len(b)), b...))
	return d.charge(len(b), 1)
}

// pushPy2 pushes a str of Python 2. In ASCII it is text, as it is to Python 3;
// otherwise bytes, where Python 3 gives up.
func (d *decoder) pushPy2(b []byte, err error) error {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return d.pushBytes(b, err)
		}
	}
	return d.pushText(b, err)
}

// binString has a signed size.
func (d *decoder) binString() error {
	n, err := d.uint32()
	if err != nil {
		return err
	}
	if int32(n) < 0 {
		return d.errorf("a string of %d bytes", int32(n))
	}
	return d.pushPy2(d.takeLarge(uint64(n)))
}

// string is STRING: the repr of a Python 2 str.
func (d *decoder) string() error {
	line, err := d.line()
	if err != nil {
		return err
	}
	line = bytes.TrimRight(line, " \t\r")
	n := len(line)
	if n < 2 || line[0] != line[n-1] || line[0] != '\'' && line[0] != '"' {
		return d.errorf("string without quotes")
	}
	b, ok := unescape(line[1 : n-1])
	if !ok {
		return d.errorf("string with a broken escape")
	}
	return d.pushPy2(b, nil)
}

var simpleEscapes = map[byte]byte{
	'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// unescape undoes the escapes of a bytes literal.
func unescape(s []byte) ([]byte, bool) {
	out := make([]byte, 0, len(s))
	for len(s) > 0 {
		if s[0] != '\\' {
			out, s = append(out, s[0]), s[1:]
			continue
		}
		if len(s) < 2 {
			return nil, false
		}
		c := s[1]
		s = s[2:]
		if plain, ok := simpleEscapes[c]; ok {
			out = append(out, plain)
			continue
		}
		switch {
		case c == 'x':
			n, ok := hex(s, 2)
			if !ok {
				return nil, false
			}
			out, s = append(out, byte(n)), s[2:]
		case c >= '0' && c <= '7':
			n, used := int(c-'0'), 0
			for used < 2 && used < len(s) && s[used] >= '0' && s[used] <= '7' {
				n = n*8 + int(s[used]-'0')
				used++
			}
			out, s = append(out, byte(n)), s[used:]
		default:
			out = append(out, '\\', c)
		}
	}
	return out, true
}

func hex(s []byte, n int) (uint64, bool) {
	if len(s) < n {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s[:n]), 16, 32)
	return v, err == nil
}

// unicode is UNICODE: raw-unicode-escape, which is Latin-1 with \u and \U.
func (d *decoder) unicode() error {
	line, err := d.line()
	if err != nil {
		return err
	}
	out := make([]byte, 0, len(line))
	for len(line) > 0 {
		if line[0] != '\\' || len(line) == 1 {
			out, line = appendCodePoint(out, rune(line[0])), line[1:]
			continue
		}
		size := map[byte]int{'u': 4, 'U': 8}[line[1]]
		if size == 0 {
			out, line = appendCodePoint(append(out, '\\'), rune(line[1])), line[2:]
			continue
		}
		n, ok := hex(line[2:], size)
		if !ok || n > utf8.MaxRune {
			return d.errorf("str with a broken \\%c escape", line[1])
		}
		out, line = appendCodePoint(out, rune(n)), line[2+size:]
	}
	d.push(string(out))
	return d.charge(len(out), 1)
}
