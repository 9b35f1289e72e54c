package main

import (
	"cmp"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
)

// A graph says which names each file uses of each other file.
type graph struct {
	files []string                              // sorted
	uses  map[string]map[string]map[string]bool // from, to, name
}

// An edge is the use of names of one file by another.
type edge struct {
	from, to string
	names    []string // sorted
}

// A cut is an edge, and the size of the largest component without it.
type cut struct {
	edge
	largest int
}

func newGraph(pkg *loaded) *graph {
	g := &graph{
		files: slices.Sorted(maps.Keys(pkg.files)),
		uses:  map[string]map[string]map[string]bool{},
	}
	for ident, object := range pkg.info.Uses {
		object = origin(object)
		if object.Pkg() != pkg.types || !object.Pos().IsValid() {
			continue
		}
		from := filepath.Base(pkg.fset.Position(ident.Pos()).Filename)
		to := filepath.Base(pkg.fset.Position(object.Pos()).Filename)
		if from != to {
			g.add(from, to, object.Name())
		}
	}
	return g
}

// origin returns the declaration of a method or field of an instantiated type.
func origin(object types.Object) types.Object {
	switch o := object.(type) {
	case *types.Func:
		return o.Origin()
	case *types.Var:
		return o.Origin()
	}
	return object
}

func (g *graph) add(from, to, name string) {
	if g.uses[from] == nil {
		g.uses[from] = map[string]map[string]bool{}
	}
	if g.uses[from][to] == nil {
		g.uses[from][to] = map[string]bool{}
	}
	g.uses[from][to][name] = true
}

func (g *graph) has(file string) bool { return slices.Contains(g.files, file) }

// edges returns every edge, sorted by its files.
func (g *graph) edges() []edge {
	var list []edge
	for _, from := range g.files {
		for _, to := range slices.Sorted(maps.Keys(g.uses[from])) {
			list = append(list, edge{from, to, slices.Sorted(maps.Keys(g.uses[from][to]))})
		}
	}
	return list
}

// cuts returns the edges inside a component, those with the fewest names first
// and, among equals, those whose removal leaves the smallest component.
func (g *graph) cuts(component []string) []cut {
	var list []cut
	for _, e := range g.edges() {
		if !slices.Contains(component, e.from) || !slices.Contains(component, e.to) {
			continue
		}
		c := cut{edge: e}
		if rest := g.componentsWithout(e.from, e.to); len(rest) > 0 {
			c.largest = len(rest[0])
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b cut) int {
		return cmp.Or(cmp.Compare(len(a.names), len(b.names)), cmp.Compare(a.largest, b.largest))
	})
	return list
}

// components returns the strongly connected components of more than one file,
// the largest first.
func (g *graph) components() [][]string { return g.componentsWithout("", "") }

// componentsWithout returns the components as if one edge were not there.
func (g *graph) componentsWithout(from, to string) [][]string {
	t := &tarjan{index: map[string]int{}, low: map[string]int{}, onStack: map[string]bool{}}
	t.next = func(file string) []string {
		return slices.DeleteFunc(slices.Sorted(maps.Keys(g.uses[file])), func(used string) bool {
			return file == from && used == to
		})
	}
	for _, file := range g.files {
		if t.index[file] == 0 {
			t.visit(file)
		}
	}
	slices.SortStableFunc(t.found, func(a, b []string) int { return cmp.Compare(len(b), len(a)) })
	return t.found
}

// A tarjan finds strongly connected components by Tarjan's algorithm.
type tarjan struct {
	next    func(file string) []string
	index   map[string]int // from 1, in the order of the visits
	low     map[string]int
	stack   []string
	onStack map[string]bool
	found   [][]string
}

func (t *tarjan) visit(file string) {
	n := len(t.index) + 1
	t.index[file], t.low[file] = n, n
	t.stack, t.onStack[file] = append(t.stack, file), true
	for _, used := range t.next(file) {
		switch {
		case t.index[used] == 0:
			t.visit(used)
			t.low[file] = min(t.low[file], t.low[used])
		case t.onStack[used]:
			t.low[file] = min(t.low[file], t.index[used])
		}
	}
	if t.low[file] == n {
		t.pop(file)
	}
}

// pop takes the component that file is the root of off the stack.
func (t *tarjan) pop(file string) {
	at := slices.Index(t.stack, file)
	component := slices.Sorted(slices.Values(t.stack[at:]))
	t.stack = t.stack[:at]
	for _, f := range component {
		t.onStack[f] = false
	}
	if len(component) > 1 {
		t.found = append(t.found, component)
	}
}
