// Package wire is the content of RQ's Redis keys: bytes in, bytes out. Each
// record has its encoder beside its decoder, with the fields in the order RQ
// writes them. Writers are strict; readers take whatever any RQ version wrote.
package wire

import (
	"fmt"
	"math"
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

// ParseTime reads a time from a hash. It is more lenient than RQ: any RFC 3339
// time will do.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a time such as %s", s, timeLayout)
	}
	return t.UTC(), nil
}

// FormatUnix returns t as RQ writes times in results and executions: Unix
// seconds as Python's repr of a float.
func FormatUnix(t time.Time) string {
	return string(py.AppendFloat(nil, float64(t.UnixMicro())/1e6))
}

// ParseUnix reads a time from a result or an execution.
func ParseUnix(s string) (time.Time, error) {
	f, err := parseFloat(s)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1<<53 {
		return time.Time{}, fmt.Errorf("%q is not a time in Unix seconds", s)
	}
	return time.UnixMicro(int64(math.Round(f * 1e6))).UTC(), nil
}
