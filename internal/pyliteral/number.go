package pyliteral

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// maxDigits is how many digits a decimal int may have (sys.int_info.default_max_str_digits).
const maxDigits = 4300

// radixes are the bases that a letter behind a zero stands for.
var radixes = map[byte]int{'x': 16, 'o': 8, 'b': 2}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number reads a number without a sign.
func (p *parser) number() (any, error) {
	start := p.pos
	v, err := p.anyNumber()
	if err != nil {
		return nil, err
	}
	if isWord(p.peek()) {
		return nil, p.fail(start, "a number with "+p.character()+" in it")
	}
	return v, nil
}

func (p *parser) anyNumber() (any, error) {
	start := p.pos
	if base := radixes[p.at(start+1)|0x20]; base != 0 && p.peek() == '0' {
		p.pos += 2
		if p.peek() == '_' {
			p.pos++
		}
		if !p.digits(base) {
			return nil, p.fail(start, "an incomplete number")
		}
		return integer(p.src[start+2:p.pos], base), nil
	}
	if p.peek() != '.' && !p.digits(10) {
		return nil, p.fail(start, "an incomplete number")
	}
	isFloat, err := p.fraction(start)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(p.src[start:p.pos], "_", "")
	if p.peek()|0x20 == 'j' {
		p.pos++
		return complex(0, float(text)), nil
	}
	if isFloat {
		return float(text), nil
	}
	switch digits := strings.TrimLeft(text, "0"); {
	case len(digits) > maxDigits:
		return nil, p.fail(start, fmt.Sprintf("an int of more than %d digits", maxDigits))
	case digits != text && digits != "":
		return nil, p.fail(start, "an int with a leading zero: octal is written 0o17")
	}
	return integer(text, 10), nil
}

// fraction moves past what makes a number a float.
func (p *parser) fraction(start int) (found bool, err error) {
	if p.peek() == '.' {
		p.pos++
		found = true
		if isDigit(p.peek()) && !p.digits(10) {
			return true, p.fail(start, "an incomplete number")
		}
	}
	if p.peek()|0x20 == 'e' {
		p.pos++
		found = true
		if c := p.peek(); c == '+' || c == '-' {
			p.pos++
		}
		if !p.digits(10) {
			return true, p.fail(start, "an incomplete number")
		}
	}
	return found, nil
}

// digits moves past digits, which may have single underscores between them, and
// reports whether they are complete.
func (p *parser) digits(base int) bool {
	for {
		if !isDigitOf(p.peek(), base) {
			return false
		}
		for isDigitOf(p.peek(), base) {
			p.pos++
		}
		if p.peek() != '_' {
			return true
		}
		p.pos++
	}
}

func isDigitOf(c byte, base int) bool { return digitValue(c) < base }

// digitValue returns the value of a digit of any base up to 16, else 16.
func digitValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return 16
}

// integer returns the value of digits that were checked.
func integer(text string, base int) any {
	n, _ := new(big.Int).SetString(strings.ReplaceAll(text, "_", ""), base)
	return short(n)
}

// short returns an int as package py has it.
func short(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

// float returns the value of a number that was checked. One that is out of range
// is infinite.
func float(text string) float64 {
	f, _ := strconv.ParseFloat(text, 64)
	return f
}

func negative(v any) any {
	switch v := v.(type) {
	case int64:
		return -v
	case *big.Int:
		return short(new(big.Int).Neg(v))
	case float64:
		return -v
	case complex128:
		return complex(-real(v), -imag(v))
	}
	return v
}

// add returns left op right, where left is real and right is imaginary.
func add(left operand, op byte, right operand) (any, error) {
	im, ok := right.value.(complex128)
	if left.kind == other || right.kind != number || !ok {
		return nil, fmt.Errorf("a %c that is not between a real and an imaginary number", op)
	}
	var re float64
	switch l := left.value.(type) {
	case int64:
		re = float64(l)
	case *big.Int:
		if re, _ = new(big.Float).SetInt(l).Float64(); math.IsInf(re, 0) {
			return nil, errors.New("an int too large for a float")
		}
	case float64:
		re = l
	default:
		return nil, fmt.Errorf("a %c of two imaginary numbers", op)
	}
	if op == '-' {
		return complex(re-real(im), 0-imag(im)), nil
	}
	return complex(re+real(im), 0+imag(im)), nil
}
