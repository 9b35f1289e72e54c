package knot

import "strings"

// Worker here is another package's word, and the field named run is no type.
type user struct{ run strings.Builder }

func (u *user) use(run string) int { return u.run.Len() + len(run) + len(box[string]{}.open()) }
