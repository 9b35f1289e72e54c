// Python-interop is one shop in two languages: Python asks Go for totals, and Go
// asks Python for invoices.
//
//	redis-server &
//	pip install rq
//	go run ./examples/python-interop work &
//	python examples/python-interop/shop.py          # Python enqueues, Go works
//	rq worker python --path examples/python-interop &
//	go run ./examples/python-interop enqueue        # Go enqueues, Python works
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// A Line is a line of an order: a dict in Python.
type Line struct {
	Name  string  `rq:"name"`
	Price float64 `rq:"price"`
	Count int     `rq:"count"`
}

// total runs shop.total(lines, discount=0), which Python enqueues.
func total(lines []Line, discount *float64) (float64, error) {
	sum := 0.0
	for _, l := range lines {
		if l.Count < 0 {
			return 0, fmt.Errorf("%s: cannot sell %d of them", l.Name, l.Count)
		}
		sum += l.Price * float64(l.Count)
	}
	if discount != nil {
		sum *= 1 - *discount
	}
	return sum, nil
}

// work runs a Go worker of the queue "go".
func work(ctx context.Context, rdb *redis.Client) error {
	w, err := rq.NewWorker(rdb, rq.Handlers{"shop.total": rq.Func(total, "lines", "discount")},
		rq.WorkerConfig{Queues: []string{"go"}, Concurrency: 10})
	if err != nil {
		return err
	}
	fmt.Println("A Go worker listens to the queue go.")
	return w.Run(ctx)
}

// enqueue lets Python write an invoice, on the queue "python".
func enqueue(ctx context.Context, rdb *redis.Client) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	lines := []Line{{"tea", 2.5, 4}, {"cup", 7, 1}}
	job, err := rq.NewQueue(rdb, "python").Enqueue(ctx, rq.Call("shop.invoice", "Ann", lines), rq.ResultTTL(time.Hour))
	if err != nil {
		return err
	}
	invoice, err := rq.Await[string](ctx, job)
	if err != nil {
		return err
	}
	fmt.Println("Python wrote:", invoice)
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "python-interop:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	commands := map[string]func(context.Context, *redis.Client) error{"work": work, "enqueue": enqueue}
	if len(args) != 1 || commands[args[0]] == nil {
		return errors.New("say work or enqueue")
	}
	address := os.Getenv("REDIS_URL")
	if address == "" {
		address = "redis://localhost:6379"
	}
	opts, err := redis.ParseURL(address)
	if err != nil {
		return fmt.Errorf("REDIS_URL: %w", err)
	}
	rdb := redis.NewClient(opts)
	defer rdb.Close()
	return commands[args[0]](ctx, rdb)
}
