package pickle

import (
	"math"
	"strconv"
)

func (d *decoder) mark() error {
	d.marks = append(d.marks, len(d.stack))
	return nil
}

// drop is POP. With nothing above it, a MARK goes, as in Python.
func (d *decoder) drop() error {
	if n := len(d.marks); n > 0 && d.marks[n-1] == len(d.stack) {
		d.marks = d.marks[:n-1]
		return nil
	}
	if err := d.need(1); err != nil {
		return err
	}
	d.stack = d.stack[:len(d.stack)-1]
	return nil
}

func (d *decoder) dropMark() error {
	_, err := d.popMark()
	return err
}

func (d *decoder) dup() error {
	if err := d.need(1); err != nil {
		return err
	}
	d.push(d.stack[len(d.stack)-1])
	return nil
}

func (d *decoder) proto() error {
	n, err := d.uint8()
	if err != nil {
		return err
	}
	if n > HighestProtocol {
		return d.errorf("protocol %d, newer than %d", n, HighestProtocol)
	}
	d.protocol = n
	return nil
}

// frame only checks that the frame is there, as Python does: its content is
// read like everything else.
func (d *decoder) frame() error {
	b, err := d.sized64()
	d.pos -= len(b)
	return err
}

func (d *decoder) get() error {
	i, err := d.lineIndex()
	if err != nil {
		return err
	}
	return d.recall(i)
}

func (d *decoder) binGet() error {
	i, err := d.uint8()
	if err != nil {
		return err
	}
	return d.recall(uint32(i))
}

func (d *decoder) longBinGet() error {
	i, err := d.uint32()
	if err != nil {
		return err
	}
	return d.recall(i)
}

func (d *decoder) put() error {
	i, err := d.lineIndex()
	if err != nil {
		return err
	}
	return d.note(i)
}

func (d *decoder) binPut() error {
	i, err := d.uint8()
	if err != nil {
		return err
	}
	return d.note(uint32(i))
}

func (d *decoder) longBinPut() error {
	i, err := d.uint32()
	if err != nil {
		return err
	}
	return d.note(i)
}

// memoize is MEMOIZE: the index is how many entries there are.
func (d *decoder) memoize() error { return d.note(uint32(d.noted)) }

// lineIndex reads the memo index of protocol 0.
func (d *decoder) lineIndex() (uint32, error) {
	text, err := d.line()
	if err != nil {
		return 0, err
	}
	i, err := strconv.ParseUint(string(text), 10, 32)
	if err != nil || i == math.MaxUint32 {
		return 0, d.errorf("memo index %.20q", text)
	}
	return uint32(i), nil
}

func (d *decoder) unsupported() error {
	name := map[byte]string{
		opPersID: "a persistent id", opBinPersID: "a persistent id",
		opExt1: "an extension code", opExt2: "an extension code", opExt4: "an extension code",
		opNextBuffer: "an out-of-band buffer", opReadonlyBuffer: "an out-of-band buffer",
	}[d.data[d.at]]
	return d.fail(ErrUnsupported, "refers to "+name)
}
