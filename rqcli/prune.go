package rqcli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) prune() *cobra.Command {
	var dry, jobs bool
	cmd := &cobra.Command{
		Use:   "prune [--dry-run] [--jobs]",
		Short: "Remove what crashes and deletions have left behind",
		Long: `Removes what crashes and deletions have left behind: ids without a job in queues
and registries, and results, dependents, dependencies and executions of jobs that
no longer exist. Jobs that are in no queue or registry are deleted only with --jobs:
list them with --dry-run first.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			kinds := rq.OrphanKinds()
			if dry {
				return a.listOrphans(cmd, rdb, kinds)
			}
			if !jobs {
				kinds = slices.DeleteFunc(kinds, func(k rq.OrphanKind) bool { return k == rq.OrphanJob })
			}
			return a.pruneOrphans(cmd, rdb, kinds)
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "change nothing, only list what is left behind, jobs included")
	cmd.Flags().BoolVar(&jobs, "jobs", false, "also delete jobs that are in no queue or registry")
	return cmd
}

// listOrphans prints orphans as they are found. JSON is printed at the end.
func (a *app) listOrphans(cmd *cobra.Command, rdb redis.UniversalClient, kinds []rq.OrphanKind) error {
	all, counts := []rq.Orphan{}, map[rq.OrphanKind]int{}
	for o, err := range rq.FindOrphans(cmd.Context(), rdb, kinds...) {
		if err != nil {
			return err
		}
		counts[o.Kind]++
		if a.json {
			all = append(all, o)
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%-12s  %s\n", o.Kind, oneLine(whereIs(o)))
	}
	return a.show(cmd, all, func(w io.Writer) {
		if len(counts) == 0 {
			fmt.Fprintln(w, "Nothing was left behind")
			return
		}
		fmt.Fprintf(w, "Left behind: %s\n", countsOf(kinds, counts))
	})
}

// whereIs names an orphan. A key contains the id, except that of an entry.
func whereIs(o rq.Orphan) string {
	if o.Kind == rq.OrphanEntry {
		return o.ID + " in " + o.Key
	}
	return o.Key
}

// pruneOrphans removes orphans, after it has asked.
func (a *app) pruneOrphans(cmd *cobra.Command, rdb redis.UniversalClient, kinds []rq.OrphanKind) error {
	if !a.yes {
		counts, err := countOrphans(cmd.Context(), rdb, kinds)
		if err != nil {
			return err
		}
		if len(counts) > 0 {
			if err := a.confirm(cmd, "Remove "+countsOf(kinds, counts)); err != nil {
				return err
			}
		}
	}
	m := progress(cmd, "keys")
	counts, err := rq.PruneOrphans(cmd.Context(), rdb, kinds, rq.Progress(m.tick))
	m.end()
	return errors.Join(err, a.show(cmd, counts, func(w io.Writer) {
		if text := countsOf(kinds, counts); text != "" {
			fmt.Fprintf(w, "Removed %s\n", text)
		} else if err == nil {
			fmt.Fprintln(w, "Nothing to do")
		}
	}))
}

func countOrphans(ctx context.Context, rdb redis.UniversalClient, kinds []rq.OrphanKind) (map[rq.OrphanKind]int, error) {
	counts := map[rq.OrphanKind]int{}
	for o, err := range rq.FindOrphans(ctx, rdb, kinds...) {
		if err != nil {
			return nil, err
		}
		counts[o.Kind]++
	}
	return counts, nil
}

// orphanNames has the singular and plural of each kind.
var orphanNames = map[rq.OrphanKind][2]string{
	rq.OrphanEntry:        {"id without a job", "ids without a job"},
	rq.OrphanResults:      {"stream of results", "streams of results"},
	rq.OrphanDependents:   {"set of dependents", "sets of dependents"},
	rq.OrphanDependencies: {"set of dependencies", "sets of dependencies"},
	rq.OrphanExecutions:   {"key of executions", "keys of executions"},
	rq.OrphanJob:          {"job in no queue or registry", "jobs in no queue or registry"},
}

// countsOf lists how many there are of each kind, "" if there are none.
func countsOf(kinds []rq.OrphanKind, counts map[rq.OrphanKind]int) string {
	var parts []string
	for _, kind := range kinds {
		if n := counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprint(n, " ", orphanNames[kind][min(n-1, 1)]))
		}
	}
	return strings.Join(parts, ", ")
}
