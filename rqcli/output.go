package rqcli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// text returns the text of an error without the prefix "rq: ".
func text(err error) string { return strings.TrimPrefix(err.Error(), "rq: ") }

// shown returns a stream on which text from Redis is safe to print: on a terminal,
// control characters are shown and not interpreted.
func shown(stream io.Writer) io.Writer {
	if _, tty := terminal(stream); tty {
		return harmless{stream}
	}
	return stream
}

// harmless escapes control characters and changes of text direction as Python's repr
// does, except line ends, tabs and the colours of paint. Each write must consist of
// whole characters.
type harmless struct{ io.Writer }

var unseen = regexp.MustCompile(`\x1b\[(?:0|1|7|3[1-4])m|[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)

func (h harmless) Write(p []byte) (int, error) {
	_, err := h.Writer.Write(unseen.ReplaceAllFunc(p, func(c []byte) []byte {
		if len(c) > 2 && c[0] == '\x1b' {
			return c
		}
		text := strconv.QuoteToASCII(string(c))
		return []byte(text[1 : len(text)-1])
	}))
	return len(p), err
}

// soFar adds to an error how many jobs were handled before it.
func soFar(err error, done int, what string) error {
	if done == 0 {
		return err
	}
	return fmt.Errorf("%w; %d jobs were %s before the error", err, done, what)
}

// show prints data: as JSON with --json, otherwise with asText.
func (a *app) show(cmd *cobra.Command, data any, asText func(w io.Writer)) error {
	w := bufio.NewWriter(cmd.OutOrStdout())
	if a.json {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		if err := enc.Encode(data); err != nil {
			return err
		}
	} else if _, tty := terminal(cmd.OutOrStdout()); tty {
		asText(harmless{w})
	} else {
		asText(w)
	}
	return w.Flush()
}

// age returns how long ago t was, in a few letters.
func age(t time.Time) string { return ageAt(time.Now(), t) }

// ageAt is age at a given time.
func ageAt(now, t time.Time) string {
	switch d := max(now.Sub(t), 0); {
	case t.IsZero():
		return "?"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	default:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	}
}

// oneLine returns text on one line, without control characters.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// cut returns text as one line of at most so many columns.
func cut(s string, width int) string { return ansi.Truncate(oneLine(s), max(width, 0), "…") }

// terminal returns the file behind a stream if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

// width returns how many columns the output has, 80 if that is unknown.
func width(cmd *cobra.Command) int {
	if f, ok := terminal(cmd.OutOrStdout()); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// A colour is how a terminal shows text.
type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	blue   colour = "34"
	normal colour = ""

	bold    colour = "1"
	reverse colour = "7"
)

// paint returns a function that colours text, if the output is a terminal and
// NO_COLOR is not set.
func paint(cmd *cobra.Command) func(colour, string) string {
	_, tty := terminal(cmd.OutOrStdout())
	if !tty || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return func(_ colour, s string) string { return s }
	}
	return func(c colour, s string) string {
		if c == normal {
			return s
		}
		return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
	}
}

// A meter shows the progress of long work, on a terminal only.
type meter struct {
	what string
	w    io.Writer // nil unless it is a terminal
	bar  *progressbar.ProgressBar
}

func progress(cmd *cobra.Command, what string) *meter {
	m := &meter{what: what}
	if _, tty := terminal(cmd.ErrOrStderr()); tty {
		m.w = cmd.ErrOrStderr()
	}
	return m
}

// tick updates the progress.
func (m *meter) tick(done, total int) {
	if m.w == nil {
		return
	}
	if m.bar == nil {
		m.bar = progressbar.NewOptions(total, progressbar.OptionSetDescription(m.what), progressbar.OptionSetWriter(m.w),
			progressbar.OptionShowCount(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
	}
	m.bar.ChangeMax(total)
	_ = m.bar.Set(done)
}

// clear removes the meter for a line of text.
func (m *meter) clear() {
	if m.bar != nil {
		_ = m.bar.Clear()
	}
}

// end removes the meter.
func (m *meter) end() {
	if m.bar != nil {
		_ = m.bar.Finish()
	}
}

// confirm asks before jobs are removed. --yes answers it. Without a terminal it returns
// an error.
func (a *app) confirm(cmd *cobra.Command, question string) error {
	if a.yes {
		return nil
	}
	in, ok := terminal(cmd.InOrStdin())
	if !ok {
		return fmt.Errorf("%s: use --yes to confirm, there is no terminal to ask on", question)
	}
	fmt.Fprintf(shown(cmd.ErrOrStderr()), "%s? [y/N] ", question)
	answers := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n') // the end of the input is a no
		answers <- strings.ToLower(strings.TrimSpace(line))
	}()
	answer := ""
	select {
	case answer = <-answers:
	case <-cmd.Context().Done(): // an interrupt; the process ends, and the goroutine with it
	}
	if answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// confirmIfAsked asks only on a terminal: RQ's own commands do not ask, and scripts
// that use them must still work.
func (a *app) confirmIfAsked(cmd *cobra.Command, question string) error {
	if _, ok := terminal(cmd.InOrStdin()); !ok {
		return nil
	}
	return a.confirm(cmd, question)
}
