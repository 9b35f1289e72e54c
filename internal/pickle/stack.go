package pickle

import (
	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// A listNode is a list that may still grow.
type listNode struct {
	items []any
	held  bool // a container has the items as they are
}

// list returns the items as a slice that does not grow into the node's.
func (n *listNode) list() []any {
	if n.items == nil {
		return []any{}
	}
	return n.items[:len(n.items):len(n.items)]
}

// A uuidNode is a UUID whose state may not have come yet.
type uuidNode struct {
	object *py.Object
	id     uuid.UUID
	known  bool
}

func (d *decoder) push(v any) { d.stack = append(d.stack, v) }

// floor is the height that nothing may be popped below: that of the last MARK.
func (d *decoder) floor() int {
	if n := len(d.marks); n > 0 {
		return d.marks[n-1]
	}
	return 0
}

// need fails unless n values are on the stack above the last MARK.
func (d *decoder) need(n int) error {
	if len(d.stack)-d.floor() < n {
		return d.errorf("needs %d values on the stack", n)
	}
	return nil
}

// pop returns the top of the stack, in the form in which a container may hold it.
func (d *decoder) pop() (any, error) {
	if err := d.need(1); err != nil {
		return nil, err
	}
	top := len(d.stack) - 1
	v := d.stack[top]
	d.stack = d.stack[:top]
	return d.held(v), nil
}

// popMark returns what was pushed since the last MARK. It is part of the
// stack: the caller copies it before the next push.
func (d *decoder) popMark() ([]any, error) {
	n := len(d.marks)
	if n == 0 {
		return nil, d.errorf("no MARK on the stack")
	}
	from := d.marks[n-1]
	d.marks = d.marks[:n-1]
	values := d.stack[from:]
	d.stack = d.stack[:from]
	return values, nil
}

// held returns v in the form in which a container may hold it.
func (d *decoder) held(v any) any {
	switch n := v.(type) {
	case *listNode:
		if !d.exact {
			n.held = true
			return n.list()
		}
	case *uuidNode:
		if n.known {
			return n.id
		}
		return n.object
	}
	return v
}

func (d *decoder) tuple(values []any) (py.Tuple, error) {
	if err := d.container(costBox + len(values)*costValue); err != nil {
		return nil, err
	}
	t := make(py.Tuple, len(values))
	for i, v := range values {
		t[i] = d.held(v)
	}
	return t, nil
}

// container counts a container and what it costs.
func (d *decoder) container(cost int) error {
	d.containers++
	return d.charge(1, cost)
}

// memoSlack is how far past the end of the memo an index may point and still
// be stored in the slice. Python 2 counts from 1, and POPs leave gaps.
const memoSlack = 64

// absent is in the gaps of the memo.
var absent any = new(int)

// note puts the top of the stack into the memo.
func (d *decoder) note(i uint32) error {
	if err := d.need(1); err != nil {
		return err
	}
	if err := d.charge(1, costValue); err != nil {
		return err
	}
	v := d.stack[len(d.stack)-1]
	if _, ok := d.lookup(i); !ok {
		d.noted++
	}
	if d.noted > d.limits.Memo {
		return d.fail(ErrLimit, "too many memo entries")
	}
	n := uint32(len(d.memo))
	if i >= n+memoSlack {
		if d.sparse == nil {
			d.sparse = make(map[uint32]any)
		}
		d.sparse[i] = v
		return nil
	}
	for ; n <= i; n++ {
		d.memo = append(d.memo, absent)
	}
	d.memo[i] = v
	return nil
}

func (d *decoder) lookup(i uint32) (any, bool) {
	if i < uint32(len(d.memo)) && d.memo[i] != absent {
		return d.memo[i], true
	}
	if d.sparse == nil {
		return nil, false
	}
	v, ok := d.sparse[i]
	return v, ok
}

func (d *decoder) recall(i uint32) error {
	v, ok := d.lookup(i)
	if !ok {
		return d.errorf("nothing in the memo at %d", i)
	}
	d.push(v)
	return nil
}
