package py

// A Set is a Python set. It keeps the order of insertion, which Python's does
// not. The zero Set is empty and ready to use.
type Set struct{ elements }

// A FrozenSet is a Python frozenset, and can be a key or an element.
type FrozenSet struct{ elements }

type elements struct{ d Dict }

// NewSet returns a Set of values. The error is that of Add.
func NewSet(values ...any) (*Set, error) {
	s := new(Set)
	return s, s.addAll(values)
}

// NewFrozenSet returns a FrozenSet of values. The error is that of Add.
func NewFrozenSet(values ...any) (*FrozenSet, error) {
	s := new(FrozenSet)
	return s, s.addAll(values)
}

func (e *elements) addAll(values []any) error {
	e.d.Grow(len(values))
	for _, v := range values {
		if err := e.Add(v); err != nil {
			return err
		}
	}
	return nil
}

// Add puts v into the set. It fails with ErrUnhashable when Python could not
// hold v in a set.
func (e *elements) Add(v any) error { return e.d.Set(v, nil) }

// AddKnown is Add for values that many sets share.
func (e *elements) AddKnown(keys *Keys, v any) error { return e.d.SetKnown(keys, v, nil) }

// Grow makes room for n more elements.
func (e *elements) Grow(n int) { e.d.Grow(n) }

// Contains reports whether v is in the set.
func (e *elements) Contains(v any) bool {
	_, ok := e.d.Get(v)
	return ok
}

// Len returns the number of elements.
func (e *elements) Len() int { return e.d.Len() }

// Values returns the elements in order of insertion.
func (e *elements) Values() []any {
	out := make([]any, 0, e.d.Len())
	for _, it := range e.d.Items() {
		out = append(out, it.Key)
	}
	return out
}
