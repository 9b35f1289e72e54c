package pyliteral

import (
	"strings"
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
)

// A form is how the text between quotes is read, by the letters in front.
type form struct{ raw, bytes bool }

var forms = map[string]form{
	"": {}, "u": {}, "r": {raw: true}, "b": {bytes: true}, "br": {true, true}, "rb": {true, true},
}

// strings reads a string, and those that follow it: they are one.
func (p *parser) strings() (any, error) {
	start := p.pos
	all := []byte{}
	isBytes := false
	for first := true; first || p.stringIsNext(); first = false {
		f, err := p.prefix()
		if err != nil {
			return nil, err
		}
		if !first && f.bytes != isBytes {
			return nil, p.fail(start, "bytes and text side by side")
		}
		isBytes = f.bytes
		if all, err = p.text(all, f); err != nil {
			return nil, err
		}
	}
	if isBytes {
		return all, nil
	}
	return string(all), nil
}

// stringIsNext reports whether the next token is a string.
func (p *parser) stringIsNext() bool {
	p.skip()
	c := p.at(p.pos + len(p.wordHere()))
	return c == '"' || c == '\''
}

// prefix reads the letters before a quote.
func (p *parser) prefix() (form, error) {
	word := p.wordHere()
	switch f, ok := forms[strings.ToLower(word)]; {
	case ok:
		p.pos += len(word)
		return f, nil
	case strings.Trim(strings.ToLower(word), "r") == "f":
		return f, p.fail(p.pos, "an f-string is no literal")
	}
	return form{}, p.fail(p.pos, "an unexpected "+word+" before a quote")
}

// text appends to dst what is between the quotes that are next.
func (p *parser) text(dst []byte, f form) ([]byte, error) {
	start := p.pos
	quote := p.src[start : start+1]
	if triple := strings.Repeat(quote, 3); strings.HasPrefix(p.src[start:], triple) {
		quote = triple
	}
	p.pos += len(quote)
	for p.pos < len(p.src) {
		var err error
		switch c := p.peek(); {
		case strings.HasPrefix(p.src[p.pos:], quote):
			p.pos += len(quote)
			return dst, nil
		case c == '\n' && len(quote) == 1:
			return nil, p.fail(start, "a string without its end on the line")
		case c == '\\' && f.raw:
			dst = p.rawEscape(dst)
		case c == '\\':
			if dst, err = p.escape(dst, f); err != nil {
				return nil, err
			}
		case c >= utf8.RuneSelf && f.bytes:
			return nil, p.fail(p.pos, `bytes that are no ASCII: write \xe9`)
		default:
			dst = append(dst, c)
			p.pos++
		}
	}
	return nil, p.fail(start, "a string without its end")
}

// rawEscape keeps a backslash and what it stands before, which ends neither the
// string nor the line.
func (p *parser) rawEscape(dst []byte) []byte {
	n := 1
	switch p.at(p.pos + 1) {
	case '\\', '\'', '"', '\n':
		n = 2
	}
	dst = append(dst, p.src[p.pos:p.pos+n]...)
	p.pos += n
	return dst
}

// escapes are those of one letter.
var escapes = map[byte]byte{
	'\\': '\\', '\'': '\'', '"': '"', 'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v',
}

// escape appends what the escape stands for that is next. Python keeps one that it
// does not know.
func (p *parser) escape(dst []byte, f form) ([]byte, error) {
	start := p.pos
	p.pos += 2
	c := p.at(start + 1)
	if same, ok := escapes[c]; ok {
		return append(dst, same), nil
	}
	var r rune
	switch {
	case c == '\n':
		return dst, nil
	case '0' <= c && c <= '7':
		p.pos--
		r, _ = p.codePoint(8, 1, 3)
	case c == 'x', c == 'u' && !f.bytes, c == 'U' && !f.bytes:
		size := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
		var ok bool
		if r, ok = p.codePoint(16, size, size); !ok || r > utf8.MaxRune || r < 0 {
			return nil, p.fail(start, `an incomplete \`+string(rune(c))+" escape, or one of no character")
		}
	case c == 'N' && !f.bytes:
		return nil, p.fail(start, `a character by its name: write its number, such as \u2022`)
	default:
		p.pos--
		return append(dst, '\\'), nil
	}
	if f.bytes {
		return append(dst, byte(r)), nil
	}
	return py.AppendRune(dst, r), nil
}

// codePoint reads a number of so many digits.
func (p *parser) codePoint(base, least, most int) (r rune, ok bool) {
	n := 0
	for ; n < most && isDigitOf(p.peek(), base); n++ {
		r = r*rune(base) + rune(digitValue(p.peek()))
		p.pos++
	}
	return r, n >= least
}
