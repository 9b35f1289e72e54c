package rqcli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) queueFamily() *cobra.Command {
	return family("queue", "List, empty and delete queues", a.queueList(), a.queuePeek(), a.empty(), a.queueDelete())
}

func (a *app) queueList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Count the jobs of each queue",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			queues, err := a.queues(cmd.Context(), nil, true)
			if err != nil {
				return err
			}
			infos, err := a.infos(cmd.Context(), namesIn(queues))
			if err != nil {
				return err
			}
			lines := make([]queueData, len(infos))
			for i, info := range infos {
				lines[i] = dataOfQueue(info)
			}
			return a.show(cmd, lines, func(w io.Writer) { writeQueues(w, lines) })
		},
	}
}

// writeQueues prints names last, since they can be long. It counts ready jobs, which
// are rare, as deferred.
func writeQueues(w io.Writer, lines []queueData) {
	if len(lines) == 0 {
		fmt.Fprintln(w, "No queues")
		return
	}
	fmt.Fprintln(w, " queued started deferred scheduled finished  failed canceled workers  queue")
	for _, l := range lines {
		fmt.Fprintf(w, "%7d %7d %8d %9d %8d %7d %8d %7d  %s\n",
			l.Queued, l.Started, l.Deferred+l.Ready, l.Scheduled, l.Finished, l.Failed, l.Canceled, l.Workers, oneLine(l.Name))
	}
}

func (a *app) infos(ctx context.Context, names []string) ([]rq.QueueInfo, error) {
	rdb, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return rq.QueueInfos(ctx, rdb, names...)
}

func namesIn(queues []*rq.Queue) []string {
	names := make([]string, len(queues))
	for i, q := range queues {
		names[i] = q.Name()
	}
	return names
}

// known returns the queues with these names, or all queues. A queue that never had a
// job is an error, since its name is probably misspelt.
func (a *app) known(ctx context.Context, names []string, all bool) ([]*rq.Queue, error) {
	existing, err := a.queues(ctx, nil, true)
	if err != nil || all {
		return existing, err
	}
	infos, err := a.infos(ctx, names)
	if err != nil {
		return nil, err
	}
	known := namesIn(existing)
	for _, info := range infos {
		if info == (rq.QueueInfo{Name: info.Name}) && !slices.Contains(known, info.Name) {
			return nil, fmt.Errorf("no queue %q (`rq queue list` lists the queues)", info.Name)
		}
	}
	return a.queues(ctx, names, false)
}

// A peeked is what is printed of a waiting job.
type peeked struct {
	Position    int        `json:"position"`
	ID          string     `json:"id"`
	EnqueuedAt  *time.Time `json:"enqueued_at"`
	Description string     `json:"description"`
	Missing     bool       `json:"missing,omitempty"`
}

func (a *app) queuePeek() *cobra.Command {
	n, from := intFlag(10), intFlag(0)
	cmd := &cobra.Command{
		Use:   "peek QUEUE",
		Short: "Show the jobs that run next, without taking them",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			if n < 1 || from < 0 {
				return usagef("-n must be 1 or more, and --from 0 or more")
			}
			queues, err := a.known(cmd.Context(), names, false)
			if err != nil {
				return err
			}
			jobs, err := peek(cmd.Context(), queues[0], int(from), int(n))
			if err != nil {
				return err
			}
			return a.show(cmd, jobs, func(w io.Writer) { writePeeked(w, jobs, width(cmd)) })
		},
	}
	cmd.Flags().VarP(&n, "number", "n", "how many jobs")
	cmd.Flags().Var(&from, "from", "how many jobs to skip")
	return cmd
}

func peek(ctx context.Context, q *rq.Queue, from, n int) ([]peeked, error) {
	ids, err := q.JobIDs(ctx, from, n)
	if err != nil {
		return nil, err
	}
	jobs, err := q.FetchJobs(ctx, ids...)
	if err != nil {
		return nil, err
	}
	all := make([]peeked, len(ids))
	for i, j := range jobs {
		all[i] = peeked{Position: from + i, ID: ids[i], Missing: j == nil}
		if j != nil {
			all[i].Description = j.Description()
			if at := j.EnqueuedAt(); !at.IsZero() {
				all[i].EnqueuedAt = &at
			}
		}
	}
	return all, nil
}

// writePeeked prints a line for each job, cut to the width of the terminal.
func writePeeked(w io.Writer, jobs []peeked, width int) {
	if len(jobs) == 0 {
		fmt.Fprintln(w, "The queue is empty")
		return
	}
	ids := len("id")
	for _, j := range jobs {
		ids = max(ids, len([]rune(oneLine(j.ID))))
	}
	fmt.Fprintf(w, "%-*s  %-20s  %s\n", ids, "id", "enqueued at", "description")
	for _, j := range jobs {
		at, what := "-", j.Description
		if j.EnqueuedAt != nil {
			at = stamp(*j.EnqueuedAt)
		}
		if j.Missing {
			what = "(the job does not exist or cannot be read)"
		}
		fmt.Fprintln(w, cut(fmt.Sprintf("%-*s  %-20s  %s", ids, oneLine(j.ID), at, oneLine(what)), width))
	}
}

// A deleted is the result of deleting a queue.
type deleted struct {
	Queue   string `json:"queue"`
	Removed int    `json:"removed"`
	Left    int    `json:"left"`
}

func (a *app) queueDelete() *cobra.Command {
	var jobs bool
	cmd := &cobra.Command{
		Use:   "delete QUEUE...",
		Short: "Delete queues, and with --jobs the jobs in them",
		Long: `Deletes queues. Without --jobs, their waiting jobs stay in Redis but are in no queue:
` + "`rq prune --dry-run`" + ` lists them. Jobs in registries, such as failed jobs, always
stay.`,
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, names []string) error {
			queues, err := a.known(cmd.Context(), names, false)
			if err != nil {
				return err
			}
			question := "Delete " + namesOf(queues) + ", and leave their waiting jobs in no queue"
			if jobs {
				question = "Delete " + namesOf(queues) + ", and all their waiting jobs"
			}
			if err := a.confirm(cmd, question); err != nil {
				return err
			}
			done := []deleted{}
			var failed error
			for _, q := range queues {
				m := progress(cmd, q.Name())
				d, err := deleteQueue(cmd.Context(), q, jobs, m.tick)
				m.end()
				if err != nil {
					failed = soFar(err, d.Removed, "removed")
					break
				}
				done = append(done, d)
			}
			return errors.Join(failed, a.show(cmd, done, func(w io.Writer) {
				for _, d := range done {
					fmt.Fprintf(w, "%s deleted: %d jobs removed, %d left in no queue\n", oneLine(d.Queue), d.Removed, d.Left)
				}
			}))
		},
	}
	cmd.Flags().BoolVar(&jobs, "jobs", false, "also delete the waiting jobs")
	return cmd
}

func deleteQueue(ctx context.Context, q *rq.Queue, jobs bool, tick func(done, total int)) (deleted, error) {
	d := deleted{Queue: q.Name()}
	if jobs {
		n, err := q.Empty(ctx, rq.Progress(tick))
		if d.Removed = n; err != nil {
			return d, err
		}
		return d, q.Delete(ctx)
	}
	n, err := q.Count(ctx)
	if d.Left = n; err != nil {
		return d, err
	}
	return d, q.DeleteKeepingJobs(ctx)
}

// stamp formats a time as all commands print it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
