package scripts

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// header returns the comment at the top of a script.
func header(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "--") {
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

// goSources returns the text of the package.
func goSources(t *testing.T) string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		all.Write(text)
	}
	return all.String()
}

func TestEveryScriptBeginsWithItsContract(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.lua")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	sources := goSources(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.Contains(sources, "//go:embed "+file+"\n"), "%s is not embedded", file)
		name, top := strings.TrimSuffix(file, ".lua"), header(string(text))
		if strings.HasPrefix(name, "lib_") {
			checkLibrary(t, file, string(text))
			continue
		}
		assert.True(t, strings.HasPrefix(top, "-- "+name+" "), "%s does not begin with its name", file)
		for _, part := range []string{"\n-- KEYS: ", "\n-- ARGV: ", "\n-- returns "} {
			assert.Contains(t, top, part, file)
		}
		checkKeys(t, file, top, string(text))
	}
}

var (
	usedKey  = regexp.MustCompile(`\bKEYS\[(\d)\]`)
	function = regexp.MustCompile(`(?m)^(?:(-- )?[^\n]*\n)local function (\w+)`)
)

// checkKeys compares the number of keys that a script uses with the number of
// those that its contract names.
func checkKeys(t *testing.T, file, top, text string) {
	t.Helper()
	_, list, _ := strings.Cut(top, "-- KEYS: ")
	list, _, _ = strings.Cut(list, "-- ARGV: ")
	list = regexp.MustCompile(`\(.*?\)`).ReplaceAllString(list, "")
	named := strings.Count(strings.TrimSuffix(strings.TrimSpace(list), ","), ",") + 1
	most := 0
	for _, m := range usedKey.FindAllStringSubmatch(text, -1) {
		most = max(most, int(m[1][0]-'0'))
	}
	assert.LessOrEqual(t, most, named, "%s uses more keys than its contract names", file)
}

// checkLibrary checks that every function of a library says what it does.
func checkLibrary(t *testing.T, file, text string) {
	t.Helper()
	matches := function.FindAllStringSubmatch("\n"+text, -1)
	require.NotEmpty(t, matches, file)
	for _, m := range matches {
		assert.Equal(t, "-- ", m[1], "%s: %s has no comment", file, m[2])
		assert.Contains(t, text, "-- "+m[2]+" ", file)
	}
}
