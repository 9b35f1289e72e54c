package rqcli

import (
	"context"
	"errors"
	"fmt"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/rqgo/rq"
)

func (a *app) top() *cobra.Command {
	var interval float64
	cmd := &cobra.Command{
		Use:   "top",
		Short: "Watch queues, workers, running and failed jobs",
		Long: `Shows queues, workers, running and failed jobs on the full screen, and keeps them up
to date. Jobs can be requeued, stopped and deleted, and workers stopped and suspended;
each action is confirmed first.`,
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !(interval >= 0.1 && interval <= mostSeconds) { // NaN fails both
				return usagef("--interval %v: must be 0.1 seconds or more", interval)
			}
			out, ok := terminal(cmd.OutOrStdout())
			in, ok2 := terminal(cmd.InOrStdin())
			if !ok || !ok2 {
				return errors.New("top needs a terminal: use `rq info --json` in programs")
			}
			rdb, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			ser, err := a.serializerOf()
			if err != nil {
				return err
			}
			m := newTop(cmd.Context(), rdb, time.Duration(interval*float64(time.Second)), rq.WithSerializer(ser))
			m.paint = paint(cmd)
			_, err = tea.NewProgram(m, tea.WithContext(cmd.Context()), tea.WithInput(in), tea.WithOutput(out)).Run()
			return unlessQuit(err)
		},
	}
	cmd.Flags().Float64VarP(&interval, "interval", "i", 1, "seconds between refreshes")
	return cmd
}

// unlessQuit returns the error of the program, unless it is an interrupt, which is one
// way to quit.
func unlessQuit(err error) error {
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// A top is the state of the screen of `rq top`.
type top struct {
	where         string
	interval      time.Duration
	width, height int
	paint         func(colour, string) string

	now, before *snapshot
	err         error // from the last look
	focus       section
	keys        [sections]string // of the chosen rows
	places      [sections]int    // the positions of these rows
	asking      *question
	note        string // the result of the last action

	look func() tea.Msg
	do   func(*question) tea.Msg
}

// A question is an action to be confirmed.
type question struct {
	text string
	do   func(context.Context, *redis.Client) error
}

// Messages to the program.
type (
	looked struct {
		snapshot *snapshot
		err      error
		between  bool // not one of the regular looks
	}
	lookAgain struct{}
	done      struct {
		what string
		err  error
	}
)

func newTop(ctx context.Context, rdb *redis.Client, interval time.Duration, queueOpts ...rq.QueueOption) *top {
	opts := rdb.Options()
	return &top{
		where: fmt.Sprintf("%s/%d", opts.Addr, opts.DB), interval: interval, width: 80, height: 24,
		paint: func(_ colour, s string) string { return s },
		look: func() tea.Msg {
			s, err := look(ctx, rdb, queueOpts...)
			return looked{s, err, false}
		},
		do: func(q *question) tea.Msg { return done{q.text, q.do(ctx, rdb)} },
	}
}

// Init looks for the first time.
func (m *top) Init() tea.Cmd { return m.look }

// View draws the screen.
func (m *top) View() tea.View {
	v := tea.NewView(m.screen())
	v.AltScreen, v.WindowTitle = true, "rq top"
	return v
}

// Update takes what happens into account.
func (m *top) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
	case looked:
		late := msg.err == nil && m.now != nil && msg.snapshot.at.Before(m.now.at) // one in between was faster
		if m.err = msg.err; msg.err == nil && !late {
			if !msg.between {
				m.before = m.now
			}
			m.now = msg.snapshot
		}
		if msg.between {
			return m, nil
		}
		return m, tea.Tick(m.interval, func(time.Time) tea.Msg { return lookAgain{} })
	case lookAgain:
		return m, m.look
	case done:
		if m.note = cut(msg.what+": done", m.width); msg.err != nil {
			m.note = m.paint(red, cut(text(msg.err), m.width))
		}
		return m, func() tea.Msg {
			l, _ := m.look().(looked)
			l.between = true
			return l
		}
	case tea.KeyPressMsg:
		return m, m.press(msg.String())
	}
	return m, nil
}
