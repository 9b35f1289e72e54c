package pickle

import (
	"fmt"

	"github.com/rqgo/rq/internal/py"
)

// saveTuple writes a tuple after its elements. When an element refers back to the
// tuple, the tuple is already in the memo, and the elements are dropped from the stack
// again, as CPython does.
func (e *encoder) saveTuple(t py.Tuple) error {
	if len(t) == 0 {
		e.op(opEmptyTuple)
		return nil
	}
	r := sliceRef(refTuple, t)
	if e.recall(r) {
		return nil
	}
	if len(t) > 3 {
		e.op(opMark)
	}
	if err := e.saveAll(t); err != nil {
		return err
	}
	if slot, ok := e.refs.get(r); ok {
		e.dropElements(len(t))
		e.get(slot)
		return nil
	}
	e.op(tupleOp(len(t)))
	e.memoizeRef(r)
	return nil
}

// dropElements takes the n elements of a tuple off the stack.
func (e *encoder) dropElements(n int) {
	if n > 3 {
		e.op(opPopMark)
		return
	}
	for range n {
		e.op(opPop)
	}
}

func tupleOp(n int) byte {
	switch n {
	case 1:
		return opTuple1
	case 2:
		return opTuple2
	case 3:
		return opTuple3
	}
	return opTuple
}

func (e *encoder) saveAll(values []any) error {
	for i, v := range values {
		if err := e.save(v); err != nil {
			return py.Under(err, fmt.Sprintf("[%d]", i))
		}
	}
	return nil
}

func (e *encoder) saveList(list []any) error {
	r := sliceRef(refList, list)
	if e.recall(r) {
		return nil
	}
	e.op(opEmptyList)
	e.memoizeRef(r)
	if len(list) == 1 {
		if err := e.saveAll(list); err != nil {
			return err
		}
		e.op(opAppend)
		return nil
	}
	for from := 0; from < len(list); from += batchSize {
		e.op(opMark)
		for i, v := range list[from:min(from+batchSize, len(list))] {
			if err := e.save(v); err != nil {
				return py.Under(err, fmt.Sprintf("[%d]", from+i))
			}
		}
		e.op(opAppends)
	}
	return nil
}

// saveStrings is saveList without a box around each string.
func (e *encoder) saveStrings(list []string) error {
	r := sliceRef(refStrings, list)
	if e.recall(r) {
		return nil
	}
	e.op(opEmptyList)
	e.memoizeRef(r)
	for from := 0; from < len(list); from += batchSize {
		if len(list) > 1 {
			e.op(opMark)
		}
		for i, s := range list[from:min(from+batchSize, len(list))] {
			e.boundary()
			if err := e.saveText(s); err != nil {
				return py.Under(err, fmt.Sprintf("[%d]", from+i))
			}
		}
		if len(list) > 1 {
			e.op(opAppends)
		}
	}
	if len(list) == 1 {
		e.op(opAppend)
	}
	return nil
}

// saveDict writes a dict in batches. CPython goes on for as long as a batch
// was full, so 1000 items end with an empty batch, and so do they here.
func (e *encoder) saveDict(d *py.Dict) error {
	r := ref{kind: refPointer, ptr: d}
	if d == nil {
		r = ref{}
	}
	if e.recall(r) {
		return nil
	}
	e.op(opEmptyDict)
	e.memoizeRef(r)
	items := d.Items()
	if len(items) == 0 {
		return nil
	}
	if len(items) == 1 {
		if err := e.saveItem(items[0]); err != nil {
			return err
		}
		e.op(opSetItem)
		return nil
	}
	for {
		n := min(batchSize, len(items))
		e.op(opMark)
		for _, it := range items[:n] {
			if err := e.saveItem(it); err != nil {
				return err
			}
		}
		e.op(opSetItems)
		if items = items[n:]; n < batchSize {
			return nil
		}
	}
}

func (e *encoder) saveItem(it py.Item) error {
	if err := e.save(it.Key); err != nil {
		return py.Under(err, ".key()")
	}
	if err := e.save(it.Value); err != nil {
		return py.Under(err, step(it.Key))
	}
	return nil
}

// step is the step of an error's path through a key.
func step(key any) string {
	switch k := key.(type) {
	case string:
		return fmt.Sprintf("[%.40q]", k)
	case int64, int, bool, nil:
		return fmt.Sprintf("[%v]", k)
	}
	return fmt.Sprintf("[%T]", key)
}

// saveSet batches as saveDict does.
func (e *encoder) saveSet(s *py.Set) error {
	if s == nil {
		e.op(opNone)
		return nil
	}
	r := ref{kind: refPointer, ptr: s}
	if e.recall(r) {
		return nil
	}
	e.op(opEmptySet)
	e.memoizeRef(r)
	values := s.Values()
	if len(values) == 0 {
		return nil
	}
	for {
		n := min(batchSize, len(values))
		e.op(opMark)
		if err := e.saveAll(values[:n]); err != nil {
			return err
		}
		e.op(opAddItems)
		if values = values[n:]; n < batchSize {
			return nil
		}
	}
}

// saveFrozenSet writes one batch, and treats recursion as saveTuple does.
func (e *encoder) saveFrozenSet(s *py.FrozenSet) error {
	if s == nil {
		e.op(opNone)
		return nil
	}
	r := ref{kind: refPointer, ptr: s}
	if e.recall(r) {
		return nil
	}
	e.op(opMark)
	if err := e.saveAll(s.Values()); err != nil {
		return err
	}
	if slot, ok := e.refs.get(r); ok {
		e.op(opPopMark)
		e.get(slot)
		return nil
	}
	e.op(opFrozenSet)
	e.memoizeRef(r)
	return nil
}
