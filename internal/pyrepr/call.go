package pyrepr

import (
	"slices"
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
)

// CallString describes a call as RQ does for a job without a description
// (rq/utils.py, get_call_string): every argument by its repr, cut to limit
// characters and "..." when it is longer, the keyword arguments sorted as
// text. RQ's jobs have a limit of 75. Nothing is cut when limit is not positive.
//
// The time it takes depends on limit and the number of arguments, hardly on
// their size.
func CallString(funcName string, args []any, kwargs *py.Dict, limit int) string {
	var room [256]byte
	var path [4]ref
	p := printer{dst: append(room[:0], funcName...), path: path[:0]}
	p.add("(")
	for i, v := range args {
		if i > 0 {
			p.add(", ")
		}
		p.argument(v, limit)
	}
	if kwargs.Len() > 0 {
		if len(args) > 0 {
			p.add(", ")
		}
		p.keywords(kwargs.Items(), limit)
	}
	p.add(")")
	return string(p.dst)
}

// argument prints v, and stops when enough is there to be sure of the cut: no
// character has more than four bytes.
func (p *printer) argument(v any, limit int) {
	start := len(p.dst)
	p.stop = start + maxLen
	if 0 < limit && limit < maxLen/utf8.UTFMax {
		p.stop = start + utf8.UTFMax*limit + 1
	}
	p.value(v)
	if limit > 0 {
		p.cut(start, limit)
	}
}

// cut replaces the characters after the first limit from start.
func (p *printer) cut(start, limit int) {
	if len(p.dst)-start <= limit {
		return
	}
	end := start
	for range limit {
		_, size := utf8.DecodeRune(p.dst[end:])
		if end += size; end == len(p.dst) {
			return
		}
	}
	p.dst = append(p.dst[:end], "..."...)
}

// keywords prints every k=v and then puts them in the order of their text.
func (p *printer) keywords(items []py.Item, limit int) {
	if len(items) == 1 {
		p.keyword(items[0], limit)
		return
	}
	start := len(p.dst)
	texts := make([]string, len(items))
	for i, it := range items {
		p.keyword(it, limit)
		texts[i] = string(p.dst[start:])
		p.dst = p.dst[:start]
	}
	slices.Sort(texts)
	for i, text := range texts {
		if i > 0 {
			p.add(", ")
		}
		p.add(text)
	}
}

func (p *printer) keyword(it py.Item, limit int) {
	p.stop = len(p.dst) + maxLen
	p.name(it.Key)
	p.add("=")
	p.argument(it.Value, limit)
}
