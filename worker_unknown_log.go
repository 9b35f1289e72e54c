package rq

import (
	"log/slog"
	"time"
)

// A foreignLog warns of jobs without a handler that are left to other workers: of each
// function at once, and then once a minute while more of its jobs are found. What is in
// front of a queue is found again each time it is read, which is about once a minute.
type foreignLog struct {
	log  *slog.Logger
	told map[foreignFunc]*foreignTold
}

// A foreignFunc is a function without a handler. The zero value is all those that came
// after the first mostForeignFuncs.
type foreignFunc struct{ queue, name string }

// foreignTold is the state of the warnings about a function.
type foreignTold struct {
	jobs int       // not yet in a warning
	next time.Time // time of the next warning
}

const (
	mostForeignFuncs = 32
	foreignLogPause  = time.Minute

	foreignAdvice = ": register a handler, run a worker that has one, or let such jobs fail (UnknownFails, rq worker --fail-unknown)"
	foreignText   = "rq: jobs whose function has no handler here stay in their queue" + foreignAdvice
	foreignOthers = "rq: jobs of many other functions without a handler here stay in their queues, too" + foreignAdvice
)

// note counts a job, and warns if it is time to.
func (l *foreignLog) note(queue, function string) {
	key, text := foreignFunc{queue, function}, foreignText
	if l.told[key] == nil && len(l.told) >= mostForeignFuncs {
		key, text = foreignFunc{}, foreignOthers
	}
	t := l.told[key]
	if t == nil {
		t = &foreignTold{}
		if l.told == nil {
			l.told = map[foreignFunc]*foreignTold{}
		}
		l.told[key] = t
	}
	t.jobs++
	now := time.Now()
	if now.Before(t.next) {
		return
	}
	l.log.Warn(text, "queue", queue, "function", function, "jobs", t.jobs)
	t.jobs, t.next = 0, now.Add(foreignLogPause)
}
