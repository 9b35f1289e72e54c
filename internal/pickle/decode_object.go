package pickle

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// global is GLOBAL: the class or function that two lines name.
func (d *decoder) global() error {
	g, err := d.lineGlobal()
	if err != nil {
		return err
	}
	d.push(g)
	return nil
}

func (d *decoder) lineGlobal() (py.Global, error) {
	module, err := d.line()
	if err != nil {
		return py.Global{}, err
	}
	name, err := d.line()
	if err != nil {
		return py.Global{}, err
	}
	return d.makeGlobal(string(module), string(name))
}

func (d *decoder) makeGlobal(module, name string) (py.Global, error) {
	if !validString(module) || !validString(name) {
		return py.Global{}, d.errorf("a name that is not UTF-8")
	}
	g := py.Global{Module: module, Name: name}
	if d.protocol < 3 {
		g = fixImport(g)
	}
	return g, d.charge(len(module)+len(name)+2*costBox, 1)
}

func (d *decoder) stackGlobal() error {
	if err := d.need(2); err != nil {
		return err
	}
	top := len(d.stack)
	module, ok1 := d.stack[top-2].(string)
	name, ok2 := d.stack[top-1].(string)
	if !ok1 || !ok2 {
		return d.errorf("a global named by a %s and a %s", kindOf(d.stack[top-2]), kindOf(d.stack[top-1]))
	}
	g, err := d.makeGlobal(module, name)
	if err != nil {
		return err
	}
	d.stack = d.stack[:top-2]
	d.push(g)
	return nil
}

// reduce is REDUCE: a call, which is done for known types and recorded for others.
func (d *decoder) reduce() error {
	callable, args, err := d.popCall()
	if err != nil {
		return err
	}
	return d.call(callable, args)
}

func (d *decoder) call(callable any, args py.Tuple) error {
	if g, ok := callable.(py.Global); ok {
		if build := known[g]; build != nil {
			if err := d.charge(1, costDict); err != nil {
				return err
			}
			v, ok, err := build(d, args)
			if err != nil {
				return err
			}
			if ok {
				d.push(v)
				return nil
			}
		}
	}
	return d.pushObject(&py.Object{Callable: callable, Args: args})
}

// newObj is NEWOBJ: cls.__new__(cls, *args).
func (d *decoder) newObj() error {
	class, args, err := d.popCall()
	if err != nil {
		return err
	}
	return d.create(&py.Object{Callable: class, Args: args, New: true})
}

func (d *decoder) newObjEx() error {
	v, err := d.pop()
	if err != nil {
		return err
	}
	kwargs, ok := v.(*py.Dict)
	if !ok {
		return d.errorf("keyword arguments in a %s", kindOf(v))
	}
	class, args, err := d.popCall()
	if err != nil {
		return err
	}
	return d.pushObject(&py.Object{Callable: class, Args: args, KwArgs: kwargs, New: true})
}

// inst is INST of protocol 0: an instance of the class that two lines name.
func (d *decoder) inst() error {
	g, err := d.lineGlobal()
	if err != nil {
		return err
	}
	values, err := d.popMark()
	if err != nil {
		return err
	}
	return d.instantiate(g, values)
}

// obj is OBJ, which has the class below the arguments.
func (d *decoder) obj() error {
	values, err := d.popMark()
	if err != nil {
		return err
	}
	if len(values) == 0 {
		return d.errorf("no class above the MARK")
	}
	class := d.held(values[0])
	if err := d.callable(class); err != nil {
		return err
	}
	return d.instantiate(class, values[1:])
}

// instantiate calls a class the way that Python 2 made instances: without
// arguments, __init__ is not run.
func (d *decoder) instantiate(class any, values []any) error {
	args, err := d.tuple(values)
	if err != nil {
		return err
	}
	if len(args) > 0 {
		return d.call(class, args)
	}
	return d.create(&py.Object{Callable: class, Args: args, New: true})
}

// create pushes what cls.__new__ returned. A UUID gets its number later.
func (d *decoder) create(o *py.Object) error {
	if o.Callable == uuidClass && len(o.Args) == 0 {
		d.push(&uuidNode{object: o})
		return d.container(costObject)
	}
	return d.pushObject(o)
}

func (d *decoder) pushObject(o *py.Object) error {
	d.push(o)
	return d.container(costObject)
}

// build is BUILD: __setstate__, or an update of __dict__.
func (d *decoder) build() error {
	if err := d.need(2); err != nil {
		return err
	}
	state, err := d.pop()
	if err != nil {
		return err
	}
	switch t := d.stack[len(d.stack)-1].(type) {
	case *uuidNode:
		t.id, t.known = uuidState(state)
		return d.setState(t.object, state)
	case *py.Object:
		return d.setState(t, state)
	case *py.OrderedDict:
		return nil // attributes of the instance, which has no place for them
	default:
		return d.errorf("state for a %s", kindOf(t))
	}
}

func (d *decoder) setState(o *py.Object, state any) error {
	if o.HasState {
		return d.errorf("a second state for one object")
	}
	o.State, o.HasState = state, true
	return nil
}

// uuidState returns the UUID whose state this is.
func uuidState(state any) (uuid.UUID, bool) {
	dict, ok := state.(*py.Dict)
	if !ok {
		return uuid.UUID{}, false
	}
	v, _ := dict.Get("int")
	n, ok := bigInt(v)
	if !ok || n.Sign() < 0 || n.BitLen() > 128 {
		return uuid.UUID{}, false
	}
	var id uuid.UUID
	n.FillBytes(id[:])
	return id, true
}

// popCall pops a tuple of arguments and, from below it, what to call with them.
func (d *decoder) popCall() (callable any, args py.Tuple, err error) {
	v, err := d.pop()
	if err != nil {
		return nil, nil, err
	}
	args, ok := v.(py.Tuple)
	if !ok {
		return nil, nil, d.errorf("arguments in a %s", kindOf(v))
	}
	if callable, err = d.pop(); err != nil {
		return nil, nil, err
	}
	return callable, args, d.callable(callable)
}

// callable fails when v cannot be what Python would call.
func (d *decoder) callable(v any) error {
	if !canCall(v) {
		return d.errorf("a call of a %s", kindOf(v))
	}
	return nil
}

func canCall(v any) bool {
	switch v.(type) {
	case py.Global, *py.Object:
		return true
	}
	return false
}

// kindOf names the type of a value for messages.
func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case *listNode, []any:
		return "list"
	case *uuidNode:
		return "UUID"
	}
	return fmt.Sprintf("%T", v)
}
