package rq

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
)

// A command is what RQ's tools tell a worker (rq/command.py).
type command struct {
	Command     string `json:"command"`
	JobID       string `json:"job_id"`
	ExecutionID string `json:"execution_id"`
}

// A listener obeys the commands that RQ's tools send to a worker.
type listener struct {
	db      *redis.Client
	worker  string
	health  time.Duration // between checks of the connection
	running *executions
	log     *slog.Logger
	hears   func(ctx context.Context, may bool) // notes whether the worker may listen
	stop    func()                              // ends the worker
}

// listenAgain is the time between attempts to listen where it is not permitted.
const listenAgain = time.Minute

// listen obeys commands until ctx ends. It closes ready when it listens, or has
// failed to for the first time. After a lost connection go-redis subscribes again;
// where the user of the connection may not subscribe, that would be several times a
// second, so it waits in between.
func (l *listener) listen(ctx context.Context, ready chan<- struct{}) {
	for first := true; ; first = false {
		sub := l.db.Subscribe(ctx, keys.Commands(l.worker))
		_, err := sub.ReceiveTimeout(ctx, booksGrace)
		if err != nil && ctx.Err() == nil && (first || !redisx.IsNotPermitted(err)) {
			l.log.Error("rq: subscribe to commands", "error", err)
		}
		l.hears(ctx, !redisx.IsNotPermitted(err))
		if first {
			close(ready)
		}
		if redisx.IsNotPermitted(err) {
			_ = sub.Close()
			if !sleep(ctx, listenAgain) {
				return
			}
			continue
		}
		l.obeyAll(ctx, sub)
		return
	}
}

// obeyAll obeys the commands that come until ctx ends.
func (l *listener) obeyAll(ctx context.Context, sub *redis.PubSub) {
	defer func() { _ = sub.Close() }()
	messages := sub.Channel(redis.WithChannelHealthCheckInterval(l.health))
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-messages:
			if !ok {
				return
			}
			l.obey(m.Payload)
		}
	}
}

// obey does what a command says. Others than RQ's are ignored.
func (l *listener) obey(payload string) {
	var c command
	if err := json.Unmarshal([]byte(payload), &c); err != nil {
		l.log.Warn("rq: a command that is not JSON", "command", payload)
		return
	}
	l.log.Info("rq: command", "command", c.Command, "job", c.JobID)
	switch c.Command {
	case "shutdown":
		l.stop()
	case "kill-horse":
		l.endJobs(errKilled, func(*execution) bool { return true })
	case "stop-job":
		l.endJobs(errStopped, func(e *execution) bool { return e.jobID == c.JobID })
	case "stop-execution":
		l.endJobs(errStopped, func(e *execution) bool { return e.id == c.ExecutionID })
	}
}

// endJobs ends the contexts of handlers.
func (l *listener) endJobs(cause error, which func(*execution) bool) {
	n := 0
	for _, e := range l.running.all() {
		if which(e) {
			e.cancel(cause)
			n++
		}
	}
	if n == 0 {
		l.log.Warn("rq: the command is about no running job")
	}
}
