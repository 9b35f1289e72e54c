package py

import "unicode/utf8"

// DecodeRune returns the first code point of s and its width in bytes. Unlike
// utf8.DecodeRuneInString it takes the three bytes of a lone surrogate for
// that code point: a Python str can hold one, and then a Go string holds it
// so. It is false for an empty s and for bytes that are no text.
func DecodeRune(s string) (r rune, size int, ok bool) {
	r, size = utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || size == 3 {
		return r, size, true
	}
	if len(s) >= 3 && s[0] == 0xED && s[1]&0xE0 == 0xA0 && s[2]&0xC0 == 0x80 {
		return 0xD000 | rune(s[1]&0x3F)<<6 | rune(s[2]&0x3F), 3, true
	}
	return utf8.RuneError, size, false
}

// AppendRune appends r as DecodeRune reads it.
func AppendRune(dst []byte, r rune) []byte {
	if 0xD800 <= r && r < 0xE000 {
		return append(dst, 0xED, 0x80|byte(r>>6&0x3F), 0x80|byte(r&0x3F))
	}
	return utf8.AppendRune(dst, r)
}
