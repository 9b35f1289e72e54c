package rqcli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// An overview is what `rq info` shows.
type overview struct {
	Queues  []queueData  `json:"queues,omitzero"` // nil where a flag leaves them out, like the workers
	Workers []workerData `json:"workers,omitzero"`
	Updated time.Time    `json:"updated"`
}

// queueData is a queue as --json prints it.
type queueData struct {
	Name      string `json:"name"`
	Queued    int    `json:"queued"`
	Started   int    `json:"started"`
	Finished  int    `json:"finished"`
	Failed    int    `json:"failed"`
	Deferred  int    `json:"deferred"`
	Ready     int    `json:"ready"`
	Scheduled int    `json:"scheduled"`
	Canceled  int    `json:"canceled"`
	Workers   int    `json:"workers"`
}

func dataOfQueue(i rq.QueueInfo) queueData {
	return queueData{i.Name, i.Queued, i.Started, i.Finished, i.Failed, i.Deferred, i.Ready, i.Scheduled, i.Canceled, i.Workers}
}

// workerData is a worker as --json prints it.
type workerData struct {
	Name              string     `json:"name"`
	State             string     `json:"state"`
	Queues            []string   `json:"queues"`
	CurrentJobID      string     `json:"current_job_id,omitempty"`
	Hostname          string     `json:"hostname"`
	IPAddress         string     `json:"ip_address"`
	PID               int        `json:"pid"`
	Succeeded         int        `json:"succeeded"`
	Failed            int        `json:"failed"`
	WorkingSeconds    float64    `json:"working_seconds"`
	Birth             time.Time  `json:"birth,omitzero"`
	LastHeartbeat     time.Time  `json:"last_heartbeat,omitzero"`
	ShutdownRequested *time.Time `json:"shutdown_requested,omitempty"`
	Version           string     `json:"version"`
	PythonVersion     string     `json:"python_version"`

	Running []runningData `json:"running,omitempty"`
}

func dataOfWorker(w rq.WorkerInfo) workerData {
	d := workerData{
		Name: w.Name, State: w.State, Queues: append([]string{}, w.Queues...), CurrentJobID: w.CurrentJobID, Hostname: w.Hostname, IPAddress: w.IPAddress, PID: w.PID,
		Succeeded: w.Succeeded, Failed: w.Failed, WorkingSeconds: w.WorkingTime.Seconds(), Birth: w.Birth, LastHeartbeat: w.LastHeartbeat,
		Version: w.Version, PythonVersion: w.PythonVersion,
	}
	if !w.ShutdownRequested.IsZero() {
		d.ShutdownRequested = &w.ShutdownRequested
	}
	return d
}

// mostSeconds is a year: a longer interval is a mistake, and may not fit in a Duration.
const mostSeconds = 365 * 24 * 3600

// infoFlags are the flags of `rq info`.
type infoFlags struct {
	interval                              float64
	raw, onlyQueues, onlyWorkers, byQueue bool
}

func (a *app) info() *cobra.Command {
	var f infoFlags
	cmd := &cobra.Command{
		Use:   "info [QUEUE...]",
		Short: "Show queues and workers",
		Long: `Shows how many jobs are in each queue and its registries, and which workers exist.
It changes nothing: Python's command cleans up expired entries first, this one just
leaves them out of the counts. Without names it shows all queues and all workers.`,
		Args: args(cobra.ArbitraryArgs),
		RunE: func(cmd *cobra.Command, names []string) error {
			if !(f.interval >= 0 && f.interval <= mostSeconds) { // NaN fails both
				return usagef("--interval %v: must be a number of seconds", f.interval)
			}
			for {
				err := a.showInfo(cmd, f, names)
				if f.interval == 0 {
					return err
				}
				if cmd.Context().Err() == nil && err != nil {
					return err
				}
				select {
				case <-cmd.Context().Done():
					return nil // an interrupt is the way to stop it
				case <-time.After(time.Duration(f.interval * float64(time.Second))):
				}
			}
		},
	}
	flags := cmd.Flags()
	flags.Float64VarP(&f.interval, "interval", "i", 0, "refresh every so many seconds")
	flags.BoolVarP(&f.raw, "raw", "r", false, "print only the raw numbers, without bars and totals")
	flags.BoolVarP(&f.onlyQueues, "only-queues", "Q", false, "show only the queues")
	flags.BoolVarP(&f.onlyWorkers, "only-workers", "W", false, "show only the workers")
	flags.BoolVarP(&f.byQueue, "by-queue", "R", false, "show the workers of each queue")
	return cmd
}

func (a *app) showInfo(cmd *cobra.Command, f infoFlags, names []string) error {
	o, err := a.overview(cmd.Context(), f, names)
	if err != nil {
		return err
	}
	if _, tty := terminal(cmd.OutOrStdout()); tty && f.interval > 0 && !a.json {
		fmt.Fprint(cmd.OutOrStdout(), "\x1b[H\x1b[2J")
	}
	shown := o
	if f.onlyQueues {
		shown.Workers = nil
	} else if f.onlyWorkers {
		shown.Queues = nil
	}
	return a.show(cmd, shown, func(w io.Writer) { f.print(w, o, width(cmd), paint(cmd)) })
}

// overview reads what is shown, in a number of round trips that hardly grows with it.
func (a *app) overview(ctx context.Context, f infoFlags, names []string) (o overview, err error) {
	o.Queues, o.Workers = []queueData{}, []workerData{}
	queues, err := a.queues(ctx, names, len(names) == 0)
	if err != nil {
		return o, err
	}
	all := make([]string, len(queues))
	for i, q := range queues {
		all[i] = q.Name()
	}
	infos, err := rq.QueueInfos(ctx, a.client, all...)
	if err != nil {
		return o, err
	}
	for _, i := range infos {
		o.Queues = append(o.Queues, dataOfQueue(i))
	}
	if o.Updated = time.Now(); f.onlyQueues {
		return o, nil
	}
	workers, err := rq.Workers(ctx, a.client)
	for _, w := range workers {
		if len(names) == 0 || slices.ContainsFunc(w.Queues, func(q string) bool { return slices.Contains(names, q) }) {
			o.Workers = append(o.Workers, dataOfWorker(w))
		}
	}
	return o, err
}

// print writes the overview in the form of RQ's.
func (f infoFlags) print(w io.Writer, o overview, width int, paint func(colour, string) string) {
	end := func(format string, args ...any) {
		if !f.raw {
			fmt.Fprintf(w, format, args...)
		}
	}
	if f.onlyQueues || !f.onlyWorkers {
		f.printQueues(w, o.Queues, width, paint)
		jobs := 0
		for _, q := range o.Queues {
			jobs += q.Queued
		}
		end("%d queues, %d jobs total\n", len(o.Queues), jobs)
	}
	if f.onlyQueues {
		return
	}
	if !f.onlyWorkers {
		end("\n")
	}
	if f.byQueue {
		printByQueue(w, o, paint)
	} else {
		f.printWorkers(w, o.Workers, paint)
	}
	end("%d workers, %d queues\n", len(o.Workers), len(o.Queues))
	if !f.onlyWorkers {
		end("\nUpdated: %s\n", o.Updated.Format("2006-01-02 15:04:05.000000"))
	}
}

func (f infoFlags) printQueues(w io.Writer, queues []queueData, width int, paint func(colour, string) string) {
	most := 0
	for _, q := range queues {
		most = max(most, q.Queued)
	}
	perJob := float64(min(20, max(width-20, 0))) / float64(scaleOf(most))
	for _, q := range queues {
		rest := fmt.Sprintf("%d, %d executing, %d finished, %d failed", q.Queued, q.Started, q.Finished, q.Failed)
		if f.raw {
			fmt.Fprintf(w, "queue %s %s\n", q.Name, rest)
		} else {
			fmt.Fprintf(w, "%-12s %s %s\n", q.Name, paint(green, "|"+strings.Repeat("█", int(perJob*float64(q.Queued)))), rest)
		}
	}
}

// scaleOf returns how many jobs the longest possible bar stands for.
func scaleOf(most int) int {
	for _, scale := range []int{20, 50, 100, 200, 400, 600, 800, 1000} {
		if most <= scale {
			return scale
		}
	}
	return most
}

func (f infoFlags) printWorkers(w io.Writer, workers []workerData, paint func(colour, string) string) {
	for _, v := range workers {
		rest := fmt.Sprintf("%s. jobs: %d finished, %d failed", strings.Join(v.Queues, ", "), v.Succeeded, v.Failed)
		who := fmt.Sprintf("%s (%s %s %d)", v.Name, v.Hostname, v.IPAddress, v.PID)
		if f.raw {
			fmt.Fprintf(w, "worker %s %s %s\n", who, v.State, rest)
		} else {
			fmt.Fprintf(w, "%s: %s %s\n", who, paint(colourOf(v.State), v.State), rest)
		}
	}
}

func printByQueue(w io.Writer, o overview, paint func(colour, string) string) {
	longest := 0
	of := map[string][]string{}
	for _, v := range o.Workers {
		for _, name := range v.Queues {
			of[name] = append(of[name], fmt.Sprintf("%s (%s)", v.Name, paint(colourOf(v.State), v.State)))
		}
	}
	for _, q := range o.Queues {
		longest = max(longest, len(q.Name))
	}
	for _, q := range o.Queues {
		workers := "–"
		if len(of[q.Name]) > 0 {
			workers = strings.Join(of[q.Name], ", ")
		}
		fmt.Fprintf(w, "%-*s %s\n", longest+1, q.Name+":", workers)
	}
}

// colourOf returns the colour in which RQ shows a worker's state.
func colourOf(state string) colour {
	switch state {
	case "busy":
		return red
	case "idle":
		return green
	case "suspended":
		return yellow
	}
	return normal
}
