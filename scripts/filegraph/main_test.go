package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestComponents(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer

	err := run([]string{"testdata/knot"}, &out)

	require.NoError(t, err)
	assert.Equal(t, `6 files, 2 components of more than one file
   3: claim.go run.go settle.go
   2: box.go lid.go
`, out.String())
}

func TestEdgesNameWhatIsUsed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer

	err := run([]string{"-edges", "run.go", "testdata/knot"}, &out)

	require.NoError(t, err)
	assert.Contains(t, out.String(), "run.go -> box.go: box item\n", "a field of an instance is the generic type's")
	assert.Contains(t, out.String(), "run.go -> claim.go: claim claimed\n")
	assert.Contains(t, out.String(), "settle.go -> run.go: run start\n")
	assert.NotContains(t, out.String(), "claim.go -> settle.go")
	assert.ErrorContains(t, run([]string{"-edges", "gone.go", "testdata/knot"}, &out), "no file gone.go")
}

func TestCutSortsByNames(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer

	err := run([]string{"-cut", "testdata/knot"}, &out)

	require.NoError(t, err)
	assert.Contains(t, out.String(), `
   1    2  claim.go -> settle.go: settle
   2    2  run.go -> claim.go: claim claimed
   2    2  settle.go -> run.go: run start
`)
}

func TestMaxIsALimit(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer

	assert.NoError(t, run([]string{"-max", "3", "testdata/knot"}, &out))
	assert.EqualError(t, run([]string{"-max", "2", "testdata/knot"}, &out),
		"the largest component has 3 files, more than 2")
}

func TestLoopsTakeParts(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	check := func(loops string) error { return run([]string{"-loops", loops, "testdata/knot"}, &out) }

	assert.NoError(t, check("claim.go, user.go"))
	assert.EqualError(t, check("s*.go"), "settle.go:3: a loop takes or holds a run")
	assert.EqualError(t, check("claim.go,run.go"),
		"run.go:7: a loop takes or holds a Worker\nrun.go:9: a loop takes or holds a run")
	assert.ErrorContains(t, check("gone_*.go"), "no file is named gone_*.go")
}

func TestAPackageThatIsNotThere(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer

	assert.ErrorContains(t, run([]string{t.TempDir()}, &out), "go list in")
}
