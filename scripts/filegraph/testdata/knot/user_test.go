package knot

// A test may use every file: it is no part of the graph.
func (u *user) test(r *run) { r.start() }
