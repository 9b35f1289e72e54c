package pyliteral_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pyliteral"
	"github.com/rqgo/rq/internal/pyrepr"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

// A row is a text and the repr of what Python makes of it, or nil.
type row struct {
	Text string
	Repr *string
}

// check compares with Python by the repr, which tells all types and values of
// literals apart.
func check(t *testing.T, r row) {
	t.Helper()
	got, err := pyliteral.Eval(r.Text)
	if r.Repr == nil {
		var se *pyliteral.SyntaxError
		if assert.ErrorAs(t, err, &se, "%q: got %s", r.Text, pyrepr.Repr(got)) {
			assert.True(t, 0 <= se.Offset && se.Offset <= len(r.Text))
			assert.NotEmpty(t, se.Error())
		}
		return
	}
	if assert.NoError(t, err, "%q: want %s", r.Text, *r.Repr) {
		assert.Equal(t, *r.Repr, pyrepr.Repr(got), "%q", r.Text)
	}
}

func TestEvalMatchesPython(t *testing.T) {
	t.Parallel()
	rows := tagged.Lines[row](t, "../../testdata/literal/literals.jsonl")
	require.NotEmpty(t, rows)
	for _, r := range rows {
		check(t, r)
	}
}
