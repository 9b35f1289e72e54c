package rq

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// elsewhere are the ways to look at an error of Redis, and to send a pipeline, that
// only internal/redisx may go.
var elsewhere = map[string]bool{
	"redis.HasErrorPrefix": true, "redis.Error": true, "net.Error": true, "io.EOF": true, "io.ErrUnexpectedEOF": true,
	"redis.ErrPoolTimeout": true, "redis.ErrClosed": true,
	"Exec": true, "Pipelined": true, "TxPipelined": true, "TxPipeline": true, // of a client or a pipeline
}

// TestOneWayToRedis checks that no other file tells errors of Redis apart, or sends a
// pipeline: go-redis's own stamp no command when a connection is refused, and say
// EXECABORT for whatever a transaction was refused for.
func TestOneWayToRedis(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"*.go", "internal/scripts/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	checked := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		checked++
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				name, _ := s.X.(*ast.Ident)
				of := ""
				if name != nil {
					of = name.Name
				}
				bad := elsewhere[of+"."+s.Sel.Name] || elsewhere[s.Sel.Name] && of != "redisx"
				bad = bad || of == "redis" && strings.HasPrefix(s.Sel.Name, "Is") && strings.HasSuffix(s.Sel.Name, "Error")
				assert.False(t, bad, "%s: %s.%s is for internal/redisx", fset.Position(s.Pos()), of, s.Sel.Name)
			}
			return true
		})
	}
	assert.Greater(t, checked, 50)
}
