package wire

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"sync"
)

// MaxInflated bounds what one compressed field may unfold to. Redis itself
// does not hold longer strings.
const MaxInflated = 512 << 20

// smallInput is the size up to which the fast level is used: resetting the
// default level clears 650 KiB of tables, which costs more than the whole
// enqueue of a usual job.
const smallInput = 8 << 10

var (
	fastWriters    = sync.Pool{New: func() any { return newFlate(flate.BestSpeed) }}
	defaultWriters = sync.Pool{New: func() any { return newFlate(flate.DefaultCompression) }}
	inflaters      = sync.Pool{}
)

func newFlate(level int) *flate.Writer {
	w, err := flate.NewWriter(io.Discard, level)
	if err != nil {
		panic(err) // the levels above are valid
	}
	return w
}

// Deflate compresses p as a zlib stream that begins as Python's do (78 9c).
func Deflate(p []byte) []byte {
	pool := &fastWriters
	if len(p) > smallInput {
		pool = &defaultWriters
	}
	var out bytes.Buffer
	out.Grow(len(p)/2 + 64)
	out.Write([]byte{0x78, 0x9c})
	w := pool.Get().(*flate.Writer)
	defer pool.Put(w)
	w.Reset(&out)
	_, _ = w.Write(p) // a bytes.Buffer does not fail
	_ = w.Close()
	return binary.BigEndian.AppendUint32(out.Bytes(), adler32.Checksum(p))
}

// ErrNotDeflated is returned when bytes are not a zlib stream at all. Python
// takes such bytes as they are.
var ErrNotDeflated = errors.New("not zlib data")

// ErrTooLarge is returned when data would unfold to more than MaxInflated.
var ErrTooLarge = fmt.Errorf("inflates to more than %d bytes", MaxInflated)

type inflater struct {
	src bytes.Reader
	z   io.ReadCloser
}

// Inflate undoes Deflate, and reads any zlib stream.
func Inflate(p []byte) ([]byte, error) {
	if len(p) < 2 || p[0]&0x0f != 8 || (uint(p[0])<<8|uint(p[1]))%31 != 0 {
		return nil, ErrNotDeflated
	}
	in, err := newInflater(p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDeflated, err)
	}
	defer inflaters.Put(in)
	var out bytes.Buffer
	out.Grow(min(4*len(p), 1<<20))
	n, err := io.Copy(&out, io.LimitReader(in.z, MaxInflated+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDeflated, err)
	}
	if n > MaxInflated {
		return nil, ErrTooLarge
	}
	return out.Bytes(), nil
}

func newInflater(p []byte) (*inflater, error) {
	in, _ := inflaters.Get().(*inflater)
	if in == nil {
		in = new(inflater)
		in.src.Reset(p)
		z, err := zlib.NewReader(&in.src)
		in.z = z
		return in, err
	}
	in.src.Reset(p)
	return in, in.z.(zlib.Resetter).Reset(&in.src, nil)
}
