package rqcli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// A finder reads names from the server.
type finder func(ctx context.Context, rdb *redis.Client, cmd *cobra.Command) ([]string, error)

// completions has a finder for the arguments of each command. Those of `rq job` look in
// the queue and registries where the job may be.
var completions = map[string]finder{
	"info":           findQueues,
	"empty":          findQueues,
	"failed":         findQueues,
	"worker":         findQueues,
	"worker stop":    findWorkers,
	"requeue":        findJobs("failed"),
	"job show":       findJobs("started", "failed", "queue", "finished", "scheduled", "deferred", "canceled"),
	"job result":     findJobs("finished", "failed"),
	"job cancel":     findJobs("queue", "scheduled", "deferred", "started"),
	"job stop":       findJobs("started"),
	"job delete":     findJobs("failed", "finished", "canceled", "queue", "scheduled", "deferred"),
	"job requeue":    findJobs("failed"),
	"queue peek":     findQueues,
	"queue empty":    findQueues,
	"queue delete":   findQueues,
	"registry list":  findQueues, // followed by registries
	"registry clean": findQueues,
}

// most has the number of arguments of the commands that limit it.
var most = map[string]int{"job show": 1, "job result": 1, "queue peek": 1, "registry list": 1}

// complete lets the shell complete arguments, and the values of --queue.
func (a *app) complete(root *cobra.Command) {
	for path, find := range completions {
		if cmd, rest, err := root.Find(strings.Fields(path)); err == nil && len(rest) == 0 {
			cmd.ValidArgsFunction = upTo(most[path], a.completing(find))
		}
	}
	if cmd, _, err := root.Find([]string{"registry", "list"}); err == nil {
		cmd.ValidArgsFunction = thenRegistries(cmd.ValidArgsFunction)
	}
	for _, path := range []string{"requeue", "enqueue", "worker list"} {
		if cmd, _, err := root.Find(strings.Fields(path)); err == nil && cmd.Flags().Lookup("queue") != nil {
			_ = cmd.RegisterFlagCompletionFunc("queue", a.completing(findQueues)) // registered once only
		}
	}
}

// upTo completes at most so many arguments; 0 is any number.
func upTo(most int, f cobra.CompletionFunc) cobra.CompletionFunc {
	if most == 0 {
		return f
	}
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, begun)
	}
}

// thenRegistries completes a registry after a queue.
func thenRegistries(f cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) == 1 {
			names := slices.DeleteFunc(registryNames(), func(name string) bool { return !strings.HasPrefix(name, begun) })
			return names, cobra.ShellCompDirectiveNoFileComp
		}
		return f(cmd, args, begun)
	}
}

// completionPatience is how long the shell waits for the server.
const completionPatience = 2 * time.Second

// completing returns the function that the shell calls. It offers the names that are
// not on the command line yet, and none when the server does not answer.
func (a *app) completing(find finder) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
		defer cancel()
		defer a.close()
		rdb, err := a.connect(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names, _ := find(ctx, rdb, cmd) // those that it finds in time
		names = slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, begun) || slices.Contains(args, name) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

func findQueues(ctx context.Context, rdb *redis.Client, _ *cobra.Command) (names []string, err error) {
	queues, err := rq.AllQueues(ctx, rdb)
	for _, q := range queues {
		names = append(names, q.Name())
	}
	slices.Sort(names)
	return names, err
}

func findWorkers(ctx context.Context, rdb *redis.Client, _ *cobra.Command) (names []string, err error) {
	workers, err := rq.Workers(ctx, rdb)
	for _, w := range workers {
		names = append(names, w.Name)
	}
	return names, err
}

// idsOffered is how many ids of a queue or registry are offered.
const idsOffered = 100

// findJobs finds the ids of jobs in these places, of --queue or else of all queues.
func findJobs(places ...string) finder {
	return func(ctx context.Context, rdb *redis.Client, cmd *cobra.Command) (ids []string, err error) {
		var names []string
		if f := cmd.Flags().Lookup("queue"); f != nil && f.Value.String() != "" {
			names = append(names, f.Value.String())
		} else if names, err = findQueues(ctx, rdb, cmd); err != nil {
			return nil, err
		}
		for _, name := range names {
			q := rq.NewQueue(rdb, name)
			if slices.Contains(places, "queue") {
				queued, err := q.JobIDs(ctx, 0, idsOffered)
				if err != nil {
					return ids, err
				}
				ids = append(ids, queued...)
			}
			for _, r := range q.Registries() {
				if !slices.Contains(places, r.Name()) {
					continue
				}
				found, err := r.JobIDs(ctx, 0, idsOffered, rq.LatestFirst())
				if err != nil {
					return ids, err
				}
				ids = append(ids, found...)
			}
		}
		return ids, nil
	}
}
