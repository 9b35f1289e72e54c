package pickle

import (
	"errors"
	"fmt"

	"github.com/rqgo/rq/internal/py"
)

// errNoCallable is the reason for a py.Object that does not say how it is built.
var errNoCallable = errors.New("no Callable")

// saveObject writes how an object is built, in the order of CPython's
// save_reduce: the call, the list items, the dict items, the state.
func (e *encoder) saveObject(o *py.Object) error {
	if o == nil {
		e.op(opNone)
		return nil
	}
	r := ref{kind: refPointer, ptr: o}
	if e.recall(r) {
		return nil
	}
	if o.Callable == nil {
		return &EncodeError{Value: "*py.Object", Reason: errNoCallable}
	}
	if err := e.saveCall(o); err != nil {
		return err
	}
	if slot, ok := e.refs.get(r); ok { // the arguments led back here
		e.op(opPop)
		e.get(slot)
		return nil
	}
	e.memoizeRef(r)
	if err := e.saveAppended(o.Appended); err != nil {
		return py.Under(err, ".Appended")
	}
	if err := e.saveItems(o.Items); err != nil {
		return err
	}
	if !o.HasState {
		return nil
	}
	if err := e.save(o.State); err != nil {
		return py.Under(err, ".State")
	}
	e.op(opBuild)
	return nil
}

func (e *encoder) saveCall(o *py.Object) error {
	if err := e.save(o.Callable); err != nil {
		return py.Under(err, ".Callable")
	}
	e.boundary()
	if err := e.saveTuple(o.Args); err != nil {
		return py.Under(err, ".Args")
	}
	switch {
	case o.KwArgs != nil:
		if err := e.save(o.KwArgs); err != nil {
			return py.Under(err, ".KwArgs")
		}
		e.op(opNewObjEx)
	case o.New:
		e.op(opNewObj)
	default:
		e.op(opReduce)
	}
	return nil
}

// saveAppended writes what CPython takes from an iterator: a last batch of one
// is a plain APPEND there, which it is not for a list.
func (e *encoder) saveAppended(values []any) error {
	for len(values) > 0 {
		n := min(batchSize, len(values))
		if n > 1 {
			e.op(opMark)
		}
		if err := e.saveAll(values[:n]); err != nil {
			return err
		}
		if n > 1 {
			e.op(opAppends)
		} else {
			e.op(opAppend)
		}
		values = values[n:]
	}
	return nil
}

// saveItems is saveAppended for the items of a subclass of dict.
func (e *encoder) saveItems(items []py.Item) error {
	for len(items) > 0 {
		n := min(batchSize, len(items))
		if n > 1 {
			e.op(opMark)
		}
		for _, it := range items[:n] {
			if err := e.saveItem(it); err != nil {
				return err
			}
		}
		if n > 1 {
			e.op(opSetItems)
		} else {
			e.op(opSetItem)
		}
		items = items[n:]
	}
	return nil
}

func (e *encoder) saveOrderedDict(d *py.OrderedDict) error {
	if d == nil {
		e.op(opNone)
		return nil
	}
	r := ref{kind: refPointer, ptr: d}
	if e.recall(r) {
		return nil
	}
	e.saveClass("collections", "OrderedDict")
	e.boundary()
	e.op(opEmptyTuple)
	e.op(opReduce)
	e.memoizeRef(r)
	return e.saveItems(d.Items())
}

func (e *encoder) saveDefaultDict(d *py.DefaultDict) error {
	if d == nil {
		e.op(opNone)
		return nil
	}
	r := ref{kind: refPointer, ptr: d}
	if e.recall(r) {
		return nil
	}
	e.saveClass("collections", "defaultdict")
	e.boundary()
	if d.Factory == nil {
		e.op(opEmptyTuple)
	} else {
		if err := e.save(d.Factory); err != nil {
			return py.Under(err, ".Factory")
		}
		e.op(opTuple1)
		e.memoize()
	}
	e.op(opReduce)
	e.memoizeRef(r)
	return e.saveItems(d.Items())
}

// saveClass begins the call of a class of the standard library.
func (e *encoder) saveClass(module, name string) {
	e.boundary()
	_ = e.saveGlobal(py.Global{Module: module, Name: name}) // these names are ASCII
}

// call ends a call whose arguments are on the stack. Nothing refers to the
// object that it makes.
func (e *encoder) call(tuple byte) {
	e.op(tuple)
	e.memoize()
	e.op(opReduce)
	e.memoize()
}

func (e *encoder) saveGlobal(g py.Global) error {
	if slot, ok := e.globals.get(g); ok {
		e.get(slot)
		return nil
	}
	if !validString(g.Module) || !validString(g.Name) {
		return &EncodeError{Value: fmt.Sprintf("%.80q", g.String()), Reason: ErrText}
	}
	kind := nameKindOf(g)
	e.saveModule(g.Module, kind)
	e.boundary()
	if kind == internedName {
		_ = e.saveText(g.Name) // was checked
	} else {
		e.saveFreshText(g.Name)
	}
	e.op(opStackGlobal)
	e.globals.put(g, e.memoize())
	return nil
}

func (e *encoder) saveModule(module string, kind nameKind) {
	e.boundary()
	shared := ref{kind: refBuiltins}
	switch {
	case kind == ownStrings:
		e.saveFreshText(module)
	case kind != builtinStrings:
		_ = e.saveText(module) // was checked
	case !e.recall(shared):
		e.writeText(module)
		e.memoizeRef(shared)
	}
}
