// Package tagged reads the values in the corpora that real Python wrote: the
// notation of testdata/repr/tagged.py. Only tests import it.
package tagged

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq/internal/py"
)

// A Value is a Python value that unmarshals itself from the notation.
type Value struct{ V any }

// UnmarshalJSON implements json.Unmarshaler. It returns an error for what the
// generators do not write, and panics for what they write wrongly.
func (v *Value) UnmarshalJSON(data []byte) error {
	var parts []json.RawMessage
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	kind := read[string](parts[0])
	if scalar, ok := scalars[kind]; ok {
		v.V = scalar(parts[1:])
		return nil
	}
	container, ok := containers[kind]
	if !ok {
		return fmt.Errorf("unknown kind %q", kind)
	}
	v.V = container(parts[1:])
	return nil
}

func read[T any](raw json.RawMessage) T {
	var out T
	if err := json.Unmarshal(raw, &out); err != nil {
		panic(err)
	}
	return out
}

func numbers(parts []json.RawMessage) []int {
	out := make([]int, 0, len(parts))
	for _, p := range parts {
		out = append(out, read[int](p))
	}
	return out
}

func unhex(raw json.RawMessage) []byte {
	b, err := hex.DecodeString(read[string](raw))
	if err != nil {
		panic(err)
	}
	return b
}

func float(raw json.RawMessage) float64 {
	f, err := strconv.ParseFloat(read[string](raw), 64)
	if err != nil {
		panic(err)
	}
	return f
}

func integer(raw json.RawMessage) any {
	n, ok := new(big.Int).SetString(read[string](raw), 0)
	if !ok {
		panic(string(raw))
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n
}

var scalars = map[string]func([]json.RawMessage) any{
	"none":      func([]json.RawMessage) any { return nil },
	"bool":      func(p []json.RawMessage) any { return read[bool](p[0]) },
	"int":       func(p []json.RawMessage) any { return integer(p[0]) },
	"float":     func(p []json.RawMessage) any { return float(p[0]) },
	"complex":   func(p []json.RawMessage) any { return complex(float(p[0]), float(p[1])) },
	"str":       func(p []json.RawMessage) any { return string(unhex(p[0])) },
	"bytes":     func(p []json.RawMessage) any { return unhex(p[0]) },
	"bytearray": func(p []json.RawMessage) any { return py.ByteArray(unhex(p[0])) },
	"decimal":   func(p []json.RawMessage) any { return py.Decimal(read[string](p[0])) },
	"path":      func(p []json.RawMessage) any { return py.Path(read[string](p[0])) },
	"uuid":      func(p []json.RawMessage) any { return uuid.MustParse(read[string](p[0])) },
	"global":    func(p []json.RawMessage) any { return py.Global{Module: read[string](p[0]), Name: read[string](p[1])} },
	"range": func(p []json.RawMessage) any {
		return py.Range{Start: read[int64](p[0]), Stop: read[int64](p[1]), Step: read[int64](p[2])}
	},
	"date": func(p []json.RawMessage) any {
		n := numbers(p)
		return py.Date{Year: n[0], Month: n[1], Day: n[2]}
	},
	"time": func(p []json.RawMessage) any {
		n := numbers(p[:5])
		tz, _ := zone(p[5])
		return py.TimeOfDay{Hour: n[0], Minute: n[1], Second: n[2], Microsecond: n[3], Fold: n[4], TZ: tz}
	},
	"timedelta": func(p []json.RawMessage) any {
		n := numbers(p)
		d := py.TimeDelta{Days: n[0], Seconds: n[1], Microseconds: n[2]}
		if short := time.Duration(0); py.Assign(&short, d) == nil {
			return short
		}
		return d
	},
	"datetime": func(p []json.RawMessage) any {
		n := numbers(p[:8])
		tz, loc := zone(p[8])
		if tz == nil {
			return py.DateTime{Year: n[0], Month: n[1], Day: n[2], Hour: n[3], Minute: n[4], Second: n[5], Microsecond: n[6], Fold: n[7]}
		}
		return time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], n[6]*1000, loc)
	},
}

// zone returns the time zone both as the TZ of a py.TimeOfDay and by its type.
func zone(raw json.RawMessage) (any, *time.Location) {
	switch v := read[any](raw).(type) {
	case float64:
		loc := time.FixedZone("", int(v/1e6))
		return loc, loc
	case string:
		if v == "utc" {
			return time.UTC, time.UTC
		}
		loc, err := time.LoadLocation(v)
		if err != nil {
			panic(err)
		}
		return loc, loc
	}
	return nil, nil
}

// containers is filled by init, since its functions unmarshal Values.
var containers map[string]func([]json.RawMessage) any

func init() {
	containers = map[string]func([]json.RawMessage) any{
		"list":      func(p []json.RawMessage) any { return list(p[0]) },
		"tuple":     func(p []json.RawMessage) any { return py.Tuple(list(p[0])) },
		"set":       func(p []json.RawMessage) any { return must(py.NewSet(list(p[0])...)) },
		"frozenset": func(p []json.RawMessage) any { return must(py.NewFrozenSet(list(p[0])...)) },
		"dict":      func(p []json.RawMessage) any { return dict(p[0]) },
		"OrderedDict": func(p []json.RawMessage) any {
			return &py.OrderedDict{Dict: *dict(p[0])}
		},
		"defaultdict": func(p []json.RawMessage) any {
			return &py.DefaultDict{Dict: *dict(p[1]), Factory: read[Value](p[0]).V}
		},
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func list(raw json.RawMessage) []any {
	out := []any{}
	for _, v := range read[[]Value](raw) {
		out = append(out, v.V)
	}
	return out
}

func dict(raw json.RawMessage) *py.Dict {
	d := new(py.Dict)
	for _, kv := range read[[][2]Value](raw) {
		if err := d.Set(kv[0].V, kv[1].V); err != nil {
			panic(err)
		}
	}
	return d
}
