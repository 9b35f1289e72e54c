package pyliteral

import (
	"fmt"

	"github.com/rqgo/rq/internal/py"
)

// open moves past a bracket.
func (p *parser) open() error {
	if p.depth == maxBrackets {
		return &SyntaxError{Offset: p.pos, Reason: py.ErrTooDeep}
	}
	p.depth++
	p.pos++
	return nil
}

// close moves past the bracket end, the counterpart of open.
func (p *parser) close(end byte) error {
	if p.next() != end {
		return p.unexpected()
	}
	p.pos++
	p.depth--
	return nil
}

// elements appends the elements up to end to items, and moves past end. What is
// next is the first of them, behind a bracket or a comma.
func (p *parser) elements(items []any, end byte) ([]any, error) {
	for more := true; more && p.next() != end; more = p.take(',') {
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		items = append(items, x.value)
	}
	return items, p.close(end)
}

func (p *parser) list() ([]any, error) {
	if err := p.open(); err != nil {
		return nil, err
	}
	return p.elements([]any{}, ']')
}

// parenthesis reads a tuple, or what is only in brackets and stays what it is.
func (p *parser) parenthesis() (operand, error) {
	if err := p.open(); err != nil {
		return operand{}, err
	}
	if p.next() == ')' {
		return operand{value: py.Tuple{}}, p.close(')')
	}
	first, err := p.expression()
	if err != nil {
		return first, err
	}
	if !p.take(',') {
		return first, p.close(')')
	}
	items, err := p.elements([]any{first.value}, ')')
	return operand{value: py.Tuple(items)}, err
}

// braces reads a dict or a set.
func (p *parser) braces() (any, error) {
	start := p.pos
	if err := p.open(); err != nil {
		return nil, err
	}
	if p.next() == '}' {
		return new(py.Dict), p.close('}')
	}
	first, err := p.expression()
	if err != nil {
		return nil, err
	}
	if p.next() == ':' {
		return p.dict(start, first.value)
	}
	items := []any{first.value}
	if p.take(',') {
		items, err = p.elements(items, '}')
	} else {
		err = p.close('}')
	}
	if err != nil {
		return nil, err
	}
	set, err := py.NewSet(items...)
	if err != nil {
		return nil, unhashable(start)
	}
	return set, nil
}

// dict goes on behind the first key of the dict that begins at start.
func (p *parser) dict(start int, key any) (any, error) {
	dict := new(py.Dict)
	for {
		if !p.take(':') {
			return nil, p.unexpected()
		}
		x, err := p.expression()
		if err != nil {
			return nil, err
		}
		if err := dict.Set(key, x.value); err != nil {
			return nil, unhashable(start)
		}
		if !p.take(',') || p.next() == '}' {
			return dict, p.close('}')
		}
		k, err := p.expression()
		if err != nil {
			return nil, err
		}
		key = k.value
	}
}

// unhashable is the error for a value that a dict or a set cannot hold.
func unhashable(start int) error {
	return &SyntaxError{Offset: start, Reason: fmt.Errorf("%w as a key or in a set", py.ErrUnhashable)}
}
