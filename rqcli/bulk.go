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

// A bulk reports on a command for many jobs. It prints each skipped job at once, since
// there can be more than fit in memory.
type bulk struct {
	json    *bufio.Writer // nil unless --json
	errs    io.Writer
	skipped int
	meter   *meter
}

// bulk calls do, shows its progress, and reports the skipped jobs. unable is the format
// of their number.
func (a *app) bulk(cmd *cobra.Command, unable string, do func(*bulk) (int, error)) error {
	b := &bulk{errs: shown(cmd.ErrOrStderr()), meter: progress(cmd, "")}
	if a.json {
		b.json = bufio.NewWriter(cmd.OutOrStdout())
		fmt.Fprint(b.json, "{\n  \"skipped\": [")
	}
	n, err := do(b)
	b.meter.end()
	if errors.As(err, new(*rq.SkippedError)) {
		err = nil
	}
	switch err = errors.Join(err, b.end(n)); {
	case err != nil:
		return err
	case b.skipped == 0:
		return nil
	case !a.json:
		fmt.Fprintf(cmd.ErrOrStderr(), unable+"\n", b.skipped)
	}
	return errReported
}

// options make the library report to b.
func (b *bulk) options() []rq.BulkOption {
	return []rq.BulkOption{rq.Progress(b.meter.tick), rq.OnSkip(b.skip)}
}

// skip reports a skipped job. A failed write is returned by end.
func (b *bulk) skip(id string, err error) {
	b.skipped++
	if b.json == nil {
		b.meter.clear()
		fmt.Fprintln(b.errs, text(err)) // the error names the job
		return
	}
	if b.skipped > 1 {
		fmt.Fprint(b.json, ",")
	}
	line, _ := json.Marshal(struct { // two strings can always be marshaled
		ID     string `json:"id"`
		Reason string `json:"reason"`
	}{id, text(err)})
	fmt.Fprintf(b.json, "\n    %s", line)
}

// end prints how many jobs were not skipped.
func (b *bulk) end(done int) error {
	if b.json == nil {
		return nil
	}
	if b.skipped > 0 {
		fmt.Fprint(b.json, "\n  ")
	}
	fmt.Fprintf(b.json, "],\n  \"done\": %d\n}\n", done)
	return b.json.Flush()
}

// oneByOne is for operations that the library has for single jobs only.
func (b *bulk) oneByOne(ids []string, do func(id string) error) (done int, err error) {
	for i, id := range ids {
		err := do(id)
		switch {
		case err == nil:
			done++
		case errors.Is(err, rq.ErrNoSuchJob), errors.Is(err, rq.ErrInvalidJobOperation), errors.Is(err, rq.ErrNoSuchWorker), errors.As(err, new(*rq.InvalidError)):
			b.skip(id, err)
		default:
			return done, soFar(err, done, "done")
		}
		b.meter.tick(i+1, len(ids))
	}
	return done, nil
}
