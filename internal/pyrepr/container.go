package pyrepr

import (
	"slices"
	"strings"

	"github.com/rqgo/rq/internal/py"
)

// enter notes that a container is being printed. It is false when that is so
// already, or when the nesting is past what Python prints at all.
func (p *printer) enter(r ref) bool {
	if len(p.path) >= py.MaxDepth || slices.Contains(p.path, r) {
		return false
	}
	p.path = append(p.path, r)
	return true
}

func (p *printer) leave() { p.path = p.path[:len(p.path)-1] }

func listRef(list []any) ref {
	if len(list) == 0 {
		return ref{}
	}
	return ref{first: &list[0], n: len(list)}
}

func (p *printer) list(list []any, open, end string) {
	p.add(open)
	switch {
	case len(list) == 0:
	case p.enter(listRef(list)):
		p.elements(list)
		p.leave()
	default:
		p.add("...")
	}
	p.add(end)
}

func (p *printer) tuple(t py.Tuple) {
	if len(t) == 1 && !slices.Contains(p.path, listRef(t)) {
		p.list(t, "(", ",)")
		return
	}
	p.list(t, "(", ")")
}

func (p *printer) elements(list []any) {
	for i, v := range list {
		if p.full() {
			return
		}
		if i > 0 {
			p.add(", ")
		}
		p.value(v)
	}
}

// dict prints the items of a dict that is known as itself.
func (p *printer) dict(itself any, items []py.Item) {
	p.add("{")
	if p.enter(ref{other: itself}) {
		p.items(items)
		p.leave()
	} else {
		p.add("...")
	}
	p.add("}")
}

func (p *printer) items(items []py.Item) {
	for i, it := range items {
		if p.full() {
			return
		}
		if i > 0 {
			p.add(", ")
		}
		p.value(it.Key)
		p.add(": ")
		p.value(it.Value)
	}
}

// container prints the rarer values that hold others.
func (p *printer) container(v any) bool {
	switch v := v.(type) {
	case *py.OrderedDict:
		if v == nil {
			return false
		}
		p.ordered(v)
	case *py.DefaultDict:
		if v == nil {
			return false
		}
		p.add("defaultdict(")
		p.value(v.Factory)
		p.add(", ")
		p.dict(v, v.Items())
		p.add(")")
	case *py.Set:
		if v == nil {
			return false
		}
		p.set(v.Values(), "set(", "{", "}")
	case *py.FrozenSet:
		if v == nil {
			return false
		}
		p.set(v.Values(), "frozenset(", "frozenset({", "})")
	case *py.Object:
		if v == nil {
			return false
		}
		p.object(v)
	default:
		return false
	}
	return true
}

// ordered prints an OrderedDict as a list of pairs, as Python did until 3.11.
func (p *printer) ordered(d *py.OrderedDict) {
	if !p.enter(ref{other: d}) {
		p.add("...")
		return
	}
	p.add("OrderedDict(")
	for i, it := range d.Items() {
		if p.full() {
			break
		}
		if i == 0 {
			p.add("[")
		} else {
			p.add(", ")
		}
		p.tuple(py.Tuple{it.Key, it.Value})
	}
	if d.Len() > 0 {
		p.add("]")
	}
	p.add(")")
	p.leave()
}

func (p *printer) set(values []any, empty, open, end string) {
	if len(values) == 0 {
		p.add(empty)
		p.add(")")
		return
	}
	p.list(values, open, end)
}

// object prints the call that makes an object, by the class's own name. That
// is what exceptions, deques, Counters and many other classes print. An
// instance that has attributes instead is printed as a dataclass would be.
func (p *printer) object(o *py.Object) {
	if g, ok := o.Callable.(py.Global); ok {
		p.add(g.Name[strings.LastIndexByte(g.Name, '.')+1:])
	} else {
		p.add("object")
	}
	p.add("(")
	if p.enter(ref{other: o}) {
		p.arguments(o)
		p.leave()
	} else {
		p.add("...")
	}
	p.add(")")
}

func (p *printer) arguments(o *py.Object) {
	start := len(p.dst)
	p.elements(o.Args)
	next := func() {
		if len(p.dst) > start {
			p.add(", ")
		}
	}
	named := o.KwArgs.Items()
	if state, ok := o.State.(*py.Dict); ok && len(o.Args) == 0 {
		named = append(slices.Clip(named), state.Items()...)
	}
	for _, it := range named {
		if p.full() {
			return
		}
		next()
		p.name(it.Key)
		p.add("=")
		p.value(it.Value)
	}
	if len(o.Appended) > 0 {
		next()
		p.list(o.Appended, "[", "]")
	}
	if len(o.Items) > 0 {
		next()
		p.add("{")
		p.items(o.Items)
		p.add("}")
	}
}

// name prints a keyword, which is a str without its quotes.
func (p *printer) name(key any) {
	if s, ok := key.(string); ok {
		p.add(s)
	} else {
		p.value(key)
	}
}
