package py

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"strings"
)

// Reasons of an AssignError.
var (
	errNotPointer = errors.New("the destination must be a non-nil pointer")
	errTooMany    = fmt.Errorf("more than %d elements", maxAssigned)
	errNoKey      = errors.New("a Go map cannot have this key in an interface")
	errSameKey    = errors.New("two of its keys are one key in Go")
)

// An AssignError says which Python value does not fit its Go type.
type AssignError struct {
	// Path leads to the value from the one that was given, as in
	// "args[1].items[3]". It is empty for that value itself.
	Path string
	// PyType is the Python type of the value, such as "str".
	PyType string
	// GoType is the type of the destination, such as "int".
	GoType string
	// Reason is nil when the types say it all. ErrTooDeep is one.
	Reason error
}

// Error implements error.
func (e *AssignError) Error() string {
	s := "cannot use " + e.PyType + " as " + e.GoType
	if e.Path != "" {
		s = strings.TrimPrefix(e.Path, ".") + ": " + s
	}
	if e.Reason != nil {
		s += ": " + e.Reason.Error()
	}
	return s
}

// Unwrap returns the Reason.
func (e *AssignError) Unwrap() error { return e.Reason }

// Under returns the error with step in front of its Path.
func (e *AssignError) Under(step string) error {
	out := *e
	out.Path = JoinPath(step, e.Path)
	return &out
}

func cannotUse(src any, dst reflect.Value, reason error) error {
	return &AssignError{PyType: TypeName(src), GoType: dst.Type().String(), Reason: reason}
}

// because is cannotUse, and nil when there is no reason.
func because(reason error, src any, dst reflect.Value) error {
	if reason == nil {
		return nil
	}
	return cannotUse(src, dst, reason)
}

// overflows is the error of a number that dst is too narrow for.
func overflows(src any, dst reflect.Value) error {
	if n, ok := src.(*big.Int); ok && n.BitLen() > 128 {
		return cannotUse(src, dst, fmt.Errorf("an int of %d bits is out of range", n.BitLen()))
	}
	return cannotUse(src, dst, fmt.Errorf("%v is out of range", src))
}
