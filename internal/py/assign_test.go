package py_test

import (
	"encoding/json"
	"math"
	"math/big"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/py"
)

type (
	point struct {
		X, Y int
	}
	order struct {
		point
		*Deep
		ID    string   `rq:"id"`
		Lines []line   `json:"lines"`
		Note  *string  `json:"note"`
		Tags  []string `json:"tags"`
	}
	line struct {
		SKU   string `json:"sku"`
		Count uint8
	}
	tree []tree
)

// assigned returns what src is as a T.
func assigned[T any](src any) (T, error) {
	var dst T
	err := py.Assign(&dst, src)
	return dst, err
}

// accepts checks that src becomes want.
func accepts[T any](t *testing.T, src any, want T) {
	t.Helper()
	got, err := assigned[T](src)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// refuses checks that src is no T, and why.
func refuses[T any](t *testing.T, src any, want string) {
	t.Helper()
	_, err := assigned[T](src)
	var ae *py.AssignError
	require.ErrorAs(t, err, &ae)
	assert.EqualError(t, err, want)
}

func TestAssignNumbers(t *testing.T) {
	t.Parallel()
	huge := new(big.Int).Lsh(big.NewInt(1), 63)
	accepts(t, int64(-128), int8(-128))
	accepts(t, huge, uint64(1<<63))
	accepts(t, huge, huge)
	accepts(t, huge, *huge)
	accepts(t, int64(3), big.NewInt(3))
	accepts(t, int64(3), 3.0)
	accepts(t, huge, float64(1<<63))
	accepts(t, math.Inf(1), math.Inf(1))
	accepts(t, 1.5, complex64(1.5))
	accepts(t, 2i, 2i)
	accepts(t, true, true)
	accepts(t, int64(4), json.Number("4"))
	accepts(t, 1e16, json.Number("1e+16"))

	refuses[int8](t, int64(128), "cannot use int as int8: 128 is out of range")
	refuses[uint](t, int64(-1), "cannot use int as uint: -1 is out of range")
	refuses[int](t, huge, "cannot use int as int: 9223372036854775808 is out of range")
	refuses[int](t, new(big.Int).Lsh(huge, 1000), "cannot use int as int: an int of 1064 bits is out of range")
	refuses[float64](t, new(big.Int).Lsh(huge, 9000), "cannot use int as float64: an int of 9064 bits is out of range")
	refuses[float32](t, 1e300, "cannot use float as float32: 1e+300 is out of range")
	refuses[int](t, 3.0, "cannot use float as int")
	refuses[int](t, true, "cannot use bool as int")
	refuses[bool](t, int64(1), "cannot use int as bool")
	refuses[float64](t, "1", "cannot use str as float64")
	refuses[json.Number](t, math.NaN(), "cannot use float as json.Number")
}

func TestAssignText(t *testing.T) {
	t.Parallel()
	id := uuid.MustParse("12345678-1234-5678-1234-567812345678")
	accepts(t, "a", label("a"))
	accepts(t, py.Decimal("1.50"), "1.50")
	accepts(t, py.Path("/tmp"), "/tmp")
	accepts(t, "/tmp", py.Path("/tmp"))
	accepts(t, id, id.String())
	accepts(t, id.String(), id)
	accepts(t, id, id)
	accepts(t, "::1", netip.MustParseAddr("::1"))
	accepts(t, int64(5), py.Decimal("5"))
	accepts(t, "-1.5e+3", py.Decimal("-1.5e+3"))
	accepts(t, []byte("a"), blob("a"))
	accepts(t, py.ByteArray("a"), []byte("a"))
	accepts(t, []byte("a"), py.ByteArray("a"))
	accepts(t, []byte("ab"), [2]octet{'a', 'b'})

	refuses[string](t, []byte("a"), "cannot use bytes as string")
	refuses[[]byte](t, "a", "cannot use str as []uint8")
	refuses[[3]byte](t, []byte("a"), "cannot use bytes as [3]uint8: its length is 1")
	refuses[py.Decimal](t, "ten", "cannot use str as py.Decimal: not a number")
	refuses[netip.Addr](t, "x", `cannot use str as netip.Addr: ParseAddr("x"): unable to parse IP`)
	refuses[uuid.UUID](t, "x", "cannot use str as uuid.UUID: invalid UUID length: 1")
}

func TestAssignTimes(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 8, 1, 10, 30, 0, 250e6, time.UTC)
	accepts(t, want, want)
	accepts(t, py.DateTime{Year: 2026, Month: 8, Day: 1, Hour: 10, Minute: 30, Microsecond: 250000}, want)
	accepts(t, "2026-08-01T10:30:00.250000Z", want)
	accepts(t, "2026-08-01T10:30:00.25", want)
	accepts(t, py.Date{Year: 2026, Month: 8, Day: 1}, want.Truncate(24*time.Hour))
	accepts(t, "2026-08-01", py.Date{Year: 2026, Month: 8, Day: 1})
	accepts(t, time.Second, time.Second)
	accepts(t, int64(90), 90*time.Second)
	accepts(t, 0.25, 250*time.Millisecond)
	accepts(t, py.TimeDelta{Days: -1, Seconds: 86399}, -time.Second)
	accepts(t, -time.Second, py.TimeDelta{Days: -1, Seconds: 86399})
	accepts(t, int64(1), py.TimeDelta{Seconds: 1})

	refuses[time.Time](t, int64(0), "cannot use int as time.Time")
	refuses[time.Time](t, "soon", "cannot use str as time.Time: not an ISO 8601 time")
	refuses[time.Time](t, py.DateTime{TZ: new(py.Object)}, "cannot use datetime.datetime as time.Time: its time zone is object, "+
		"whose offset is not in the pickle; send v.isoformat() from Python")
	refuses[time.Duration](t, int64(1e10), "cannot use int as time.Duration: 10000000000 is out of range")
	refuses[time.Duration](t, math.NaN(), "cannot use float as time.Duration: NaN is out of range")
	refuses[time.Duration](t, py.TimeDelta{Days: 999999999}, "cannot use datetime.timedelta as time.Duration: {999999999 0 0} is out of range")
}

func TestAssignContainers(t *testing.T) {
	t.Parallel()
	set, _ := py.NewSet("a", "b")
	accepts(t, []any{int64(1), int64(2)}, []int{1, 2})
	accepts(t, py.Tuple{int64(1), "x"}, []any{int64(1), "x"})
	accepts(t, []any{1}, py.Tuple{1})
	accepts(t, py.Range{Start: 5, Stop: -1, Step: -2}, []int{5, 3, 1})
	accepts(t, set, []string{"a", "b"})
	accepts(t, set, map[string]struct{}{"a": {}, "b": {}})
	accepts(t, set, *set)
	accepts(t, []any{true}, [1]bool{true})
	accepts(t, dict(t, "a", int64(1)), map[string]int{"a": 1})
	accepts(t, dict(t, int64(1), []any{"x"}), map[int][]string{1: {"x"}})
	accepts(t, dict(t, "a", nil), map[string]any{"a": nil})
	accepts(t, &py.OrderedDict{Dict: *dict(t, 1, 2)}, dict(t, 1, 2))
	accepts(t, nil, []int(nil))
	accepts(t, nil, map[string]int(nil))
	accepts(t, nil, (*int)(nil))
	accepts(t, nil, any(nil))
	five := 5
	accepts(t, int64(5), &five)

	refuses[int](t, nil, "cannot use NoneType as int")
	refuses[[]int](t, []any{int64(1), "x"}, "[1]: cannot use str as int")
	refuses[[2]int](t, []any{int64(1)}, "cannot use list as [2]int: its length is 1")
	refuses[map[string]int](t, dict(t, "a", "b"), `["a"]: cannot use str as int`)
	refuses[map[int]int](t, dict(t, "a", 1), "[key]: cannot use str as int")
	refuses[map[any]any](t, dict(t, py.Tuple{1}, 1), "[key]: cannot use tuple as interface {}: a Go map cannot have this key in an interface")
	refuses[[]int](t, py.Range{Stop: math.MaxInt64, Step: 1}, "cannot use range as []int: more than 16777216 elements")
	refuses[*py.Set](t, []any{}, "cannot use list as py.Set")
	refuses[func()](t, int64(1), "cannot use int as func()")
	refuses[error](t, "x", "cannot use str as error")
}

func TestAssignStructs(t *testing.T) {
	t.Parallel()
	note := "fragile"
	src := dict(t, "id", "o1", "lines", []any{dict(t, "sku", "a", "Count", int64(2))}, "note", note,
		"x", int64(3), "Y", int64(4), "y", int64(5), "Level", int64(6), "unknown", 1, 7, 8)
	want := order{point: point{3, 4}, Deep: &Deep{Level: 6}, ID: "o1", Lines: []line{{"a", 2}}, Note: &note}

	accepts(t, src, want)
	accepts(t, src, &want)
	accepts(t, &py.Object{Callable: py.Global{Module: "shop", Name: "Order"}, State: src, HasState: true}, want)
	accepts(t, &py.Object{State: py.Tuple{nil, dict(t, "X", int64(1))}}, point{X: 1})

	kept := point{1, 2}
	require.NoError(t, py.Assign(&kept, dict(t, "X", int64(9))))
	assert.Equal(t, point{9, 2}, kept)

	bad := dict(t, "lines", []any{dict(t), dict(t, "Count", "many")})
	_, err := assigned[order](bad)
	assert.EqualError(t, py.Under(err, "args[1]"), "args[1].lines[1].Count: cannot use str as uint8")
	refuses[point](t, []any{}, "cannot use list as py_test.point")
	refuses[point](t, &py.Object{Callable: py.Global{Module: "m", Name: "C"}}, "cannot use m.C as py_test.point: its pickle names no attributes; "+
		"send a dict from Python, or take an any in Go, which holds a *PyObject")
}

func TestAssignEndsOnHostileValues(t *testing.T) {
	t.Parallel()
	cycle := make([]any, 2)
	cycle[0], cycle[1] = cycle, cycle
	_, err := assigned[tree](cycle)
	require.ErrorIs(t, err, py.ErrTooDeep)

	wide := []any{}
	for range 6 {
		next := make([]any, 1000)
		for i := range next {
			next[i] = wide
		}
		wide = next
	}
	var dst [][][][][][][]bool
	err = py.AssignWithin(1e5, &dst, wide)
	require.ErrorContains(t, err, "more than 16777216 elements")
	refuses[loop](t, int64(1), "cannot use int as py_test.loop: nested too deeply")
}

// TestAssignLongKeys counts what a Go map looks at: the whole key in each row.
func TestAssignLongKeys(t *testing.T) {
	t.Parallel()
	rows := make([]any, 100)
	for i := range rows {
		rows[i] = dict(t, strings.Repeat("x", 1<<20), true)
	}
	var dst []map[string]bool

	assert.NoError(t, py.AssignWithin(101*1024, &dst, rows))
	assert.ErrorContains(t, py.AssignWithin(100*1024, &dst, rows), "elements")
}

func TestAssignNeedsAPointer(t *testing.T) {
	t.Parallel()
	assert.EqualError(t, py.Assign(1, int64(1)), "cannot use int as int: the destination must be a non-nil pointer")
	assert.EqualError(t, py.Assign(nil, int64(1)), "cannot use int as nil: the destination must be a non-nil pointer")
	assert.EqualError(t, py.Assign((*int)(nil), int64(1)), "cannot use int as *int: the destination must be a non-nil pointer")
}

func TestTypeName(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]any{
		"NoneType": nil, "bool": true, "int": 1, "float": 1.0, "complex": 1i, "str": "", "bytes": []byte{},
		"bytearray": py.ByteArray{}, "list": []int{}, "tuple": py.Tuple{}, "dict": point{}, "set": new(py.Set),
		"frozenset": new(py.FrozenSet), "range": py.Range{}, "datetime.datetime": time.Time{},
		"datetime.date": py.Date{}, "datetime.time": py.TimeOfDay{}, "datetime.timedelta": time.Second,
		"decimal.Decimal": py.Decimal(""), "uuid.UUID": uuid.UUID{}, "pathlib.PosixPath": py.Path(""),
		"collections.OrderedDict": new(py.OrderedDict), "collections.defaultdict": new(py.DefaultDict),
		"type": py.Global{}, "object": new(py.Object), "func()": func() {},
		"m.C": &py.Object{Callable: py.Global{Module: "m", Name: "C"}},
	} {
		assert.Equal(t, want, py.TypeName(v))
	}
}
