package knot

type box[T any] struct{ item T }

func (b box[T]) open() T { return lid(b.item) }
