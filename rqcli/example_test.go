package rqcli_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/rqcli"
)

func add(a, b int) int { return a + b }

// A program with commands of its own has those of rq below one of them:
// mybinary rq worker high default --burst.
func ExampleNew() {
	server, err := miniredis.Run() // in place of a real one
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ctx := context.Background()
	rdb := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer rdb.Close()
	job, err := rq.NewQueue(rdb, "high").Enqueue(ctx, rq.Call("tasks.add", 2, rq.Kw("b", 3)))
	if err != nil {
		log.Fatal(err)
	}

	root := &cobra.Command{Use: "mybinary"}
	root.AddCommand(rqcli.New(rq.Handlers{"tasks.add": rq.Func(add, "a", "b")}))

	root.SetErr(io.Discard) // the log
	root.SetArgs([]string{"rq", "worker", "high", "default", "--burst", "--url", "redis://" + server.Addr()})
	if err := root.ExecuteContext(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rq.ResultOf[int](ctx, job))
	// Output: 5 <nil>
}
