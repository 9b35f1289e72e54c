package pyjson_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

func TestJSONMatchesLivePython(t *testing.T) {
	t.Parallel()
	for _, r := range tagged.Live(t, "../../testdata/repr/live.py", 4000) {
		got, err := pyjson.Append(nil, r.Value.V)
		if r.JSON == nil {
			require.Error(t, err)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, *r.JSON, string(got))

		// Keys that differ in Python, such as 1 and "1", may be one in JSON.
		v, err := pyjson.Decode(got)
		require.NoError(t, err)
		once, err := pyjson.Append(nil, v)
		require.NoError(t, err)
		v, err = pyjson.Decode(once)
		require.NoError(t, err)
		twice, err := pyjson.Append(nil, v)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))
	}
}
