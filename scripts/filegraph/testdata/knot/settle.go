package knot

func settle(id string, r *run) {
	if r != nil {
		r.start()
	}
}
