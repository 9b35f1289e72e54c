package pyliteral_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEvalMatchesLivePython(t *testing.T) {
	t.Parallel()
	python := os.Getenv("RQ_LAB_PYTHON")
	if python == "" {
		t.Skip("RQ_LAB_PYTHON is not set; run make test")
	}
	seed := strconv.Itoa(rand.IntN(1 << 30))
	t.Log("seed", seed)
	out, err := exec.Command(python, "-B", "-W", "ignore", "../../testdata/literal/live.py", seed, "4000").Output()
	require.NoError(t, err)
	for line := range bytes.Lines(out) {
		var r row
		require.NoError(t, json.Unmarshal(line, &r))
		check(t, r)
	}
}
