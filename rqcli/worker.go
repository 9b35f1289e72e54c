package rqcli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// workerFlags are the flags of `rq worker`, most of them RQ's.
type workerFlags struct {
	cfg                                    rq.WorkerConfig
	level, pid, strategy                   string
	verbose, quiet, scheduler, failUnknown bool
	noCalls                                bool
}

func (a *app) worker() *cobra.Command {
	var f workerFlags
	cmd := family("worker", "Run jobs, and list and stop workers", a.workerList(), a.workerStop())
	cmd.Use = "worker [QUEUE...]"
	cmd.Long = `Runs the jobs of queues with the functions of this program. Jobs of other functions
stay in their queues for workers that have these; a warning names them. Queues that
are given first are served first. The subcommands list and stop are for workers on any machine.
(Queues with these names go after --.)

The first interrupt lets running jobs finish, for up to --shutdown-timeout. One within
a second of it is ignored, since supervisors may send two. A later one exits at once;
other workers recover its jobs.`
	cmd.RunE = func(cmd *cobra.Command, queues []string) error {
		if len(a.handlers) == 0 {
			return usagef("this program has no functions to run: build one with rqcli.Execute(rq.Handlers{...}); to list the existing workers, use `rq worker list`")
		}
		return a.work(cmd, &f, queues)
	}
	f.define(cmd)
	return cmd
}

func (f *workerFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVarP(&f.cfg.Burst, "burst", "b", false, "stop when the queues are empty, or have only jobs for other workers")
	f.cfg.Concurrency = 1
	flags.Var((*intFlag)(&f.cfg.Concurrency), "concurrency", "how many jobs to run at once")
	flags.StringVarP(&f.cfg.Name, "name", "n", "", "the name of the worker (default random)")
	flags.Var(new(intFlag(500)), "results-ttl", "seconds to keep results of jobs without a result TTL; -1 keeps them for ever")
	flags.Var(new(intFlag(420)), "worker-ttl", "seconds without a heartbeat after which an idle worker counts as dead")
	flags.Var(new(intFlag(600)), "maintenance-interval", "seconds between two cleanups of the registries")
	flags.Var(new(intFlag(30)), "job-monitoring-interval", "seconds between heartbeats")
	flags.Var((*intFlag)(&f.cfg.MaxJobs), "max-jobs", "stop after this many jobs (default never)")
	flags.Var(new(intFlag(0)), "max-idle-time", "stop after this many seconds without a job (default never)")
	flags.BoolVarP(&f.scheduler, "with-scheduler", "s", false, "also enqueue scheduled jobs when they are due")
	flags.StringVar(&f.strategy, "dequeue-strategy", "default", "how to choose the queue of the next job: default, round_robin or random")
	flags.Var(new(intFlag(25)), "shutdown-timeout", "seconds to wait for running jobs when the worker stops; -1 means no limit")
	flags.StringVar(&f.cfg.Fleet, "fleet", "", "the oldest Python RQ version in use, like 1.16 (default the newest)")
	flags.BoolVar(&f.failUnknown, "fail-unknown", false, "fail jobs whose functions this program does not have (by default they stay in their queues for other workers)")
	flags.StringVar(&f.level, "logging_level", "INFO", "the log level: DEBUG, INFO, WARNING, ERROR or CRITICAL")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log more: DEBUG")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "log less: WARNING")
	flags.BoolVar(&f.noCalls, "disable-job-desc-logging", false, "do not log the calls of jobs")
	flags.StringVar(&f.pid, "pid", "", "the file to write the process id to")
}

// work runs jobs until the worker stops.
func (a *app) work(cmd *cobra.Command, f *workerFlags, queues []string) error {
	level, err := f.logLevel()
	if err != nil {
		return err
	}
	ser, err := a.serializerOf()
	if err != nil {
		return err
	}
	rdb, err := a.connect(cmd.Context())
	if err != nil {
		return err
	}
	f.cfg.Queues, f.cfg.Serializer = queues, ser
	f.cfg.Logger = slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: level, ReplaceAttr: f.logged}))
	if err := f.read(cmd); err != nil {
		return err
	}
	w, err := rq.NewWorker(rdb, a.handlers, f.cfg)
	if err != nil {
		return usageError{err}
	}
	suspended, err := rq.SuspendedFor(cmd.Context(), rdb)
	switch {
	case err != nil:
		return err
	case suspended == rq.Forever:
		return errors.New("workers are suspended until `rq resume`")
	case suspended > 0:
		return fmt.Errorf("workers are suspended until %s, or until `rq resume`", time.Now().Add(suspended).Format(time.RFC3339))
	}
	if f.pid != "" {
		if err := os.WriteFile(f.pid, []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
			return fmt.Errorf("write the pid file: %w", err)
		}
	}
	return w.Run(cmd.Context())
}

// read converts the flags whose settings have another type.
func (f *workerFlags) read(cmd *cobra.Command) error {
	f.cfg.Scheduler, f.cfg.Strategy = f.scheduler, rq.DequeueStrategy(f.strategy)
	if f.failUnknown {
		f.cfg.UnknownFunc = rq.UnknownFails
	}
	for name, set := range map[string]*time.Duration{
		"results-ttl":             &f.cfg.ResultTTL,
		"worker-ttl":              &f.cfg.WorkerTTL,
		"maintenance-interval":    &f.cfg.MaintenanceInterval,
		"job-monitoring-interval": &f.cfg.JobMonitoringInterval,
		"max-idle-time":           &f.cfg.MaxIdle,
		"shutdown-timeout":        &f.cfg.ShutdownTimeout,
	} {
		if !cmd.Flags().Changed(name) {
			continue
		}
		switch seconds := *cmd.Flags().Lookup(name).Value.(*intFlag); seconds {
		case 0:
			return usagef("--%s 0: must be a number of seconds", name)
		case -1:
			*set = rq.Forever
		default:
			*set = time.Duration(seconds) * time.Second
		}
	}
	return nil
}

// logged drops the attributes that the flags exclude from the log.
func (f *workerFlags) logged(_ []string, attr slog.Attr) slog.Attr {
	if f.noCalls && attr.Key == "call" {
		return slog.Attr{}
	}
	return attr
}

func (f *workerFlags) logLevel() (slog.Level, error) {
	switch level := strings.ToUpper(f.level); {
	case f.verbose && f.quiet:
		return 0, usagef("give --verbose or --quiet, not both")
	case f.verbose:
		return slog.LevelDebug, nil
	case f.quiet, level == "WARNING", level == "WARN":
		return slog.LevelWarn, nil
	case level == "DEBUG":
		return slog.LevelDebug, nil
	case level == "INFO":
		return slog.LevelInfo, nil
	case level == "ERROR", level == "CRITICAL", level == "FATAL":
		return slog.LevelError, nil
	}
	return 0, usagef("--logging_level %q: must be DEBUG, INFO, WARNING, ERROR or CRITICAL", f.level)
}
