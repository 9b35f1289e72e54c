package pickle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"testing"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
)

// describe says what a value is in the words of testdata/pickle/describe.py.
func describe(tb testing.TB, v any) string {
	tb.Helper()
	d := &describer{numbers: map[any]int{}}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	require.NoError(tb, enc.Encode(d.value(v)))
	return string(bytes.TrimSpace(out.Bytes()))
}

type list = []any

type describer struct{ numbers map[any]int }

func (d *describer) value(v any) list {
	if out := d.scalar(v); out != nil {
		return out
	}
	if out := d.standard(v); out != nil {
		return out
	}
	id := identity(v)
	if id == nil {
		return d.container(v)
	}
	if n, ok := d.numbers[id]; ok {
		return list{"ref", n}
	}
	d.numbers[id] = len(d.numbers)
	return d.container(v)
}

func identity(v any) any {
	type slice struct {
		at    unsafe.Pointer
		n     int
		tuple bool
	}
	switch v := v.(type) {
	case py.Tuple:
		if len(v) > 0 {
			return slice{unsafe.Pointer(&v[0]), len(v), true}
		}
		return nil
	case []any:
		if len(v) > 0 {
			return slice{unsafe.Pointer(&v[0]), len(v), false}
		}
		return nil
	case *py.FrozenSet:
		if v.Len() == 0 {
			return nil
		}
	}
	return v
}

func (d *describer) scalar(v any) list {
	switch v := v.(type) {
	case nil:
		return list{"none"}
	case bool:
		return list{"bool", v}
	case int64:
		return list{"int", pyHex(big.NewInt(v))}
	case *big.Int:
		return list{"int", pyHex(v)}
	case float64:
		return list{"float", floatHex(v)}
	case complex128:
		return list{"complex", floatHex(real(v)) + floatHex(imag(v))}
	case string:
		return list{"str", data([]byte(v))}
	case []byte:
		return list{"bytes", data(v)}
	case py.ByteArray:
		return list{"bytearray", data(v)}
	}
	return nil
}

func (d *describer) standard(v any) list {
	switch v := v.(type) {
	case time.Time:
		_, offset := v.Zone()
		return list{"instant", v.UnixMicro(), offset}
	case py.DateTime:
		return list{"datetime", v.Year, v.Month, v.Day, v.Hour, v.Minute, v.Second, v.Microsecond, v.Fold, d.value(v.TZ)}
	case py.Date:
		return list{"date", v.Year, v.Month, v.Day}
	case py.TimeOfDay:
		var zone list
		if loc, ok := v.TZ.(*time.Location); ok {
			_, offset := time.Unix(0, 0).In(loc).Zone()
			zone = list{"zone", offset}
		} else {
			zone = d.value(v.TZ)
		}
		return list{"clock", v.Hour, v.Minute, v.Second, v.Microsecond, v.Fold, zone}
	case time.Duration:
		return list{"duration", v.Microseconds()}
	case py.TimeDelta:
		return list{"timedelta", v.Days, v.Seconds, v.Microseconds}
	case py.Decimal:
		return list{"decimal", string(v)}
	case uuid.UUID:
		return list{"uuid", v.String()}
	case py.Path:
		return list{"path", string(v)}
	case py.Range:
		return list{"range", v.Start, v.Stop, v.Step}
	case py.Global:
		return list{"global", v.Module, v.Name}
	}
	return nil
}

func (d *describer) container(v any) list {
	switch v := v.(type) {
	case py.Tuple:
		return list{"tuple", d.all(v)}
	case []any:
		return list{"list", d.all(v)}
	case *py.Set:
		return list{"set", d.all(v.Values())}
	case *py.FrozenSet:
		return list{"frozenset", d.all(v.Values())}
	case *py.Dict:
		return list{"dict", d.items(v.Items())}
	case *py.OrderedDict:
		return list{"OrderedDict", d.items(v.Items())}
	case *py.DefaultDict:
		return list{"defaultdict", d.value(v.Factory), d.items(v.Items())}
	case *py.Object:
		out := list{"object", d.value(v.Callable), v.New, d.all(v.Args), nil, nil, nil, nil}
		if v.KwArgs != nil {
			out[4] = d.items(v.KwArgs.Items())
		}
		out[5], out[6] = d.all(v.Appended), d.items(v.Items)
		if v.HasState {
			out[7] = d.value(v.State)
		}
		return out
	}
	return list{fmt.Sprintf("unexpected %T", v)}
}

func (d *describer) all(values []any) list {
	out := list{}
	for _, v := range values {
		out = append(out, d.value(v))
	}
	return out
}

func (d *describer) items(items []py.Item) list {
	out := list{}
	for _, it := range items {
		key := d.value(it.Key)
		out = append(out, list{key, d.value(it.Value)})
	}
	return out
}

func pyHex(n *big.Int) string {
	if n.Sign() < 0 {
		return "-0x" + new(big.Int).Neg(n).Text(16)
	}
	return "0x" + n.Text(16)
}

// floatHex takes Go's own NaN for Python's, as which it is written.
func floatHex(f float64) string {
	if math.Float64bits(f) == math.Float64bits(math.NaN()) {
		return "7ff8000000000000"
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, math.Float64bits(f)))
}

// data is short bytes as hex, or the length and SHA-256 of long ones.
func data(b []byte) string {
	const long = 120
	if len(b) > long {
		sum := sha256.Sum256(b)
		return fmt.Sprintf("%d %x", len(b), sum)
	}
	return hex.EncodeToString(b)
}
