package wire

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// A Scheduler is the hash rq:scheduler:<name> of RQ 2.10 (rq/scheduler.py,
// RQScheduler.to_dict and restore).
type Scheduler struct {
	Name          string
	Hostname      string
	PID           int
	Queues        []string // in no particular order
	CreatedAt     time.Time
	LastHeartbeat time.Time
}

// Fields returns the hash as alternating names and values for HSET.
func (s *Scheduler) Fields() []any {
	w := fieldWriter{make([]any, 0, 12)}
	w.text("name", s.Name)
	w.text("hostname", s.Hostname)
	w.text("pid", strconv.Itoa(s.PID))
	w.text("queues", strings.Join(s.Queues, ","))
	w.text("created_at", FormatTime(s.CreatedAt))
	w.text("last_heartbeat", FormatTime(s.LastHeartbeat))
	return w.fields
}

// DecodeScheduler reads the hash of a scheduler. Fields that cannot be read are left
// zero and joined into the error as FieldErrors.
func DecodeScheduler(hash map[string]string) (*Scheduler, error) {
	r := fieldReader{hash: hash}
	s := &Scheduler{
		Name:          r.text("name"),
		Hostname:      r.text("hostname"),
		PID:           r.count("pid"),
		CreatedAt:     r.time("created_at"),
		LastHeartbeat: r.time("last_heartbeat"),
	}
	if names := r.text("queues"); names != "" {
		s.Queues = strings.Split(names, ",")
	}
	return s, errors.Join(r.errs...)
}
