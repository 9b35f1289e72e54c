package rq_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/redistest"
)

// shipment is what the handler of TestFuncWithEverySerializer was given.
type shipment struct {
	Order  parcel
	Count  *big.Int
	Due    time.Duration
	Notes  map[string]string
	Urgent bool
}

type parcel struct {
	SKU  string   `rq:"sku"`
	Tags []string `rq:"tags"`
}

type shipping struct {
	Due    time.Duration `rq:"due,required"`
	Urgent bool          `rq:"urgent"`
}

// TestFuncWithEverySerializer checks that a function is given the same by each
// of them, where the format can say it.
func TestFuncWithEverySerializer(t *testing.T) {
	t.Parallel()
	want := shipment{
		Order: parcel{"a1", []string{"x", "y"}}, Count: big.NewInt(7), Due: 90 * time.Second,
		Notes: map[string]string{"color": "red"}, Urgent: true,
	}
	for _, serializer := range []rq.Serializer{rq.Pickle{}, rq.JSON{}, rq.MessagePack{}} {
		var got shipment
		ship := func(_ context.Context, order parcel, count *big.Int, how shipping, notes map[string]string) error {
			got = shipment{order, count, how.Due, notes, how.Urgent}
			return nil
		}
		q := rq.NewQueue(redistest.New(t), "default", rq.WithSerializer(serializer),
			rq.Sync(rq.Handlers{"shop.ship": rq.Func(ship, "order", "count")}))

		job, err := q.Enqueue(t.Context(), rq.Call("shop.ship", want.Order,
			rq.Kw("count", 7), rq.Kw("due", 90), rq.Kw("color", "red"), rq.Kw("urgent", true)))

		require.NoError(t, err)
		assert.Equal(t, rq.StatusFinished, job.Status())
		assert.Equal(t, want, got, "%T", serializer)
	}
}

// TestCallErrorFailsTheJob checks what the other side sees of a call that does
// not fit.
func TestCallErrorFailsTheJob(t *testing.T) {
	t.Parallel()
	q := rq.NewQueue(redistest.New(t), "default", rq.Sync(rq.Handlers{
		"tasks.add": rq.Func(func(a, b int8) int8 { return a + b }, "a", "b"),
	}))
	for want, call := range map[string]rq.FuncCall{
		"add() missing 1 required positional argument: 'b'":                            rq.Call("tasks.add", 1),
		"add() takes 2 positional arguments but 3 were given":                          rq.Call("tasks.add", 1, 2, 3),
		"add() argument 'b': cannot use int as int8: 1000 is out of range":             rq.Call("tasks.add", 1, rq.Kw("b", 1000)),
		"add() got multiple values for argument 'a'":                                   rq.Call("tasks.add", 1, rq.Kw("a", 2)),
		"add() got an unexpected keyword argument 'c'":                                 rq.Call("tasks.add", 1, 2, rq.Kw("c", 3)),
		"add() argument 'a': cannot use NoneType as int8":                              rq.Call("tasks.add", nil, 2),
		"add() missing 2 required positional arguments: 'a' and 'b'":                   rq.Call("tasks.add"),
		"add() argument 'a': cannot use decimal.Decimal as int8":                       rq.Call("tasks.add", rq.Decimal("1"), 1),
		"add() argument 'a': cannot use tasks.Color as int8: its value is of type str": rq.Call("tasks.add", color, 1),
		"add() argument 'a': cannot use int as int8: 128 is out of range":              rq.Call("tasks.add", 128, 2),
		"add() argument 'b': cannot use list as int8":                                  rq.Call("tasks.add", 1, []int{2}),
		"add() argument 'b': cannot use int as int8: -129 is out of range":             rq.Call("tasks.add", rq.Kw("b", -129), rq.Kw("a", 1)),
		"add() argument 'a': cannot use float as int8":                                 rq.Call("tasks.add", 1.0, 2),
		"add() argument 'b': cannot use datetime.timedelta as int8":                    rq.Call("tasks.add", 1, time.Second),
		"add() got an unexpected keyword argument 'job_timeout'":                       rq.Call("tasks.add", rq.Kw("job_timeout", 1)),
		"add() argument 'a': cannot use int as int8: 99999 is out of range":            rq.Call("tasks.add", 99999, "x"),
		"add() argument 'a': cannot use int as int8: -99999 is out of range":           rq.Call("tasks.add", -99999, 1),
	} {
		job, err := q.Enqueue(t.Context(), call)
		require.NoError(t, err)

		_, err = rq.ResultOf[int](t.Context(), job)

		var failed *rq.FailedError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "Traceback (most recent call last):\n  Go handler of tasks.add\nTypeError: "+want+"\n", failed.ExcInfo)
	}
}

var color = &rq.PyObject{Callable: rq.Global{Module: "tasks", Name: "Color"}, Args: rq.Tuple{"red"}}

// add answers add(2, 3), add(2, b=3) and add(b=3, a=2).
func ExampleFunc() {
	ctx, rdb, stop := server()
	defer stop()
	add := func(a, b int) (int, error) { return a + b, nil }
	q := rq.NewQueue(rdb, "default", rq.Sync(rq.Handlers{"tasks.add": rq.Func(add, "a", "b")}))

	for _, call := range []rq.FuncCall{
		rq.Call("tasks.add", 2, 3),
		rq.Call("tasks.add", rq.Kw("b", 3), rq.Kw("a", 2)),
		rq.Call("tasks.add", 2),
		rq.Call("tasks.add", 2, "three"),
	} {
		job, err := q.Enqueue(ctx, call, rq.JobID("j"))
		if err != nil {
			fmt.Println(err)
			return
		}
		sum, err := rq.ResultOf[int](ctx, job)
		fmt.Println(call, "=", sum, err)
	}
	// Output:
	// tasks.add(2, 3) = 5 <nil>
	// tasks.add(a=2, b=3) = 5 <nil>
	// tasks.add(2) = 0 rq: job j failed: TypeError: add() missing 1 required positional argument: 'b'
	// tasks.add(2, 'three') = 0 rq: job j failed: TypeError: add() argument 'b': cannot use str as int
}

// def resize(url, width=None, *, quality, grey=False, **tags)
func ExampleFunc_optional() {
	ctx, rdb, stop := server()
	defer stop()
	type options struct {
		Quality int  `rq:"quality,required"`
		Grey    bool `rq:"grey"`
	}
	resize := func(url string, width *int, how options, tags map[string]string) {
		fmt.Println(url, width == nil, how.Quality, how.Grey, tags)
	}
	q := rq.NewQueue(rdb, "default", rq.Sync(rq.Handlers{"tasks.resize": rq.Func(resize, "url", "width")}))

	for _, call := range []rq.FuncCall{
		rq.Call("tasks.resize", "a.png", rq.Kw("quality", 80)),
		rq.Call("tasks.resize", "b.png", 64, rq.Kw("quality", 90), rq.Kw("grey", true), rq.Kw("owner", "ann")),
	} {
		if _, err := q.Enqueue(ctx, call); err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// a.png true 80 false map[]
	// b.png false 90 true map[owner:ann]
}

// Middleware is what goes around every handler: here a log, and a report of
// panics, which go on to fail their job.
func ExampleMiddleware() {
	ctx, rdb, stop := server()
	defer stop()
	logged := func(next rq.Handler) rq.Handler {
		return rq.HandlerFunc(func(ctx context.Context, job *rq.Job) (any, error) {
			result, err := next.Handle(ctx, job)
			fmt.Println("log:", job.Description(), result, err)
			return result, err
		})
	}
	reported := func(next rq.Handler) rq.Handler {
		return rq.HandlerFunc(func(ctx context.Context, job *rq.Job) (any, error) {
			defer func() {
				if v := recover(); v != nil {
					fmt.Println("report:", v)
					panic(v)
				}
			}()
			return next.Handle(ctx, job)
		})
	}
	handlers := rq.Handlers{
		"tasks.half":  rq.Func(func(n int) int { return n / 2 }, "n"),
		"tasks.fail":  rq.Func(func() error { return errors.New("no luck") }),
		"tasks.panic": rq.HandlerFunc(func(context.Context, *rq.Job) (any, error) { panic("oh no") }),
	}
	q := rq.NewQueue(rdb, "default", rq.Sync(handlers.With(reported, logged)))

	for _, call := range []rq.FuncCall{rq.Call("tasks.half", 10), rq.Call("tasks.fail"), rq.Call("tasks.panic")} {
		job, err := q.Enqueue(ctx, call)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(job.Status())
	}
	// Output:
	// log: tasks.half(10) 5 <nil>
	// finished
	// log: tasks.fail() <nil> no luck
	// failed
	// report: oh no
	// failed
}
