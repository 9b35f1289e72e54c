package pyjson_test

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

func TestAppendMatchesPython(t *testing.T) {
	t.Parallel()
	type row struct {
		Value tagged.Value
		JSON  string
		Error string
	}
	for i, r := range tagged.Lines[row](t, "../../testdata/json/encode.jsonl") {
		got, err := pyjson.Append(nil, r.Value.V)
		if r.Error == "" {
			require.NoError(t, err, "line %d", i+1)
			require.Equal(t, r.JSON, string(got), "line %d", i+1)
		} else {
			require.Error(t, err, "line %d: %s", i+1, r.Error)
		}
	}
}

func TestDecodeMatchesPython(t *testing.T) {
	t.Parallel()
	type row struct {
		Text  string
		Value *tagged.Value
	}
	for i, r := range tagged.Lines[row](t, "../../testdata/json/decode.jsonl") {
		got, err := pyjson.Decode([]byte(r.Text))
		if r.Value == nil {
			var se *pyjson.SyntaxError
			require.ErrorAs(t, err, &se, "line %d: %q", i+1, r.Text)
			assert.True(t, 0 <= se.Offset && se.Offset <= len(r.Text))
			continue
		}
		require.NoError(t, err, "line %d: %q", i+1, r.Text)
		require.True(t, tagged.Equal(r.Value.V, got), "line %d: %q: want %v, got %v", i+1, r.Text, r.Value.V, got)
	}
}

func TestFloatsMatchPython(t *testing.T) {
	t.Parallel()
	for _, row := range tagged.Lines[[2]string](t, "../../testdata/json/floats.jsonl") {
		bits, err := hex.DecodeString(row[0])
		require.NoError(t, err)
		f := math.Float64frombits(binary.BigEndian.Uint64(bits))
		if want, got := row[1], string(py.AppendFloat(nil, f)); want != got {
			t.Errorf("float %s: want %s, got %s", row[0], want, got)
		}
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		back, err := pyjson.Decode([]byte(row[1]))
		require.NoError(t, err)
		require.Equal(t, math.Float64bits(f), math.Float64bits(back.(float64)))
	}
}
