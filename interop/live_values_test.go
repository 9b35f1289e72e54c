package interop

import (
	"context"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq"
)

// A roundTrip is a value that Go sends, Python's echo returns, and Go reads.
type roundTrip struct {
	name string
	send any
	repr string // what Python calls it; "" is not asked
	want any    // nil is send itself
	json bool   // JSON can say it too
}

func dict(items ...rq.Item) *rq.Dict {
	d, err := rq.NewDict(items...)
	if err != nil {
		panic(err)
	}
	return d
}

func set(values ...any) *rq.Set {
	s, err := rq.NewSet(values...)
	if err != nil {
		panic(err)
	}
	return s
}

func frozen(values ...any) *rq.FrozenSet {
	s, err := rq.NewFrozenSet(values...)
	if err != nil {
		panic(err)
	}
	return s
}

type order struct {
	ID    int      `json:"id"`
	Lines []string `json:"lines"`
}

var roundTrips = []roundTrip{
	{name: "none", send: nil, repr: "None", json: true},
	{name: "true", send: true, repr: "True", json: true},
	{name: "int", send: 7, repr: "7", want: int64(7), json: true},
	{name: "negative", send: int64(math.MinInt64), repr: "-9223372036854775808", json: true},
	{name: "uint", send: uint64(math.MaxUint64), repr: "18446744073709551615", want: new(big.Int).SetUint64(math.MaxUint64), json: true},
	{name: "big", send: new(big.Int).Lsh(big.NewInt(-1), 100), repr: "-1267650600228229401496703205376", json: true},
	{name: "float", send: 0.1, repr: "0.1", json: true},
	{name: "tiny", send: 5e-324, repr: "5e-324", json: true},
	{name: "text", send: "snow ☃ 😀 'quoted' \"too\"\n", json: true},
	{name: "bytes", send: []byte{0, 255}, repr: `b'\x00\xff'`},
	{name: "bytearray", send: rq.ByteArray("ab"), repr: "bytearray(b'ab')"},
	{name: "list", send: []any{int64(1), "x", nil}, repr: "[1, 'x', None]", json: true},
	{name: "ints", send: []int{1, 2}, repr: "[1, 2]", want: []any{int64(1), int64(2)}, json: true},
	{name: "tuple", send: rq.Tuple{int64(1), rq.Tuple{}}, repr: "(1, ())"},
	{name: "map", send: map[string]int{"b": 2, "a": 1}, repr: "{'a': 1, 'b': 2}", want: dict(rq.Item{Key: "a", Value: int64(1)}, rq.Item{Key: "b", Value: int64(2)}), json: true},
	{name: "dict", send: dict(rq.Item{Key: int64(2), Value: "b"}, rq.Item{Key: rq.Tuple{int64(3)}}), repr: "{2: 'b', (3,): None}"},
	{name: "struct", send: order{7, []string{"x"}}, repr: "{'id': 7, 'lines': ['x']}", want: dict(rq.Item{Key: "id", Value: int64(7)}, rq.Item{Key: "lines", Value: []any{"x"}}), json: true},
	{name: "set", send: set("a"), repr: "{'a'}"},
	{name: "frozenset", send: frozen("a"), repr: "frozenset({'a'})"},
	{name: "complex", send: complex(1, -2), repr: "(1-2j)"},
	{name: "range", send: rq.Range{Start: 1, Stop: 9, Step: 2}, repr: "range(1, 9, 2)"},
	{name: "time", send: time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), repr: "datetime.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=datetime.timezone.utc)"},
	{name: "naive", send: rq.DateTime{Year: 2026, Month: 1, Day: 2, Hour: 3}, repr: "datetime.datetime(2026, 1, 2, 3, 0)"},
	{name: "date", send: rq.Date{Year: 2026, Month: 1, Day: 2}, repr: "datetime.date(2026, 1, 2)"},
	{name: "time of day", send: rq.TimeOfDay{Hour: 1, Microsecond: 5}, repr: "datetime.time(1, 0, 0, 5)"},
	{name: "duration", send: -90 * time.Minute, repr: "datetime.timedelta(days=-1, seconds=81000)"},
	{name: "decimal", send: rq.Decimal("1.50"), repr: "Decimal('1.50')"},
	{name: "uuid", send: uuid.MustParse("12345678-1234-5678-1234-567812345678"), repr: "UUID('12345678-1234-5678-1234-567812345678')"},
	{name: "path", send: rq.Path("/a/b"), repr: "PosixPath('/a/b')"},
	{name: "class", send: rq.Global{Module: "tasks", Name: "Order"}, repr: "<class 'tasks.Order'>"},
	{name: "enum", send: &rq.PyObject{Callable: rq.Global{Module: "tasks", Name: "Color"}, Args: rq.Tuple{"red"}}, repr: "<Color.RED: 'red'>"},
}

func init() {
	for _, rt := range roundTrips {
		lives = append(lives, rt.live("", rq.Pickle{}))
		if rt.json {
			lives = append(lives, rt.live("json", rq.JSON{}))
		}
	}
	for _, name := range strings.Fields(`none bool int big float str bytes bytearray list tuple dict ordered set frozenset
		complex range slice ellipsis datetime aware offset date time timedelta decimal uuid enum namedtuple dataclass
		exception class function`) {
		lives = append(lives, returnedValue(name))
	}
}

// live sends the value as a positional and as a keyword argument.
func (rt roundTrip) live(serializer string, s rq.Serializer) live {
	id := "echo-" + strings.ReplaceAll(rt.name, " ", "-")
	return live{
		name:       "echo " + rt.name,
		serializer: serializer,
		enqueue: func(ctx context.Context, e *env) error {
			_, err := e.queue(rq.WithSerializer(s)).Enqueue(ctx, rq.Call("tasks.echo", rt.send), rq.JobID(id), rq.Meta(map[string]any{"v": rt.send}))
			return err
		},
		check: func(t *testing.T, e *env) {
			ctx := t.Context()
			j, err := e.queue(rq.WithSerializer(s)).FetchJob(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			want := rt.want
			if want == nil {
				want = rt.send
			}
			got, err := j.ReturnValue(ctx)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "return value", got, want)
			args, err := j.Args()
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "argument", args[0], want)
			equal(t, "meta", j.Meta["v"], want)
			if rt.repr != "" {
				var repr string
				e.py.eval(t, "repr(view('"+id+"', serializer="+pythonSerializer(serializer)+")['return_value'])", &repr)
				equal(t, "repr in Python", repr, rt.repr)
			}
		},
	}
}

func pythonSerializer(name string) string {
	if name == "json" {
		return "serializers.JSONSerializer"
	}
	return "None"
}

// returnedValue is a value that Python makes and returns. Go writes it back to
// another job, and Python must find it equal to its own.
func returnedValue(name string) live {
	id := "value-" + name
	return live{
		name: "return " + name,
		enqueue: func(ctx context.Context, e *env) error {
			_, err := e.queue().Enqueue(ctx, rq.Call("tasks.value", name), rq.JobID(id))
			return err
		},
		check: func(t *testing.T, e *env) {
			ctx := t.Context()
			j, err := rq.FetchJob(ctx, e.db, id)
			if err != nil {
				t.Fatal(err)
			}
			v, err := j.ReturnValue(ctx)
			if err != nil {
				t.Fatal(err)
			}
			back, err := rq.NewQueue(e.db, "back").Enqueue(ctx, rq.Call("tasks.echo", v))
			if err != nil {
				t.Fatal(err)
			}
			var same bool
			e.py.eval(t, "repr(Job.fetch('"+back.ID()+"', connection=connection).args[0]) == repr(tasks.VALUES['"+name+"'])", &same)
			equal(t, "Python finds its own value again", same, true)
		},
	}
}
