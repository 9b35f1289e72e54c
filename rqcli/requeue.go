package rqcli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) requeue() *cobra.Command {
	var queue string
	var all, front bool
	cmd := &cobra.Command{
		Use:   "requeue --queue QUEUE [--all | JOB_ID...]",
		Short: "Move failed jobs back to their queue",
		Long: `Moves failed jobs back to their queue, each in one step. Jobs that cannot be requeued,
because they have expired or have not failed, are reported and skipped; the exit code is
then 1.`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, ids []string) error {
			if queue == "" {
				return usagef("give a queue: --queue QUEUE")
			}
			q, err := a.queue(cmd.Context(), queue)
			if err != nil {
				return err
			}
			var opts []rq.RequeueManyOption
			if front {
				opts = append(opts, rq.AtFront())
			}
			failed := q.Failed()
			total := len(ids)
			if all {
				if total, err = failed.Count(cmd.Context()); err != nil {
					return err
				}
			}
			if total == 0 {
				if a.json {
					return a.bulk(cmd, "", func(*bulk) (int, error) { return 0, nil })
				}
				fmt.Fprintln(cmd.OutOrStdout(), "Nothing to do")
				if _, err := a.known(cmd.Context(), []string{queue}, false); err != nil {
					fmt.Fprintln(cmd.ErrOrStderr(), text(err)) // RQ's exit code is 0 all the same
				}
				return nil
			}
			if !a.json {
				fmt.Fprintf(cmd.OutOrStdout(), "Requeueing %d jobs from failed queue\n", total)
			}
			return a.bulk(cmd, "Unable to requeue %d jobs from failed job registry", func(l *bulk) (int, error) {
				for _, o := range l.options() {
					opts = append(opts, o)
				}
				if all {
					return failed.RequeueAll(cmd.Context(), opts...)
				}
				return failed.RequeueMany(cmd.Context(), ids, opts...)
			})
		},
	}
	cmd.Flags().StringVar(&queue, "queue", "", "the queue of the failed jobs")
	cmd.Flags().BoolVarP(&all, "all", "a", false, "requeue all failed jobs of the queue")
	cmd.Flags().BoolVar(&front, "at-front", false, "put them at the front of the queue")
	return cmd
}
