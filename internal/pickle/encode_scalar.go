package pickle

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"slices"

	"github.com/rqgo/rq/internal/py"
)

func (e *encoder) saveBool(b bool) {
	if b {
		e.op(opNewTrue)
		return
	}
	e.op(opNewFalse)
}

func (e *encoder) saveInt(n int64) {
	switch {
	case n >= 0 && n <= math.MaxUint8:
		e.buf = append(e.buf, opBinInt1, byte(n))
	case n >= 0 && n <= math.MaxUint16:
		e.buf = binary.LittleEndian.AppendUint16(append(e.buf, opBinInt2), uint16(n))
	case n >= math.MinInt32 && n <= math.MaxInt32:
		e.buf = binary.LittleEndian.AppendUint32(append(e.buf, opBinInt), uint32(n))
	default:
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], uint64(n))
		e.saveLong(trimLong(b[:]))
	}
}

func (e *encoder) saveBig(n *big.Int) error {
	if n.IsInt64() {
		e.saveInt(n.Int64())
		return nil
	}
	if n.BitLen()/8 >= maxPickle {
		return ErrTooLarge
	}
	e.saveLong(twosComplement(n))
	return nil
}

func (e *encoder) saveLong(b []byte) {
	if len(b) <= math.MaxUint8 {
		e.buf = append(e.buf, opLong1, byte(len(b)))
	} else {
		e.buf = binary.LittleEndian.AppendUint32(append(e.buf, opLong4), uint32(len(b)))
	}
	e.buf = append(e.buf, b...)
}

// twosComplement returns the shortest little-endian two's complement of n.
func twosComplement(n *big.Int) []byte {
	b := make([]byte, n.BitLen()/8+1)
	if n.Sign() >= 0 {
		n.FillBytes(b)
	} else {
		// The two's complement of -m is the complement of m-1.
		new(big.Int).Not(n).FillBytes(b)
		for i := range b {
			b[i] = ^b[i]
		}
	}
	slices.Reverse(b)
	return trimLong(b)
}

// trimLong drops the high bytes that only repeat the sign.
func trimLong(b []byte) []byte {
	for n := len(b) - 1; n > 0; n-- {
		negative := b[n-1]&0x80 != 0
		if negative && b[n] != 0xff || !negative && b[n] != 0 {
			break
		}
		b = b[:n]
	}
	return b
}

// goNaN is the NaN of package math, whose bits are not those of Python's.
const (
	goNaN     = 0x7ff8000000000001
	pythonNaN = 0x7ff8000000000000
)

func (e *encoder) saveFloat(f float64) {
	bits := math.Float64bits(f)
	if bits == goNaN {
		bits = pythonNaN
	}
	e.buf = binary.BigEndian.AppendUint64(append(e.buf, opBinFloat), bits)
}

// saveComplex writes the call that copyreg knows for complex numbers.
func (e *encoder) saveComplex(c complex128) {
	e.saveClass("builtins", "complex")
	e.saveFloat(real(c))
	e.saveFloat(imag(c))
	e.call(opTuple2)
}

func (e *encoder) saveRange(r py.Range) {
	e.saveClass("builtins", "range")
	e.saveInt(r.Start)
	e.saveInt(r.Stop)
	e.saveInt(r.Step)
	e.call(opTuple3)
}

// saveText writes a str, and the second time a reference to it.
func (e *encoder) saveText(s string) error {
	if slot, ok := e.strings.get(s); ok {
		e.get(slot)
		return nil
	}
	if !validString(s) {
		return &EncodeError{Value: fmt.Sprintf("%.40q", s), Reason: ErrText}
	}
	e.writeText(s)
	e.strings.put(s, e.memoize())
	return nil
}

// saveFreshText writes a str that is never referred to.
func (e *encoder) saveFreshText(s string) {
	e.boundary()
	e.writeText(s)
	e.memoize()
}

func (e *encoder) writeText(s string) {
	switch n := len(s); {
	case n <= math.MaxUint8:
		e.buf = append(e.buf, opShortBinUnicode, byte(n))
		e.buf = append(e.buf, s...)
	case n < frameTarget:
		e.buf = append(e.buf, sized(opBinUnicode, opBinUnicode8, n)...)
		e.buf = append(e.buf, s...)
	default:
		unframed(e, sized(opBinUnicode, opBinUnicode8, n), s)
	}
}

func (e *encoder) saveBytes(b []byte) {
	r := bytesRef(b)
	if !e.recall(r) {
		e.writeBytes(b)
		e.memoizeRef(r)
	}
}

func (e *encoder) writeBytes(b []byte) {
	switch n := len(b); {
	case n <= math.MaxUint8:
		e.buf = append(e.buf, opShortBinBytes, byte(n))
		e.buf = append(e.buf, b...)
	case n < frameTarget:
		e.buf = append(e.buf, sized(opBinBytes, opBinBytes8, n)...)
		e.buf = append(e.buf, b...)
	default:
		unframed(e, sized(opBinBytes, opBinBytes8, n), b)
	}
}

// saveByteArray writes BYTEARRAY8, which protocol 4 does not have.
func (e *encoder) saveByteArray(b py.ByteArray) {
	r := sliceRef(refByteArray, b)
	if e.recall(r) {
		return
	}
	switch {
	case e.protocol < 5:
		e.saveClass("builtins", "bytearray")
		e.boundary()
		if len(b) == 0 {
			e.op(opEmptyTuple)
		} else {
			e.saveFreshBytes(b)
			e.op(opTuple1)
			e.memoize()
		}
		e.op(opReduce)
	case len(b) < frameTarget:
		e.buf = append(append(e.buf, sized8(opByteArray8, len(b))...), b...)
	default:
		unframed(e, sized8(opByteArray8, len(b)), b)
	}
	e.memoizeRef(r)
}

// saveFreshBytes writes temporary bytes, which nothing refers to.
func (e *encoder) saveFreshBytes(b []byte) {
	e.boundary()
	e.writeBytes(b)
	e.memoize()
}

// sized returns op with a size of four bytes, or wide with one of eight.
func sized(op, wide byte, n int) []byte {
	if uint64(n) > math.MaxUint32 {
		return sized8(wide, n)
	}
	return binary.LittleEndian.AppendUint32([]byte{op}, uint32(n))
}

func sized8(op byte, n int) []byte {
	return binary.LittleEndian.AppendUint64([]byte{op}, uint64(n))
}
