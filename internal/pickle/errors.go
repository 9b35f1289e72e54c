package pickle

import (
	"errors"
	"fmt"

	"github.com/rqgo/rq/internal/py"
)

var (
	// ErrNotPickle is wrapped when the input does not even start like a
	// pickle, as JSON or compressed data does not.
	ErrNotPickle = errors.New("not a pickle")
	// ErrTruncated is wrapped when the input ends before the pickle does.
	ErrTruncated = errors.New("the pickle is cut off")
	// ErrLimit is wrapped when a pickle exceeds one of the Limits.
	ErrLimit = errors.New("limit exceeded")
	// ErrUnsupported is wrapped for a pickle that means nothing on its own: one
	// with persistent ids, extension codes or out-of-band buffers.
	ErrUnsupported = errors.New("not supported")
)

// A SyntaxError says where a pickle is wrong.
type SyntaxError struct {
	// Offset is the offset of the opcode at fault.
	Offset int
	// Reason says what is wrong with it.
	Reason string
	// Err is one of the package's errors, or nil when the pickle is just invalid.
	Err error
}

// Error implements error.
func (e *SyntaxError) Error() string {
	s := fmt.Sprintf("invalid pickle at byte %d: %s", e.Offset, e.Reason)
	if e.Err != nil {
		s += " (" + e.Err.Error() + ")"
	}
	return s
}

// Unwrap returns Err.
func (e *SyntaxError) Unwrap() error { return e.Err }

var (
	// ErrProtocol is returned by Append for a protocol other than 4 and 5.
	ErrProtocol = errors.New("pickle protocol must be 4 or 5")
	// ErrTooLarge is returned when a pickle would be larger than Redis can store.
	ErrTooLarge = errors.New("pickle larger than 512 MiB")
	// ErrRange is the reason of an EncodeError for a value outside the range of
	// Python's type, such as a time in the year 10000.
	ErrRange = errors.New("out of Python's range")
	// ErrText is the reason of an EncodeError for a string that is not UTF-8.
	ErrText = errors.New("not UTF-8")
)

// An EncodeError says which value cannot be pickled.
type EncodeError struct {
	// Path leads to the value from the one that was given, as in "[2].State".
	Path string
	// Value is its text, or its type.
	Value string
	// Reason is ErrRange, ErrText or py.ErrTooDeep.
	Reason error
}

// Error implements error.
func (e *EncodeError) Error() string {
	s := "cannot pickle " + e.Value + ": " + e.Reason.Error()
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	return s
}

// Unwrap returns the Reason.
func (e *EncodeError) Unwrap() error { return e.Reason }

// Under returns the error with step in front of its Path, for py.Under.
func (e *EncodeError) Under(step string) error {
	out := *e
	out.Path = step + e.Path
	return &out
}

// rangeError takes the value as text: a tzinfo can refer to itself, which
// package fmt does not survive.
func rangeError(v any, text string) error {
	return &EncodeError{Value: fmt.Sprintf("%T %s", v, text), Reason: ErrRange}
}

func tooDeep(v any) error {
	return &EncodeError{Value: fmt.Sprintf("%T", v), Reason: py.ErrTooDeep}
}
