package py

import (
	"bytes"
	"encoding/json"
	"math/big"
	"reflect"
	"strconv"
	"strings"
)

// fromNumber reads the text of a JSON number as Python does: an int unless it
// has a fraction or an exponent.
func fromNumber(n json.Number) (any, error) {
	s := n.String()
	if strings.ContainsAny(s, ".eEnN") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil && f == 0 {
			return nil, &FromError{GoType: "json.Number", Reason: err}
		}
		return f, nil
	}
	if i, err := strconv.ParseInt(s, 10, 64); err == nil {
		return i, nil
	}
	b, ok := new(big.Int).SetString(s, 10)
	if !ok {
		return nil, &FromError{GoType: "json.Number", Reason: strconv.ErrSyntax}
	}
	return fromBig(b), nil
}

// fromRawJSON decodes a json.RawMessage, keeping the order of its objects. An
// empty one is None, as encoding/json writes it.
func fromRawJSON(raw json.RawMessage) (any, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if !json.Valid(raw) {
		return nil, &FromError{GoType: reflect.TypeOf(raw).String(), Reason: strconv.ErrSyntax}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	return fromTokens(dec)
}

// fromTokens reads one value. Its depth is bounded by json.Valid.
func fromTokens(dec *json.Decoder) (any, error) {
	tok, err := dec.Token()
	if err != nil {
		return nil, err
	}
	switch tok := tok.(type) {
	case json.Number:
		return fromNumber(tok)
	case json.Delim:
		if tok == '[' {
			return fromArray(dec)
		}
		return fromObject(dec)
	}
	return tok, nil
}

func fromArray(dec *json.Decoder) (any, error) {
	list := []any{}
	for dec.More() {
		v, err := fromTokens(dec)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := dec.Token()
	return list, err
}

func fromObject(dec *json.Decoder) (any, error) {
	d := new(Dict)
	for dec.More() {
		k, err := dec.Token()
		if err != nil {
			return nil, err
		}
		v, err := fromTokens(dec)
		if err != nil {
			return nil, err
		}
		if err := d.Set(k, v); err != nil {
			return nil, err
		}
	}
	_, err := dec.Token()
	return d, err
}
