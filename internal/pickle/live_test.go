package pickle_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
)

// An answer is what testdata/pickle/live.py says to a pickle.
type answer struct {
	Want  string // empty when Python refuses it
	Again string // what pickle.dumps writes, in hex, if something else
}

// live asks the interpreter of the lab about pickles.
func live(t *testing.T, pickles [][]byte) (version string, answers []answer) {
	t.Helper()
	python := os.Getenv("RQ_LAB_PYTHON")
	if python == "" {
		t.Skip("RQ_LAB_PYTHON is not set; run make test")
	}
	var input bytes.Buffer
	for _, p := range pickles {
		input.WriteString(hex.EncodeToString(p) + "\n")
	}
	cmd := exec.Command(python, "-B", "../../testdata/pickle/live.py")
	cmd.Stdin, cmd.Stderr = &input, os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	require.Len(t, lines, len(pickles)+1)
	answers = make([]answer, len(pickles))
	for i := range answers {
		require.NoError(t, json.Unmarshal(lines[i+1], &answers[i]))
	}
	return string(lines[0]), answers
}

// seeded returns a source of random numbers, and logs how to get it again.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestLive has a live Python read what Append wrote, say what it is, and write
// it again.
func TestLive(t *testing.T) {
	t.Parallel()
	source := seeded(t)
	pickles, wants := make([][]byte, 4000), make([]string, 4000)
	for i := range pickles {
		v := newMaker(source.Uint64).value(0)
		data, err := pickle.Append(nil, v, 4+i%2)
		require.NoError(t, err)
		pickles[i], wants[i] = data, describe(t, v)
	}

	version, answers := live(t, pickles)

	for i, got := range answers {
		require.Equal(t, got.Want, wants[i], "%x", pickles[i])
		if got.Again == "" {
			continue
		}
		again, err := hex.DecodeString(got.Again)
		require.NoError(t, err)
		if version == "3.11" {
			requireSameBytes(t, again, pickles[i], wants[i])
		}
		back, err := pickle.Decode(again) // other versions share other names
		require.NoError(t, err)
		require.Equal(t, wants[i], describe(t, back))
	}
}

// TestLiveFragments has Python and Decode read random sequences of opcodes,
// most of which no pickler would write. What Python takes means the same here.
func TestLiveFragments(t *testing.T) {
	t.Parallel()
	source := seeded(t)
	pickles := make([][]byte, 6000)
	for i := range pickles {
		program := make([]byte, 4+source.IntN(150))
		for j := range program {
			program[j] = byte(source.Uint32())
		}
		pickles[i] = assemble(program)
	}

	_, answers := live(t, pickles)

	taken := 0
	for i, got := range answers {
		if got.Want == "" {
			continue
		}
		taken++
		v, err := pickle.Decode(pickles[i])
		require.NoError(t, err, "%q", pickles[i])
		require.Equal(t, got.Want, describe(t, v), "%q", pickles[i])
	}
	t.Logf("Python took %d of %d", taken, len(pickles))
	require.Greater(t, taken, len(pickles)/2)
}
