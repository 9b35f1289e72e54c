package rqcli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
	"github.com/rqgo/rq/internal/pyjson"
	"github.com/rqgo/rq/internal/pyrepr"
)

func (a *app) job() *cobra.Command {
	return family("job", "Inspect, cancel, stop, delete and requeue jobs",
		a.jobShow(), a.jobResult(), a.jobCancel(), a.jobStop(), a.jobDelete(), a.jobRequeue())
}

// jobData is a job as --json prints it.
type jobData struct {
	ID           string          `json:"id"`
	Status       string          `json:"status"`
	Call         string          `json:"call"`
	Description  string          `json:"description,omitempty"`
	Queue        string          `json:"queue"`
	Position     *int            `json:"position,omitempty"`
	Created      *time.Time      `json:"created_at,omitempty"`
	Enqueued     *time.Time      `json:"enqueued_at,omitempty"`
	Started      *time.Time      `json:"started_at,omitempty"`
	Ended        *time.Time      `json:"ended_at,omitempty"`
	Worker       string          `json:"worker_name,omitempty"`
	Timeout      *float64        `json:"timeout,omitempty"` // in seconds, like the three below; -1 is for ever
	TTL          *float64        `json:"ttl,omitempty"`
	ResultTTL    *float64        `json:"result_ttl,omitempty"`
	FailureTTL   *float64        `json:"failure_ttl,omitempty"`
	RetriesLeft  *int            `json:"retries_left,omitempty"`
	RepeatsLeft  *int            `json:"repeats_left,omitempty"`
	Group        string          `json:"group,omitempty"`
	Dependencies []string        `json:"dependencies,omitempty"`
	Dependents   []string        `json:"dependents,omitempty"`
	Running      []runningData   `json:"running,omitempty"`
	Meta         json.RawMessage `json:"meta,omitempty"`
	ExcInfo      string          `json:"exc_info,omitempty"`
	Malformed    string          `json:"malformed,omitempty"`
}

func (a *app) jobShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show JOB_ID",
		Short: "Show the details of a job",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, ids []string) error {
			job, err := a.fetch(cmd.Context(), ids[0])
			if err != nil {
				return err
			}
			d, err := describe(cmd.Context(), job)
			if err != nil {
				return err
			}
			return a.show(cmd, d, func(w io.Writer) { d.print(w) })
		},
	}
}

// fetch returns the job with this id.
func (a *app) fetch(ctx context.Context, id string) (*rq.Job, error) {
	ser, err := a.serializerOf()
	if err != nil {
		return nil, err
	}
	rdb, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	return rq.FetchJob(ctx, rdb, id, rq.WithSerializer(ser))
}

// describe reads everything that is shown of a job.
func describe(ctx context.Context, j *rq.Job) (*jobData, error) {
	d := &jobData{
		ID: j.ID(), Status: string(j.Status()), Call: calling(j), Queue: j.Origin(), Worker: j.WorkerName(), Group: j.Group(), Dependencies: j.DependencyIDs(),
		Created: orNull(j.CreatedAt()), Enqueued: orNull(j.EnqueuedAt()), Started: orNull(j.StartedAt()), Ended: orNull(j.EndedAt()),
		Timeout: secondsOf(j.Timeout()), TTL: secondsOf(j.TTL()), ResultTTL: secondsOf(j.ResultTTL()), FailureTTL: secondsOf(j.FailureTTL()),
		RetriesLeft: countOf(j.RetriesLeft()), RepeatsLeft: countOf(j.RepeatsLeft()),
	}
	if j.Description() != d.Call {
		d.Description = j.Description()
	}
	if len(j.Meta) > 0 {
		d.Meta = jsonOf(j.Meta)
	}
	if err := j.Malformed(); err != nil {
		d.Malformed = text(err)
	}
	position, queued, err := j.Position(ctx)
	if queued {
		d.Position = &position
	}
	dependents, err2 := j.DependentIDs(ctx)
	d.Dependents = dependents
	executions, err3 := j.Executions(ctx)
	for _, e := range executions {
		d.Running = append(d.Running, runningData{e.JobID, e.ID, e.CreatedAt})
	}
	var err4 error
	if j.IsFailed() || j.IsStopped() {
		d.ExcInfo, err4 = j.ExcInfo(ctx)
	}
	return d, errors.Join(err, err2, err3, err4)
}

// calling returns the job's call, or why it cannot be read.
func calling(j *rq.Job) string {
	call, err := j.Call()
	if err != nil {
		return "? (" + text(err) + ")"
	}
	return call.String()
}

// jsonOf returns a Python value as JSON, or its repr as text where JSON has no such
// value.
func jsonOf(v any) json.RawMessage {
	if data, err := pyjson.Append(nil, v); err == nil && json.Valid(data) {
		return data
	}
	data, _ := json.Marshal(pyrepr.Repr(v)) // a string can always be marshaled
	return data
}

func secondsOf(d time.Duration, said bool) *float64 {
	if !said {
		return nil
	}
	s := d.Seconds()
	return &s
}

func countOf(n int, said bool) *int {
	if !said {
		return nil
	}
	return &n
}

// print writes a line for each value that is set.
func (d *jobData) print(w io.Writer) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%-13s%s\n", name, value)
		}
	}
	line("id", d.ID)
	line("status", d.Status)
	line("call", d.Call)
	line("description", d.Description)
	if line("queue", d.Queue); d.Position != nil {
		line("position", fmt.Sprintf("%d jobs ahead", *d.Position))
	}
	for _, t := range []struct {
		name string
		at   *time.Time
	}{{"created", d.Created}, {"enqueued", d.Enqueued}, {"started", d.Started}, {"ended", d.Ended}} {
		if t.at != nil {
			line(t.name, fmt.Sprintf("%s (%s ago)", t.at.Local().Format("2006-01-02 15:04:05"), age(*t.at)))
		}
	}
	line("worker", d.Worker)
	for _, t := range []struct {
		name    string
		seconds *float64
	}{{"timeout", d.Timeout}, {"ttl", d.TTL}, {"result ttl", d.ResultTTL}, {"failure ttl", d.FailureTTL}} {
		switch {
		case t.seconds != nil && *t.seconds < 0 && t.name == "timeout":
			line(t.name, "no limit")
		case t.seconds != nil && *t.seconds < 0:
			line(t.name, "for ever")
		case t.seconds != nil:
			line(t.name, fmt.Sprintf("%g s", *t.seconds))
		}
	}
	for _, n := range []struct {
		name string
		n    *int
	}{{"retries left", d.RetriesLeft}, {"repeats left", d.RepeatsLeft}} {
		if n.n != nil {
			line(n.name, strconv.Itoa(*n.n))
		}
	}
	line("group", d.Group)
	line("depends on", strings.Join(d.Dependencies, ", "))
	line("dependents", strings.Join(d.Dependents, ", "))
	for _, r := range d.Running {
		line("runs", fmt.Sprintf("for %s %s", age(r.Since), r.ExecutionID))
	}
	line("meta", string(d.Meta))
	line("malformed", d.Malformed)
	if d.ExcInfo != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimRight(d.ExcInfo, "\n"))
	}
}
