package pickle

import (
	"errors"
	"strings"
)

// errNotNumber is the reason for a py.Decimal that Python could not parse.
var errNotNumber = errors.New("not the text of a Decimal")

// validDecimal reports whether s is what str(Decimal) can return.
func validDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	switch {
	case s == "Infinity":
		return true
	case strings.HasPrefix(s, "NaN"):
		return digits(s[3:]) == len(s)-3
	case strings.HasPrefix(s, "sNaN"):
		return digits(s[4:]) == len(s)-4
	}
	n := digits(s)
	s, seen := s[n:], n
	if strings.HasPrefix(s, ".") {
		n = digits(s[1:])
		s, seen = s[1+n:], seen+n
	}
	if seen == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'E' && s[0] != 'e' || len(s) < 2 {
		return false
	}
	s = s[1:]
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	return s != "" && digits(s) == len(s)
}

// digits returns how many ASCII digits s begins with.
func digits(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// pathParts returns PurePosixPath(p).parts: the root, then the names. Two
// slashes in front are a root of their own in POSIX, three are not.
func pathParts(p string) []string {
	var parts []string
	switch {
	case strings.HasPrefix(p, "//") && !strings.HasPrefix(p, "///"):
		parts = append(parts, "//")
	case strings.HasPrefix(p, "/"):
		parts = append(parts, "/")
	}
	for name := range strings.SplitSeq(p, "/") {
		if name != "" && name != "." {
			parts = append(parts, name)
		}
	}
	return parts
}

// joinPath returns str(PurePosixPath(*segments)): an absolute segment drops
// those before it.
func joinPath(segments []string) string {
	var joined string
	for _, s := range segments {
		switch {
		case strings.HasPrefix(s, "/"), joined == "":
			joined = s
		case strings.HasSuffix(joined, "/"):
			joined += s
		default:
			joined += "/" + s
		}
	}
	parts := pathParts(joined)
	switch {
	case len(parts) == 0:
		return "."
	case strings.HasPrefix(parts[0], "/"):
		return parts[0] + strings.Join(parts[1:], "/")
	}
	return strings.Join(parts, "/")
}
