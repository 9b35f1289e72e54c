package py

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
)

// isNumPy reports whether g is NumPy's.
func isNumPy(g Global) bool { return strings.HasPrefix(g.Module, "numpy.") }

// numPyValue returns a scalar of NumPy as Python's own type, and an array of
// one dimension as a list of them. The internal modules were renamed in
// NumPy 2.
func (o *Object) numPyValue(class Global) (any, bool) {
	switch strings.Replace(class.String(), "numpy._core.", "numpy.core.", 1) {
	case "numpy.core.multiarray.scalar":
		if len(o.Args) == 2 {
			data, _ := bytesOf(o.Args[1])
			return numPyScalar(o.Args[0], data)
		}
	case "numpy.core.numeric._frombuffer":
		if len(o.Args) == 4 {
			data, _ := bytesOf(o.Args[0])
			return numPyArray(o.Args[1], o.Args[2], data)
		}
	case "numpy.core.multiarray._reconstruct":
		if state, _ := o.State.(Tuple); len(state) == 5 {
			data, _ := bytesOf(state[4])
			return numPyArray(state[2], state[1], data)
		}
	}
	return nil, false
}

func numPyArray(dtype, shape any, data []byte) (any, bool) {
	dims, _ := shape.(Tuple)
	kind, size, order, ok := numPyType(dtype)
	if !ok || len(dims) != 1 || len(data)%size != 0 || dims[0] != any(int64(len(data)/size)) {
		return nil, false
	}
	list := make([]any, len(data)/size)
	for i := range list {
		if list[i], ok = numPyElement(kind, size, order, dtype, data[i*size:(i+1)*size]); !ok {
			return nil, false
		}
		if text, ok := list[i].(string); ok { // as wide as the longest one
			list[i] = strings.TrimRight(text, "\x00")
		}
	}
	return list, true
}

// numPyType reads a dtype: the letter of its kind, the size of a value in
// bytes, and their order. It is false for kinds other than b, i, u, f, M, m and
// U, and for float128, which is as wide as the machine likes.
func numPyType(dtype any) (kind byte, size int, order binary.ByteOrder, ok bool) {
	o, ok := dtype.(*Object)
	if !ok || o.Class() != "numpy.dtype" || len(o.Args) == 0 {
		return 0, 0, nil, false
	}
	code, _ := o.Args[0].(string)
	state, _ := o.State.(Tuple)
	if len(code) < 2 || len(state) < 2 {
		return 0, 0, nil, false
	}
	size, err := strconv.Atoi(code[1:])
	order = binary.LittleEndian
	if state[1] == any(">") {
		order = binary.BigEndian
	}
	switch kind = code[0]; kind {
	case 'U':
		return kind, 4 * size, order, err == nil && 0 < size && size < 1<<28
	case 'b':
		return kind, size, order, size == 1
	case 'i', 'u':
		return kind, size, order, size == 1 || size == 2 || size == 4 || size == 8
	case 'f':
		return kind, size, order, size == 4 || size == 8
	case 'M', 'm':
		return kind, size, order, size == 8
	}
	return 0, 0, nil, false
}

func numPyScalar(dtype any, data []byte) (any, bool) {
	kind, size, order, ok := numPyType(dtype)
	if !ok || len(data) != size {
		return nil, false
	}
	return numPyElement(kind, size, order, dtype, data)
}

// numPyElement reads one value of a dtype that numPyType has read.
func numPyElement(kind byte, size int, order binary.ByteOrder, dtype any, data []byte) (any, bool) {
	if kind == 'U' {
		return numPyText(order, data)
	}
	bits := numPyBits(order, data)
	switch {
	case kind == 'b':
		return bits != 0, true
	case kind == 'i':
		unused := 64 - 8*size
		return int64(bits<<unused) >> unused, true
	case kind == 'u':
		return fromUint(bits), true
	case kind == 'M' || kind == 'm':
		return numPyTime(kind, dtype, int64(bits))
	case size == 4:
		return float64(math.Float32frombits(uint32(bits))), true
	}
	return math.Float64frombits(bits), true
}

// numPyUnits are the units of a datetime64 that are always of one length.
var numPyUnits = map[string]time.Duration{
	"W": 7 * 24 * time.Hour, "D": 24 * time.Hour, "h": time.Hour, "m": time.Minute, "s": time.Second,
	"ms": time.Millisecond, "us": time.Microsecond, "ns": time.Nanosecond,
}

// numPyTime returns the time of a datetime64, or the length of a timedelta64.
// The dtype names the unit last, and how many of it are counted as one.
func numPyTime(kind byte, dtype any, count int64) (any, bool) {
	state, _ := dtype.(*Object).State.(Tuple)
	if len(state) != 9 || count == math.MinInt64 { // which is NaT
		return nil, false
	}
	metadata, _ := state[8].(Tuple)
	if len(metadata) != 2 {
		return nil, false
	}
	unit, _ := metadata[1].(Tuple)
	if len(unit) != 4 || unit[1] != any(int64(1)) || unit[2] != any(int64(1)) {
		return nil, false
	}
	name, _ := unit[0].([]byte)
	if kind == 'M' {
		return timeAfter(count, numPyUnits[string(name)])
	}
	return durationOf(count, numPyUnits[string(name)])
}

// numPyBits returns up to 8 bytes as a number.
func numPyBits(order binary.ByteOrder, data []byte) uint64 {
	var b [8]byte
	if order == binary.ByteOrder(binary.BigEndian) {
		copy(b[8-len(data):], data)
	} else {
		copy(b[:], data)
	}
	return order.Uint64(b[:])
}

// numPyText returns the text of code points of 4 bytes, as a str_ holds them.
func numPyText(order binary.ByteOrder, data []byte) (any, bool) {
	text := make([]rune, len(data)/4)
	for i := range text {
		text[i] = rune(order.Uint32(data[4*i:]))
	}
	s := string(text)
	return s, !strings.ContainsRune(s, '\uFFFD')
}
