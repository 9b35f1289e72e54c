package pickle

import (
	"encoding/binary"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

func (d *decoder) none() error {
	d.push(nil)
	return nil
}

func (d *decoder) binInt() error {
	n, err := d.uint32()
	if err == nil {
		d.push(int64(int32(n)))
	}
	return err
}

func (d *decoder) binInt1() error {
	n, err := d.uint8()
	if err == nil {
		d.push(int64(n))
	}
	return err
}

func (d *decoder) binInt2() error {
	b, err := d.take(2)
	if err == nil {
		d.push(int64(binary.LittleEndian.Uint16(b)))
	}
	return err
}

// int is INT, whose 00 and 01 are the booleans.
func (d *decoder) int() error {
	text, err := d.line()
	if err != nil {
		return err
	}
	switch string(text) {
	case "00":
		d.push(false)
		return nil
	case "01":
		d.push(true)
		return nil
	}
	return d.pushDecimal(string(text))
}

func (d *decoder) long() error {
	text, err := d.line()
	if err != nil {
		return err
	}
	return d.pushDecimal(strings.TrimSuffix(string(text), "L"))
}

// maxDigits is how many digits Python itself converts between str and int.
const maxDigits = 4300

func (d *decoder) pushDecimal(text string) error {
	text = strings.TrimSpace(text)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		d.push(n)
		return nil
	}
	if len(text) > maxDigits+1 {
		return d.fail(ErrLimit, "an integer of more than 4300 digits")
	}
	if n := strings.TrimLeft(text, "+-"); len(text)-len(n) > 1 || n == "" || digits(n) != len(n) {
		return d.errorf("integer %.40q", text)
	}
	n, _ := new(big.Int).SetString(text, 10)
	d.push(n)
	return d.charge(1, len(text))
}

func (d *decoder) long1() error {
	b, err := d.sized8()
	if err != nil {
		return err
	}
	d.pushLong(b)
	return nil
}

// long4 has a signed size, unlike the other opcodes.
func (d *decoder) long4() error {
	n, err := d.uint32()
	if err != nil {
		return err
	}
	if n > math.MaxInt32 {
		return d.errorf("an integer of %d bytes", int32(n))
	}
	b, err := d.takeLarge(uint64(n))
	if err != nil {
		return err
	}
	d.pushLong(b)
	return nil
}

// pushLong pushes the integer whose little-endian two's complement b is.
func (d *decoder) pushLong(b []byte) {
	b = trimLong(b)
	if len(b) <= 8 {
		var n uint64
		for i, x := range b {
			n |= uint64(x) << (8 * i)
		}
		shift := 64 - 8*len(b)
		d.push(int64(n<<shift) >> shift)
		return
	}
	be := slices.Clone(b)
	slices.Reverse(be)
	negative := be[0]&0x80 != 0
	if negative {
		for i := range be {
			be[i] = ^be[i]
		}
	}
	n := new(big.Int).SetBytes(be)
	if negative {
		n.Not(n)
	}
	d.push(n)
}

func (d *decoder) float() error {
	text, err := d.line()
	if err != nil {
		return err
	}
	s := string(text)
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) || strings.ContainsAny(s, "_xX") || len(s) > maxDigits {
		return d.errorf("float %.40q", text)
	}
	if f != f {
		f = math.Float64frombits(pythonNaN)
	}
	d.push(f)
	return nil
}

func (d *decoder) binFloat() error {
	b, err := d.take(8)
	if err == nil {
		d.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	}
	return err
}
