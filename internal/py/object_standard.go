package py

import (
	"fmt"
	"math/big"
	"net/netip"
	"strings"
)

// standardValues are the classes and functions that make text or a time of
// something else. The text is what str returns.
var standardValues = map[Global]func(args Tuple) (any, bool){
	{"fractions", "Fraction"}:                                 fractionText,
	{"ipaddress", "IPv4Address"}:                              addressText,
	{"pandas._libs.tslibs.timestamps", "_unpickle_timestamp"}: pandasTimestamp,
	{"pandas._libs.tslibs.timedeltas", "_timedelta_unpickle"}: pandasTimedelta,
	{"pathlib", "PurePosixPath"}:                              slashPath,
	{"pathlib", "PureWindowsPath"}:                            windowsPath,
	{"pathlib", "WindowsPath"}:                                windowsPath,
	{"pathlib._local", "PurePosixPath"}:                       slashPath, // Python 3.13
	{"pathlib._local", "PureWindowsPath"}:                     windowsPath,
	{"pathlib._local", "WindowsPath"}:                         windowsPath,
}

// fractionText takes a numerator and a denominator.
func fractionText(args Tuple) (any, bool) {
	if len(args) != 2 || !isShortInt(args[0]) || !isShortInt(args[1]) {
		return nil, false
	}
	if args[1] == any(int64(1)) {
		return fmt.Sprint(args[0]), true
	}
	return fmt.Sprint(args[0], "/", args[1]), true
}

// isShortInt reports whether v is an int that Python itself writes as text: one
// of up to 4300 digits.
func isShortInt(v any) bool {
	const most = 14_283 // bits, which are always fewer digits
	switch n := v.(type) {
	case int64:
		return true
	case *big.Int:
		return n.BitLen() <= most
	}
	return false
}

func addressText(args Tuple) (any, bool) {
	if len(args) != 1 {
		return nil, false
	}
	n, ok := args[0].(int64)
	addr := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return addr.String(), ok && 0 <= n && n < 1<<32
}

func slashPath(args Tuple) (any, bool) {
	parts, ok := pathParts(args, "/")
	if !ok || parts[0] != "/" && strings.Contains(parts[0], "/") {
		return nil, false
	}
	return joinParts(parts, "/", parts[0] == "/"), true
}

// windowsPath takes a first part that is a root, such as C:\, or C: for a path
// from where the drive is.
func windowsPath(args Tuple) (any, bool) {
	parts, ok := pathParts(args, `/\`)
	if !ok || strings.Contains(parts[0], "/") {
		return nil, false
	}
	return joinParts(parts, `\`, strings.HasSuffix(parts[0], `\`) || strings.HasSuffix(parts[0], ":")), true
}

// pathParts returns the parts of a path, which have no separators but in the
// first. It is false for a path that is written as it was given, as Python 3.13
// does: that is for Python to read.
func pathParts(args Tuple, separators string) ([]string, bool) {
	if len(args) == 0 {
		return []string{"."}, true
	}
	parts := make([]string, len(args))
	for i, a := range args {
		part, ok := a.(string)
		if !ok || part == "" || part == "." || i > 0 && strings.ContainsAny(part, separators) {
			return nil, false
		}
		parts[i] = part
	}
	return parts, true
}

func joinParts(parts []string, separator string, rooted bool) string {
	rest := strings.Join(parts[1:], separator)
	if rooted || rest == "" {
		return parts[0] + rest
	}
	return parts[0] + separator + rest
}
