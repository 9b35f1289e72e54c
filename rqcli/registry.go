package rqcli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) registryFamily() *cobra.Command {
	return family("registry", "List and clean the registries of queues", a.registryList(), a.registryClean())
}

// An entryLine is a registry's entry as it is printed.
type entryLine struct {
	ID        string     `json:"id"`
	Execution string     `json:"execution,omitempty"`
	Time      *time.Time `json:"time"`
	Meaning   string     `json:"meaning"`
}

// meanings say what an entry's time means in each registry.
var meanings = map[string]string{
	"started": "heartbeat expires", "finished": "expires", "failed": "expires", "scheduled": "due",
	"deferred": "since", "canceled": "since", "ready": "since",
}

func (a *app) registryList() *cobra.Command {
	start, limit := intFlag(0), intFlag(100)
	var desc bool
	cmd := &cobra.Command{
		Use:   "list QUEUE [REGISTRY]",
		Short: "List the jobs of a registry, or count the jobs of each",
		Long: `Lists the jobs of a registry with their times: when they expire, are due, or were
added, or when the worker's heartbeat expires. The earliest come first. Without a
registry, counts the jobs of each. Nothing is cleaned up.`,
		Args: args(cobra.RangeArgs(1, 2)),
		RunE: func(cmd *cobra.Command, words []string) error {
			if start < 0 || limit < 1 {
				return usagef("--start must be 0 or more, and --limit 1 or more")
			}
			r, err := registryNamed(words[1:])
			if err != nil {
				return err
			}
			queues, err := a.known(cmd.Context(), words[:1], false)
			if err != nil {
				return err
			}
			if r == "" {
				return a.countRegistries(cmd, queues[0])
			}
			return a.listRegistry(cmd, queues[0].Registries()[slices.Index(registryNames(), r)], int(start), int(limit), desc)
		},
	}
	cmd.Flags().Var(&start, "start", "how many entries to skip")
	cmd.Flags().Var(&limit, "limit", "how many entries to list at most")
	cmd.Flags().BoolVar(&desc, "desc", false, "list the latest first")
	return cmd
}

// registryNames returns the names of a queue's registries, in the order of Queue.Registries.
func registryNames() []string {
	var names []string
	for _, r := range rq.NewQueue(nil, rq.DefaultQueue).Registries() {
		names = append(names, r.Name())
	}
	return names
}

// registryNamed returns the registry name in words, or "" for none.
func registryNamed(words []string) (string, error) {
	if len(words) == 0 {
		return "", nil
	}
	if !slices.Contains(registryNames(), words[0]) {
		return "", usagef("registry %q: must be one of %s", words[0], strings.Join(registryNames(), ", "))
	}
	return words[0], nil
}

func (a *app) countRegistries(cmd *cobra.Command, q *rq.Queue) error {
	counts := map[string]int{}
	for _, r := range q.Registries() {
		n, err := r.Count(cmd.Context())
		if err != nil {
			return err
		}
		counts[r.Name()] = n
	}
	return a.show(cmd, counts, func(w io.Writer) {
		for _, name := range registryNames() {
			fmt.Fprintf(w, "%-9s  %d\n", name, counts[name])
		}
	})
}

func (a *app) listRegistry(cmd *cobra.Command, r *rq.Registry, start, limit int, desc bool) error {
	var order []rq.RangeOption
	if desc {
		order = append(order, rq.LatestFirst())
	}
	entries, err := r.Range(cmd.Context(), start, limit, order...)
	if err != nil {
		return err
	}
	total, err := r.Count(cmd.Context())
	if err != nil {
		return err
	}
	lines := make([]entryLine, len(entries))
	for i, e := range entries {
		lines[i] = entryLine{ID: e.JobID, Execution: e.ExecutionID, Meaning: meanings[r.Name()]}
		if !e.Time.IsZero() {
			lines[i].Time = &entries[i].Time
		}
	}
	return a.show(cmd, lines, func(w io.Writer) {
		for _, l := range lines {
			fmt.Fprintf(w, "%-36s  %s\n", oneLine(l.ID), l.when())
		}
		if rest := total - start - len(lines); rest > 0 {
			fmt.Fprintf(w, "%d more: use --start and --limit\n", rest)
		} else if len(lines) == 0 {
			fmt.Fprintf(w, "No %s jobs\n", r.Name())
		}
	})
}

// when returns the time of an entry and its meaning.
func (l entryLine) when() string {
	switch {
	case l.Time != nil:
		return l.Meaning + " " + stamp(*l.Time)
	case l.Meaning == "since":
		return "since an unknown time"
	}
	return "never " + l.Meaning
}

// A cleaned says how many entries were removed from a registry.
type cleaned struct {
	Queue    string `json:"queue"`
	Registry string `json:"registry"`
	Removed  int    `json:"removed"`
}

func (a *app) registryClean() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:   "clean [--all | QUEUE...]",
		Short: "Remove the entries of expired jobs",
		Long: `Removes the expired entries of finished and failed jobs, and enqueues jobs whose
dependencies are done but which did not reach their queue. Workers do the same every
ten minutes or sooner. Only workers fail abandoned jobs.`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			if all == (len(names) > 0) {
				return usagef("give queue names, or --all")
			}
			queues, err := a.known(cmd.Context(), names, all)
			if err != nil {
				return err
			}
			done, err := clean(cmd, queues)
			return errors.Join(err, a.show(cmd, done, func(w io.Writer) {
				if err == nil || len(done) > 0 {
					writeCleaned(w, done)
				}
			}))
		},
	}
	cmd.Flags().BoolVarP(&all, "all", "a", false, "all queues")
	return cmd
}

// clean cleans all registries of queues, and returns those from which entries were
// removed, also after an error.
func clean(cmd *cobra.Command, queues []*rq.Queue) ([]cleaned, error) {
	m := progress(cmd, "queues")
	defer m.end()
	done := []cleaned{}
	for i, q := range queues {
		some, err := cleanQueue(cmd.Context(), q)
		if done = append(done, some...); err != nil {
			return done, err
		}
		m.tick(i+1, len(queues))
	}
	return done, nil
}

func cleanQueue(ctx context.Context, q *rq.Queue) (done []cleaned, err error) {
	for _, r := range q.Registries() {
		n, err := r.Cleanup(ctx)
		if err != nil {
			return done, err
		}
		if n > 0 {
			done = append(done, cleaned{q.Name(), r.Name(), n})
		}
	}
	return done, nil
}

func writeCleaned(w io.Writer, done []cleaned) {
	for _, c := range done {
		fmt.Fprintf(w, "%d entries of %s jobs removed from %s queue\n", c.Removed, c.Registry, oneLine(c.Queue))
	}
	if len(done) == 0 {
		fmt.Fprintln(w, "Nothing to do")
	}
}
