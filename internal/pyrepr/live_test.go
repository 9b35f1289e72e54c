package pyrepr_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pyrepr"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

func TestReprMatchesLivePython(t *testing.T) {
	t.Parallel()
	for _, r := range tagged.Live(t, corpus+"live.py", 4000) {
		require.Equal(t, r.Repr, pyrepr.Repr(r.Value.V))
	}
}
