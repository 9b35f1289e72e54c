package interop

import (
	"context"
	"math/big"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/rqgo/rq"
)

// messagePack is the class that a Python user of msgpack would write.
const messagePack = `
import msgpack
class MessagePack:
    dumps = staticmethod(msgpack.packb)
    loads = staticmethod(msgpack.unpackb)
s = Queue(connection=connection, serializer=MessagePack)
`

func init() {
	scenarios = append(scenarios, []scenario{
		{
			name: "arguments of every type",
			python: `q.enqueue('tasks.echo', None, True, 0, 255, 65536, -1, 2**31, 2**63, -2**100, 1.5, -0.0, 1e100, float('inf'), 'ü\n', '☃' * 300,
    b'\x00', b'b' * 300, bytearray(b'ab'), [], [1], [1, [2]], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {'a': 1, 'b': {'a': 2}},
    {1: 2, (8, 9): None}, set(), {7}, frozenset({7}), 1+2j, range(1, 5, 2), datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc),
    datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 2, 3), date(2026, 1, 2), time(1, 2, 3), timedelta(hours=-1),
    Decimal('1.50'), UUID(int=5), tasks.Order, tasks.Color.RED, 'same', 'same', list(range(1001)), {str(i): i for i in range(1001)},
    first='same', same=['same'], z=None, A=1)`,
			golang: enqueue(rq.Call("tasks.echo", everyType()...)),
		},
		{
			name:   "JSON",
			python: `s = Queue(connection=connection, serializer=serializers.JSONSerializer); s.enqueue('tasks.echo', 1, 2.5, 'ü☃😀"\\\x7f', None, True, [1, {'b': 1, 'a': []}], 1e-07, k=float('nan'), meta={'a': ['☃']})`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue(rq.WithSerializer(rq.JSON{})).Enqueue(ctx,
					rq.Call("tasks.echo", 1, 2.5, "ü☃😀\"\\\x7f", nil, true,
						[]any{1, dict(rq.Item{Key: "b", Value: 1}, rq.Item{Key: "a", Value: []int{}})}, 1e-07, rq.Kw("k", nan())),
					rq.Meta(map[string]any{"a": []string{"☃"}}))
				return err
			},
			after: `work(serializer=serializers.JSONSerializer)`,
		},
		{
			name:   "MessagePack",
			before: messagePack,
			python: `s.enqueue('tasks.echo', 1, -200, 2**40, 2.5, 'ü☃', b'\x00', None, True, [1, {'b': 1}], k='x' * 300, meta={'a': ['☃']})`,
			golang: func(ctx context.Context, e *env) error {
				_, err := e.queue(rq.WithSerializer(rq.MessagePack{})).Enqueue(ctx,
					rq.Call("tasks.echo", 1, -200, 1<<40, 2.5, "ü☃", []byte{0}, nil, true, []any{1, map[string]int{"b": 1}},
						rq.Kw("k", "xxxxxxxxxx"+repeat("x", 290))),
					rq.Meta(map[string]any{"a": []string{"☃"}}))
				return err
			},
			after: `work(serializer=MessagePack)`,
			check: func(t *testing.T, e *env) {
				ctx := t.Context()
				q := e.queue(rq.WithSerializer(rq.MessagePack{}))
				jobs, err := q.FetchJobs(ctx, finished(t, e)...)
				if err != nil || len(jobs) != 1 {
					t.Fatal(jobs, err)
				}
				args, err := rq.ResultOf[[]any](ctx, jobs[0])
				equal(t, "error", err, nil)
				equal(t, "what echo returned", len(args), 2)
			},
		},
	}...)
}

func everyType() []any {
	strs := make([]rq.Item, 1001)
	ints := make([]int, 1001)
	for i := range ints {
		ints[i], strs[i] = i, rq.Item{Key: say(i), Value: i}
	}
	two63 := new(big.Int).Lsh(big.NewInt(1), 63)
	two100 := new(big.Int).Lsh(big.NewInt(-1), 100)
	utc := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	return []any{
		nil, true, 0, 255, 65536, -1, 1 << 31, two63, two100, 1.5, negativeZero(), 1e100, inf(), "ü\n", repeat("☃", 300),
		[]byte{0}, []byte(repeat("b", 300)), rq.ByteArray("ab"), []int{}, []int{1}, []any{1, []int{2}},
		rq.Tuple{}, rq.Tuple{1}, rq.Tuple{1, 2}, rq.Tuple{1, 2, 3}, rq.Tuple{1, 2, 3, 4},
		map[string]int{}, dict(rq.Item{Key: "a", Value: 1}, rq.Item{Key: "b", Value: map[string]int{"a": 2}}),
		dict(rq.Item{Key: 1, Value: 2}, rq.Item{Key: rq.Tuple{8, 9}}), set(), set(7), frozen(7), 1 + 2i, rq.Range{Start: 1, Stop: 5, Step: 2}, utc,
		time.Date(2026, 1, 2, 0, 0, 0, 0, time.FixedZone("", 7200)), rq.DateTime{Year: 2026, Month: 1, Day: 2, Hour: 3},
		rq.Date{Year: 2026, Month: 1, Day: 2}, rq.TimeOfDay{Hour: 1, Minute: 2, Second: 3}, -time.Hour,
		rq.Decimal("1.50"), uuid.UUID{15: 5}, rq.Global{Module: "tasks", Name: "Order"},
		&rq.PyObject{Callable: rq.Global{Module: "tasks", Name: "Color"}, Args: rq.Tuple{"red"}},
		"same", "same", ints, dict(strs...),
		rq.Kw("first", "same"), rq.Kw("same", []string{"same"}), rq.Kw("z", nil), rq.Kw("A", 1),
	}
}

// finished returns the ids of the jobs that have finished in "default".
func finished(t *testing.T, e *env) []string {
	t.Helper()
	ids, err := e.db.ZRange(t.Context(), "rq:finished:default", 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	return ids
}
