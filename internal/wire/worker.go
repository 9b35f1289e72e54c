package wire

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Worker is the hash rq:worker:<name> (rq/worker/base.py, BaseWorker.serialize
// and refresh).
type Worker struct {
	Birth         time.Time
	LastHeartbeat time.Time
	Queues        []string // in order of preference
	PID           int
	Hostname      string
	IPAddress     string
	Version       string
	PythonVersion string

	// These change while it works.
	State              string
	CurrentJob         string // RQ before 3.0
	CurrentJobSeconds  float64
	SuccessfulJobCount int
	FailedJobCount     int
	TotalWorkingTime   float64 // in seconds
	ShutdownRequested  time.Time
	Death              time.Time
}

// Fields returns the fields that a worker writes when it registers, as alternating
// names and values for HSET.
func (w *Worker) Fields() []any {
	f := fieldWriter{make([]any, 0, 16)}
	f.text("birth", FormatTime(w.Birth))
	f.text("last_heartbeat", FormatTime(w.LastHeartbeat))
	f.text("queues", strings.Join(w.Queues, ","))
	f.text("pid", strconv.Itoa(w.PID))
	f.text("hostname", w.Hostname)
	f.text("ip_address", w.IPAddress)
	f.text("version", w.Version)
	f.text("python_version", w.PythonVersion)
	return f.fields
}

// DecodeWorker reads the hash of a worker. Fields that cannot be read are left zero and
// joined into the error as FieldErrors.
func DecodeWorker(hash map[string]string) (*Worker, error) {
	r := fieldReader{hash: hash}
	w := &Worker{
		Birth:              r.time("birth"),
		LastHeartbeat:      r.time("last_heartbeat"),
		PID:                r.count("pid"),
		Hostname:           r.text("hostname"),
		IPAddress:          r.text("ip_address"),
		Version:            r.text("version"),
		PythonVersion:      r.text("python_version"),
		State:              r.text("state"),
		CurrentJob:         r.text("current_job"),
		CurrentJobSeconds:  r.seconds("current_job_working_time"),
		SuccessfulJobCount: r.count("successful_job_count"),
		FailedJobCount:     r.count("failed_job_count"),
		TotalWorkingTime:   r.seconds("total_working_time"),
		ShutdownRequested:  r.time("shutdown_requested_date"),
		Death:              r.time("death"),
	}
	if names := r.text("queues"); names != "" {
		w.Queues = strings.Split(names, ",")
	}
	return w, errors.Join(r.errs...)
}

// count reads a whole number that is 0 when it is absent.
func (r *fieldReader) count(field string) int {
	if n := r.number(field); n != nil {
		return *n
	}
	return 0
}

func (r *fieldReader) seconds(field string) float64 {
	v := r.hash[field]
	if v == "" {
		return 0
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail(field, errors.New(quote(v)+" is not a number of seconds"))
		return 0
	}
	return f
}
