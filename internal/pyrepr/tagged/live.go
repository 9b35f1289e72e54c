package tagged

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// A Random is a random value and what a live Python makes of it.
type Random struct {
	Value Value
	Repr  string
	JSON  *string // nil when json.dumps refuses the value
}

// Live asks the Python that RQ_LAB_PYTHON names for count random values, and
// skips the test when there is none. Script is the path of live.py.
func Live(t testing.TB, script string, count int) []Random {
	t.Helper()
	python := os.Getenv("RQ_LAB_PYTHON")
	if python == "" {
		t.Skip("RQ_LAB_PYTHON is not set; run make test")
	}
	seed := strconv.Itoa(rand.IntN(1 << 30))
	t.Logf("%s %s %s %d", python, script, seed, count)
	out, err := exec.Command(python, "-B", script, seed, strconv.Itoa(count)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows []Random
	for line := range bytes.Lines(out) {
		var row Random
		if err := json.Unmarshal(line, &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows
}
