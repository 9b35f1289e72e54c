package pickle_test

import (
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

func dict(t *testing.T, items ...any) *py.Dict {
	t.Helper()
	d := &py.Dict{}
	for i := 0; i < len(items); i += 2 {
		require.NoError(t, d.Set(items[i], items[i+1]))
	}
	return d
}

// TestEncodeGo writes Go's own types as the values that they stand for. What
// those look like is the business of TestCorpus.
func TestEncodeGo(t *testing.T) {
	t.Parallel()
	type row struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	type level int
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	huge := new(big.Int).Lsh(big.NewInt(1), 70)
	tests := []struct {
		name string
		give any
		want any
	}{
		{"int", 7, int64(7)},
		{"int8", int8(-7), int64(-7)},
		{"uint16", uint16(65535), int64(65535)},
		{"largest uint64", uint64(math.MaxUint64), new(big.Int).SetUint64(math.MaxUint64)},
		{"named int", level(3), int64(3)},
		{"big.Int by value", *huge, huge},
		{"small big.Int", big.NewInt(5), int64(5)},
		{"nil big.Int", (*big.Int)(nil), nil},
		{"float32", float32(0.5), 0.5},
		{"complex64", complex64(1i), 1i},
		{"Go's NaN", math.NaN(), math.Float64frombits(0x7ff8000000000000)},
		{"strings", []string{"a", "b"}, []any{"a", "b"}},
		{"one string", []string{"a"}, []any{"a"}},
		{"no strings", []string{}, []any{}},
		{"nil strings", []string(nil), []any{}},
		{"ints", []int{1, 2}, []any{int64(1), int64(2)}},
		{"array", [2]bool{true, false}, []any{true, false}},
		{"nil list", []any(nil), []any{}},
		{"nil bytes", []byte(nil), []byte{}},
		{"nil tuple", py.Tuple(nil), py.Tuple{}},
		{"map", map[string]int{"b": 2, "a": 1}, dict(t, "a", int64(1), "b", int64(2))},
		{"struct", row{7, "x"}, dict(t, "id", int64(7), "name", "x")},
		{"pointer", &row{7, "x"}, dict(t, "id", int64(7), "name", "x")},
		{"nil pointer", (*row)(nil), nil},
		{"nil Dict", (*py.Dict)(nil), &py.Dict{}},
		{"nil Set", (*py.Set)(nil), nil},
		{"nil FrozenSet", (*py.FrozenSet)(nil), nil},
		{"nil OrderedDict", (*py.OrderedDict)(nil), nil},
		{"nil DefaultDict", (*py.DefaultDict)(nil), nil},
		{"nil Object", (*py.Object)(nil), nil},
		{"nanoseconds", time.Date(2026, 1, 2, 3, 4, 5, 123456789, time.UTC), time.Date(2026, 1, 2, 3, 4, 5, 123456000, time.UTC)},
		{"fixed zone at zero", time.Date(2026, 1, 2, 0, 0, 0, 0, time.FixedZone("GMT", 0)), time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)},
		{"winter in a zone", time.Date(2026, 1, 2, 0, 0, 0, 0, paris), time.Date(2026, 1, 2, 0, 0, 0, 0, time.FixedZone("x", 3600))},
		{"summer in a zone", time.Date(2026, 7, 2, 0, 0, 0, 0, paris), time.Date(2026, 7, 2, 0, 0, 0, 0, time.FixedZone("x", 7200))},
		{"short duration", 1999 * time.Nanosecond, time.Microsecond},
		{"short negative duration", -1999 * time.Nanosecond, -time.Microsecond},
		{"delta to normalise", py.TimeDelta{Days: 1, Seconds: -1, Microseconds: 3e6}, 24*time.Hour + 2*time.Second},
		{"mixed", []any{1, row{}, []string{"a"}}, []any{int64(1), dict(t, "id", int64(0), "name", ""), []any{"a"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			got, err := pickle.Encode(tt.give)

			require.NoError(t, err)
			want, err := pickle.Encode(tt.want)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// TestIdentity writes values twice, some of which are one object to Python.
func TestIdentity(t *testing.T) {
	t.Parallel()
	one, other := []any{int64(1)}, []any{int64(1)}
	pair := py.Tuple{int64(1), int64(2)}
	data := []byte("ab")
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	empty := &py.Dict{}
	tests := []struct {
		name string
		a, b any
		one  bool
	}{
		{"string", "a", strings.Clone("a"), true},
		{"list", one, one, true},
		{"equal lists", one, other, false},
		{"part of a list", one, one[:0], false},
		{"tuple", pair, pair, true},
		{"list and tuple of one array", []any(pair), pair, false},
		{"bytes", data, data, true},
		{"equal bytes", data, []byte("ab"), false},
		{"equal bytes of length 1", []byte("a"), []byte("a"), true},
		{"equal empty bytes", []byte{}, []byte(nil), true},
		{"bytearray", py.ByteArray(data), py.ByteArray(data), true},
		{"bytes and bytearray", data, py.ByteArray(data), false},
		{"empty lists", []any{}, []any{}, false},
		{"dict", empty, empty, true},
		{"equal dicts", empty, &py.Dict{}, false},
		{"global", py.Global{Module: "m", Name: "f"}, py.Global{Module: "m", Name: "f"}, true},
		{"time", at, at, false},
		{"Decimal", py.Decimal("1"), py.Decimal("1"), false},
		{"UUID", uuid.Max, uuid.Max, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			alone, err := pickle.Encode(py.Tuple{tt.a, nil})
			require.NoError(t, err)

			both, err := pickle.Encode(py.Tuple{tt.a, tt.b})

			require.NoError(t, err)
			shared := len(both) == len(alone)+1 && both[len(both)-5] == 'h'
			require.Equal(t, tt.one, shared, "%q", both)
		})
	}
}

// TestEncodeErrors refuses what Python has no value for, and says where.
func TestEncodeErrors(t *testing.T) {
	t.Parallel()
	itself := py.Tuple{nil}
	itself[0] = itself
	at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	far := time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("far", 86400))
	tests := []struct {
		name string
		give any
		is   error
		text string
	}{
		{"year 10000", at(10000), pickle.ErrRange, "cannot pickle time.Time 10000-01-01"},
		{"year 0", at(0), pickle.ErrRange, "out of Python's range"},
		{"offset of a day", far, pickle.ErrRange, ""},
		{"30 February", py.Date{Year: 2026, Month: 2, Day: 30}, pickle.ErrRange, ""},
		{"hour 24", py.DateTime{Year: 2026, Month: 2, Day: 3, Hour: 24}, pickle.ErrRange, ""},
		{"minute 60", py.TimeOfDay{Minute: 60}, pickle.ErrRange, ""},
		{"timedelta past its days", py.TimeDelta{Days: 1e9}, pickle.ErrRange, ""},
		{"bytes in a string", "a\xff", pickle.ErrText, `cannot pickle "a\xff": not UTF-8`},
		{"bytes in a name", py.Global{Module: "m", Name: "\xff"}, pickle.ErrText, ""},
		{"no number", py.Decimal("one"), nil, "not the text of a Decimal"},
		{"no callable", &py.Object{}, nil, "no Callable"},
		{"tuple in itself", itself, py.ErrTooDeep, ""},
		{"function", func() {}, py.ErrNoPython, "cannot express func() in Python"},
		{"error", errors.New("x"), py.ErrNoPython, ""},
		{"path", py.Tuple{"f", nil, py.Tuple{1, []any{make(chan int)}}, nil}, py.ErrNoPython, "[2][1][0]: "},
		{"path by key", dict(t, "a", dict(t, int64(7), []string{"\xff"})), pickle.ErrText, `["a"][7][0]: `},
		{"path in an object", &py.Object{Callable: py.Global{Module: "m", Name: "C"}, State: func() {}, HasState: true}, py.ErrNoPython, "State: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			got, err := pickle.Append([]byte("before"), tt.give, 5)

			require.Error(t, err)
			require.Equal(t, "before", string(got))
			require.ErrorContains(t, err, tt.text)
			if tt.is != nil {
				require.ErrorIs(t, err, tt.is)
			}
		})
	}
}

// TestAppend keeps what is there, and only writes protocols 4 and 5.
func TestAppend(t *testing.T) {
	t.Parallel()
	for protocol := -1; protocol <= 6; protocol++ {
		got, err := pickle.Append([]byte("x"), nil, protocol)
		if protocol == 4 || protocol == 5 {
			require.NoError(t, err)
			require.Equal(t, []byte{'x', 0x80, byte(protocol), 'N', '.'}, got)
		} else {
			require.ErrorIs(t, err, pickle.ErrProtocol)
		}
	}
}

// TestEncodeCall has the bytes that RQ stores for a call (WIRE.md, section 5).
func TestEncodeCall(t *testing.T) {
	t.Parallel()

	got, err := pickle.Encode(py.Tuple{"tasks.add", nil, py.Tuple{int64(1)}, &py.Dict{}})

	require.NoError(t, err)
	require.Equal(t, "\x80\x05\x95\x17\x00\x00\x00\x00\x00\x00\x00(\x8c\x09tasks.add\x94NK\x01\x85\x94}\x94t\x94.", string(got))
}

// TestDeep writes as deep as it reads, whatever the containers are.
func TestDeep(t *testing.T) {
	t.Parallel()
	wrap := map[string]func(any) any{
		"list":   func(v any) any { return []any{v} },
		"tuple":  func(v any) any { return py.Tuple{v} },
		"dict":   func(v any) any { return dict(t, "k", v) },
		"object": func(v any) any { return &py.Object{Callable: py.Global{Module: "m", Name: "C"}, Args: py.Tuple{v}} },
	}
	for name, wrap := range wrap {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var v any = py.Decimal("1")
			for range py.MaxDepth {
				v = wrap(v)
			}

			data, err := pickle.Encode(v)
			require.NoError(t, err)
			_, err = pickle.Decode(data)
			require.NoError(t, err)

			_, err = pickle.Encode(wrap(v))
			require.ErrorIs(t, err, py.ErrTooDeep)
		})
	}
}
