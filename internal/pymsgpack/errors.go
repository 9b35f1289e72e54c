package pymsgpack

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rqgo/rq/internal/py"
)

// Reasons of an EncodeError or a SyntaxError.
var (
	errNoForm      = errors.New("MessagePack cannot represent it")
	errIntRange    = errors.New("it does not fit 64 bits")
	errNotUTF8     = errors.New("not UTF-8")
	errTooLong     = fmt.Errorf("longer than %d bytes", maxLen)
	errTruncated   = errors.New("truncated")
	errExtraData   = errors.New("extra data")
	errExtension   = errors.New("unknown extension type")
	errTimestamp   = errors.New("invalid timestamp")
	errInvalidCode = errors.New("invalid byte")
)

// An EncodeError names a value that MessagePack, or Python's package for it, cannot
// represent.
type EncodeError struct {
	// Path leads to the value, as in "args[1].Field".
	Path string
	// PyType is its Python type, as py.TypeName gives it.
	PyType string
	// Reason may be py.ErrTooDeep.
	Reason error
}

// Error implements error.
func (e *EncodeError) Error() string {
	s := "cannot pack " + e.PyType + ": " + e.Reason.Error()
	if e.Path != "" {
		s = strings.TrimPrefix(e.Path, ".") + ": " + s
	}
	return s
}

// Unwrap returns the Reason.
func (e *EncodeError) Unwrap() error { return e.Reason }

// Under returns the error with step in front of its Path.
func (e *EncodeError) Under(step string) error {
	out := *e
	out.Path = py.JoinPath(step, e.Path)
	return &out
}

// A SyntaxError says where the data stops being MessagePack.
type SyntaxError struct {
	// Offset is where the byte that is wrong, or that is missing, would be.
	Offset int
	// Reason may be py.ErrTooDeep or py.ErrUnhashable.
	Reason error
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("decode MessagePack: %v at byte %d", e.Reason, e.Offset)
}

// Unwrap returns the Reason.
func (e *SyntaxError) Unwrap() error { return e.Reason }
