// Package wire is the content of RQ's Redis keys: bytes in, bytes out. Each record has
// its encoder beside its decoder, with the fields in the order RQ writes them. Writers
// are strict; readers accept whatever any RQ version has written.
package wire

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/rqgo/rq/internal/py"
)

// timeLayout is rq/utils.py utcformat: UTC, always six digits. Python's reader
// rejects any other number of digits above six, and any offset.
const timeLayout = "2006-01-02T15:04:05.000000Z"

// FormatTime returns t as RQ writes times in hashes.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// formatTimeOrEmpty returns "" for the zero time, as RQ does for None.
func formatTimeOrEmpty(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return FormatTime(t)
}

// ParseTime reads a time from a hash. It is more lenient than RQ: it accepts any RFC
// 3339 time. Like RQ, it drops fractions of a microsecond.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s is not a time such as %s", quote(s), timeLayout)
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// FormatUnix returns t as RQ writes times in results and executions: Unix
// seconds as Python's repr of a float.
func FormatUnix(t time.Time) string {
	return string(py.AppendFloat(nil, unixSeconds(t.UnixMicro())))
}

// unixSeconds returns the float nearest to a number of microseconds divided by
// a million. Two roundings in a row would be off by one bit for some far years.
func unixSeconds(us int64) float64 {
	if -1<<53 <= us && us <= 1<<53 {
		return float64(us) / 1e6
	}
	f, _ := big.NewRat(us, 1e6).Float64()
	return f
}

// The first and the last microsecond of Python's datetime: years 1 to 9999.
const (
	minMicro = -62135596800_000000
	maxMicro = 253402300799_999999
)

// ParseUnix reads a time from a result or an execution, with the rounding of
// Python's datetime.fromtimestamp.
func ParseUnix(s string) (time.Time, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err == nil && minMicro/1e6 <= f && f <= maxMicro/1e6 {
		seconds, fraction := math.Modf(f)
		us := int64(seconds)*1e6 + int64(math.RoundToEven(fraction*1e6))
		if minMicro <= us && us <= maxMicro {
			return time.UnixMicro(us).UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s is not a time in Unix seconds", quote(s))
}
