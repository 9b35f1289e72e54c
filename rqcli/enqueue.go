package rqcli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/pyrepr"
)

const enqueueHelp = `Puts a job in a queue. The job calls FUNCTION, a dotted path, with ARGUMENTS:

  text            plain text
  :json           JSON
  %literal        a Python literal, such as %"(1, {'a': None})"
  key=text        a keyword argument; also key:=json and key%=literal
  @file           the content of the file; also :@file, %@file, key=@file, key:=@file
                  and key%=@file

Flags may come anywhere before "--". Arguments that begin with "-" go after it.`

// An enqueueing holds the flags of rq enqueue.
type enqueueing struct {
	queue, fleet, description, id string
	timeout, resultTTL            string
	ttl, failureTTL               string
	in, at                        string
	dependsOn                     []string
	front, quiet                  bool
	retries                       intFlag
	intervals                     intFlags
}

// An enqueued is the result of rq enqueue.
type enqueued struct {
	ID           string     `json:"id"`
	Queue        string     `json:"queue"`
	Status       rq.Status  `json:"status"`
	Call         string     `json:"call"`
	Description  string     `json:"description"`
	EnqueuedAt   *time.Time `json:"enqueued_at"`
	ScheduledFor *time.Time `json:"scheduled_for"`
}

func (a *app) enqueue() *cobra.Command {
	var e enqueueing
	cmd := &cobra.Command{
		Use:   "enqueue [flags] FUNCTION [ARGUMENTS...]",
		Short: "Put a job in a queue",
		Long:  enqueueHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, words []string) error {
			if len(words) == 0 {
				return usagef("give a function: rq enqueue FUNCTION [ARGUMENTS...]")
			}
			call, err := callOf(words[0], words[1:])
			if err != nil {
				return err
			}
			done, err := e.run(a, cmd, call)
			if err != nil {
				return usageIfInvalid(err, a.serializer)
			}
			if e.quiet {
				return nil
			}
			return a.show(cmd, done, func(w io.Writer) {
				fmt.Fprintf(w, "Enqueued %s with job-id '%s'.\n", paint(cmd)(blue, done.Call), done.ID)
			})
		},
	}
	e.flags(cmd.Flags())
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		var unknown *pflag.NotExistError
		if errors.As(err, &unknown) {
			err = fmt.Errorf(`%w: arguments that begin with "-" go after "--"`, err)
		}
		return usageError{err}
	})
	return cmd
}

func (e *enqueueing) flags(f *pflag.FlagSet) {
	f.StringVarP(&e.queue, "queue", "q", rq.DefaultQueue, "the queue")
	f.StringVar(&e.timeout, "timeout", "", "how long the job may run: in seconds, or like 10s, 5m, 2h, 1d; -1 means no limit")
	f.StringVar(&e.resultTTL, "result-ttl", "", "how long a successful job and its result are kept")
	f.StringVar(&e.ttl, "ttl", "", "how long the job may wait before it is dropped")
	f.StringVar(&e.failureTTL, "failure-ttl", "", "how long a failed job is kept")
	f.StringVar(&e.description, "description", "", "the description of the job (default the call)")
	f.StringArrayVar(&e.dependsOn, "depends-on", nil, "the id of a job that must finish first; may be repeated")
	f.StringVar(&e.id, "job-id", "", "the id of the job (default a new one)")
	f.BoolVar(&e.front, "at-front", false, "put the job at the front of the queue")
	f.Var(&e.retries, "retry-max", "how many times the job is retried when it fails")
	f.Var(&e.intervals, "retry-interval", "seconds before a retry; may be repeated")
	f.StringVar(&e.in, "schedule-in", "", "put the job in the queue after this time, like 10s, 5m, 2d")
	f.StringVar(&e.at, "schedule-at", "", "put the job in the queue at this local time, like 2021-05-27T21:45:00")
	f.BoolVar(&e.quiet, "quiet", false, "print nothing but errors")
	f.StringVar(&e.fleet, "fleet", "", "the oldest RQ version among the workers, like 2.6.1 (default the newest)")
}

// run enqueues or schedules the call. It checks all flags before it sends the first
// command to Redis.
func (e *enqueueing) run(a *app, cmd *cobra.Command, call rq.FuncCall) (*enqueued, error) {
	text := pyrepr.CallString(call.Func, call.Args, call.Kwargs, 0)
	opts, err := e.options(cmd.Flags(), text)
	if err != nil {
		return nil, err
	}
	due, err := e.due(cmd.Flags(), time.Now(), time.Local)
	if err != nil {
		return nil, err
	}
	ser, err := a.serializerOf()
	if err != nil {
		return nil, err
	}
	settings := []rq.QueueOption{rq.WithSerializer(listed{ser})}
	if e.fleet != "" {
		settings = append(settings, rq.Fleet(e.fleet))
	}
	q, err := a.queue(cmd.Context(), e.queue, settings...)
	if err != nil {
		return nil, err
	}
	var j *rq.Job
	if due.IsZero() {
		j, err = q.Enqueue(cmd.Context(), call, opts...)
	} else {
		j, err = q.EnqueueAt(cmd.Context(), due, call, opts...)
	}
	if err != nil {
		return nil, err
	}
	return &enqueued{
		ID: j.ID(), Queue: q.Name(), Status: j.Status(), Call: text, Description: j.Description(),
		EnqueuedAt: orNull(j.EnqueuedAt()), ScheduledFor: orNull(due),
	}, nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// options returns the options that the flags set for a job whose call is text.
func (e *enqueueing) options(given *pflag.FlagSet, text string) ([]rq.EnqueueOption, error) {
	opts := []rq.EnqueueOption{rq.Description(text)}
	if e.description != "" {
		opts[0] = rq.Description(e.description)
	}
	for _, d := range []struct {
		flag, value string
		option      func(time.Duration) rq.JobOption
	}{
		{"timeout", e.timeout, rq.Timeout},
		{"result-ttl", e.resultTTL, rq.ResultTTL},
		{"ttl", e.ttl, rq.TTL},
		{"failure-ttl", e.failureTTL, rq.FailureTTL},
	} {
		if !given.Changed(d.flag) {
			continue
		}
		v, err := duration(d.flag, d.value)
		if err != nil {
			return nil, err
		}
		if v == 0 && d.flag == "timeout" || v < 0 && v != rq.Forever {
			return nil, usagef("--%s %q: must be a duration, or -1 for no limit", d.flag, d.value)
		}
		opts = append(opts, d.option(v))
	}
	if given.Changed("job-id") {
		opts = append(opts, rq.JobID(e.id))
	}
	if len(e.dependsOn) > 0 {
		opts = append(opts, rq.DependsOn(e.dependsOn...))
	}
	if e.front {
		opts = append(opts, rq.AtFront())
	}
	if e.retries > 0 {
		opts = append(opts, rq.Retry{Max: int(e.retries), Intervals: e.intervals.seconds()})
	}
	return opts, nil
}

// duration parses a duration in RQ's form (rq/utils.py parse_timeout).
func duration(flag, value string) (time.Duration, error) {
	d, err := rq.ParseTimeout(value)
	if err != nil {
		return 0, usagef("--%s: %s", flag, text(err))
	}
	return d, nil
}

// timeForm is the form of --schedule-at. Like Python's it accepts numbers without
// leading zeros.
const timeForm = "2006-1-2T15:4:5"

// due returns when the job is to be enqueued, or the zero time for now. --schedule-at
// is in the time zone of place.
func (e *enqueueing) due(given *pflag.FlagSet, now time.Time, place *time.Location) (time.Time, error) {
	in, at := given.Changed("schedule-in"), given.Changed("schedule-at")
	switch {
	case in && at:
		return time.Time{}, usagef("give --schedule-in or --schedule-at, not both")
	case in:
		d, err := duration("schedule-in", e.in)
		return now.Add(d), err
	case at:
		wall, err := time.Parse(timeForm, e.at)
		// Go accepts a fraction of a second where the form has none.
		if err != nil || wall.Year() == 0 || strings.ContainsAny(e.at, ".,") {
			return wall, usagef("--schedule-at %q: must be a time like 2021-05-27T21:45:00, without a zone", e.at)
		}
		return moment(wall, place), nil
	}
	return time.Time{}, nil
}

// moment returns the time at which the clocks of a place show wall. Where they change,
// it chooses like Python's astimezone: the first of two such times, and for a skipped
// time, the one by the offset after the change.
func moment(wall time.Time, place *time.Location) time.Time {
	const day = 24 * time.Hour
	by := func(near time.Time) (t time.Time, shown bool) {
		_, offset := near.In(place).Zone()
		t = wall.Add(-time.Duration(offset) * time.Second).In(place)
		_, there := t.Zone()
		return t, offset == there
	}
	if before, shown := by(wall.Add(-day)); shown {
		return before
	}
	after, _ := by(wall.Add(day))
	return after
}

// usageIfInvalid turns an error about a value of the command line into a usage error,
// with the serializer named as in its flag.
func usageIfInvalid(err error, serializer string) error {
	var invalid *rq.InvalidError
	var unwritable *rq.SerializeError
	switch {
	case errors.As(err, &unwritable):
		unwritable.Serializer = serializer
		return usageError{err}
	case errors.As(err, &invalid):
		return usageError{err}
	}
	return err
}
