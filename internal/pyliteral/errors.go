package pyliteral

import "fmt"

// A SyntaxError says where the text stops being a literal.
type SyntaxError struct {
	// Offset is the byte of the text that is wrong, counted from 0 behind the
	// space it begins with, and with one byte for each line end.
	Offset int
	// Reason may be py.ErrUnhashable.
	Reason error
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("read Python literal: %v at byte %d", e.Reason, e.Offset)
}

// Unwrap returns the Reason.
func (e *SyntaxError) Unwrap() error { return e.Reason }
