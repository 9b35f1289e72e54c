package scripts

import (
	_ "embed" // for the library
	"fmt"
)

// Longest is for how many seconds anything is kept at the most: 285 years. Users of
// RQ give huge numbers for "never". EXPIRE fails on those that it cannot add to the
// time, and clients in Go read no time to live of more than 292 years.
const Longest int64 = 9_000_000_000

// Cut returns a number of seconds, and Longest for more than that.
// lib_expire.lua does the same for numbers that are stored.
func Cut(seconds int) int64 { return min(int64(seconds), Longest) }

//go:embed lib_expire.lua
var libExpireLua string

var libExpire = fmt.Sprintf("local longest = %d\n\n", Longest) + libExpireLua
