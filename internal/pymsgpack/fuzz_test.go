package pymsgpack_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pymsgpack"
	"github.com/rqgo/rq/internal/pyrepr/tagged"
)

// FuzzMsgpack checks that what decodes encodes, to data that decodes to the
// same value. Timestamps decode only, as in Python.
func FuzzMsgpack(f *testing.F) {
	for _, seed := range []string{
		"94a97461736b732e616464c092020381a16203", "ddffffffff", "81c403ff0001cb7ff8000000000000",
		"d6ff5f5e1000", // a timestamp
		"cfffffffffffffffff",
		"82c0010201", // keys that are no text
	} {
		data, err := hex.DecodeString(seed)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := pymsgpack.Decode(data)
		if err != nil {
			return
		}
		packed, err := pymsgpack.Encode(v)
		if err != nil {
			require.ErrorContains(t, err, "cannot pack datetime.datetime")
			return
		}
		back, err := pymsgpack.Decode(packed)
		require.NoError(t, err)
		require.True(t, tagged.Equal(v, back))
	})
}
