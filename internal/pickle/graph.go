package pickle

import (
	"unsafe"

	"github.com/rqgo/rq/internal/py"
)

// finish resolves the list nodes of exact mode, and checks that nothing is nested past
// the limit, so that callers can walk the value by recursion. The usual pickle needs
// neither.
func (d *decoder) finish(root any) (any, error) {
	if !d.exact && d.containers <= d.limits.Depth {
		return root, nil
	}
	if !d.exact {
		// As long as little is shared, a plain walk settles it without a map.
		budget := 4 * len(d.data)
		if shallow(root, d.limits.Depth, &budget) {
			return root, nil
		}
	}
	w := walker{limit: d.limits.Depth, heights: make(map[any]int)}
	if w.height(&root, 0) > d.limits.Depth {
		return nil, d.fail(ErrLimit, "values are nested too deeply")
	}
	return root, nil
}

// shallow reports whether v is nested no deeper than depth. It gives up, and
// reports false, when it has seen more values than budget: an opcode makes one.
func shallow(v any, depth int, budget *int) bool {
	ok := true
	for slot := range slots(v) {
		if *budget--; *budget < 0 {
			ok = false
			break
		}
		if leaf(*slot) {
			continue
		}
		if depth <= 1 || !shallow(*slot, depth-1, budget) {
			ok = false
			break
		}
	}
	return ok
}

// A walker measures a value in which anything may be shared or cyclic.
type walker struct {
	limit   int
	heights map[any]int // by identity; 0 while a value is being measured
}

// height returns how deep the value in slot is nested, and puts lists in the place of
// nodes. A reference back to an enclosing value does not count.
func (w *walker) height(slot *any, depth int) int {
	v := *slot
	if n, ok := v.(*listNode); ok {
		*slot = n.list()
	}
	if leaf(v) {
		return 0
	}
	if depth > w.limit {
		return depth
	}
	id := identity(v)
	if h, ok := w.heights[id]; ok {
		return h
	}
	w.heights[id] = 0
	h := 0
	for inner := range slots(v) {
		h = max(h, w.height(inner, depth+1))
		if depth+h > w.limit {
			return w.limit + 1
		}
	}
	w.heights[id] = h + 1
	return h + 1
}

// leaf reports whether v holds no other values.
func leaf(v any) bool {
	switch v := v.(type) {
	case *listNode, *py.Dict, *py.OrderedDict, *py.DefaultDict, *py.Set, *py.FrozenSet, *py.Object:
		return false
	case py.Tuple:
		return len(v) == 0
	case []any:
		return len(v) == 0
	case py.DateTime:
		return v.TZ == nil
	case py.TimeOfDay:
		return v.TZ == nil
	}
	return true
}

// identity is the key by which a container is recognised when it comes again.
func identity(v any) any {
	switch v := v.(type) {
	case py.Tuple:
		return unsafe.SliceData(v)
	case []any:
		return unsafe.SliceData(v)
	case py.DateTime:
		return &v
	case py.TimeOfDay:
		return &v
	}
	return v // a pointer
}

// slots iterates over the places of all values that v holds. Places that
// cannot be written to are copies, of what is never a list.
func slots(v any) func(yield func(*any) bool) {
	return func(yield func(*any) bool) {
		switch v := v.(type) {
		case *listNode:
			each(v.items, yield)
		case py.Tuple:
			each(v, yield)
		case []any:
			each(v, yield)
		case *py.Dict:
			eachItem(v.Items(), yield)
		case *py.OrderedDict:
			eachItem(v.Items(), yield)
		case *py.DefaultDict:
			_ = yield(&v.Factory) && eachItem(v.Items(), yield)
		case *py.Set:
			each(v.Values(), yield)
		case *py.FrozenSet:
			each(v.Values(), yield)
		case *py.Object:
			eachOfObject(v, yield)
		case py.DateTime:
			yield(&v.TZ)
		case py.TimeOfDay:
			yield(&v.TZ)
		}
	}
}

func each(values []any, yield func(*any) bool) bool {
	for i := range values {
		if !yield(&values[i]) {
			return false
		}
	}
	return true
}

func eachItem(items []py.Item, yield func(*any) bool) bool {
	for i := range items {
		if !yield(&items[i].Key) || !yield(&items[i].Value) {
			return false
		}
	}
	return true
}

func eachOfObject(o *py.Object, yield func(*any) bool) {
	if !yield(&o.Callable) || !each(o.Args, yield) || !each(o.Appended, yield) ||
		!eachItem(o.Items, yield) || !yield(&o.State) || o.KwArgs == nil {
		return
	}
	var kwargs any = o.KwArgs
	yield(&kwargs)
}
