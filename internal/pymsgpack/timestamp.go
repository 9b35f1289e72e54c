package pymsgpack

import (
	"encoding/binary"
	"time"
)

// timestampType is the number of the only extension that MessagePack defines.
const timestampType = -1

// timestamp reads an extension, which must be a timestamp.
func (d *decoder) timestamp() (any, error) {
	kind, n, err := d.dec.DecodeExtHeader()
	if err != nil || n < 0 || n > d.r.Len() {
		return nil, d.fail(errTruncated)
	}
	if kind != timestampType {
		return nil, d.fail(errExtension)
	}
	var b [12]byte
	if n > len(b) {
		return nil, d.fail(errTimestamp)
	}
	if err := d.dec.ReadFull(b[:n]); err != nil {
		return nil, d.fail(errTruncated)
	}
	t, ok := parseTimestamp(b[:n])
	if !ok {
		return nil, d.fail(errTimestamp)
	}
	return t, nil
}

// parseTimestamp knows the three sizes of a timestamp: seconds in 32 bits,
// nanoseconds in 30 and seconds in 34, or 32 and 64. Only the years that
// Python has will do.
func parseTimestamp(b []byte) (time.Time, bool) {
	var sec int64
	var nsec uint32
	switch len(b) {
	case 4:
		sec = int64(binary.BigEndian.Uint32(b))
	case 8:
		packed := binary.BigEndian.Uint64(b)
		sec, nsec = int64(packed&(1<<34-1)), uint32(packed>>34)
	case 12:
		nsec, sec = binary.BigEndian.Uint32(b), int64(binary.BigEndian.Uint64(b[4:]))
	default:
		return time.Time{}, false
	}
	t := time.Unix(sec, int64(nsec)).UTC()
	const lastSecond = 253402300799 // of the year 9999
	return t, nsec < 1e9 && sec <= lastSecond && t.Year() >= 1
}
