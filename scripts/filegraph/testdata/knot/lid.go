package knot

import "errors"

var errShut = errors.New("shut")

func lid[T any](item T) T {
	if _, ok := any(box[T]{}).(error); ok {
		panic(errShut)
	}
	return item
}
