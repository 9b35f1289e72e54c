package py

import (
	"math/big"
	"time"

	"github.com/google/uuid"
)

// notValues are the modules whose callables take a single value and make
// something else of it: an exception, an iterator, a function, a time zone.
var notValues = map[string]bool{
	"builtins": true, "copyreg": true, "datetime": true, "functools": true, "itertools": true, "operator": true,
}

// value returns the builtin value that o stands for: the value of an Enum
// member, the int that an instance of a subclass of int is, the elements of a
// subclass of list. It is false when the pickle does not say that o is one.
//
// A class is known here by its name only, so the way the object was built
// decides. Python builds the instance of a subclass of int, float, str, bytes
// or tuple from its plain value, that of a namedtuple from its fields, and an
// Enum member, Counter, set or numpy scalar by a call with one value. A list
// or dict is filled after it was made; one that nothing was put into looks
// like any object without attributes, and is none.
func (o *Object) value() (any, bool) {
	switch {
	case o.KwArgs != nil, len(o.Appended) > 0 && len(o.Items) > 0:
		return nil, false
	case len(o.Appended) > 0:
		return o.Appended, o.startsEmpty()
	case len(o.Items) > 0:
		return &Dict{items: o.Items}, o.startsEmpty()
	case o.New:
		return o.newValue()
	}
	class, ok := o.Callable.(Global)
	if !ok || o.hasState() && class != reconstructor && !isNumPy(class) {
		return nil, false
	}
	return o.calledValue(class)
}

// hasState reports whether o has a state, also when it was made in Go without
// saying so.
func (o *Object) hasState() bool { return o.HasState || o.State != nil }

// startsEmpty reports whether o held nothing before its elements were added. A
// deque is made of nothing, or of an empty tuple and its greatest length, and a
// defaultdict of the class or function that makes its values.
func (o *Object) startsEmpty() bool {
	if o.New || len(o.Args) == 0 {
		return true
	}
	switch first := o.Args[0].(type) {
	case Tuple:
		return len(first) == 0 && len(o.Args) == 2
	case nil, Global:
		return len(o.Args) == 1
	}
	return false
}

// newValue is value for cls.__new__(cls, *Args), which is not told how many
// fields a namedtuple has: one with a single field counts as that field.
func (o *Object) newValue() (any, bool) {
	switch {
	case len(o.Args) == 1:
		return o.Args[0], isValue(o.Args[0])
	case len(o.Args) > 1 && !o.hasState():
		return o.Args, true
	}
	return nil, false
}

// positional returns the values of an object whose pickle names none of them:
// the fields of a namedtuple, or of a dataclass that is frozen and has slots.
func (o *Object) positional() ([]any, bool) {
	if !o.New || o.KwArgs != nil || len(o.Appended) > 0 || len(o.Items) > 0 {
		return nil, false
	}
	if len(o.Args) > 1 && !o.hasState() {
		return o.Args, true
	}
	values, ok := o.State.([]any)
	return values, ok && len(o.Args) == 0
}

// deque is a class of the standard library that is filled after it was made.
var deque = Global{"collections", "deque"}

// calledValue is value for a call of class.
func (o *Object) calledValue(class Global) (any, bool) {
	switch {
	case class == reconstructor:
		return o.reconstructed()
	case isNumPy(class):
		return o.numPyValue(class)
	case standardValues[class] != nil:
		return standardValues[class](o.Args)
	case class == deque && (len(o.Args) == 0 || o.startsEmpty()):
		return []any{}, true
	case len(o.Args) == 0 || notValues[class.Module]:
		return nil, false
	}
	if _, packed := o.Args[0].([]byte); packed { // a subclass of bytes has New
		return packedTime(o.Args)
	}
	return o.Args[0], len(o.Args) == 1 && isValue(o.Args[0])
}

// reconstructor makes the instances of subclasses in protocols 0 and 1.
var reconstructor = Global{"copyreg", "_reconstructor"}

// reconstructed is value for copyreg._reconstructor(cls, base, value).
func (o *Object) reconstructed() (any, bool) {
	if len(o.Args) != 3 {
		return nil, false
	}
	base, ok := o.Args[1].(Global)
	return o.Args[2], ok && base.Module == "builtins" && base.Name == TypeName(o.Args[2])
}

// isValue reports whether v can be the value that a class was made of. An
// *Object can: the value of an Enum member may be one.
func isValue(v any) bool {
	switch v.(type) {
	case bool, int64, *big.Int, float64, complex128, string, []byte, []any, Tuple, Decimal, Path, uuid.UUID,
		time.Time, time.Duration, Date, DateTime, TimeDelta, TimeOfDay, *Object:
		return true
	case *Dict, *OrderedDict, *DefaultDict, *Set, *FrozenSet:
		return true
	}
	return false
}
