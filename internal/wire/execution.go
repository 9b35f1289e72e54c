package wire

import (
	"errors"
	"time"
)

// An Execution is the hash rq:execution:<id>:<execution> (rq/executions.py,
// Execution.serialize).
type Execution struct {
	ID            string
	JobID         string // RQ 2.11
	CreatedAt     time.Time
	LastHeartbeat time.Time
	WorkerName    string // RQ 2.11
}

// Fields returns the hash as alternating names and values for HSET.
func (e *Execution) Fields() []any {
	w := fieldWriter{make([]any, 0, 10)}
	w.text("id", e.ID)
	w.text("job_id", e.JobID)
	w.text("created_at", FormatUnix(e.CreatedAt))
	w.text("last_heartbeat", FormatUnix(e.LastHeartbeat))
	w.text("worker_name", e.WorkerName)
	return w.fields
}

// DecodeExecution reads the hash of an execution. Fields that cannot be read are left
// zero and joined into the error as FieldErrors.
func DecodeExecution(hash map[string]string) (*Execution, error) {
	r := fieldReader{hash: hash}
	e := &Execution{
		ID:            r.text("id"),
		JobID:         r.text("job_id"),
		CreatedAt:     r.unix("created_at"),
		LastHeartbeat: r.unix("last_heartbeat"),
		WorkerName:    r.text("worker_name"),
	}
	return e, errors.Join(r.errs...)
}
