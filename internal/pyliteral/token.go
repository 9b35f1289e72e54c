package pyliteral

import "unicode/utf8"

// peek returns the next byte, or 0 at the end.
func (p *parser) peek() byte { return p.at(p.pos) }

func (p *parser) at(i int) byte {
	if i < len(p.src) {
		return p.src[i]
	}
	return 0
}

func (p *parser) comment() {
	for p.pos < len(p.src) && p.peek() != '\n' {
		p.pos++
	}
}

// skip moves to the next token of the line. Between brackets, lines have no end.
func (p *parser) skip() {
	for {
		switch c := p.peek(); {
		case c == ' ', c == '\t', c == '\f', c == '\n' && p.depth > 0:
			p.pos++
		case c == '#':
			p.comment()
			if p.depth == 0 {
				return
			}
		case c == '\\' && p.at(p.pos+1) == '\n' && p.pos+2 < len(p.src):
			p.pos += 2
		default:
			return
		}
	}
}

// next is the first byte of the next token.
func (p *parser) next() byte {
	p.skip()
	return p.peek()
}

// take moves past c if it is next.
func (p *parser) take(c byte) bool {
	if p.next() != c {
		return false
	}
	p.pos++
	return true
}

// wordHere returns the letters and digits that come next.
func (p *parser) wordHere() string {
	end := p.pos
	for isWord(p.at(end)) {
		end++
	}
	return p.src[p.pos:end]
}

func isWord(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || isDigit(c) || c == '_' || c >= utf8.RuneSelf
}
