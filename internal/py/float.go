package py

import (
	"math"
	"strconv"
)

// AppendFloat appends Python's repr of a float: the shortest text that reads
// back as f, with ".0" for a whole number and an exponent only from 1e16 up and
// below 0.0001.
func AppendFloat(dst []byte, f float64) []byte {
	switch a := math.Abs(f); {
	case a < 1e15 && f == math.Trunc(f) && (f != 0 || !math.Signbit(f)):
		return append(strconv.AppendInt(dst, int64(f), 10), ".0"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case a >= 1e16 || a < 1e-4 && a != 0:
		return strconv.AppendFloat(dst, f, 'e', -1, 64)
	case f == math.Trunc(f):
		return append(strconv.AppendFloat(dst, f, 'f', -1, 64), ".0"...)
	}
	return strconv.AppendFloat(dst, f, 'f', -1, 64)
}
