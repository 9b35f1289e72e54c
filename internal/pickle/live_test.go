package pickle_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
)

// TestLive has a live Python read what Append wrote, say what it is, and write
// it again.
func TestLive(t *testing.T) {
	t.Parallel()
	python := os.Getenv("RQ_LAB_PYTHON")
	if python == "" {
		t.Skip("RQ_LAB_PYTHON is not set; run make test")
	}
	const count = 4000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	source := rand.New(rand.NewPCG(seed, 0))
	var input bytes.Buffer
	pickles, wants := make([][]byte, count), make([]string, count)
	for i := range pickles {
		v := newMaker(source.Uint64).value(0)
		data, err := pickle.Append(nil, v, 4+i%2)
		require.NoError(t, err)
		pickles[i], wants[i] = data, describe(t, v)
		input.WriteString(hex.EncodeToString(data) + "\n")
	}

	cmd := exec.Command(python, "-B", "../../testdata/pickle/live.py")
	cmd.Stdin, cmd.Stderr = &input, os.Stderr
	out, err := cmd.Output()

	require.NoError(t, err)
	lines := bufio.NewReader(bytes.NewReader(out))
	version, err := lines.ReadString('\n')
	require.NoError(t, err)
	for i := range pickles {
		line, err := lines.ReadBytes('\n')
		require.NoError(t, err)
		var got struct {
			Want  string
			Again *string
		}
		require.NoError(t, json.Unmarshal(line, &got))
		require.Equal(t, got.Want, wants[i], "%x", pickles[i])
		if got.Again == nil {
			continue
		}
		again, err := hex.DecodeString(*got.Again)
		require.NoError(t, err)
		if strings.TrimSpace(version) == "3.11" {
			requireSameBytes(t, again, pickles[i], wants[i])
		}
		back, err := pickle.Decode(again) // other versions share other names
		require.NoError(t, err)
		require.Equal(t, wants[i], describe(t, back))
	}
}
