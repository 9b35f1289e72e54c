package rqcli

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/py"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pyliteral"
)

// A notation is how the value of an argument is written on the command line.
type notation uint8

const (
	plain notation = iota
	asJSON
	asLiteral
)

// An argument is an argument of the job's function in the form of the command line.
type argument struct {
	keyword string // "" for one by position
	as      notation
	value   string
}

// split splits an argument into its parts (rq/cli/helpers.py parse_function_arg):
//
//	text     :json     %literal
//	key=text key:=json key%=literal
//
// Only the first colon and the first percent sign count, and only directly before the
// first equals sign.
func split(word string) argument {
	switch {
	case strings.HasPrefix(word, ":"):
		return argument{as: asJSON, value: word[1:]}
	case strings.HasPrefix(word, "%"):
		return argument{as: asLiteral, value: word[1:]}
	}
	i := strings.IndexByte(word, '=')
	switch {
	case i <= 0:
		return argument{value: word}
	case strings.IndexByte(word, ':')+1 == i:
		return argument{word[:i-1], asJSON, word[i+1:]}
	case strings.IndexByte(word, '%')+1 == i:
		return argument{word[:i-1], asLiteral, word[i+1:]}
	}
	return argument{word[:i], plain, word[i+1:]}
}

// name returns the name of the argument in errors, as the nth positional one.
func (a argument) name(n int) string {
	if a.keyword != "" {
		return "keyword argument " + a.keyword
	}
	return fmt.Sprintf("%d. non keyword argument", n)
}

// read returns the value of the argument. A value that begins with @ names a file with
// the value.
func (a argument) read() (any, error) {
	text := a.value
	if strings.HasPrefix(text, "@") {
		var err error
		if text, err = contents(text[1:]); err != nil {
			return nil, err
		}
	}
	switch a.as {
	case asJSON:
		v, err := pyjson.Decode([]byte(text))
		if err != nil {
			return nil, usagef(`not JSON (%s): JSON text needs double quotes; without the ":" the argument is taken as plain text`, reason(err))
		}
		return v, nil
	case asLiteral:
		v, err := pyliteral.Eval(text)
		if err != nil {
			return nil, usagef("not a Python literal (%s): see https://docs.python.org/3/library/ast.html#ast.literal_eval", reason(err))
		}
		return v, nil
	}
	return escaped(text), nil
}

// reason says why a text cannot be parsed, and where.
func reason(err error) string {
	var json *pyjson.SyntaxError
	var literal *pyliteral.SyntaxError
	switch {
	case errors.As(err, &json):
		return fmt.Sprintf("%v at byte %d", json.Reason, json.Offset)
	case errors.As(err, &literal):
		return fmt.Sprintf("%v at byte %d", literal.Reason, literal.Offset)
	}
	return err.Error()
}

// contents returns the text of a file, with Python's universal newlines.
func contents(file string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	if !utf8.Valid(data) {
		return "", fmt.Errorf("file %s: not UTF-8", file)
	}
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data)), nil
}

// escaped returns a word of the command line as Python decodes it: a byte that is not
// UTF-8 becomes half of a surrogate pair.
func escaped(word string) string {
	if utf8.ValidString(word) {
		return word
	}
	var out []byte
	for len(word) > 0 {
		r, size := utf8.DecodeRuneInString(word)
		if r == utf8.RuneError && size == 1 {
			r = 0xDC00 | rune(word[0])
		}
		out = py.AppendRune(out, r)
		word = word[size:]
	}
	return string(out)
}

// callOf returns the call of a function with the arguments of a command line. Its
// error names the argument.
func callOf(function string, words []string) (rq.FuncCall, error) {
	call := rq.FuncCall{Func: function, Args: rq.Tuple{}, Kwargs: new(rq.Dict)}
	if function == "" || !utf8.ValidString(function) {
		return call, usagef("function %q: must be the dotted path of a function", function)
	}
	for _, word := range words {
		a := split(word)
		name := a.name(len(call.Args) + 1)
		v, err := a.read()
		switch {
		case err != nil:
			return call, fmt.Errorf("%s: %w", name, err)
		case a.keyword == "":
			call.Args = append(call.Args, v)
			continue
		}
		if _, twice := call.Kwargs.Get(a.keyword); twice {
			return call, usagef("%s: given twice", name)
		}
		if !utf8.ValidString(a.keyword) {
			return call, usagef("%s: must be UTF-8", name)
		}
		_ = call.Kwargs.Set(a.keyword, v) // a string is hashable
	}
	return call, nil
}

// listed is a serializer that writes the arguments of a call as a list, as RQ's command
// line does. A call is a tuple of four.
type listed struct{ rq.Serializer }

// Dumps returns the bytes of v.
func (l listed) Dumps(v any) ([]byte, error) {
	if call, ok := v.(rq.Tuple); ok && len(call) == 4 {
		if args, ok := call[2].(rq.Tuple); ok {
			v = rq.Tuple{call[0], call[1], []any(args), call[3]}
		}
	}
	return l.Serializer.Dumps(v)
}
