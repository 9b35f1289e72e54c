package rqcli

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestControlCharactersAreSeen has what a job says on its own of a terminal.
func TestControlCharactersAreSeen(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"plain ü 世 \t\n":             "plain ü 世 \t\n",
		"\x1b]0;title\x07\x1b[2J":    `\x1b]0;title\a\x1b[2J`,
		"over\rwritten\b":            `over\rwritten\b`,
		"\u009b31mC1\x7f":            `\u009b31mC1\x7f`,
		"\x1b[31mred\x1b[0m of ours": "\x1b[31mred\x1b[0m of ours",
		"\x1b[8mhidden\u202e":        `\x1b[8mhidden\u202e`,
		"joined \u200d":              "joined \u200d",
	}
	for text, want := range tests {
		var out bytes.Buffer

		n, err := fmt.Fprint(harmless{&out}, text)

		require.NoError(t, err)
		assert.Equal(t, len(text), n)
		assert.Equal(t, want, out.String())
	}
}
