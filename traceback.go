package rq

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/rqgo/rq/internal/py"
)

// excInfo renders an error as the traceback of a failed job, in Python's layout: a
// heading, the stack with the innermost call last, and the type of the error with its
// message. In Go only panics have a stack.
func excInfo(function string, err error) string {
	var b strings.Builder
	b.WriteString("Traceback (most recent call last):\n")
	var frames []frame
	var p *PanicError
	if errors.As(err, &p) {
		frames = userFrames(p.Stack)
	}
	for _, f := range frames {
		fmt.Fprintf(&b, "  File \"%s\", line %s, in %s\n", f.file, f.line, f.function)
	}
	if len(frames) == 0 && function != "" {
		fmt.Fprintf(&b, "  Go handler of %s\n", function)
	}
	b.WriteString(errorKind(err))
	if text := strings.TrimPrefix(err.Error(), "panic: "); text != "" {
		b.WriteString(": " + text)
	}
	b.WriteByte('\n')
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// errorKind returns the type of the innermost error of a named type. Arguments that do
// not fit are a TypeError, as in Python, and a panic is "panic".
func errorKind(err error) string {
	var panicked *PanicError
	var call *CallError
	var value *py.AssignError
	var late *JobTimeoutError
	switch {
	case errors.As(err, &late):
		return "rq.timeouts.JobTimeoutException"
	case errors.As(err, &panicked):
		return "panic"
	case errors.As(err, &call), errors.As(err, &value):
		return "TypeError"
	}
	kind := "error"
	for e := err; e != nil; e = errors.Unwrap(e) {
		t := reflect.TypeOf(e)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if name := t.String(); !strings.HasPrefix(name, "errors.") && !strings.HasPrefix(name, "fmt.") {
			kind = name
		}
	}
	return kind
}

// A frame is one call of a stack.
type frame struct{ function, file, line string }

// notUsers are the prefixes of functions that can appear on the stack between
// Handlers.run and a panic, and are not the user's.
var notUsers = []string{
	"panic(", "runtime.", "reflect.Value.", "github.com/rqgo/rq/internal/",
	"github.com/rqgo/rq.HandlerFunc.Handle(", "github.com/rqgo/rq.(*boundFunc).Handle(",
}

// userFrames returns the user's calls between Handlers.run and the panic, outermost
// first. In the output of runtime/debug, each call has a line with the function and a
// line with the position, innermost first.
func userFrames(stack []byte) []frame {
	_, text, _ := strings.Cut(string(stack), "\npanic(")
	lines := strings.Split(text, "\n")
	var frames []frame
	for i := 2; i+1 < len(lines); i += 2 { // the panic has two as well
		call := lines[i]
		if strings.HasPrefix(call, "github.com/rqgo/rq.Handlers.run(") {
			break
		}
		theirs := func(prefix string) bool { return strings.HasPrefix(call, prefix) }
		if f, ok := parseFrame(call, lines[i+1]); ok && !slices.ContainsFunc(notUsers, theirs) {
			frames = append(frames, f)
		}
	}
	slices.Reverse(frames)
	return frames
}

// parseFrame reads "path/pkg.Func(0x1, ...)" and "\t/path/file.go:37 +0x1d".
func parseFrame(call, place string) (frame, bool) {
	function := call[strings.LastIndexByte(call, '/')+1:]
	place, _, _ = strings.Cut(strings.TrimSpace(place), " ")
	args, colon := strings.LastIndexByte(function, '('), strings.LastIndexByte(place, ':')
	if args < 0 || colon < 0 {
		return frame{}, false
	}
	return frame{function[:args], place[:colon], place[colon+1:]}, true
}
