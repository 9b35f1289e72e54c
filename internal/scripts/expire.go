package scripts

import (
	_ "embed" // for the library
	"fmt"
)

// Longest is the longest TTL in seconds, 285 years. Users of RQ give huge numbers for
// "never". EXPIRE fails on numbers that it cannot add to the time, and Go clients
// cannot read a TTL of more than 292 years.
const Longest int64 = 9_000_000_000

// Cut returns the number of seconds, but at most Longest. lib_expire.lua does the same
// for stored numbers.
func Cut(seconds int) int64 { return min(int64(seconds), Longest) }

//go:embed lib_expire.lua
var libExpireLua string

var libExpire = fmt.Sprintf("local longest_ttl = %d\n\n", Longest) + libExpireLua
