package rqcli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A column of a table has a fixed width, or if that is negative, a share of the rest.
type column struct {
	title string
	width int
	right bool
}

// A row of a table. Its key is the job id, or the name of the queue or worker.
type row struct {
	key, queue string
	cells      []string
}

// A section is a part of the screen.
type section int

const (
	queueSection section = iota
	workerSection
	runningSection
	failedSection
	sections
)

var columns = [sections][]column{
	{{"QUEUES", -1, false}, {"WAITING", 8, true}, {"RUNNING", 8, true}, {"FINISHED", 9, true}, {"FAILED", 7, true}, {"DEFERRED", 9, true}, {"SCHEDULED", 10, true}, {"WORKERS", 8, true}},
	{{"WORKERS", -2, false}, {"STATE", 10, false}, {"ON", -1, false}, {"FINISHED", 9, true}, {"FAILED", 7, true}, {"HEARTBEAT", 10, true}},
	{{"RUNNING", -2, false}, {"FUNCTION", -2, false}, {"QUEUE", -1, false}, {"WORKER", -1, false}, {"FOR", 7, true}},
	{{"FAILED", -2, false}, {"WHY", -3, false}, {"FUNCTION", -2, false}, {"QUEUE", -1, false}, {"AGO", 7, true}},
}

// rows returns the table of a section.
func (s *snapshot) rows(of section) []row {
	var rows []row
	switch of {
	case queueSection:
		for _, q := range s.queues {
			n := strconv.Itoa
			rows = append(rows, row{q.Name, q.Name, []string{q.Name, n(q.Queued), n(q.Started), n(q.Finished), n(q.Failed), n(q.Deferred), n(q.Scheduled), n(q.Workers)}})
		}
	case workerSection:
		for _, w := range s.workers {
			state := w.State
			if w.ShutdownRequested != nil {
				state = "stopping"
			}
			rows = append(rows, row{w.Name, "", []string{w.Name, state, strings.Join(w.Queues, ","), strconv.Itoa(w.Succeeded), strconv.Itoa(w.Failed), ageAt(s.at, w.LastHeartbeat)}})
		}
	case runningSection:
		for _, j := range s.running {
			rows = append(rows, row{j.id, j.queue, []string{j.id, j.function, j.queue, j.worker, ageAt(s.at, j.at)}})
		}
	case failedSection:
		for _, j := range s.failed {
			rows = append(rows, row{j.id, j.queue, []string{j.id, j.failure, j.function, j.queue, ageAt(s.at, j.at)}})
		}
	}
	return rows
}

// screen draws the whole screen, with no line wider than it.
func (m *top) screen() string {
	lines := []string{m.header()}
	heights := m.heights()
	for of := range sections {
		lines = append(lines, m.table(of, heights[of])...)
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines[:max(m.height-1, 0)], m.footer())
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, m.width, "")
	}
	return strings.Join(lines, "\n")
}

func (m *top) header() string {
	s := m.now
	switch {
	case m.err != nil:
		return m.paint(red, cut("cannot read: "+text(m.err), m.width))
	case s == nil:
		return "rq top " + m.where
	}
	finished, failed := s.rates(m.before)
	busy := 0
	for _, w := range s.workers {
		if w.State == "busy" {
			busy++
		}
	}
	line := fmt.Sprintf("%s  %s  %.1f/s done  %.1f/s failed  %d of %d workers busy", s.at.Format("15:04:05"), m.where, finished, failed, busy, len(s.workers))
	if s.suspended {
		line = m.paint(yellow, "SUSPENDED") + "  " + line
	}
	return line
}

// heights divides the lines among the tables. Each gets up to a quarter, and the
// focused one first gets what the others do not need.
func (m *top) heights() (heights [sections]int) {
	left := max(m.height-2-int(sections), 0)
	share := left / int(sections)
	var need [sections]int
	for of := range sections {
		need[of] = len(m.rows(of))
		heights[of] = min(need[of], share)
		left -= heights[of]
	}
	for _, of := range []section{m.focus, queueSection, failedSection, runningSection, workerSection} {
		more := min(left, need[of]-heights[of])
		heights[of] += more
		left -= more
	}
	return heights
}

// table draws a section: its heading and as many rows as fit, including the chosen one.
func (m *top) table(of section, height int) []string {
	rows := m.rows(of)
	cols := columns[of]
	widths := widthsOf(cols, rows, m.width)
	heading := make([]string, len(cols))
	for i, c := range cols {
		heading[i] = c.title
	}
	if heading[0] = fmt.Sprintf("%s (%d)", cols[0].title, m.total(of)); len(rows) == 0 {
		heading[0] = cols[0].title + " (0)"
	}
	mark := bold
	if of == m.focus {
		mark = reverse
	}
	lines := []string{m.paint(mark, joined(cols, widths, heading))}
	chosen := m.chosen(of)
	first := max(0, chosen-height+1)
	for i := first; i < min(len(rows), first+height); i++ {
		line := joined(cols, widths, rows[i].cells)
		switch {
		case of == m.focus && i == chosen:
			line = m.paint(reverse, line)
		case of == workerSection:
			line = m.paint(colourOf(rows[i].cells[1]), line)
		}
		lines = append(lines, line)
	}
	return lines
}

// total returns how many there are. The snapshot may hold only some of them.
func (m *top) total(of section) int {
	n := 0
	if m.now == nil {
		return 0
	}
	switch of {
	case runningSection:
		for _, q := range m.now.queues {
			n += q.Started
		}
	case failedSection:
		for _, q := range m.now.queues {
			n += q.Failed
		}
	default:
		n = len(m.rows(of))
	}
	return n
}

// widthsOf returns the widths of columns: as much as they need, or if that is too much,
// their shares of the screen. There is one space between two columns.
func widthsOf(cols []column, rows []row, width int) []int {
	left, shares, needed := width-len(cols)+1, 0, 0
	widths := make([]int, len(cols))
	for i, c := range cols {
		if widths[i] = c.width; c.width > 0 {
			left -= c.width
			continue
		}
		if widths[i] = len(c.title); i == 0 {
			widths[i] += len(" (1000)")
		}
		for _, r := range rows {
			widths[i] = max(widths[i], ansi.StringWidth(r.cells[i]))
		}
		shares -= c.width
		needed += widths[i]
	}
	if needed <= left {
		return widths
	}
	for i, c := range cols {
		if c.width < 0 {
			widths[i] = max(left*-c.width/shares, 4)
		}
	}
	return widths
}

// joined puts cells side by side, each cut to its column.
func joined(cols []column, widths []int, cells []string) string {
	var b strings.Builder
	for i, cell := range cells {
		cell = cut(cell, widths[i])
		pad := strings.Repeat(" ", max(widths[i]-ansi.StringWidth(cell), 0))
		if i > 0 {
			b.WriteByte(' ')
		}
		if cols[i].right {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	return b.String()
}

func (m *top) footer() string {
	if m.asking != nil {
		return m.paint(yellow, cut(m.asking.text, m.width-8)+"? (y/n)")
	}
	if m.note != "" {
		return m.note
	}
	keys := []string{"tab: next table", "↑↓: choose"}
	for _, k := range keysOf[m.focus] {
		keys = append(keys, k.key+": "+k.does)
	}
	return strings.Join(append(keys, "p: pause workers", "q: quit"), "  ")
}
