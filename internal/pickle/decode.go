package pickle

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rqgo/rq/internal/py"
)

// Decode returns the value of a pickle, within the default Limits. Bytes after
// its end are ignored, as Python does. The error is a *SyntaxError.
func Decode(data []byte) (any, error) { return DecodeWithin(data, Limits{}) }

// DecodeWithin is Decode with the given limits.
func DecodeWithin(data []byte, limits Limits) (any, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.limits = limits.orDefaults(len(data))
	v, err := d.decode(data)
	if errors.Is(err, errListGrew) {
		d.exact = true
		v, err = d.decode(data)
	}
	return v, err
}

// A decoder is the virtual machine of one pickle.
//
// Lists are Go slices in the end, and a slice cannot grow once others hold it.
// Python's pickler completes a list before anything holds it, except in a
// structure that refers back to itself. So a list is a *listNode while it is
// on the stack, and becomes a slice where it is put into something. When one
// grows after that, decoding starts over in exact mode, where containers hold
// nodes and a last pass over everything resolves them.
type decoder struct {
	data     []byte
	pos      int // of the next byte to read
	at       int // of the current opcode
	protocol int
	limits   Limits
	memory   int // what is left of limits.Memory

	stack  []any
	marks  []int // stack heights, one for each MARK
	memo   []any
	sparse map[uint32]any // memo entries far past the others
	noted  int            // entries in both, each counted once
	keys   py.Keys

	containers int // built so far: nothing is nested deeper than this
	exact      bool
	zones      map[*py.Object]*time.Location
	loads      int // of zones from files
}

// errListGrew restarts decoding in exact mode.
var errListGrew = errors.New("a list grew after it was put into a container")

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// maxKept is the largest stack or memo kept for the next pickle.
const maxKept = 1 << 8

func (d *decoder) release() {
	if cap(d.stack) > maxKept || cap(d.memo) > maxKept || cap(d.marks) > maxKept {
		return
	}
	d.reset()
	d.data, d.exact = nil, false
	decoders.Put(d)
}

func (d *decoder) reset() {
	clear(d.stack[:cap(d.stack)])
	clear(d.memo)
	d.stack, d.marks, d.memo = d.stack[:0], d.marks[:0], d.memo[:0]
	d.sparse, d.zones, d.keys = nil, nil, py.Keys{}
	d.pos, d.at, d.protocol, d.noted, d.containers, d.loads = 0, 0, 0, 0, 0, 0
}

func (d *decoder) decode(data []byte) (any, error) {
	d.reset()
	d.data, d.memory = data, d.limits.Memory
	if len(data) == 0 {
		return nil, &SyntaxError{Reason: "no input", Err: ErrNotPickle}
	}
	v, err := d.run()
	if err != nil {
		return nil, d.notPickle(err)
	}
	return d.finish(v)
}

// run executes opcodes up to STOP.
func (d *decoder) run() (any, error) {
	for {
		d.at = d.pos
		if d.pos >= len(d.data) {
			return nil, d.fail(ErrTruncated, "no STOP")
		}
		op := d.data[d.pos]
		d.pos++
		if op == opStop {
			return d.pop()
		}
		handle := handlers[op]
		if handle == nil {
			return nil, d.errorf("unknown opcode 0x%02x", op)
		}
		if d.memory -= costValue; d.memory < 0 {
			return nil, d.tooMuch()
		}
		if err := handle(d); err != nil {
			return nil, err
		}
	}
}

// charge takes the cost of n values of a kind from the budget.
func (d *decoder) charge(n, each int) error {
	if d.memory -= n * each; d.memory < 0 {
		return d.tooMuch()
	}
	return nil
}

func (d *decoder) tooMuch() error {
	return d.fail(ErrLimit, fmt.Sprintf("more than %d bytes of values", d.limits.Memory))
}

func (d *decoder) errorf(format string, args ...any) error {
	return &SyntaxError{Offset: d.at, Reason: fmt.Sprintf(format, args...)}
}

func (d *decoder) fail(err error, reason string) error {
	return &SyntaxError{Offset: d.at, Reason: reason, Err: err}
}

// notPickle marks the error of input that is wrong at its first opcode, or has no
// protocol at the start and a byte that is not an opcode.
func (d *decoder) notPickle(err error) error {
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Err != nil {
		return err
	}
	unknown := d.data[0] != opProto && handlers[d.data[syntax.Offset]] == nil
	if syntax.Offset == 0 || unknown {
		syntax.Err = ErrNotPickle
		syntax.Reason += looksLike(d.data)
	}
	return err
}

// looksLike names the format that data may have instead of a pickle.
func looksLike(data []byte) string {
	switch data[0] {
	case '{', '[', '"':
		return ", this looks like JSON"
	case 0x78:
		return ", this looks like zlib"
	case 0x1f:
		return ", this looks like gzip"
	}
	return ""
}
