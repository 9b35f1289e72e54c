// Package pyliteral reads Python literals from text, as ast.literal_eval does.
//
// It follows CPython 3.11: its tokens, its limits, and what literal_eval takes of
// its expressions. These are numbers with a sign, complex numbers such as 1+2j,
// strings and bytes, None, True, False, the Ellipsis, tuples, lists, dicts, sets
// and the call set(). What it refuses of these is a character by its name, as in
// "\N{BULLET}": the names are a megabyte, and its number says the same.
package pyliteral

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
)

// maxBrackets is how many brackets may be open at once (Parser/tokenizer.h MAXLEVEL).
const maxBrackets = 200

var ellipsis = py.Global{Module: "builtins", Name: "Ellipsis"}

// lineEnds makes all line ends one byte, as Python does before it reads a token.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// Eval returns the value of text: what package py says for each type of Python.
// The elements of a set keep the order of the text. The error is a *SyntaxError.
// Memory is proportional to len(text).
func Eval(text string) (any, error) {
	p := parser{src: strings.TrimLeft(lineEnds.Replace(text), " \t")}
	if i := strings.IndexByte(p.src, 0); i >= 0 {
		return nil, p.fail(i, "a null byte")
	}
	if !utf8.ValidString(p.src) {
		return nil, p.fail(0, "not UTF-8")
	}
	if err := p.firstLine(); err != nil {
		return nil, err
	}
	v, err := p.top()
	if err == nil {
		err = p.end()
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

type parser struct {
	src   string
	pos   int
	depth int // how many brackets are open
}

// firstLine moves to the first line with anything on it, which must not be
// indented.
func (p *parser) firstLine() error {
	for column := 0; ; p.pos++ {
		switch p.peek() {
		case ' ', '\t':
			column++
		case '\f':
			column = 0
		case '#':
			p.comment()
			p.pos--
		case '\n':
			column = 0
		case '\\':
			if p.at(p.pos+1) != '\n' {
				return p.unexpected()
			}
			p.pos++
		default:
			if column > 0 && p.pos < len(p.src) {
				return p.fail(p.pos, "an unexpected indent")
			}
			return nil
		}
	}
}

// top reads the whole expression, which is a tuple without brackets if there is a
// comma.
func (p *parser) top() (any, error) {
	first, err := p.expression()
	if err != nil || p.next() != ',' {
		return first.value, err
	}
	tuple := py.Tuple{first.value}
	for p.take(',') {
		if c := p.next(); c == '\n' || p.pos == len(p.src) {
			break
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		tuple = append(tuple, x.value)
	}
	return tuple, nil
}

// end checks that nothing follows but lines without anything.
func (p *parser) end() error {
	for p.next() == '\n' {
		p.pos++
	}
	if p.pos < len(p.src) {
		return p.unexpected()
	}
	return nil
}

// An operand is a value, and what may be done with it.
type operand struct {
	value any
	kind  kind
}

type kind uint8

const (
	other  kind = iota
	number      // without a sign: it may get one, or be added if it is imaginary
	signed      // it may have an imaginary number added
)

// expression reads an atom, a number with a sign, or the sum of a real and an
// imaginary number: no other operators are literals.
func (p *parser) expression() (operand, error) {
	left, err := p.unary()
	if err != nil {
		return left, err
	}
	for {
		op := p.next()
		if op != '+' && op != '-' {
			return left, nil
		}
		at := p.pos
		p.pos++
		right, err := p.unary()
		if err != nil {
			return left, err
		}
		sum, err := add(left, op, right)
		if err != nil {
			return left, &SyntaxError{Offset: at, Reason: err}
		}
		left = operand{value: sum}
	}
}

func (p *parser) unary() (operand, error) {
	sign := p.next()
	if sign != '+' && sign != '-' {
		return p.atom()
	}
	at := p.pos
	p.pos++
	if c := p.next(); c == '+' || c == '-' {
		return operand{}, p.fail(p.pos, "a second sign")
	}
	x, err := p.atom()
	if err != nil {
		return x, err
	}
	if x.kind != number {
		return x, p.fail(at, "a sign that is not a number's")
	}
	if sign == '-' {
		x.value = negative(x.value)
	}
	return operand{x.value, signed}, nil
}

func (p *parser) atom() (operand, error) {
	switch c := p.next(); {
	case c == '(':
		return p.parenthesis()
	case c == '[':
		items, err := p.list()
		return operand{value: items}, err
	case c == '{':
		v, err := p.braces()
		return operand{value: v}, err
	case isDigit(c), c == '.' && isDigit(p.at(p.pos+1)):
		v, err := p.number()
		return operand{v, number}, err
	case c == '"', c == '\'':
		v, err := p.strings()
		return operand{value: v}, err
	case strings.HasPrefix(p.src[p.pos:], "..."):
		p.pos += 3
		return operand{value: ellipsis}, nil
	case isWord(c):
		v, err := p.word()
		return operand{value: v}, err
	}
	return operand{}, p.unexpected()
}

// word reads what begins with a letter.
func (p *parser) word() (any, error) {
	start := p.pos
	word := p.wordHere()
	if c := p.at(start + len(word)); c == '"' || c == '\'' {
		return p.strings()
	}
	p.pos += len(word)
	switch word {
	case "None":
		return nil, nil
	case "True", "False":
		return word == "True", nil
	case "set":
		if p.take('(') {
			p.depth++
			if p.next() != ')' {
				return nil, p.fail(start, "a call: of these, only set() is a literal")
			}
			return new(py.Set), p.close(')')
		}
	}
	return nil, p.fail(start, "the name "+word+" is no literal: text wants quotes")
}

// fail returns an error about what is at offset.
func (p *parser) fail(offset int, reason string) error {
	return &SyntaxError{Offset: offset, Reason: errors.New(reason)}
}

// unexpected is the error for a token that cannot be where it is.
func (p *parser) unexpected() error {
	if p.pos >= len(p.src) {
		return p.fail(p.pos, "an unexpected end")
	}
	return p.fail(p.pos, "an unexpected "+p.character())
}

// character is the next one, for an error.
func (p *parser) character() string {
	r, _ := utf8.DecodeRuneInString(p.src[p.pos:])
	return strconv.QuoteRune(r)
}
