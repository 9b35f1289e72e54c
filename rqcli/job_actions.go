package rqcli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/pyrepr"
)

// resultData is a result as --json prints it.
type resultData struct {
	Type    string          `json:"type"`
	Created time.Time       `json:"created_at"`
	Worker  string          `json:"worker_name,omitempty"`
	Value   json.RawMessage `json:"return_value,omitempty"`
	ExcInfo string          `json:"exc_info,omitempty"`
	// Malformed is why the value cannot be read.
	Malformed string `json:"malformed,omitempty"`

	text string
	err  error // the error in Malformed
}

func (a *app) jobResult() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "result JOB_ID",
		Short: "Print what a job returned, or how it failed",
		Long: `Prints what the latest run of a job returned, as Python would: text unchanged,
anything else as its repr. If the job failed, prints the traceback instead; the exit
code is then 1, as it is for a value that cannot be read. With --json, a value that
JSON cannot express is printed as its repr.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			job, err := a.fetch(cmd.Context(), ids[0])
			if err != nil {
				return err
			}
			results, err := job.Results(cmd.Context())
			if err != nil {
				return err
			}
			if len(results) == 0 {
				return fmt.Errorf("job %s has no result: its status is %s", job.ID(), job.Status())
			}
			list := []resultData{}
			for _, r := range results { // the latest first
				list = append(list, dataOfResult(r))
			}
			if all {
				return a.show(cmd, list, func(w io.Writer) {
					for _, d := range list {
						fmt.Fprintf(w, "%s %s\n%s\n", d.Created.Local().Format("2006-01-02 15:04:05"), d.Type, d.text)
					}
				})
			}
			if err := list[0].err; err != nil && !a.json {
				return err
			}
			if err := a.show(cmd, list[0], func(w io.Writer) { fmt.Fprintln(w, list[0].text) }); err != nil {
				return err
			}
			if list[0].err != nil {
				return list[0].err
			}
			if results[0].Type != rq.ResultSuccessful {
				return errReported
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "print all kept results, the latest first")
	return cmd
}

func dataOfResult(r *rq.Result) resultData {
	d := resultData{Type: r.Type.String(), Created: r.CreatedAt, Worker: r.WorkerName, ExcInfo: r.ExcInfo, text: r.ExcInfo}
	if r.Type != rq.ResultSuccessful {
		return d
	}
	v, err := r.ReturnValue()
	if err != nil {
		d.Malformed, d.text, d.err = text(err), "? ("+text(err)+")", err
		return d
	}
	d.Value, d.text = jsonOf(v), pyrepr.Repr(v)
	if s, ok := v.(string); ok {
		d.text = s
	}
	return d
}

// onJobs returns a command that calls do with the ids of jobs.
func (a *app) onJobs(verb, short string, do func(ctx context.Context, rdb *redis.Client, ids []string, l *bulk) (int, error)) *cobra.Command {
	return &cobra.Command{
		Use:   verb + " JOB_ID...",
		Short: short,
		Args:  args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			if verb == "delete" && len(ids) > 1 {
				if err := a.confirm(cmd, fmt.Sprintf("Delete %d jobs", len(ids))); err != nil {
					return err
				}
			}
			return a.bulk(cmd, "Unable to "+verb+" %d jobs", func(l *bulk) (int, error) {
				return do(cmd.Context(), rdb, ids, l)
			})
		},
	}
}

func (a *app) jobCancel() *cobra.Command {
	return a.onJobs("cancel", "Cancel jobs; running jobs are not interrupted", func(ctx context.Context, rdb *redis.Client, ids []string, l *bulk) (int, error) {
		return rq.CancelJobs(ctx, rdb, ids, l.options()...)
	})
}

func (a *app) jobDelete() *cobra.Command {
	return a.onJobs("delete", "Delete jobs and their results", func(ctx context.Context, rdb *redis.Client, ids []string, l *bulk) (int, error) {
		return rq.DeleteJobs(ctx, rdb, ids, l.options()...)
	})
}

func (a *app) jobStop() *cobra.Command {
	return a.onJobs("stop", "Stop running jobs", func(ctx context.Context, rdb *redis.Client, ids []string, l *bulk) (int, error) {
		return l.oneByOne(ids, func(id string) error { return rq.SendStopJob(ctx, rdb, id) })
	})
}

func (a *app) jobRequeue() *cobra.Command {
	return a.onJobs("requeue", "Move failed jobs back to their queues", func(ctx context.Context, rdb *redis.Client, ids []string, l *bulk) (int, error) {
		return l.oneByOne(ids, func(id string) error {
			job, err := rq.FetchJob(ctx, rdb, id)
			if err != nil {
				return err
			}
			return job.Requeue(ctx)
		})
	})
}
