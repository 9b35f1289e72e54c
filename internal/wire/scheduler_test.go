package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A scheduler in the form of RQ 3.0.
var (
	schedulerFields = []any{
		"name", "0f4a3c9e8f5b4d6ba1d2b3c4d5e6f708", "hostname", "größe.example", "pid", "4242", "queues", "low,high",
		"created_at", "2026-11-23T10:14:47.926798Z", "last_heartbeat", "2026-11-23T10:14:48.000000Z",
	}
	aScheduler = &Scheduler{
		Name: "0f4a3c9e8f5b4d6ba1d2b3c4d5e6f708", Hostname: "größe.example", PID: 4242, Queues: []string{"low", "high"},
		CreatedAt: day(926798), LastHeartbeat: day(1_000000),
	}
)

func TestSchedulersAreWrittenAsRQDoes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, schedulerFields, aScheduler.Fields())
	got, err := DecodeScheduler(rewritten(schedulerFields))
	require.NoError(t, err)
	assert.Equal(t, aScheduler, got)
}

// TestDecodeScheduler has the hash that a late heartbeat of RQ leaves behind,
// and fields that are not as RQ writes them.
func TestDecodeScheduler(t *testing.T) {
	t.Parallel()
	got, err := DecodeScheduler(map[string]string{"last_heartbeat": "2026-11-23T10:14:48.000000Z"})
	require.NoError(t, err)
	assert.Equal(t, &Scheduler{LastHeartbeat: day(1_000000)}, got)

	tests := []struct {
		field, value string
		fails        bool
		want         func(*Scheduler)
	}{
		{"hostname", "\xff", true, func(s *Scheduler) { s.Hostname = "" }},
		{"pid", "go-1", true, func(s *Scheduler) { s.PID = 0 }},
		{"pid", "", false, func(s *Scheduler) { s.PID = 0 }},
		{"queues", "", false, func(s *Scheduler) { s.Queues = nil }},
		{"created_at", "1767323045.5", true, func(s *Scheduler) { s.CreatedAt = time.Time{} }},
		{"unknown", "x", false, func(*Scheduler) {}},
	}
	for _, tt := range tests {
		hash, want := rewritten(schedulerFields), *aScheduler
		hash[tt.field] = tt.value
		tt.want(&want)
		got, err := DecodeScheduler(hash)
		assert.Equal(t, &want, got, tt.field)
		if !tt.fails {
			require.NoError(t, err, tt.field)
			continue
		}
		var field *FieldError
		require.ErrorAs(t, err, &field)
		assert.Equal(t, tt.field, field.Field)
	}
}

func FuzzDecodeScheduler(f *testing.F) {
	f.Add("name\xf8s\xf8hostname\xf8h\xf8pid\xf81\xf8queues\xf8a,b\xf8created_at\xf82026-11-23T10:14:47.926798Z")
	f.Add("pid\xf8-0\xf8queues\xf8,\xf8last_heartbeat\xf82026-11-23T10:14:47+01:00") // rewritten in another form
	f.Fuzz(func(t *testing.T, text string) {
		s, _ := DecodeScheduler(fields(text))
		once := rewritten(s.Fields())
		again, err := DecodeScheduler(once)
		require.NoError(t, err)
		require.Equal(t, once, rewritten(again.Fields()))
	})
}
