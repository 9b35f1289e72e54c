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

// MaxInflated limits how large one compressed field may inflate. Redis itself does not
// hold longer strings.
const MaxInflated = 512 << 20

// tinyInput is the size up to which data is stored uncompressed inside the zlib stream.
// Such a short pickle does not get smaller at the fast level, and this takes a fiftieth
// of the time.
const tinyInput = 128

// smallInput is the size up to which the fast level is used: resetting the
// default level clears 650 KiB of tables, which costs more than the whole
// enqueue of a usual job.
const smallInput = 8 << 10

var (
	fastDeflaters    = sync.Pool{New: func() any { return newDeflater(flate.BestSpeed) }}
	defaultDeflaters = sync.Pool{New: func() any { return newDeflater(flate.DefaultCompression) }}
	inflaters        = sync.Pool{}
)

// A deflater compresses what is written to z and appends it to out.
type deflater struct {
	out []byte
	z   *flate.Writer
}

func newDeflater(level int) *deflater {
	d := new(deflater)
	var err error
	if d.z, err = flate.NewWriter(d, level); err != nil {
		panic(err) // the levels above are valid
	}
	return d
}

func (d *deflater) Write(p []byte) (int, error) {
	d.out = append(d.out, p...)
	return len(p), nil
}

// Deflate compresses p as a zlib stream with Python's header (78 9c). The rest need not
// equal Python's, except for the empty string.
func Deflate(p []byte) []byte {
	out := make([]byte, 0, len(p)/2+tinyInput)
	out = append(out, 0x78, 0x9c)
	switch {
	case len(p) == 0:
		out = append(out, 0x03, 0x00) // one empty block, the last
	case len(p) <= tinyInput:
		n := byte(len(p))
		out = append(out, 0x01, n, 0x00, ^n, 0xff) // one stored block, the last
		out = append(out, p...)
	case len(p) <= smallInput:
		out = deflate(&fastDeflaters, out, p)
	default:
		out = deflate(&defaultDeflaters, out, p)
	}
	return binary.BigEndian.AppendUint32(out, adler32.Checksum(p))
}

func deflate(pool *sync.Pool, out, p []byte) []byte {
	d := pool.Get().(*deflater)
	defer pool.Put(d)
	d.out = out
	d.z.Reset(d)
	_, _ = d.z.Write(p) // a deflater does not fail
	_ = d.z.Close()
	out, d.out = d.out, nil
	return out
}

// ErrNotDeflated is returned when bytes are not a zlib stream at all. RQ uses such
// bytes as they are.
var ErrNotDeflated = errors.New("not zlib data")

// ErrTooLarge is returned when data would inflate to more than MaxInflated.
var ErrTooLarge = errors.New("inflates to more than Redis holds")

// An inflater reads src through z and limit into out.
type inflater struct {
	src   bytes.Reader
	z     io.ReadCloser
	limit io.LimitedReader
	out   bytes.Buffer
}

// Inflate decompresses any zlib stream. Like Python's decompress, it ignores bytes
// after the stream.
func Inflate(p []byte) ([]byte, error) { return inflate(p, MaxInflated) }

func inflate(p []byte, most int64) ([]byte, error) {
	if len(p) < 2 || p[0]&0x0f != 8 || (uint(p[0])<<8|uint(p[1]))%31 != 0 {
		return nil, ErrNotDeflated
	}
	in, err := newInflater(p)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDeflated, err)
	}
	defer in.release()
	in.limit = io.LimitedReader{R: in.z, N: most + 1}
	n, err := in.out.ReadFrom(&in.limit)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotDeflated, err)
	}
	if n > most {
		return nil, ErrTooLarge
	}
	return append([]byte{}, in.out.Bytes()...), nil
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

// release drops the input and a large buffer, and keeps the rest for the next use.
func (in *inflater) release() {
	in.src.Reset(nil)
	in.out.Reset()
	if in.out.Cap() > keptBuffer {
		in.out = bytes.Buffer{}
	}
	inflaters.Put(in)
}

// keptBuffer is the largest buffer that an inflater keeps.
const keptBuffer = 64 << 10
