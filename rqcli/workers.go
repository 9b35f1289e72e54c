package rqcli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) workerList() *cobra.Command {
	var queue string
	cmd := &cobra.Command{
		Use:   "list [--queue QUEUE]",
		Short: "List the workers and their running jobs",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			var workers []rq.WorkerInfo
			if queue == "" {
				workers, err = rq.Workers(cmd.Context(), rdb)
			} else {
				if _, err := a.known(cmd.Context(), []string{queue}, false); err != nil {
					return err
				}
				workers, err = rq.NewQueue(rdb, queue).Workers(cmd.Context())
			}
			if err != nil {
				return err
			}
			list := []workerData{}
			for _, w := range workers {
				d := dataOfWorker(w)
				if d.Running, err = runningOf(cmd.Context(), rdb, w); err != nil {
					return err
				}
				list = append(list, d)
			}
			return a.show(cmd, list, func(w io.Writer) { printWorkerTable(w, list, paint(cmd)) })
		},
	}
	cmd.Flags().StringVar(&queue, "queue", "", "only workers of this queue")
	return cmd
}

// runningData is an execution of a job as --json prints it.
type runningData struct {
	JobID       string    `json:"job_id"`
	ExecutionID string    `json:"execution_id,omitempty"`
	Since       time.Time `json:"since"`
}

// runningOf returns the executions of a worker, if its hash says that it is busy.
func runningOf(ctx context.Context, rdb *redis.Client, w rq.WorkerInfo) ([]runningData, error) {
	running := []runningData{}
	if w.State != "busy" && w.CurrentJobID == "" {
		return running, nil
	}
	executions, err := rq.WorkerExecutions(ctx, rdb, w.Name)
	for _, e := range executions {
		running = append(running, runningData{e.JobID, e.ID, e.CreatedAt})
	}
	return running, err
}

func printWorkerTable(w io.Writer, list []workerData, paint func(colour, string) string) {
	for _, d := range list {
		fmt.Fprintf(w, "%s %s on %s\n", d.Name, paint(colourOf(d.State), d.State), strings.Join(d.Queues, ", "))
		fmt.Fprintf(w, "  %d finished, %d failed; %s, pid %d, %s; heartbeat %s ago\n",
			d.Succeeded, d.Failed, cmp.Or(d.Hostname, "?"), d.PID, cmp.Or(d.Version, "?"), age(d.LastHeartbeat))
		if d.ShutdownRequested != nil {
			fmt.Fprintf(w, "  shutdown requested %s ago\n", age(*d.ShutdownRequested))
		}
		for _, r := range d.Running {
			fmt.Fprintf(w, "  running %s for %s\n", r.JobID, age(r.Since))
		}
	}
	if len(list) == 0 {
		fmt.Fprintln(w, "No workers")
	}
}

func (a *app) workerStop() *cobra.Command {
	var all, horse bool
	cmd := &cobra.Command{
		Use:   "stop [--all | NAME...]",
		Short: "Tell workers to shut down after their running jobs",
		Args:  args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			if all == (len(names) > 0) {
				return usagef("give worker names, or --all")
			}
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			if names, err = a.knownWorkers(cmd.Context(), names); err != nil {
				return err
			}
			if len(names) == 0 {
				fmt.Fprintln(cmd.OutOrStdout(), "Nothing to do")
				return nil
			}
			send, what, question := rq.SendShutdown, "was told to shut down", "Stop %d workers"
			if horse {
				send, what, question = rq.SendKillHorse, "was told to kill its jobs", "Kill the running jobs of %d workers, which then fail"
			}
			if len(names) > 1 {
				if err := a.confirm(cmd, fmt.Sprintf(question, len(names))); err != nil {
					return err
				}
			}
			var errs []error
			for _, name := range names {
				if err := send(cmd.Context(), rdb, name); err != nil {
					errs = append(errs, err)
					continue
				}
				fmt.Fprintf(shown(cmd.OutOrStdout()), "%s %s\n", name, what)
			}
			return errors.Join(errs...)
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "all workers")
	cmd.Flags().BoolVar(&horse, "kill-horse", false, "kill the running jobs instead, which then fail")
	return cmd
}

// knownWorkers returns the names, after it has checked that such workers exist, or the
// names of all workers when none is given.
func (a *app) knownWorkers(ctx context.Context, names []string) ([]string, error) {
	if len(names) > 0 {
		for _, name := range names {
			if _, err := rq.FindWorker(ctx, a.client, name); err != nil {
				return nil, fmt.Errorf("%w (`rq worker list` lists the workers)", err)
			}
		}
		return names, nil
	}
	workers, err := rq.Workers(ctx, a.client)
	for _, w := range workers {
		names = append(names, w.Name)
	}
	return names, err
}
