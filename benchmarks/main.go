package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

// run measures everything and prints it. It needs the lab of scripts/lab.
func run(ctx context.Context) error {
	rounds := flag.Int("rounds", 9, "how often each side has its turn")
	only := flag.String("only", "", "measure only the cases whose names contain this")
	check := flag.Bool("check", false, "fail when a target is missed")
	flag.Parse()

	b, err := newBench(ctx, os.Getenv("RQ_LAB_REDIS"), os.Getenv("RQ_LAB_PYTHON"))
	if err != nil {
		return err
	}
	defer b.close()
	if err := b.printVersions(ctx); err != nil {
		return err
	}
	short, err := b.comparePeers(ctx, *rounds, *only)
	if err != nil {
		return err
	}
	late, err := b.comparePickUp(ctx)
	if err != nil {
		return err
	}
	shortOfPickle, err := comparePickle()
	if err != nil {
		return err
	}
	if (short || late || shortOfPickle) && *check {
		return errors.New("a target is missed")
	}
	return nil
}
