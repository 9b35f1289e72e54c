package pickle

import "unicode/utf8"

// validString is validText for a string, which nearly always is plain UTF-8.
func validString(s string) bool { return utf8.ValidString(s) || validText([]byte(s)) }

// validText reports whether b is UTF-8 in which lone surrogates are allowed,
// as the error handler surrogatepass of Python allows them.
func validText(b []byte) bool {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		n := surrogateLen(b)
		if n == 0 {
			var r rune
			if r, n = utf8.DecodeRune(b); r == utf8.RuneError && n == 1 {
				return false
			}
		}
		b = b[n:]
	}
	return true
}

// surrogateLen returns 3 when b starts with an encoded surrogate, else 0.
func surrogateLen(b []byte) int {
	if len(b) >= 3 && b[0] == 0xed && b[1] >= 0xa0 && b[1] <= 0xbf && b[2]&0xc0 == 0x80 {
		return 3
	}
	return 0
}

// appendCodePoint appends r as surrogatepass does: surrogates too.
func appendCodePoint(b []byte, r rune) []byte {
	if r >= 0xd800 && r <= 0xdfff {
		return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0xbf, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(b, r)
}
