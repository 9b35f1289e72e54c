package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// A loaded is a package after the type checker.
type loaded struct {
	fset  *token.FileSet
	files map[string]*ast.File // by the name without a directory
	types *types.Package
	info  *types.Info
}

// A listed is a package as `go list -json` prints it.
type listed struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
}

// load type-checks the package in dir without its tests.
func load(dir string) (*loaded, error) {
	list, err := goList(dir)
	if err != nil {
		return nil, err
	}
	target := list[len(list)-1] // -deps lists a package after all that it imports
	pkg := &loaded{
		fset:  token.NewFileSet(),
		files: map[string]*ast.File{},
		info:  &types.Info{Uses: map[*ast.Ident]types.Object{}},
	}
	var files []*ast.File
	for _, name := range target.GoFiles {
		f, err := parser.ParseFile(pkg.fset, filepath.Join(target.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		pkg.files[name] = f
		files = append(files, f)
	}
	config := types.Config{Importer: importer.ForCompiler(pkg.fset, "gc", exports(list))}
	pkg.types, err = config.Check(target.ImportPath, pkg.fset, files, pkg.info)
	return pkg, err
}

// goList returns the package in dir, last, and everything that it imports.
func goList(dir string) ([]listed, error) {
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles", ".")
	var stdout bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go list in %s: %w", dir, err)
	}
	var list []listed
	for d := json.NewDecoder(&stdout); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("go list in %s: no package", dir)
	}
	return list, nil
}

// exports opens the compiler's export data of an import.
func exports(list []listed) importer.Lookup {
	byPath := map[string]string{}
	for _, p := range list {
		byPath[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) {
		if byPath[path] == "" {
			return nil, fmt.Errorf("no export data of %s", path)
		}
		return os.Open(byPath[path])
	}
}
