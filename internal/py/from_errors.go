package py

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrNoPython is the reason of a FromError for a Go value without a counterpart in
// Python, such as a function, a channel or an error.
var ErrNoPython = errors.New("no such value in Python")

// ErrTooDeep is returned when values are nested more than MaxDepth deep, as is a value
// that contains itself.
var ErrTooDeep = errors.New("nested too deeply")

// MaxDepth is how many containers may hold one another.
const MaxDepth = 1000

// A FromError says which Go value cannot be expressed in Python.
type FromError struct {
	// Path leads to the value from the one that was given, as in
	// "args[1].Field". It is empty for that value itself.
	Path string
	// GoType is the type of the value, such as "func()".
	GoType string
	// Reason is ErrNoPython, ErrTooDeep, ErrUnhashable or what a MarshalText returned.
	Reason error
}

// Error implements error.
func (e *FromError) Error() string {
	s := "cannot express " + e.GoType + " in Python"
	if e.Path != "" {
		s = strings.TrimPrefix(e.Path, ".") + ": " + s
	}
	if e.Reason != nil && !errors.Is(e.Reason, ErrNoPython) {
		s += ": " + e.Reason.Error()
	}
	return s
}

// Unwrap returns the Reason.
func (e *FromError) Unwrap() error { return e.Reason }

// Under returns the error with step in front of its Path.
func (e *FromError) Under(step string) error {
	out := *e
	out.Path = JoinPath(step, e.Path)
	return &out
}

// Under puts step in front of the path of an error that has one, such as a
// *FromError or an *AssignError, and returns other errors as they are. Steps
// read as Go does: "args", "[1]", ".Field". Codecs call it on the way up, so
// that a path costs nothing until something fails.
func Under(err error, step string) error {
	if e, ok := err.(interface{ Under(step string) error }); ok {
		return e.Under(step)
	}
	return err
}

// Step is the step to the item of a dict, as Under takes it.
func Step(key any) string {
	switch k := key.(type) {
	case string:
		return "[" + strconv.Quote(k) + "]"
	case *Object: // may hold itself
		return "[" + TypeName(k) + "]"
	}
	return fmt.Sprintf("[%v]", key)
}

// JoinPath returns path after step, cut to a readable length: the path into a value
// that contains itself has no end.
func JoinPath(step, path string) string {
	const limit = 200
	if joined := step + path; len(joined) <= limit {
		return joined
	}
	path = step + path[:min(len(path), limit)]
	return strings.ToValidUTF8(path[:min(len(path), limit)], "") + "..."
}
