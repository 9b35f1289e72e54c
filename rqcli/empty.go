package rqcli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// An emptied says how many jobs were removed from a queue.
type emptied struct {
	Queue   string `json:"queue"`
	Removed int    `json:"removed"`
}

func (a *app) empty() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "empty [--all | QUEUE...]",
		Short: "Delete all waiting jobs of queues",
		Args:  args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			queues, err := a.queues(cmd.Context(), names, all)
			if err != nil {
				return err
			}
			done := []emptied{}
			if len(queues) == 0 {
				return a.show(cmd, done, func(w io.Writer) { fmt.Fprintln(w, "Nothing to do") })
			}
			if err := a.confirmIfAsked(cmd, "Delete all waiting jobs of "+namesOf(queues)); err != nil {
				return err
			}
			var failed error
			for _, q := range queues {
				m := progress(cmd, q.Name())
				n, err := q.Empty(cmd.Context(), rq.Progress(m.tick))
				m.end()
				if err == nil || n > 0 {
					done = append(done, emptied{q.Name(), n})
				}
				if failed = err; err != nil {
					break
				}
			}
			return errors.Join(failed, a.show(cmd, done, func(w io.Writer) {
				for _, e := range done {
					fmt.Fprintf(w, "%d jobs removed from %s queue\n", e.Removed, e.Queue)
				}
			}))
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "all queues")
	return cmd
}

// queues returns the queues with these names, or all queues in the order of their names.
func (a *app) queues(ctx context.Context, names []string, all bool) ([]*rq.Queue, error) {
	ser, err := a.serializerOf()
	if err != nil {
		return nil, err
	}
	rdb, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	if all {
		queues, err := rq.AllQueues(ctx, rdb, rq.WithSerializer(ser))
		slices.SortFunc(queues, func(a, b *rq.Queue) int { return strings.Compare(a.Name(), b.Name()) })
		return queues, err
	}
	var queues []*rq.Queue
	for _, name := range names {
		queues = append(queues, rq.NewQueue(rdb, name, rq.WithSerializer(ser)))
	}
	return queues, nil
}

func namesOf(queues []*rq.Queue) string { return strings.Join(namesIn(queues), ", ") }
