// Package rqcli is RQ's command line in Go, with the names, flags and environment
// variables of Python's `rq`. The command github.com/rqgo/rq/cmd/rq is this package
// without handlers. A program that passes handlers gets `worker` too:
//
//	func main() {
//		rqcli.Execute(rq.Handlers{"tasks.add": rq.Func(add, "a", "b")})
//	}
package rqcli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// The exit codes of Execute.
const (
	// ExitFailure means that something failed, perhaps for some of the jobs only.
	ExitFailure = 1
	// ExitUsage means that the command line is wrong. Nothing has changed then.
	ExitUsage = 2
)

// An app is one run of the command line: the flags that all commands share, and their
// connection.
type app struct {
	handlers        rq.Handlers
	url, serializer string
	json, yes       bool

	client *redis.Client
}

// New returns the command rq. With handlers, its `worker` runs them. A program can set
// the input and output of the command as with any cobra.Command.
func New(handlers rq.Handlers) *cobra.Command {
	a := &app{handlers: handlers}
	root := family("rq", "Job queues for Python and Go",
		a.info(), a.top(), a.enqueue(), a.requeue(), a.empty(), a.suspend(), a.resume(), a.worker(), a.job(), a.failed(),
		a.queueFamily(), a.registryFamily(), a.prune(),
	)
	root.Long = `Shows and manages the queues, jobs and workers of Python RQ and of Go. The address of
Redis is taken from the first of these that is set: --url, RQ_REDIS_URL, REDIS_URL, or
REDIS_HOST, REDIS_PORT, REDIS_DB, REDIS_PASSWORD, REDIS_SSL and REDIS_SSL_*.

The exit code is 0 on success, 1 if something failed or was skipped, and 2 if the
command line is wrong; nothing has changed then.`
	root.SilenceErrors, root.Version = true, version()
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVarP(&a.url, "url", "u", "", "the address of Redis, like redis://localhost:6379/0 (RQ_REDIS_URL)")
	flags.StringVarP(&a.serializer, "serializer", "S", "pickle", "the serializer of jobs: pickle or json")
	flags.BoolVar(&a.json, "json", false, "print data as JSON")
	flags.BoolVarP(&a.yes, "yes", "y", false, "do not ask before removing jobs or stopping many workers")
	a.closeAfter(root)
	a.complete(root)
	return root
}

// version returns the version of this module that was built into the program.
func version() string {
	const module = "github.com/rqgo/rq"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}

// family returns a command that only has subcommands.
func family(use, short string, members ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			hint := ""
			if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
				hint = ": did you mean " + strings.Join(near, " or ") + "?"
			}
			return usagef("unknown command %q for %q%s", args[0], cmd.CommandPath(), hint)
		},
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(members...)
	return cmd
}

// closeAfter makes every command close the connection at its end, and not print its
// usage after an error, even below another root command.
func (a *app) closeAfter(cmd *cobra.Command) {
	cmd.SilenceUsage = true
	for _, c := range cmd.Commands() {
		a.closeAfter(c)
	}
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		defer a.close()
		return run(cmd, args)
	}
}

// Execute runs the command line of this process and exits with 0 on success,
// ExitFailure or ExitUsage. An interrupt ends the command between two steps. A
// second one ends the process, unless it comes within a second of the first.
func Execute(handlers rq.Handlers) {
	logging.Disable() // the command reports these errors itself
	root := New(handlers)
	root.Use = filepath.Base(os.Args[0]) // the name that a shell completes
	os.Exit(report(root.ExecuteContextC(untilInterrupt())))
}

// interruptTwice is how soon after an interrupt another one is taken for the same:
// supervisors send two, and so does a terminal to a program that passes them on
// (rq/worker/base.py BaseWorker.request_force_stop).
const interruptTwice = time.Second

// untilInterrupt returns a context that ends with the first interrupt. A second one
// ends the process, if it is not the first one again.
func untilInterrupt() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(interruptTwice)
		stop()
	})
	return ctx
}

// report prints the error of a command, and returns the exit code.
func report(cmd *cobra.Command, err error) int {
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		fmt.Fprintln(shown(cmd.ErrOrStderr()), "rq:", text(err))
	}
	var usage usageError
	if errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command") { // from cobra, for its own commands
		fmt.Fprintf(cmd.ErrOrStderr(), "rq: see `%s --help`\n", cmd.CommandPath())
		return ExitUsage
	}
	return ExitFailure
}

// A usageError is the error of a wrong command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errReported is the error of a command that has already reported its failures.
var errReported = errors.New("not everything was done")

// args turns the errors of cobra's checks into usage errors.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
