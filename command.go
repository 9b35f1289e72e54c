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

// A command is a message from RQ's tools to a worker (rq/command.py).
type command struct {
	Command     string `json:"command"`
	JobID       string `json:"job_id"`
	ExecutionID string `json:"execution_id"`
}

// A listener receives and obeys the commands that RQ's tools send to a worker.
type listener struct {
	db            *redis.Client
	worker        string
	health        time.Duration // between checks of the connection
	running       *executions
	log           *slog.Logger
	noteListening func(ctx context.Context, may bool) // records whether the worker may listen
	stop          func()                              // shuts the worker down
}

// listenAgain is the time between attempts to listen where it is not permitted.
const listenAgain = time.Minute

// listen obeys commands until ctx ends. It closes ready once it listens, or after its
// first failure. go-redis subscribes again after a lost connection, and without the
// permission to subscribe it would retry several times a second, so listen waits in
// between.
func (l *listener) listen(ctx context.Context, ready chan<- struct{}) {
	for failures := 0; ; failures++ {
		sub := l.db.Subscribe(ctx, keys.Commands(l.worker))
		_, err := sub.ReceiveTimeout(ctx, writeGrace)
		refused := redisx.IsNotPermitted(err)
		if err != nil && ctx.Err() == nil && (failures == 0 || !refused) {
			l.log.Error("rq: subscribe to commands", "error", err)
		}
		if err == nil || refused {
			l.noteListening(ctx, err == nil)
		}
		if failures == 0 {
			close(ready)
		}
		if err == nil {
			l.obeyAll(ctx, sub)
			return
		}
		_ = sub.Close()
		wait := backOff(failures)
		if refused {
			wait = listenAgain
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// obeyAll obeys commands until ctx ends.
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

// obey carries out a command. Commands that RQ does not have are ignored.
func (l *listener) obey(payload string) {
	var c command
	if err := json.Unmarshal([]byte(payload), &c); err != nil {
		l.log.Warn("rq: received a command that cannot be read", "command", payload)
		return
	}
	l.log.Info("rq: received command", "command", c.Command, "job", c.JobID)
	switch c.Command {
	case "shutdown":
		l.stop()
	case "kill-horse":
		l.cancelJobs(errKilled, func(*execution) bool { return true })
	case "stop-job":
		l.cancelJobs(errStopped, func(e *execution) bool { return e.jobID == c.JobID })
	case "stop-execution":
		l.cancelJobs(errStopped, func(e *execution) bool { return e.id == c.ExecutionID })
	}
}

// cancelJobs cancels the contexts of the executions that match.
func (l *listener) cancelJobs(cause error, which func(*execution) bool) {
	n := 0
	for _, e := range l.running.all() {
		if which(e) {
			e.cancel(cause)
			n++
		}
	}
	if n == 0 {
		l.log.Warn("rq: the command matches no running job")
	}
}
