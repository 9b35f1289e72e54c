package py

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"time"

	"github.com/google/uuid"
)

// maxIndirections limits the pointers and interfaces that From follows to a value: in
// Go, a pointer can point to itself.
const maxIndirections = 100

// From returns the canonical value (see the package comment) of any Go value.
//
// It is shallow: a container comes back canonical, its elements as they were,
// and an encoder calls From again on each element it does not know. A value
// that is canonical already comes back as it is, without allocation.
//
//   - integers of every width become int64 or *big.Int, floats float64, and a
//     named type what its kind says;
//   - slices and arrays become []any, and those of bytes []byte. A nil slice
//     is an empty list: Python code that iterates must not meet a None;
//   - maps become a *Dict with sorted keys, so that equal maps have equal
//     bytes. An array as a key becomes a Tuple;
//   - structs become a *Dict in field order, named by the tag rq or else json.
//     Embedding, "-", omitempty and omitzero mean what they mean in
//     encoding/json;
//   - pointers become what they point to, and nil ones None;
//   - an encoding.TextMarshaler that is none of the package's own types becomes
//     a str, a json.Number an int or a float, a json.RawMessage what it holds.
//
// The error is a *FromError. An error is no exception: Python would want the
// class, so error values are refused like functions and channels.
func From(v any) (any, error) { return from(v, 0) }

// from is From after so many pointers.
func from(v any, pointers int) (any, error) {
	switch v := v.(type) {
	case nil, bool, int64, float64, complex128, string, []byte, []any,
		Tuple, ByteArray, Decimal, Path, Range, Global,
		Date, DateTime, TimeOfDay, TimeDelta, time.Time, time.Duration, uuid.UUID, *Dict:
		return v, nil
	case int:
		return int64(v), nil
	case *big.Int:
		if v != nil {
			return fromBig(v), nil
		}
		return nil, nil
	case *Set, *FrozenSet, *OrderedDict, *DefaultDict, *Object:
		if reflect.ValueOf(v).IsNil() {
			return nil, nil
		}
		return v, nil
	}
	rv := reflect.ValueOf(v)
	if rv.Kind() == reflect.Pointer && rv.IsNil() {
		return nil, nil
	}
	if out, ok, err := fromKnown(v); ok {
		return out, err
	}
	if rv.Kind() != reflect.Pointer {
		return fromKind(rv)
	}
	if pointers == maxIndirections {
		return nil, &FromError{GoType: rv.Type().String(), Reason: ErrTooDeep}
	}
	return from(rv.Elem().Interface(), pointers+1)
}

// fromKnown converts the types that mean more than their kind.
func fromKnown(v any) (out any, ok bool, err error) {
	switch v := v.(type) {
	case Dict:
		return &v, true, nil
	case OrderedDict:
		return &v, true, nil
	case DefaultDict:
		return &v, true, nil
	case Set:
		return &v, true, nil
	case FrozenSet:
		return &v, true, nil
	case Object:
		return &v, true, nil
	case big.Int:
		return fromBig(&v), true, nil
	case *time.Time, *uuid.UUID: // not their text
		return reflect.ValueOf(v).Elem().Interface(), true, nil
	case json.Number:
		out, err = fromNumber(v)
		return out, true, err
	case json.RawMessage:
		out, err = fromRawJSON(v)
		return out, true, err
	case error:
		return nil, true, &FromError{GoType: reflect.TypeOf(v).String(), Reason: ErrNoPython}
	case encoding.TextMarshaler:
		out, err = fromText(v)
		return out, true, err
	}
	return nil, false, nil
}

func fromBig(n *big.Int) any {
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

func fromText(m encoding.TextMarshaler) (any, error) {
	text, err := m.MarshalText()
	if err != nil {
		return nil, &FromError{GoType: reflect.TypeOf(m).String(), Reason: err}
	}
	return string(text), nil
}

// fromKind converts by kind alone. It is never given a pointer.
func fromKind(rv reflect.Value) (any, error) {
	switch rv.Kind() {
	case reflect.Bool:
		return rv.Bool(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return rv.Int(), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fromUint(rv.Uint()), nil
	case reflect.Float32, reflect.Float64:
		return rv.Float(), nil
	case reflect.Complex64, reflect.Complex128:
		return rv.Complex(), nil
	case reflect.String:
		return rv.String(), nil
	case reflect.Slice, reflect.Array:
		return fromSequence(rv), nil
	case reflect.Map:
		return fromMap(rv)
	case reflect.Struct:
		return fromStruct(rv)
	}
	return nil, &FromError{GoType: rv.Type().String(), Reason: ErrNoPython}
}

func fromUint(n uint64) any {
	if n > 1<<63-1 {
		return new(big.Int).SetUint64(n)
	}
	return int64(n)
}

// fromSequence returns the elements of a slice or an array, or its bytes.
func fromSequence(rv reflect.Value) any {
	if rv.Type().Elem().Kind() == reflect.Uint8 {
		if rv.Kind() == reflect.Slice {
			return rv.Bytes()
		}
		b := make([]byte, rv.Len())
		for i := range b {
			b[i] = byte(rv.Index(i).Uint())
		}
		return b
	}
	list := make([]any, rv.Len())
	for i := range list {
		list[i] = rv.Index(i).Interface()
	}
	return list
}
