package interop

import (
	"math/big"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq"
)

func item(key, value any) rq.Item { return rq.Item{Key: key, Value: value} }

// built is a value of a class of testdata/lab/tasks.py.
func built(class string, args ...any) *rq.PyObject {
	return &rq.PyObject{Callable: rq.Global{Module: "tasks", Name: class}, Args: args}
}

// goValues are Python's tasks.VALUES.
var goValues = map[string]any{
	"none":      nil,
	"bool":      true,
	"int":       1 << 31,
	"big":       new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 100)),
	"float":     0.1,
	"str":       "snow ☃ 😀",
	"bytes":     []byte{0, 255},
	"bytearray": rq.ByteArray("ab"),
	"list":      []any{1, []any{2, []any{}}},
	"tuple":     rq.Tuple{1, rq.Tuple{2}, rq.Tuple{}},
	"dict":      dict(item("a", 1), item(2, "b"), item(rq.Tuple{3}, nil)),
	"ordered":   &rq.OrderedDict{Dict: *dict(item("a", 1))},
	"set":       set(7),
	"frozenset": frozen(7),
	"complex":   1 + 2i,
	"range":     rq.Range{Start: 1, Stop: 9, Step: 2},
	"slice":     &rq.PyObject{Callable: rq.Global{Module: "builtins", Name: "slice"}, Args: rq.Tuple{1, nil, 2}},
	"ellipsis":  rq.Global{Module: "builtins", Name: "Ellipsis"},
	"datetime":  rq.DateTime{Year: 2026, Month: 1, Day: 2, Hour: 3, Minute: 4, Second: 5, Microsecond: 678901},
	"aware":     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	"offset":    time.Date(2026, 1, 2, 0, 0, 0, 0, time.FixedZone("", 7200)),
	"date":      rq.Date{Year: 2026, Month: 1, Day: 2},
	"time":      rq.TimeOfDay{Hour: 3, Minute: 4, Second: 5},
	"timedelta": -24*time.Hour + 2*time.Second + 3*time.Microsecond,
	"decimal":   rq.Decimal("1.10"),
	"uuid":      uuid.MustParse("00000000-0000-0000-0000-000000000001"),
	"enum":      built("Color", "red"),
	"namedtuple": &rq.PyObject{
		Callable: rq.Global{Module: "tasks", Name: "Point"}, New: true, Args: rq.Tuple{1, 2},
	},
	"dataclass": &rq.PyObject{
		Callable: rq.Global{Module: "tasks", Name: "Order"}, New: true,
		State: dict(item("id", 1), item("lines", []any{"x"})), HasState: true,
	},
	"exception": &rq.PyObject{
		Callable: rq.Global{Module: "tasks", Name: "Broken"}, Args: rq.Tuple{7, "seven"},
		State: dict(item("code", 7)), HasState: true,
	},
	"class":    rq.Global{Module: "tasks", Name: "Order"},
	"function": rq.Global{Module: "tasks", Name: "add"},
}

func value(name string) any { return goValues[name] }
