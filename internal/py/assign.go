package py

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"time"

	"github.com/google/uuid"
)

// Assign stores src, a value as decoders return it, in what dst points to. It
// converts where nothing is lost and no guess is needed:
//
//   - any, and the types of this package, take what they can hold as it is;
//   - integers take an int that fits, floats and complex numbers any number
//     but a bool, bool only a bool;
//   - string kinds take a str, Decimal, Path or UUID, an
//     encoding.TextUnmarshaler the same by its own rules;
//   - []byte takes bytes and bytearray, never a str;
//   - slices take a list, tuple, set, frozenset or range; arrays one of their
//     own length; a map with values of type struct{} a set or frozenset;
//   - maps take a dict, structs a dict or an object with attributes (the instance
//     of a dataclass, pydantic model or attrs class). Fields are found as From
//     names them, else whatever their case. Fields without an item keep their
//     value, and items without a field are ignored, unless all of them are;
//   - structs take a namedtuple, or a frozen dataclass with slots, by position:
//     their pickles have no names. The struct must have as many fields;
//   - time.Time takes a datetime (a naive one is UTC), a date (its midnight in
//     UTC) or either as ISO 8601 text; time.Duration a timedelta, or a number
//     of seconds. A datetime of pytz or dateutil comes with the offset that its
//     pickle names, and a Timestamp of pandas in UTC;
//   - an object that is an int, a str, a list or another of these in Python
//     counts as one: an Enum member, the instance of a subclass, a Counter, a
//     deque, a scalar of NumPy and an array of one dimension;
//   - pointers, slices and maps become nil for None. Nothing else takes it.
//
// The stored value may share memory with src. The error is an *AssignError,
// and leaves dst partly assigned.
func Assign(dst, src any) error {
	rv := reflect.ValueOf(dst)
	if rv.Kind() != reflect.Pointer || rv.IsNil() {
		return &AssignError{PyType: TypeName(src), GoType: goType(dst), Reason: errNotPointer}
	}
	a := assigner{left: maxAssigned}
	return a.assign(rv.Elem(), src)
}

func goType(v any) string {
	if v == nil {
		return "nil"
	}
	return reflect.TypeOf(v).String()
}

// maxAssigned limits the elements of one Assign. A few bytes of pickle can make lists
// of lists of lists, each with the same element a thousand times.
const maxAssigned = 1 << 24

// An assigner is one call of Assign.
type assigner struct {
	depth int
	left  int // elements until maxAssigned
}

// enter counts a container of n elements. After a nil error, leave must be called.
func (a *assigner) enter(dst reflect.Value, src any, n int) error {
	if a.left -= n + 1; a.left < 0 {
		return cannotUse(src, dst, errTooMany)
	}
	if a.depth++; a.depth > MaxDepth {
		return cannotUse(src, dst, ErrTooDeep)
	}
	return nil
}

func (a *assigner) leave() { a.depth-- }

func (a *assigner) assign(dst reflect.Value, src any) error {
	src, err := From(src)
	if err != nil {
		return cannotUse(src, dst, err)
	}
	if src == nil {
		return assignNone(dst)
	}
	if t := reflect.TypeOf(src); t.AssignableTo(dst.Type()) {
		dst.Set(reflect.ValueOf(src))
		return nil
	}
	if o, ok := src.(*Object); ok {
		return a.assignObject(dst, o)
	}
	if done, err := assignKnown(dst, src); done || err != nil {
		return err
	}
	return a.assignKind(dst, src)
}

func assignNone(dst reflect.Value) error {
	switch dst.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map:
		dst.SetZero()
		return nil
	}
	return cannotUse(nil, dst, nil)
}

// assignKnown handles types that mean more than their kind. It returns false for
// others.
func assignKnown(dst reflect.Value, src any) (done bool, err error) {
	if !dst.CanAddr() {
		return false, nil
	}
	switch p := dst.Addr().Interface().(type) {
	case *time.Time:
		return true, assignTime(dst, p, src)
	case *time.Duration:
		return true, assignDuration(dst, p, src)
	case *TimeDelta:
		return true, assignTimeDelta(dst, p, src)
	case *Date:
		return true, assignDate(dst, p, src)
	case *big.Int:
		return true, assignBig(dst, p, src)
	case *Decimal:
		return true, assignDecimal(dst, p, src)
	case *json.Number:
		return true, assignNumber(dst, p, src)
	case *uuid.UUID:
		return true, assignUUID(dst, p, src)
	case **Dict:
		if items, ok := dictOf(src); ok {
			*p = items
			return true, nil
		}
		return true, cannotUse(src, dst, nil)
	case *Set, *FrozenSet, *Dict, *OrderedDict, *DefaultDict, *Object, *DateTime, *TimeOfDay, *Range, *Global:
		return true, assignPointee(dst, src)
	case encoding.TextUnmarshaler:
		if text, ok := textOf(src); ok {
			return true, because(p.UnmarshalText([]byte(text)), src, dst)
		}
	}
	return false, nil
}

// assignPointee copies what a pointer points to, as for a field of type Set.
func assignPointee(dst reflect.Value, src any) error {
	rv := reflect.ValueOf(src)
	if rv.Kind() != reflect.Pointer || rv.Type().Elem() != dst.Type() {
		return cannotUse(src, dst, nil)
	}
	dst.Set(rv.Elem())
	return nil
}

func (a *assigner) assignKind(dst reflect.Value, src any) error {
	switch dst.Kind() {
	case reflect.Pointer:
		return a.assignPointer(dst, src)
	case reflect.Slice:
		return a.assignSlice(dst, src)
	case reflect.Array:
		return a.assignArray(dst, src)
	case reflect.Map:
		return a.assignMap(dst, src)
	case reflect.Struct:
		return a.assignStruct(dst, src)
	}
	return assignScalar(dst, src)
}

// assignPointer allocates what a nil pointer should point to.
func (a *assigner) assignPointer(dst reflect.Value, src any) error {
	if err := a.enter(dst, src, 0); err != nil {
		return err
	}
	defer a.leave()
	p := dst
	if dst.IsNil() {
		p = reflect.New(dst.Type().Elem())
	}
	if err := a.assign(p.Elem(), src); err != nil {
		return err
	}
	dst.Set(p)
	return nil
}
