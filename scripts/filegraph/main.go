// Filegraph prints which files of a package use each other in a circle. File A
// uses file B when A names a function, method, type, field, constant or
// variable that B declares; the type checker decides which one a name means.
//
//	filegraph [flags] [directory of the package]
//
// Tests are left out, because they may use every file.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// cutEdges is how many edges -cut prints.
const cutEdges = 25

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "filegraph:", err)
		os.Exit(1)
	}
}

// run prints what the flags ask for. Its error says which limit was broken.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("filegraph", flag.ContinueOnError)
	flags.SetOutput(out)
	edges := flags.String("edges", "", "print the names that this `file` uses of others, and others of it")
	cut := flags.Bool("cut", false, "print the edges of the largest component, those with the fewest names first")
	limit := flags.Int("max", 0, "fail when the largest component has more than this many `files` (0: no limit)")
	loops := flags.String("loops", "", "fail when a declaration in these `files` (patterns, comma separated) takes or holds a run or Worker")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir := "."
	if flags.NArg() > 0 {
		dir = flags.Arg(0)
	}
	pkg, err := load(dir)
	if err != nil {
		return err
	}
	g := newGraph(pkg)
	components := g.components()
	printComponents(out, g, components)
	if *edges != "" {
		if err := printEdges(out, g, *edges); err != nil {
			return err
		}
	}
	if *cut && len(components) > 0 {
		printCut(out, g, components[0])
	}
	if err := checkSize(components, *limit); err != nil {
		return err
	}
	return checkLoops(pkg, *loops)
}

func printComponents(out io.Writer, g *graph, components [][]string) {
	fmt.Fprintf(out, "%d files, %d components of more than one file\n", len(g.files), len(components))
	for _, c := range components {
		fmt.Fprintf(out, "%4d: %s\n", len(c), strings.Join(c, " "))
	}
}

func printEdges(out io.Writer, g *graph, file string) error {
	if !g.has(file) {
		return fmt.Errorf("-edges: the package has no file %s", file)
	}
	for _, e := range g.edges() {
		if e.from == file || e.to == file {
			fmt.Fprintf(out, "%s -> %s: %s\n", e.from, e.to, strings.Join(e.names, " "))
		}
	}
	return nil
}

func printCut(out io.Writer, g *graph, component []string) {
	fmt.Fprintf(out, "edges of the largest component: names, largest component without the edge\n")
	for i, c := range g.cuts(component) {
		if i == cutEdges {
			break
		}
		fmt.Fprintf(out, "%4d %4d  %s -> %s: %s\n", len(c.names), c.largest, c.from, c.to, strings.Join(c.names, " "))
	}
}

func checkSize(components [][]string, limit int) error {
	if limit > 0 && len(components) > 0 && len(components[0]) > limit {
		return fmt.Errorf("the largest component has %d files, more than %d", len(components[0]), limit)
	}
	return nil
}
