package pickle

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// take reads n bytes. They are part of the input.
func (d *decoder) take(n int) ([]byte, error) {
	if n > len(d.data)-d.pos {
		return nil, d.fail(ErrTruncated, fmt.Sprintf("%d bytes wanted, %d left", n, len(d.data)-d.pos))
	}
	b := d.data[d.pos : d.pos+n]
	d.pos += n
	return b, nil
}

// line reads up to a newline, and drops it.
func (d *decoder) line() ([]byte, error) {
	n := bytes.IndexByte(d.data[d.pos:], '\n')
	if n < 0 {
		return nil, d.fail(ErrTruncated, "no newline")
	}
	b := d.data[d.pos : d.pos+n]
	d.pos += n + 1
	return b, nil
}

func (d *decoder) uint8() (int, error) {
	b, err := d.take(1)
	if err != nil {
		return 0, err
	}
	return int(b[0]), nil
}

func (d *decoder) uint32() (uint32, error) {
	b, err := d.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

// sized8 reads bytes behind a size of one byte.
func (d *decoder) sized8() ([]byte, error) {
	n, err := d.uint8()
	if err != nil {
		return nil, err
	}
	return d.take(n)
}

// sized32 reads bytes behind a size of four bytes.
func (d *decoder) sized32() ([]byte, error) {
	n, err := d.uint32()
	if err != nil {
		return nil, err
	}
	return d.takeLarge(uint64(n))
}

// sized64 reads bytes behind a size of eight bytes.
func (d *decoder) sized64() ([]byte, error) {
	b, err := d.take(8)
	if err != nil {
		return nil, err
	}
	return d.takeLarge(binary.LittleEndian.Uint64(b))
}

// takeLarge is take for a size that an int may not hold.
func (d *decoder) takeLarge(n uint64) ([]byte, error) {
	if left := uint64(len(d.data) - d.pos); n > left {
		return nil, d.fail(ErrTruncated, fmt.Sprintf("%d bytes wanted, %d left", n, left))
	}
	return d.take(int(n))
}
