package rqcli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

// A ledger tells what becomes of many jobs, each that is skipped as it comes: there
// can be more of them than fit in memory.
type ledger struct {
	json    *bufio.Writer // nil unless --json
	errs    io.Writer
	skipped int
	meter   *meter
}

// many does something with many jobs, shows how it goes, and names those that were
// skipped. unable says how many these were.
func (a *app) many(cmd *cobra.Command, unable string, do func(*ledger) (int, error)) error {
	l := &ledger{errs: shown(cmd.ErrOrStderr()), meter: progress(cmd, "")}
	if a.json {
		l.json = bufio.NewWriter(cmd.OutOrStdout())
		fmt.Fprint(l.json, "{\n  \"skipped\": [")
	}
	n, err := do(l)
	l.meter.end()
	if errors.As(err, new(*rq.SkippedError)) {
		err = nil
	}
	switch err = errors.Join(err, l.end(n)); {
	case err != nil:
		return err
	case l.skipped == 0:
		return nil
	case !a.json:
		fmt.Fprintf(cmd.ErrOrStderr(), unable+"\n", l.skipped)
	}
	return errSaid
}

// options are those that have the library tell the ledger.
func (l *ledger) options() []rq.BulkOption {
	return []rq.BulkOption{rq.Progress(l.meter.tick), rq.OnSkip(l.skip)}
}

// skip names a job that was skipped. A failure to write is that of end.
func (l *ledger) skip(id string, err error) {
	l.skipped++
	if l.json == nil {
		l.meter.clear()
		fmt.Fprintln(l.errs, text(err)) // which names it
		return
	}
	if l.skipped > 1 {
		fmt.Fprint(l.json, ",")
	}
	line, _ := json.Marshal(struct { // two strings always can be
		ID     string `json:"id"`
		Reason string `json:"reason"`
	}{id, text(err)})
	fmt.Fprintf(l.json, "\n    %s", line)
}

// end says how many jobs were not skipped.
func (l *ledger) end(done int) error {
	if l.json == nil {
		return nil
	}
	if l.skipped > 0 {
		fmt.Fprint(l.json, "\n  ")
	}
	fmt.Fprintf(l.json, "],\n  \"done\": %d\n}\n", done)
	return l.json.Flush()
}

// oneByOne is for what the library does with one job only.
func (l *ledger) oneByOne(ids []string, do func(id string) error) (done int, err error) {
	for i, id := range ids {
		err := do(id)
		switch {
		case err == nil:
			done++
		case errors.Is(err, rq.ErrNoSuchJob), errors.Is(err, rq.ErrInvalidJobOperation), errors.Is(err, rq.ErrNoSuchWorker), errors.As(err, new(*rq.InvalidError)):
			l.skip(id, err)
		default:
			return done, soFar(err, done, "done")
		}
		l.meter.tick(i+1, len(ids))
	}
	return done, nil
}
