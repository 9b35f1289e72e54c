package rq

import (
	"context"
	"encoding/json"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
)

// A command is what RQ's tools tell a worker (rq/command.py).
type command struct {
	Command     string `json:"command"`
	JobID       string `json:"job_id"`
	ExecutionID string `json:"execution_id"`
}

// listen obeys commands until ctx ends. It closes ready when it listens, or has
// failed to for the first time. After a lost connection go-redis subscribes again.
func (r *run) listen(ctx context.Context, ready chan<- struct{}) {
	sub := r.db.Subscribe(ctx, keys.Commands(r.cfg.Name))
	defer func() { _ = sub.Close() }()
	if _, err := sub.ReceiveTimeout(ctx, booksGrace); err != nil && ctx.Err() == nil {
		r.log.Error("rq: subscribe to commands", "error", err)
	}
	close(ready)
	messages := sub.Channel(redis.WithChannelHealthCheckInterval(r.cfg.JobMonitoringInterval))
	for {
		select {
		case <-ctx.Done():
			return
		case m, ok := <-messages:
			if !ok {
				return
			}
			r.obey(m.Payload)
		}
	}
}

// obey does what a command says. Others than RQ's are ignored.
func (r *run) obey(payload string) {
	var c command
	if err := json.Unmarshal([]byte(payload), &c); err != nil {
		r.log.Warn("rq: a command that is not JSON", "command", payload)
		return
	}
	r.log.Info("rq: command", "command", c.Command, "job", c.JobID)
	switch c.Command {
	case "shutdown":
		r.stopFetching(nil)
	case "kill-horse":
		r.endJobs(errKilled, func(*execution) bool { return true })
	case "stop-job":
		r.endJobs(errStopped, func(e *execution) bool { return e.jobID == c.JobID })
	case "stop-execution":
		r.endJobs(errStopped, func(e *execution) bool { return e.id == c.ExecutionID })
	}
}

// endJobs ends the contexts of handlers.
func (r *run) endJobs(cause error, which func(*execution) bool) {
	n := 0
	for _, e := range r.executions() {
		if which(e) {
			e.cancel(cause)
			n++
		}
	}
	if n == 0 {
		r.log.Warn("rq: the command is about no running job")
	}
}
