package pyliteral_test

import (
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pyliteral"
	"github.com/rqgo/rq/internal/pyrepr"
)

// unreadable are the values whose repr is no literal, or another's.
var unreadable = regexp.MustCompile(`inf|j|Ellipsis|<int of`)

// FuzzLiteral checks that the repr of what is read reads as the same, within
// memory in proportion to the text.
func FuzzLiteral(f *testing.F) {
	for _, seed := range []string{
		`[1, -2, 3.5e-7, 0xff, 1_000, 1+2j, "it's", b'\x00', None, True, (1,), {'a': {1}}, set(), ...]`,
		"'''a\\\n\\N'''", `"\ud83d" r"\"`, "{(): 1, ((),): 2}", "((((", "# a\n1, # b\n", "[1 \\\n]", "- \f1",
		"{1, True, 1.0, 1j}", // equal in Python
		"9223372036854775808",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var before, after runtime.MemStats
		if len(text) > 1<<12 {
			runtime.ReadMemStats(&before)
		}
		v, err := pyliteral.Eval(text)
		if len(text) > 1<<12 {
			runtime.ReadMemStats(&after)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(150*len(text)+1<<20))
		}
		if err != nil {
			return
		}
		repr := pyrepr.Repr(v)
		if unreadable.MatchString(repr) {
			return
		}
		back, err := pyliteral.Eval(repr)
		require.NoError(t, err, "%q became %s", text, repr)
		require.Equal(t, repr, pyrepr.Repr(back), "%q", text)
	})
}

func TestDeepNestingIsRefused(t *testing.T) {
	t.Parallel()
	for _, open := range []string{"[", "(", "{1:", "{", "set(", "-(", "1+(", "[1,(", "- - "} {
		_, err := pyliteral.Eval(strings.Repeat(open, 1<<20))
		require.Error(t, err)
		require.Less(t, len(err.Error()), 200)
	}
}

func TestCharactersByNameAreRefused(t *testing.T) {
	t.Parallel()
	_, err := pyliteral.Eval(`"a\N{BULLET}"`)
	require.EqualError(t, err, `read Python literal: a character by its name: write its number, such as \u2022 at byte 2`)
}
