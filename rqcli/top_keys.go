package rqcli

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"
	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq"
)

// A binding is a key that does something to the chosen row of a table.
type binding struct {
	key, does string
	ask       func(row) *question
}

var keysOf = [sections][]binding{
	queueSection: {{"r", "requeue all failed", func(r row) *question {
		return &question{"Requeue all failed jobs of " + r.key, func(ctx context.Context, rdb *redis.Client) error {
			_, err := rq.NewQueue(rdb, r.key).Failed().RequeueAll(ctx)
			return err
		}}
	}}},
	workerSection: {{"s", "stop", func(r row) *question {
		return &question{"Stop worker " + r.key, func(ctx context.Context, rdb *redis.Client) error { return rq.SendShutdown(ctx, rdb, r.key) }}
	}}},
	runningSection: {{"s", "stop", func(r row) *question {
		return &question{"Stop job " + r.key, func(ctx context.Context, rdb *redis.Client) error { return rq.SendStopJob(ctx, rdb, r.key) }}
	}}},
	failedSection: {{"r", "requeue", func(r row) *question {
		return &question{"Requeue job " + r.key, func(ctx context.Context, rdb *redis.Client) error {
			return rq.NewQueue(rdb, r.queue).Failed().Requeue(ctx, r.key)
		}}
	}}, {"d", "delete", func(r row) *question {
		return &question{"Delete job " + r.key, func(ctx context.Context, rdb *redis.Client) error {
			there, err := rq.NewQueue(rdb, r.queue).Failed().Delete(ctx, r.key)
			if err == nil && !there {
				return fmt.Errorf("job %s is no longer among the failed jobs", r.key)
			}
			return err
		}}
	}}},
}

// press handles a key.
func (m *top) press(key string) tea.Cmd {
	if q := m.asking; q != nil {
		m.asking = nil
		if key == "y" || key == "Y" {
			return func() tea.Msg { return m.do(q) }
		}
		if key != "ctrl+c" {
			return nil
		}
	}
	m.note = ""
	switch key {
	case "q", "ctrl+c", "esc":
		return tea.Quit
	case "tab", "right", "l":
		m.focus = (m.focus + 1) % sections
	case "shift+tab", "left", "h":
		m.focus = (m.focus + sections - 1) % sections
	case "down", "j":
		m.choose(1)
	case "up", "k":
		m.choose(-1)
	case "pgdown":
		m.choose(10)
	case "pgup":
		m.choose(-10)
	case "p":
		m.asking = m.pause()
	default:
		rows := m.rows(m.focus)
		for _, b := range keysOf[m.focus] {
			if b.key == key && len(rows) > 0 {
				m.asking = b.ask(rows[m.chosen(m.focus)])
			}
		}
	}
	return nil
}

// pause asks whether to suspend all workers, or to resume them.
func (m *top) pause() *question {
	if m.now != nil && m.now.suspended {
		return &question{"Resume all workers", func(ctx context.Context, rdb *redis.Client) error {
			_, err := rq.Resume(ctx, rdb)
			return err
		}}
	}
	return &question{"Suspend all workers", func(ctx context.Context, rdb *redis.Client) error {
		return rq.Suspend(ctx, rdb, rq.Forever)
	}}
}

func (m *top) rows(of section) []row {
	if m.now == nil {
		return nil
	}
	return m.now.rows(of)
}

// chosen returns the index of the chosen row: the row with the same key as before or,
// if that is gone, the row at its position.
func (m *top) chosen(of section) int {
	rows := m.rows(of)
	for i, r := range rows {
		if r.key == m.keys[of] {
			m.places[of] = i
			return i
		}
	}
	return max(min(m.places[of], len(rows)-1), 0)
}

// choose moves the selection in the focused table.
func (m *top) choose(by int) {
	rows := m.rows(m.focus)
	if len(rows) == 0 {
		return
	}
	i := max(min(m.chosen(m.focus)+by, len(rows)-1), 0)
	m.places[m.focus], m.keys[m.focus] = i, rows[i].key
}
