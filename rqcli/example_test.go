package rqcli_test

import (
	"context"
	"fmt"
	"io"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/rqcli"
)

func add(a, b int) int { return a + b }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// A program with commands of its own has those of rq below one of them:
// mybinary rq worker high default --burst.
func ExampleNew() {
	server, err := miniredis.Run() // in place of a real one
	check(err)
	defer server.Close()
	ctx := context.Background()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	job, err := rq.NewQueue(rdb, "high").Enqueue(ctx, rq.Call("tasks.add", 2, rq.Kw("b", 3)))
	check(err)

	root := &cobra.Command{Use: "mybinary"}
	root.AddCommand(rqcli.New(rq.Handlers{"tasks.add": rq.Func(add, "a", "b")}))

	root.SetErr(io.Discard) // the log
	root.SetArgs([]string{"rq", "worker", "high", "default", "--burst", "--url", "redis://" + server.Addr()})
	check(root.ExecuteContext(ctx))
	fmt.Println(rq.ResultOf[int](ctx, job))
	// Output: 5 <nil>
}
