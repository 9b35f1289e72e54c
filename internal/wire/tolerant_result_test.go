package wire

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDecodeResult(t *testing.T) {
	t.Parallel()
	entry := map[string]string{
		"type": "1", "worker_name": "w1", "return_value": "gAVLAy4=", "exc_string": "eJxLBQAAZgBm", "execution_id": "e0",
		"execution_started_at": "1767323045.5", "execution_ended_at": "1767323046",
	}
	full := Result{
		Type: Successful, WorkerName: "w1", ReturnValue: []byte("\x80\x05K\x03."), ExcString: ptr("e"), ExecutionID: "e0",
		StartedAt: time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC), EndedAt: time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}
	for _, c := range []struct {
		field, value string
		bad          bool
		change       func(*Result)
	}{
		{"of_the_future", "x", false, func(*Result) {}},
		{"type", "5", false, func(r *Result) { r.Type = MaxRetriesExceeded }},
		{"type", "99", false, func(r *Result) { r.Type = 99 }},
		{"type", "SUCCESSFUL", true, func(r *Result) { r.Type = 0 }},
		{"type", "", true, func(r *Result) { r.Type = 0 }},
		{"return_value", "", false, func(r *Result) { r.ReturnValue = []byte{} }},
		{"return_value", "plain text", true, func(r *Result) { r.ReturnValue = nil }},
		{"return_value", "gAVLAy4", true, func(r *Result) { r.ReturnValue = nil }},
		{"return_value", "_-8=", true, func(r *Result) { r.ReturnValue = nil }},
		{"exc_string", "", false, func(r *Result) { r.ExcString = nil }},
		{"exc_string", "eJwDAAAAAAE=", false, func(r *Result) { r.ExcString = ptr("") }},
		{"exc_string", "bm8gemxpYg==", false, func(r *Result) { r.ExcString = ptr("no zlib") }}, // RQ raises
		{"exc_string", "ZmY//w==", false, func(r *Result) { r.ExcString = ptr("ff?\uFFFD") }},
		{"exc_string", "Traceback (most recent call last)", true, func(r *Result) { r.ExcString = nil }},
		{"worker_name", "\xff", true, func(r *Result) { r.WorkerName = "" }},
		{"execution_id", "", false, func(r *Result) { r.ExecutionID = "" }},
		{"execution_started_at", "2026-01-02T03:04:05Z", true, func(r *Result) { r.StartedAt = time.Time{} }},
		{"execution_ended_at", "", false, func(r *Result) { r.EndedAt = time.Time{} }},
		{"execution_ended_at", "1e99", true, func(r *Result) { r.EndedAt = time.Time{} }},
	} {
		hash, want := maps.Clone(entry), full
		hash[c.field] = c.value
		c.change(&want)
		got, err := DecodeResult(hash)
		if c.bad {
			assert.Contains(t, failedFields(err), c.field, "%q", c.value)
		} else {
			require.NoError(t, err, "%s %q", c.field, c.value)
		}
		assert.Equal(t, &want, got, "%s %q", c.field, c.value)
	}
}

func TestDecodeResultWithoutType(t *testing.T) {
	t.Parallel()
	for _, entry := range []map[string]string{{}, {"type": ""}, {"type": "x"}} {
		_, err := DecodeResult(entry)
		assert.Equal(t, []string{"type"}, failedFields(err))
	}
}

// TestDecodeExecution has the hash that a late heartbeat leaves behind, which
// Python cannot read.
func TestDecodeExecution(t *testing.T) {
	t.Parallel()
	beat := time.Date(2026, 1, 2, 3, 4, 5, 5e8, time.UTC)
	got, err := DecodeExecution(map[string]string{"last_heartbeat": "1767323045.5"})
	require.NoError(t, err)
	assert.Equal(t, &Execution{LastHeartbeat: beat}, got)

	got, err = DecodeExecution(map[string]string{"id": "e0", "created_at": "2026-01-02T03:04:05Z", "last_heartbeat": "1767323045.5"})
	assert.Equal(t, []string{"created_at"}, failedFields(err))
	assert.Equal(t, &Execution{ID: "e0", LastHeartbeat: beat}, got)
}
