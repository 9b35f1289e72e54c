package pickle

import (
	"encoding/binary"
	"sync"

	"github.com/rqgo/rq/internal/py"
)

const (
	frameTarget = 64 << 10
	frameMin    = 4
	frameHeader = 9
	batchSize   = 1000
	maxPickle   = 512 << 20
)

// Encode returns v as pickle.dumps(v, protocol=5) does.
func Encode(v any) ([]byte, error) { return Append(nil, v, HighestProtocol) }

// Append appends to dst what pickle.dumps(v, protocol) returns. It takes every
// value that py.From takes. The error is an *EncodeError, a *py.FromError,
// ErrProtocol or ErrTooLarge, and dst comes back as it was.
func Append(dst []byte, v any, protocol int) ([]byte, error) {
	if protocol < lowestEncoded || protocol > HighestProtocol {
		return dst, ErrProtocol
	}
	e := encoders.Get().(*encoder)
	e.protocol = protocol
	e.buf = append(e.buf[:0], opProto, byte(protocol))
	e.openFrame()
	err := e.save(v)
	if err == nil {
		e.op(opStop)
		e.closeFrame()
		dst = append(dst, e.buf...)
	}
	e.release()
	return dst, err
}

// An encoder writes one pickle.
type encoder struct {
	buf      []byte
	frame    int // where the header of the open frame begins
	protocol int
	depth    int
	slots    uint32 // memo entries so far
	strings  table[string]
	globals  table[py.Global]
	refs     table[ref]
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// maxPooled is the largest buffer that is kept for the next pickle.
const maxPooled = 256 << 10

func (e *encoder) release() {
	if cap(e.buf) > maxPooled {
		return
	}
	e.strings.reset()
	e.globals.reset()
	e.refs.reset()
	e.slots, e.depth = 0, 0
	encoders.Put(e)
}

func (e *encoder) op(op byte) { e.buf = append(e.buf, op) }

// openFrame leaves room for a header. CPython does so before the first write
// of a frame; a frame that gets none is taken out again by closeFrame.
func (e *encoder) openFrame() {
	e.frame = len(e.buf)
	e.buf = append(e.buf, make([]byte, frameHeader)...)
}

// closeFrame completes the header, or removes it when that is not worth it.
func (e *encoder) closeFrame() {
	size := e.frameSize()
	if size < frameMin {
		n := copy(e.buf[e.frame:], e.buf[e.frame+frameHeader:])
		e.buf = e.buf[:e.frame+n]
		return
	}
	e.buf[e.frame] = opFrame
	binary.LittleEndian.PutUint64(e.buf[e.frame+1:], uint64(size))
}

func (e *encoder) frameSize() int { return len(e.buf) - e.frame - frameHeader }

// boundary begins a new frame when this one is full. It is due before each
// value, which is where CPython does it, and does no harm twice.
func (e *encoder) boundary() {
	if e.frameSize() >= frameTarget {
		e.closeFrame()
		e.openFrame()
	}
}

// unframed writes a large string: it stands outside of frames.
func unframed[T ~[]byte | string](e *encoder, header []byte, data T) {
	e.closeFrame()
	e.buf = append(append(e.buf, header...), data...)
	e.openFrame()
}

// memoize gives the object on top of the stack a slot.
func (e *encoder) memoize() uint32 {
	e.op(opMemoize)
	e.slots++
	return e.slots - 1
}

// memoizeRef is memoize for an object that may come again.
func (e *encoder) memoizeRef(r ref) {
	slot := e.memoize()
	if r.kind != refNone {
		e.refs.put(r, slot)
	}
}

// recall writes a reference to r if it was written before.
func (e *encoder) recall(r ref) bool {
	if r.kind == refNone {
		return false
	}
	slot, ok := e.refs.get(r)
	if ok {
		e.get(slot)
	}
	return ok
}

func (e *encoder) get(slot uint32) {
	if slot < 256 {
		e.buf = append(e.buf, opBinGet, byte(slot))
		return
	}
	e.buf = binary.LittleEndian.AppendUint32(append(e.buf, opLongBinGet), slot)
}
