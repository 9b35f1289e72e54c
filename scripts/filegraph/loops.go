package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// wholes are the types that a loop may not get, since they let it touch
// everything.
var wholes = []string{"run", "Worker"}

// checkLoops returns an error for each receiver, parameter, result or field in
// the loops' files whose type names one of the wholes. A pattern that matches
// no file is an error too, so that a renamed file does not escape the check.
func checkLoops(pkg *loaded, patterns string) error {
	if patterns == "" {
		return nil
	}
	var faults []error
	for pattern := range strings.SplitSeq(patterns, ",") {
		files, err := match(pkg, strings.TrimSpace(pattern))
		if err != nil {
			return err
		}
		for _, name := range files {
			faults = append(faults, wholeFields(pkg, pkg.files[name])...)
		}
	}
	return errors.Join(faults...)
}

func match(pkg *loaded, pattern string) ([]string, error) {
	var files []string
	for _, name := range slices.Sorted(maps.Keys(pkg.files)) {
		ok, err := filepath.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("-loops: %s: %w", pattern, err)
		}
		if ok {
			files = append(files, name)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("-loops: no file is named %s", pattern)
	}
	return files, nil
}

func wholeFields(pkg *loaded, file *ast.File) []error {
	seen := map[*ast.Ident]bool{} // a field of function type holds fields
	var faults []error
	ast.Inspect(file, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok {
			return true
		}
		ast.Inspect(field.Type, func(n ast.Node) bool {
			ident, ok := n.(*ast.Ident)
			if ok && !seen[ident] && isWhole(pkg, ident) {
				seen[ident] = true
				faults = append(faults, fmt.Errorf("%s: a loop takes or holds a %s",
					place(pkg, ident), ident.Name))
			}
			return true
		})
		return true
	})
	return faults
}

// isWhole reports whether the name is one of the wholes, of this package.
func isWhole(pkg *loaded, ident *ast.Ident) bool {
	object, ok := pkg.info.Uses[ident].(*types.TypeName)
	return ok && object.Parent() == pkg.types.Scope() && slices.Contains(wholes, object.Name())
}

// place returns file:line.
func place(pkg *loaded, ident *ast.Ident) string {
	p := pkg.fset.Position(ident.Pos())
	return fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line)
}
