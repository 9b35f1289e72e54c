package rqcli

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
)

// The expectations are what rq/cli/helpers.py parse_function_arg of RQ 3.0.0 returns.
func TestSplit(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]argument{
		"":          {},
		"abc":       {value: "abc"},
		"a b":       {value: "a b"},
		"=abc":      {value: "=abc"},
		"=":         {value: "="},
		":1":        {as: asJSON, value: "1"},
		":a=1":      {as: asJSON, value: "a=1"},
		":":         {as: asJSON},
		":=1":       {as: asJSON, value: "=1"},
		"%1":        {as: asLiteral, value: "1"},
		"%a=1":      {as: asLiteral, value: "a=1"},
		"a=b":       {"a", plain, "b"},
		"a=":        {"a", plain, ""},
		"a=b=c":     {"a", plain, "b=c"},
		"a=:1":      {"a", plain, ":1"},
		"a:=1":      {"a", asJSON, "1"},
		"a:=":       {"a", asJSON, ""},
		"a%=1":      {"a", asLiteral, "1"},
		"a:b=1":     {"a:b", plain, "1"},
		"a:b:=1":    {"a:b:", plain, "1"},
		"a%b%=1":    {"a%b%", plain, "1"},
		"a:b%=1":    {"a:b", asLiteral, "1"},
		"a%:=1":     {"a%", asJSON, "1"},
		"a:%=1":     {"a:", asLiteral, "1"},
		"a=b:=1":    {"a", plain, "b:=1"},
		"http://x":  {value: "http://x"},
		"http://x?": {value: "http://x?"},
		"é:=1":      {"é", asJSON, "1"},
		"@f":        {value: "@f"},
		"@f=1":      {"@f", plain, "1"},
	} {
		assert.Equal(t, want, split(word), "%q", word)
	}
}

func TestCallOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	plainFile, jsonFile, literalFile := file("plain", "a\r\nb\rc\n"), file("json", "\n[1, null]\n"), file("literal", "# a\n{'a': (1,)}\n")
	for word, want := range map[string]string{
		"a b":                     "f('a b')",
		"":                        "f('')",
		"\xff":                    `f('\udcff')`,
		":[1, {\"a\": null}]":     "f([1, {'a': None}])",
		"%(1, b'x', {2})":         "f((1, b'x', {2}))",
		"k=v":                     "f(k='v')",
		"k:=2.50":                 "f(k=2.5)",
		"k%=1+2j":                 "f(k=(1+2j))",
		"@" + plainFile:           `f('a\nb\nc\n')`,
		":@" + jsonFile:           "f([1, None])",
		"%@" + literalFile:        "f({'a': (1,)})",
		"k=@" + plainFile:         `f(k='a\nb\nc\n')`,
		"k:=@" + jsonFile:         "f(k=[1, None])",
		"k%=@" + literalFile:      "f(k={'a': (1,)})",
		"k=:@" + jsonFile:         "f(k=':@" + jsonFile + "')",
		"a@b":                     "f('a@b')",
		"%'@'":                    "f('@')",
		":\"\\ud83d\"":            `f('\ud83d')`,
		"%-9223372036854775808":   "f(-9223372036854775808)",
		":123456789012345678901":  "f(123456789012345678901)",
		"%  [None, True, set()] ": "f([None, True, set()])",
	} {
		call, err := callOf("f", []string{word})
		require.NoError(t, err, "%q", word)
		assert.Equal(t, want, call.String(), "%q", word)
	}
}

func TestArgumentsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad")
	require.NoError(t, os.WriteFile(bad, []byte("\xff"), 0o600))
	for _, tc := range []struct {
		words []string
		says  string
		usage bool
	}{
		{[]string{":"}, "1. non keyword argument: not JSON (expecting a value at byte 0)", true},
		{[]string{"k=1", "a", ":[1"}, "2. non keyword argument: not JSON (expecting ',' or ']' at byte 2)", true},
		{[]string{"a", "k:=x"}, "keyword argument k: not JSON", true},
		{[]string{"%x"}, "1. non keyword argument: not a Python literal (the name x is no literal: text wants quotes at byte 0)", true},
		{[]string{"k%={[]}"}, "keyword argument k: not a Python literal (unhashable value as a key or in a set at byte 0)", true},
		{[]string{"k=1", "k:=1"}, "keyword argument k: given twice", true},
		{[]string{"\xff=1"}, "must be UTF-8", true},
		{[]string{"@" + dir + "/none"}, "1. non keyword argument: open ", false},
		{[]string{"k=@" + bad}, "not UTF-8", false},
		{[]string{"k=@" + dir}, "is a directory", false},
	} {
		_, err := callOf("f", tc.words)
		require.ErrorContains(t, err, tc.says, "%q", tc.words)
		var usage usageError
		assert.Equal(t, tc.usage, errors.As(err, &usage), "%q", tc.words)
	}
}

func TestListedWritesArgumentsAsAList(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		v, want any
	}{
		{rq.Tuple{"f", nil, rq.Tuple{int64(1)}, new(rq.Dict)}, rq.Tuple{"f", nil, []any{int64(1)}, new(rq.Dict)}},
		{rq.Tuple{int64(1), rq.Tuple{}}, rq.Tuple{int64(1), rq.Tuple{}}},
		{"text", "text"},
	} {
		data, err := listed{rq.Pickle{}}.Dumps(tc.v)
		require.NoError(t, err)
		got, err := listed{rq.Pickle{}}.Loads(data)
		require.NoError(t, err)
		assert.Equal(t, tc.want, got)
	}
}
