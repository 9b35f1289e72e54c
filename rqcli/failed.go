package rqcli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// A failure is the failed jobs that have the same exception and function.
type failure struct {
	Exception string    `json:"exception"`
	Function  string    `json:"function"`
	Count     int       `json:"count"`
	Queues    []string  `json:"queues"`
	Latest    time.Time `json:"latest,omitzero"` // when the job below failed
	JobID     string    `json:"job_id"`
	Message   string    `json:"message"`
}

func (a *app) failed() *cobra.Command {
	return &cobra.Command{
		Use:   "failed [QUEUE...]",
		Short: "Summarize failed jobs by exception and function",
		Long: `Groups the failed jobs of the given queues, or of all queues, by exception and
function. Shows the number of jobs in each group and the latest one; the newest
failures come first. Stopped jobs are included.`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			queues, err := a.known(cmd.Context(), names, len(names) == 0)
			if err != nil {
				return err
			}
			m := progress(cmd, "")
			failures, err := a.failures(cmd.Context(), queues, m.tick)
			m.end()
			if err != nil {
				return err
			}
			return a.show(cmd, failures, func(w io.Writer) { printFailures(w, failures, width(cmd), paint(cmd)) })
		},
	}
}

const failedChunk = 500

// failures reads the failed jobs of queues, and keeps only what is shown.
func (a *app) failures(ctx context.Context, queues []*rq.Queue, tick func(done, total int)) ([]*failure, error) {
	found := map[[2]string]*failure{}
	done, total := 0, 0
	for _, q := range queues {
		n, err := q.Failed().Count(ctx)
		if err != nil {
			return nil, err
		}
		total += n
	}
	for _, q := range queues {
		var chunk []*rq.Job
		for j, err := range q.Failed().Jobs(ctx) {
			if err != nil {
				return nil, err
			}
			if chunk = append(chunk, j); len(chunk) == failedChunk {
				if err := a.sortIn(ctx, found, chunk); err != nil {
					return nil, err
				}
				done, chunk = done+len(chunk), chunk[:0]
				tick(done, max(done, total))
			}
		}
		if err := a.sortIn(ctx, found, chunk); err != nil {
			return nil, err
		}
		done += len(chunk)
	}
	failures := slices.AppendSeq([]*failure{}, maps.Values(found))
	slices.SortFunc(failures, func(a, b *failure) int {
		return cmp.Or(b.Latest.Compare(a.Latest), strings.Compare(a.Exception+a.Function, b.Exception+b.Function))
	})
	return failures, nil
}

// sortIn adds jobs to the failures that they belong to.
func (a *app) sortIn(ctx context.Context, found map[[2]string]*failure, jobs []*rq.Job) error {
	results, err := rq.LatestResults(ctx, a.client, jobs...)
	if err != nil {
		return err
	}
	for i, j := range jobs {
		var exc string
		at := j.EndedAt()
		if r := results[i]; r != nil {
			exc, at = r.ExcInfo, r.CreatedAt
		} else if exc, err = j.ExcInfo(ctx); err != nil {
			return err
		}
		exception, message := lastException(exc)
		if exc == "" && j.IsStopped() {
			exception = "(stopped)"
		}
		function, err := j.FuncName()
		if err != nil {
			function = "?"
		}
		f := found[[2]string{exception, function}]
		if f == nil {
			f = &failure{Exception: exception, Function: function}
			found[[2]string{exception, function}] = f
		}
		if f.Count++; !at.Before(f.Latest) {
			f.Latest, f.JobID, f.Message = at, j.ID(), message
		}
		if !slices.Contains(f.Queues, j.Origin()) {
			f.Queues = append(f.Queues, j.Origin())
		}
	}
	return nil
}

// lastException returns the exception at the end of a traceback, without its module, and
// the first line of its message. Of chained exceptions it takes the last.
func lastException(exc string) (exception, message string) {
	const heading = "Traceback (most recent call last):\n"
	after := exc
	if i := strings.LastIndex(exc, heading); i >= 0 {
		after = exc[i+len(heading):]
	}
	for line := range strings.Lines(after) {
		if line = strings.TrimRight(line, "\n"); line == "" || line[0] == ' ' { // a frame
			continue
		}
		name, message, _ := strings.Cut(line, ":")
		if strings.ContainsAny(name, " \"'()") {
			return "?", line
		}
		return name[strings.LastIndex(name, ".")+1:], strings.TrimSpace(message)
	}
	return "?", ""
}

func printFailures(w io.Writer, failures []*failure, width int, paint func(colour, string) string) {
	if len(failures) == 0 {
		fmt.Fprintln(w, "No failed jobs")
		return
	}
	total := 0
	for _, f := range failures {
		total += f.Count
		what := cut(f.Exception+withColon(f.Message), width-16)
		name, _, _ := strings.Cut(what, ":")
		fmt.Fprintf(w, "%6d  %-7s %s%s\n", f.Count, age(f.Latest), paint(red, name), what[len(name):])
		fmt.Fprintf(w, "%16s%s\n", "", cut(fmt.Sprintf("%s in %s, latest %s", f.Function, strings.Join(f.Queues, ", "), f.JobID), width-16))
	}
	fmt.Fprintf(w, "%d failed jobs, %d kinds\n", total, len(failures))
}

func withColon(message string) string {
	if message == "" {
		return ""
	}
	return ": " + message
}
