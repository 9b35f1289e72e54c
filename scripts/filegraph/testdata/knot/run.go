// Package knot is a fixture: three files in a circle, two more in another, and
// one that only uses others.
package knot

type Worker struct{ names box[string] }

type run struct{ w *Worker }

func (r *run) start() { claim(claimed{r.w.names.item}) }
