package wire

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// failedFields returns the names of the fields that an error is about.
func failedFields(err error) []string {
	var names []string
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			names = append(names, failedFields(e)...)
		}
		return names
	}
	var field *FieldError
	if errors.As(err, &field) {
		names = append(names, field.Field)
	}
	return names
}

// decodeWith decodes the job that has everything with some fields replaced.
func decodeWith(replace map[string]string) (*Job, error) {
	hash := make(map[string]string)
	fields := everything().Fields()
	for i := 0; i < len(fields); i += 2 {
		switch v := fields[i+1].(type) {
		case string:
			hash[fields[i].(string)] = v
		case []byte:
			hash[fields[i].(string)] = string(v)
		}
	}
	maps.Copy(hash, replace)
	return DecodeJob(hash)
}

func TestDecodeJobAccepts(t *testing.T) {
	t.Parallel()
	second := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		field, value string
		change       func(*Job)
	}{
		{"created_at", "2026-01-02T03:04:05Z", func(j *Job) { j.CreatedAt = second }},
		{"created_at", "", func(j *Job) { j.CreatedAt = time.Time{} }},
		{"ended_at", "2026-01-02T03:04:05.5Z", func(j *Job) { j.EndedAt = second.Add(time.Second / 2) }},
		{"ended_at", "2026-01-02T03:04:05.123456789Z", func(j *Job) { j.EndedAt = second.Add(123456 * time.Microsecond) }},
		{"started_at", "2026-01-02T03:04:05+00:00", func(j *Job) { j.StartedAt = second }},
		{"last_heartbeat", "", func(j *Job) { j.LastHeartbeat = time.Time{} }},
		{"status", "", func(j *Job) { j.Status = "created" }},
		{"status", "rate_limited", func(j *Job) { j.Status = "rate_limited" }},
		{"status", "of the future", func(j *Job) { j.Status = "of the future" }},
		{"timeout", "-1", func(j *Job) { j.Timeout = ptr(-1) }},
		{"timeout", "", func(j *Job) { j.Timeout = nil }},
		{"result_ttl", "+5", func(j *Job) { j.ResultTTL = ptr(5) }},
		{"retries_left", "", func(j *Job) { j.RetriesLeft = nil }},
		{"enqueue_at_front", "", func(j *Job) { j.EnqueueAtFront = nil }}, // RQ raises
		{"enqueue_at_front", "2", func(j *Job) { j.EnqueueAtFront = ptr(true) }},
		{"success_callback_timeout", "", func(j *Job) { j.SuccessCallbackTimeout = nil }}, // RQ raises
		{"retry_intervals", "[]", func(j *Job) { j.RetryIntervals = []int{} }},
		{"retry_intervals", "null", func(j *Job) { j.RetryIntervals = nil }},
		{"retry_intervals", "[1e99, -1e99, 5]", func(j *Job) { j.RetryIntervals = []int{1 << 53, -1 << 53, 5} }},
		{"repeat_intervals", "[1.9, -2]", func(j *Job) { j.RepeatIntervals = []int{1, -2} }},
		{"data", "\x80\x05bare", func(j *Job) { j.Data = []byte("\x80\x05bare") }},
		{"data", `["f", null, [], {}]`, func(j *Job) { j.Data = []byte(`["f", null, [], {}]`) }},
		{"data", "", func(j *Job) { j.Data = []byte{} }},
		{"exc_info", "not compressed", func(j *Job) { j.ExcInfo = ptr("not compressed") }},
		{"exc_info", "\xff", func(j *Job) { j.ExcInfo = ptr("\uFFFD") }},
		{"exc_info", "x\x9c\x03\x00\x00\x00\x00\x01", func(j *Job) { j.ExcInfo = ptr("") }},
		{"meta", "\xff\x00", func(j *Job) { j.Meta = []byte("\xff\x00") }},
		{"meta", "", func(j *Job) { j.Meta = nil }},
		{"dependency_ids", "[]", func(j *Job) { j.DependencyIDs = []string{} }},
		{"dependency_ids", "", func(j *Job) { j.DependencyIDs = []string{"a"} }}, // dependency_id stands
		{"webhooks", "{", func(j *Job) { j.Webhooks = nil }},
		{"of_the_future", "x", func(*Job) {}},
	} {
		want := everything()
		c.change(want)
		got, err := decodeWith(map[string]string{c.field: c.value})
		require.NoError(t, err, "%s %q", c.field, c.value)
		assert.Equal(t, want, got, "%s %q", c.field, c.value)
	}
}

func TestDecodeJobRejectsOneFieldOnly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field, value string
		change       func(*Job)
	}{
		{"created_at", "1767323045.5", func(j *Job) { j.CreatedAt = time.Time{} }},
		{"enqueued_at", "yesterday", func(j *Job) { j.EnqueuedAt = time.Time{} }},
		{"timeout", "180.0", func(j *Job) { j.Timeout = nil }},
		{"timeout", "9223372036854775808", func(j *Job) { j.Timeout = nil }},
		{"timeout", "3m", func(j *Job) { j.Timeout = nil }},
		{"result_ttl", "500.0", func(j *Job) { j.ResultTTL = nil }},
		{"failure_ttl", "None", func(j *Job) { j.FailureTTL = nil }},
		{"ttl", "x", func(j *Job) { j.TTL = nil }},
		{"number_of_retries", "1.0", func(j *Job) { j.NumberOfRetries = nil }},
		{"repeats_left", " ", func(j *Job) { j.RepeatsLeft = nil }},
		{"rate_limit_concurrency", "two", func(j *Job) { j.RateLimitConcurrency = 0 }},
		{"enqueue_at_front", "true", func(j *Job) { j.EnqueueAtFront = nil }},
		{"allow_dependency_failures", "False", func(j *Job) { j.AllowDependencyFailures = nil }},
		{"stopped_callback_timeout", "1h", func(j *Job) { j.StoppedCallbackTimeout = nil }},
		{"retry_intervals", "10", func(j *Job) { j.RetryIntervals = nil }},
		{"repeat_intervals", "[1e999]", func(j *Job) { j.RepeatIntervals = nil }},
		{"repeat_intervals", `["1"]`, func(j *Job) { j.RepeatIntervals = nil }},
		{"dependency_ids", "p1", func(j *Job) { j.DependencyIDs = nil }},
		{"dependency_ids", "[1]", func(j *Job) { j.DependencyIDs = nil }},
		{"description", "\xff\xfe", func(j *Job) { j.Description = "" }},
		{"origin", strings.Repeat("\xc3", 1<<20), func(j *Job) { j.Origin = "" }},
		{"status", "\xff", func(j *Job) { j.Status = "created" }},
	} {
		want := everything()
		c.change(want)
		got, err := decodeWith(map[string]string{c.field: c.value})
		assert.Equal(t, []string{c.field}, failedFields(err), "%.40q", c.value)
		assert.ErrorContains(t, err, "field "+c.field+": ")
		assert.Less(t, len(err.Error()), 500, "a long value is not repeated")
		assert.Equal(t, want, got, "%s %.40q", c.field, c.value)
	}
}

func TestDecodeJobNamesAllThatIsWrong(t *testing.T) {
	t.Parallel()
	got, err := decodeWith(map[string]string{"timeout": "3m", "ttl": "x", "ended_at": "0"})
	assert.ElementsMatch(t, []string{"timeout", "ttl", "ended_at"}, failedFields(err))
	assert.Equal(t, "d", got.Description)
}

func TestDecodeJobWithoutData(t *testing.T) {
	t.Parallel()
	for _, hash := range []map[string]string{nil, {}, {"status": "queued"}, {"last_heartbeat": "2026-01-02T03:04:05Z"}} {
		got, err := DecodeJob(hash)
		assert.ErrorIs(t, err, ErrNoData)
		assert.Nil(t, got)
	}
	got, err := DecodeJob(map[string]string{"data": "x"})
	require.NoError(t, err)
	assert.Equal(t, &Job{Status: "created", Data: []byte("x")}, got)
}

// TestWebhooksAreAllOrNone: RQ ignores all webhooks of a job when one is bad.
func TestWebhooksAreAllOrNone(t *testing.T) {
	t.Parallel()
	const good = `{"url": "https://h/y", "job_status": "finished"}`
	want := Webhook{URL: "https://h/y", JobStatus: "finished", Method: "GET", Timeout: 10 * time.Second}
	assert.Equal(t, []Webhook{want, want}, parseWebhooks("["+good+", "+good+"]"))
	assert.Empty(t, parseWebhooks("[]"))
	for _, bad := range []string{
		`{"job_status": "finished"}`, `{"url": "https://h"}`, `{"url": "ftp://h", "job_status": "failed"}`, `{}`, `1`, `null`,
		`{"url": "http://", "job_status": "failed"}`, `{"url": "http://h", "job_status": "queued"}`,
		`{"url": "http://h", "job_status": "failed", "method": "PUT"}`,
		`{"url": "http://h", "job_status": "failed", "timeout": 0}`, `{"url": "http://h", "job_status": "failed", "timeout": 1.5}`,
		`{"url": "http://h", "job_status": "failed", "headers": ["a"]}`,
	} {
		assert.Empty(t, parseWebhooks("["+good+", "+bad+"]"), bad)
	}
}
