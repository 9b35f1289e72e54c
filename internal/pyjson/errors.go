package pyjson

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rqgo/rq/internal/py"
)

// Reasons of a ValueError or a SyntaxError.
var (
	errNotUTF8 = errors.New("not UTF-8")
	errDigits  = &ValueError{Reason: fmt.Errorf("an int of more than %d digits", maxDigits)}
	errTooLong = fmt.Errorf("longer than %d bytes", maxLen)
)

// An UnsupportedError names a value that JSON cannot represent. Python raises a TypeError.
type UnsupportedError struct {
	// Path leads to the value, as in "args[1].Field".
	Path string
	// PyType is its Python type, as py.TypeName gives it.
	PyType string
	// Key tells that it is the key of a dict, where fewer types will do.
	Key bool
}

// Error implements error in Python's words.
func (e *UnsupportedError) Error() string {
	name := e.PyType[strings.LastIndexByte(e.PyType, '.')+1:]
	if e.Key {
		return at(e.Path, "keys must be str, int, float, bool or None, not "+name)
	}
	return at(e.Path, "Object of type "+name+" is not JSON serializable")
}

// Under returns the error with step in front of its Path.
func (e *UnsupportedError) Under(step string) error {
	out := *e
	out.Path = py.JoinPath(step, e.Path)
	return &out
}

// A ValueError names a value that Python or Redis would refuse for its size, depth or
// bytes.
type ValueError struct {
	// Path leads to the value, as in "args[1].Field".
	Path string
	// Reason may be py.ErrTooDeep.
	Reason error
}

// Error implements error.
func (e *ValueError) Error() string {
	if e.Path == "" {
		return "encode JSON: " + e.Reason.Error()
	}
	return at(e.Path, e.Reason.Error())
}

// Unwrap returns the Reason.
func (e *ValueError) Unwrap() error { return e.Reason }

// Under returns the error with step in front of its Path.
func (e *ValueError) Under(step string) error {
	out := *e
	out.Path = py.JoinPath(step, e.Path)
	return &out
}

func at(path, text string) string {
	if path == "" {
		return text
	}
	return strings.TrimPrefix(path, ".") + ": " + text
}

// A SyntaxError says where the data stops being JSON.
type SyntaxError struct {
	// Offset is the byte of the data that is wrong.
	Offset int
	// Reason may be py.ErrTooDeep.
	Reason error
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("decode JSON: %v at byte %d", e.Reason, e.Offset)
}

// Unwrap returns the Reason.
func (e *SyntaxError) Unwrap() error { return e.Reason }
