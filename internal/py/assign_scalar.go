package py

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"reflect"
	"regexp"
	"strconv"

	"github.com/google/uuid"
)

func assignScalar(dst reflect.Value, src any) error {
	switch dst.Kind() {
	case reflect.Bool:
		if b, ok := src.(bool); ok {
			dst.SetBool(b)
			return nil
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return assignInt(dst, src)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return assignUint(dst, src)
	case reflect.Float32, reflect.Float64:
		return assignFloat(dst, src)
	case reflect.Complex64, reflect.Complex128:
		return assignComplex(dst, src)
	case reflect.String:
		return assignString(dst, src)
	}
	return cannotUse(src, dst, nil)
}

func assignInt(dst reflect.Value, src any) error {
	switch n := src.(type) {
	case int64:
		if dst.OverflowInt(n) {
			return overflows(src, dst)
		}
		dst.SetInt(n)
		return nil
	case *big.Int: // past int64, or From had made it one
		return overflows(src, dst)
	}
	return cannotUse(src, dst, nil)
}

func assignUint(dst reflect.Value, src any) error {
	var u uint64
	switch n := src.(type) {
	case int64:
		if n < 0 {
			return overflows(src, dst)
		}
		u = uint64(n)
	case *big.Int:
		if !n.IsUint64() {
			return overflows(src, dst)
		}
		u = n.Uint64()
	default:
		return cannotUse(src, dst, nil)
	}
	if dst.OverflowUint(u) {
		return overflows(src, dst)
	}
	dst.SetUint(u)
	return nil
}

func assignFloat(dst reflect.Value, src any) error {
	f, ok := floatOf(src)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	if _, isFloat := src.(float64); !isFloat && math.IsInf(f, 0) || dst.OverflowFloat(f) {
		return overflows(src, dst)
	}
	dst.SetFloat(f)
	return nil
}

// floatOf returns the nearest float of an int or float, as Python's float does.
func floatOf(src any) (float64, bool) {
	switch n := src.(type) {
	case float64:
		return n, true
	case int64:
		return float64(n), true
	case *big.Int:
		f, _ := new(big.Float).SetInt(n).Float64()
		return f, true
	}
	return 0, false
}

func assignComplex(dst reflect.Value, src any) error {
	c, ok := src.(complex128)
	if !ok {
		f, isReal := floatOf(src)
		if !isReal {
			return cannotUse(src, dst, nil)
		}
		c = complex(f, 0)
	}
	if dst.OverflowComplex(c) {
		return overflows(src, dst)
	}
	dst.SetComplex(c)
	return nil
}

// textOf returns the text of values that are text in Go.
func textOf(src any) (string, bool) {
	switch s := src.(type) {
	case string:
		return s, true
	case Decimal:
		return string(s), true
	case Path:
		return string(s), true
	case uuid.UUID:
		return s.String(), true
	}
	return "", false
}

func assignString(dst reflect.Value, src any) error {
	text, ok := textOf(src)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	dst.SetString(text)
	return nil
}

func assignBig(dst reflect.Value, p *big.Int, src any) error {
	switch n := src.(type) {
	case int64:
		p.SetInt64(n)
	case *big.Int:
		p.Set(n)
	default:
		return cannotUse(src, dst, nil)
	}
	return nil
}

// decimalText is what Python's Decimal takes, without its signalling NaNs and
// digits of other scripts.
var decimalText = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$|^[+-]?(Infinity|NaN)$`)

func assignDecimal(dst reflect.Value, p *Decimal, src any) error {
	switch n := src.(type) {
	case int64:
		*p = Decimal(strconv.FormatInt(n, 10))
		return nil
	case *big.Int:
		*p = Decimal(n.String())
		return nil
	case string:
		if !decimalText.MatchString(n) {
			return cannotUse(src, dst, errors.New("not a number"))
		}
		*p = Decimal(n)
		return nil
	}
	return cannotUse(src, dst, nil)
}

func assignNumber(dst reflect.Value, p *json.Number, src any) error {
	switch n := src.(type) {
	case int64:
		*p = json.Number(strconv.FormatInt(n, 10))
		return nil
	case *big.Int:
		*p = json.Number(n.String())
		return nil
	case float64:
		if !math.IsInf(n, 0) && !math.IsNaN(n) {
			*p = json.Number(AppendFloat(nil, n))
			return nil
		}
	}
	return cannotUse(src, dst, nil)
}

func assignUUID(dst reflect.Value, p *uuid.UUID, src any) error {
	s, ok := src.(string)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	id, err := uuid.Parse(s)
	if err != nil {
		return cannotUse(src, dst, err)
	}
	*p = id
	return nil
}
