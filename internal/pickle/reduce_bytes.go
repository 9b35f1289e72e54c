package pickle

import (
	"unicode/utf8"

	"github.com/rqgo/rq/internal/py"
)

// buildEncoded is _codecs.encode(text, "latin1"): bytes before protocol 3.
func buildEncoded(d *decoder, args py.Tuple) (any, bool, error) {
	if len(args) != 2 {
		return nil, false, nil
	}
	text, ok := args[0].(string)
	codec, _ := args[1].(string)
	if !ok || codec != "latin1" && codec != "latin-1" {
		return nil, false, nil
	}
	if err := d.charge(len(text), 1); err != nil {
		return nil, false, err
	}
	b, ok := latin1(text)
	return b, ok, nil
}

// latin1 returns the code points of s as bytes.
func latin1(s string) ([]byte, bool) {
	b := make([]byte, 0, len(s))
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r > 0xff || r == utf8.RuneError {
			return nil, false
		}
		b, s = append(b, byte(r)), s[n:]
	}
	return b, true
}

func buildBytes(_ *decoder, args py.Tuple) (any, bool, error) {
	return []byte{}, len(args) == 0, nil
}

// buildByteArray takes bytes, or the text and codec of Python 2.
func buildByteArray(d *decoder, args py.Tuple) (any, bool, error) {
	switch len(args) {
	case 0:
		return py.ByteArray{}, true, nil
	case 1:
		b, ok := args[0].([]byte)
		if !ok {
			return nil, false, nil
		}
		err := d.charge(len(b), 1)
		if err != nil {
			return nil, false, err
		}
		return append(py.ByteArray{}, b...), true, nil
	}
	v, ok, err := buildEncoded(d, args)
	if !ok || err != nil {
		return nil, false, err
	}
	return py.ByteArray(v.([]byte)), true, nil
}

// elementsOf returns the elements of the only argument, if it is a list or a tuple.
func elementsOf(args py.Tuple) ([]any, bool) {
	if len(args) != 1 {
		return nil, false
	}
	switch v := args[0].(type) {
	case *listNode:
		return v.items, true
	case []any:
		return v, true
	case py.Tuple:
		return v, true
	}
	return nil, false
}

func buildSet(d *decoder, args py.Tuple) (any, bool, error) {
	values, ok := elementsOf(args)
	if !ok && len(args) > 0 {
		return nil, false, nil
	}
	s := &py.Set{}
	d.containers++
	return s, true, d.addAll(s, values)
}

func buildFrozenSet(d *decoder, args py.Tuple) (any, bool, error) {
	values, ok := elementsOf(args)
	if !ok && len(args) > 0 {
		return nil, false, nil
	}
	s := &py.FrozenSet{}
	d.containers++
	return s, true, d.addAll(s, values)
}

// buildOrderedDict takes nothing, or the list of pairs that Python 2 wrote.
func buildOrderedDict(d *decoder, args py.Tuple) (any, bool, error) {
	dict := &py.OrderedDict{}
	d.containers++
	if len(args) == 0 {
		return dict, true, nil
	}
	pairs, ok := elementsOf(args)
	if !ok {
		return nil, false, nil
	}
	for _, p := range pairs {
		pair, ok := elementsOf(py.Tuple{p})
		if !ok || len(pair) != 2 {
			return nil, false, nil
		}
		if err := d.setAll(dict, pair); err != nil {
			return nil, false, err
		}
	}
	return dict, true, nil
}

func buildDefaultDict(d *decoder, args py.Tuple) (any, bool, error) {
	d.containers++
	switch {
	case len(args) == 0:
		return &py.DefaultDict{}, true, nil
	case len(args) > 1:
		return nil, false, nil
	case args[0] == nil:
		return &py.DefaultDict{}, true, nil
	}
	factory, ok := args[0].(py.Global)
	return &py.DefaultDict{Factory: factory}, ok, nil
}
