package pickle_test

// An assembler makes pickles of opcodes that follow from random bytes and that
// Python takes, though no pickler would write them: containers grow after
// others hold them, come out of the memo anywhere, and hold one another.
type assembler struct {
	out     []byte
	program []byte
	stack   []*item // nil is a MARK
	memo    []*item
}

// An item is what the assembler knows of a value.
type item struct {
	kind  byte // one of the opcodes ] } ) for what they push, K for a key, or O for an object
	built bool
}

// assemble returns the pickle that program describes.
func assemble(program []byte) []byte {
	a := &assembler{out: []byte{0x80, 4}, program: program}
	for len(a.program) > 0 {
		a.step(a.next() % 20)
	}
	for a.marked() >= 0 {
		a.fromMark("t", &item{kind: ')'})
	}
	if len(a.stack) == 0 {
		a.push("N", 'K')
	}
	for len(a.stack) > 1 {
		a.replace(2, "\x86", &item{kind: ')'})
	}
	return append(a.out, '.')
}

func (a *assembler) next() int {
	if len(a.program) == 0 {
		return 0
	}
	b := a.program[0]
	a.program = a.program[1:]
	return int(b)
}

func (a *assembler) step(op int) {
	switch op {
	case 0, 1:
		a.push("]", ']')
	case 2:
		a.push("}", '}')
	case 3:
		a.push([]string{")", "cshop\nStack\n)\x81", "cshop\nConfig\n)\x81"}[a.next()%3], ')')
	case 4:
		a.out = append(a.out, '(')
		a.stack = append(a.stack, nil)
	case 5:
		a.push([]string{"N", "K\x01", "\x8c\x02ab", "C\x01z", "\x88", "G?\xf0\x00\x00\x00\x00\x00\x00"}[a.next()%6], 'K')
	case 6:
		a.push("cshop\nEmpty\n)\x81", 'O')
	case 7, 8:
		if a.top(1) != nil {
			a.out = append(a.out, 0x94)
			a.memo = append(a.memo, a.top(1))
		}
	case 9, 10, 11:
		a.get()
	case 12:
		if t := a.top(1); t != nil {
			a.out = append(a.out, '2')
			a.stack = append(a.stack, t)
		}
	default:
		a.combine(op)
	}
}

// combine takes values off the stack.
func (a *assembler) combine(op int) {
	switch op {
	case 13, 14:
		if a.kinds(2, "]") {
			a.replace(2, "a", a.top(2))
		}
	case 15:
		if m := a.marked(); m > 0 && a.stack[m-1] != nil && a.stack[m-1].kind == ']' {
			a.fromMark("e")
		} else if m >= 0 {
			i := a.next() % 2
			a.fromMark("tl"[i:i+1], &item{kind: ")]"[i]})
		}
	case 16:
		if a.kinds(3, "}K") {
			a.replace(3, "s", a.top(3))
		}
	case 17:
		if n := 1 + a.next()%3; a.kinds(n, "") {
			a.replace(n, string([]byte{0x84 + byte(n)}), &item{kind: ')'})
		}
	case 18:
		if t := a.top(1); t != nil && t.kind == 'O' && !t.built && len(a.memo) > 0 {
			t.built = true
			a.out = append(a.out, "}\x8c\x01x"...)
			a.get()
			a.stack = a.stack[:len(a.stack)-1]
			a.out = append(a.out, "sb"...)
		}
	case 19:
		if a.top(1) != nil && len(a.stack) > 1 {
			a.replace(1, "0")
		}
	}
}

func (a *assembler) push(code string, kind byte) {
	a.out = append(a.out, code...)
	a.stack = append(a.stack, &item{kind: kind})
}

func (a *assembler) get() {
	if len(a.memo) > 0 {
		i := a.next() % min(len(a.memo), 256)
		a.out = append(a.out, 'h', byte(i))
		a.stack = append(a.stack, a.memo[i])
	}
}

// top returns the nth item from the top, or nil for a MARK or nothing.
func (a *assembler) top(n int) *item {
	if n > len(a.stack) {
		return nil
	}
	return a.stack[len(a.stack)-n]
}

// kinds reports whether there are n items on top, the lowest of these kinds.
func (a *assembler) kinds(n int, kinds string) bool {
	for i := range n {
		t := a.top(n - i)
		if t == nil || i < len(kinds) && t.kind != kinds[i] {
			return false
		}
	}
	return true
}

func (a *assembler) marked() int {
	for i := len(a.stack) - 1; i >= 0; i-- {
		if a.stack[i] == nil {
			return i
		}
	}
	return -1
}

// replace emits an opcode that takes n items and leaves others.
func (a *assembler) replace(n int, code string, left ...*item) {
	a.out = append(a.out, code...)
	a.stack = append(a.stack[:len(a.stack)-n], left...)
}

// fromMark is replace for all down to the last MARK.
func (a *assembler) fromMark(code string, left ...*item) {
	a.replace(len(a.stack)-a.marked(), code, left...)
}
