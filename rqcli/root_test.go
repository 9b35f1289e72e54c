package rqcli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/rqgo/rq/internal/redistest"
)

func TestCommandsThatAreNotThere(t *testing.T) {
	t.Parallel()
	rdb := redistest.New(t)
	for _, args := range [][]string{{"reqeue"}, {"requeue", "--nothing"}, {"requeue", "a"}, {"suspend", "now"}, {"empty", "-S", "yaml"}} {
		got := command(t, rdb, args...)
		assert.Equal(t, ExitUsage, got.Code, "%q", args)
		assert.Empty(t, got.Out, "%q", args)
		assert.Contains(t, got.Err, "rq: ", "%q", args)
	}
	assert.Contains(t, command(t, rdb, "reqeue").Err, "did you mean requeue?")
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := commandOf(t, nil, "--version")
	assert.Zero(t, got.Code)
	assert.Regexp(t, `^rq version \S+\n$`, got.Out)
}

func TestHelpIsNoFailure(t *testing.T) {
	t.Parallel()
	got := command(t, redistest.New(t))
	assert.Zero(t, got.Code)
	assert.Contains(t, got.Out, "requeue")
}

func TestEveryCommandChecksTheSerializer(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"suspend", "resume", "worker list", "job cancel x", "prune --dry-run", "info"} {
		got := commandOf(t, nil, append(strings.Fields(line), "--url", "redis://127.0.0.1:1/0", "-S", "bogus")...)
		assert.Equal(t, ExitUsage, got.Code, line)
		assert.Contains(t, got.Err, `serializer "bogus"`, line)
	}
}
