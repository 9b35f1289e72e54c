package pickle

import (
	"math/big"

	"github.com/rqgo/rq/internal/py"
)

func (d *decoder) emptyTuple() error {
	d.push(py.Tuple{})
	return d.container(costBox)
}

func (d *decoder) markTuple() error {
	values, err := d.popMark()
	if err != nil {
		return err
	}
	return d.pushTuple(values)
}

// topTuple makes a tuple of the n values on top.
func (d *decoder) topTuple(n int) error {
	if err := d.need(n); err != nil {
		return err
	}
	from := len(d.stack) - n
	values := d.stack[from:]
	d.stack = d.stack[:from]
	return d.pushTuple(values)
}

func (d *decoder) pushTuple(values []any) error {
	t, err := d.tuple(values)
	if err != nil {
		return err
	}
	d.push(t)
	return nil
}

func (d *decoder) emptyList() error {
	d.push(&listNode{})
	return d.container(costBox + costBox)
}

func (d *decoder) markList() error {
	values, err := d.popMark()
	if err != nil {
		return err
	}
	n := &listNode{}
	if err := d.extend(n, values); err != nil {
		return err
	}
	d.push(n)
	return d.container(costBox + costBox)
}

func (d *decoder) append() error {
	if err := d.need(2); err != nil {
		return err
	}
	top := len(d.stack) - 1
	values := d.stack[top:]
	d.stack = d.stack[:top]
	return d.appendTo(d.stack[top-1], values)
}

func (d *decoder) appends() error {
	target, values, err := d.popBatch()
	if err != nil || len(values) == 0 {
		return err
	}
	return d.appendTo(target, values)
}

// popBatch returns the values above the last MARK and their container. As in Python,
// that may be anything when there are no values.
func (d *decoder) popBatch() (target any, values []any, err error) {
	if values, err = d.popMark(); err != nil {
		return nil, nil, err
	}
	if err := d.need(1); err != nil {
		return nil, nil, err
	}
	return d.stack[len(d.stack)-1], values, nil
}

func (d *decoder) appendTo(target any, values []any) error {
	switch t := target.(type) {
	case *listNode:
		return d.extend(t, values)
	case *py.Object:
		for _, v := range values {
			t.Appended = append(t.Appended, d.held(v))
		}
		return d.charge(len(values), costValue)
	}
	return d.errorf("append to a %s", kindOf(target))
}

// extend adds values to a list.
func (d *decoder) extend(n *listNode, values []any) error {
	if n.items == nil {
		n.items = make([]any, 0, len(values))
	}
	for _, v := range values {
		n.items = append(n.items, d.held(v))
	}
	if n.held {
		return errListGrew
	}
	return d.charge(len(values), costValue)
}

func (d *decoder) emptyDict() error {
	d.push(&py.Dict{})
	return d.container(costDict)
}

func (d *decoder) markDict() error {
	values, err := d.popMark()
	if err != nil {
		return err
	}
	dict := &py.Dict{}
	if err := d.setAll(dict, values); err != nil {
		return err
	}
	d.push(dict)
	return d.container(costDict)
}

func (d *decoder) setItem() error {
	if err := d.need(3); err != nil {
		return err
	}
	from := len(d.stack) - 2
	values := d.stack[from:]
	d.stack = d.stack[:from]
	return d.setAll(d.stack[from-1], values)
}

func (d *decoder) setItems() error {
	target, values, err := d.popBatch()
	if err != nil || len(values) == 0 {
		return err
	}
	return d.setAll(target, values)
}

// setAll puts keys and values, in turns, into a dict or what acts as one.
func (d *decoder) setAll(target any, values []any) error {
	if len(values)%2 != 0 {
		return d.errorf("a key without a value")
	}
	var dict *py.Dict
	switch t := target.(type) {
	case *py.Dict:
		dict = t
	case *py.OrderedDict:
		dict = &t.Dict
	case *py.DefaultDict:
		dict = &t.Dict
	case *py.Object:
		for i := 0; i < len(values); i += 2 {
			t.Items = append(t.Items, py.Item{Key: d.held(values[i]), Value: d.held(values[i+1])})
		}
		return d.charge(len(values), costValue)
	default:
		return d.errorf("items for a %s", kindOf(target))
	}
	dict.Grow(len(values) / 2)
	for i := 0; i < len(values); i += 2 {
		key := d.held(values[i])
		if err := d.chargeKey(key); err != nil {
			return err
		}
		if err := dict.SetKnown(&d.keys, key, d.held(values[i+1])); err != nil {
			return d.errorf("dict key: %v", err)
		}
	}
	return nil
}

// chargeKey takes what a key costs. A str or bytes is there already, and hashed
// once: using it again costs no more, however long it is. A tuple or frozenset
// is hashed by walking through it, which a few bytes of input can make long.
func (d *decoder) chargeKey(key any) error {
	cost := costItem
	switch k := key.(type) {
	case *big.Int:
		cost += k.BitLen() / 8
	case py.Global:
		cost += len(k.Module) + len(k.Name)
	case py.Tuple, *py.FrozenSet:
		cost += d.keys.Cost(k)
	}
	return d.charge(1, cost)
}

func (d *decoder) emptySet() error {
	d.push(&py.Set{})
	return d.container(costDict)
}

func (d *decoder) addItems() error {
	target, values, err := d.popBatch()
	if err != nil || len(values) == 0 {
		return err
	}
	s, ok := target.(*py.Set)
	if !ok {
		return d.errorf("elements for a %s", kindOf(target))
	}
	return d.addAll(s, values)
}

func (d *decoder) frozenSet() error {
	values, err := d.popMark()
	if err != nil {
		return err
	}
	s := &py.FrozenSet{}
	if err := d.addAll(s, values); err != nil {
		return err
	}
	d.push(s)
	return d.container(costDict)
}

// addAll puts values into a set.
func (d *decoder) addAll(s interface{ AddKnown(*py.Keys, any) error }, values []any) error {
	for _, v := range values {
		v = d.held(v)
		if err := d.chargeKey(v); err != nil {
			return err
		}
		if err := s.AddKnown(&d.keys, v); err != nil {
			return d.errorf("set element: %v", err)
		}
	}
	return nil
}
