package pickle_test

import (
	"errors"
	"runtime/metrics"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

// allocated returns how many bytes were ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// FuzzDecode wants no panic, memory in proportion to the input, and that what
// was decoded can be written and read again.
func FuzzDecode(f *testing.F) {
	for _, c := range corpus(f) {
		if len(c.Pickle) < 300 {
			f.Add(c.Pickle)
		}
	}
	for _, h := range hostile {
		if len(h.input) < 1000 {
			f.Add([]byte(h.input))
		}
	}
	f.Add([]byte("\x80\x02G\x7f\xf8\x00\x00\x00\x00\x00\x01.")) // the NaN of package math
	f.Fuzz(requireSafe)
}

// FuzzFragments is FuzzDecode for sequences of opcodes that fit together.
func FuzzFragments(f *testing.F) {
	f.Add([]byte("each letter is a fragment"))
	f.Fuzz(func(t *testing.T, program []byte) { requireSafe(t, assemble(program)) })
}

func requireSafe(t *testing.T, data []byte) {
	before := allocated()
	v, err := pickle.Decode(data)
	// Twice the budget for slices that grow, twice for a second pass.
	require.Less(t, allocated()-before, uint64(8<<20+4*128*len(data)))
	if err != nil {
		var syntax *pickle.SyntaxError
		require.ErrorAs(t, err, &syntax)
		require.LessOrEqual(t, syntax.Offset, len(data))
		return
	}
	again, err := pickle.Encode(v)
	if errors.Is(err, py.ErrTooDeep) {
		return // a cycle of tuples is written twice around
	}
	require.NoError(t, err)
	back, err := pickle.Decode(again)
	require.NoError(t, err)
	require.Equal(t, describe(t, v), describe(t, back))
}

// FuzzRoundTrip makes a value of the input, which must survive.
func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("a value is made of these numbers"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		v := newMaker(numbersOf(data)).value(0)
		for _, protocol := range []int{4, 5} {
			b, err := pickle.Append(nil, v, protocol)
			require.NoError(t, err)
			back, err := pickle.Decode(b)
			require.NoError(t, err)
			require.Equal(t, describe(t, v), describe(t, back))
			again, err := pickle.Append(nil, back, protocol)
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
	})
}
