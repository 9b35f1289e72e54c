package interop

import (
	"encoding/base64"
	"testing"
	"time"
)

// The harness's own rules, tested without a server.

func TestNormaliserValues(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	n := normaliser{now: start.Add(10 * time.Second), marks: []time.Time{start, start.Add(5 * time.Second)}}
	at := func(layout string, after time.Duration) string { return start.Add(after).Format(layout) }
	const micro = "2006-01-02T15:04:05.000000Z"
	tests := []struct {
		name, key, field, value, want string
	}{
		{"a time in step 1", "rq:job:a", "created_at", at(micro, time.Second), "<T1>"},
		{"a time in step 2", "rq:job:a", "created_at", at(micro, 6*time.Second), "<T2>"},
		{"a time before the run", "rq:job:a", "created_at", "2026-01-02T03:04:04.999999Z", "2026-01-02T03:04:04.999999Z"},
		{"a time in the future", "rq:job:a", "ended_at", "2026-01-02T03:05:00.000000Z", "2026-01-02T03:05:00.000000Z"},
		{"milliseconds", "rq:job:a", "created_at", "2026-01-02T03:04:06.000Z", "2026-01-02T03:04:06.000Z"},
		{"nanoseconds", "rq:job:a", "created_at", "2026-01-02T03:04:06.000000000Z", "2026-01-02T03:04:06.000000000Z"},
		{"an offset", "rq:job:a", "created_at", "2026-01-02T03:04:06.000000+00:00", "2026-01-02T03:04:06.000000+00:00"},
		{"a time where none belongs", "rq:job:a", "origin", at(micro, time.Second), at(micro, time.Second)},
		{"a unix time", "rq:execution:a:b", "created_at", "1767323046.25", "<unix 1>"},
		{"a unix time without a point", "rq:execution:a:b", "created_at", "1767323046", "1767323046"},
		{"text for a unix time", "rq:execution:a:b", "created_at", at(micro, time.Second), at(micro, time.Second)},
		{"no zlib", "rq:job:a", "data", "\x80\x05N.", "\x80\x05N."},
		{"another zlib level", "rq:job:a", "data", "x\xda\x03\x00\x00\x00\x00\x01", "zlib 78da: "},
		{"base64", "rq:results:a", "0 return_value", base64.StdEncoding.EncodeToString([]byte("\xff\xfe")), "base64: \xff\xfe"},
		{"base64 for URLs", "rq:results:a", "0 return_value", base64.URLEncoding.EncodeToString([]byte("\xff\xfe")), "__4="},
		{"a pid", "rq:worker:w", "pid", "123", "<pid>"},
		{"no pid", "rq:worker:w", "pid", "go-123", "go-123"},
		{"a duration of Go", "rq:worker:w", "total_working_time", "1.5s", "1.5s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := n.valuesOf(tt.key, "hash")(tt.field, tt.value); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNormaliserScores(t *testing.T) {
	t.Parallel()
	n := normaliser{now: time.Unix(1767323045, 0)}
	for value, want := range map[string]string{
		"1767323545":   "now+500",
		"1767323044":   "now-1",
		"1767323545.5": "now+501 and a fraction",
		"2893553445":   "2893553445",
		"-1":           "-1",
		"+Inf":         "+Inf",
	} {
		if got := n.score(value); got != want {
			t.Errorf("score %s: got %q, want %q", value, got, want)
		}
	}
}

func TestRandomNamesAreNumberedByAge(t *testing.T) {
	t.Parallel()
	const older, younger = "f0e8c1d2-0000-4000-8000-000000000000", "00000000-0000-4000-8000-000000000000"
	raw := map[string]entry{
		"rq:job:" + younger: {kind: "hash", fields: map[string]string{"created_at": "2026-01-02T03:04:06.000000Z"}},
		"rq:job:" + older:   {kind: "hash", fields: map[string]string{"created_at": "2026-01-02T03:04:05.000000Z"}},
	}

	r := newRenamer(raw)

	for in, want := range map[string]string{
		older:                                  "<job1>",
		"echo('" + younger + "')":              "echo('<job2>')",
		"not-made-up":                          "not-made-up",
		"00000000-0000-1000-8000-000000000000": "00000000-0000-1000-8000-000000000000", // version 1
	} {
		if got := r.Replace(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func TestDiffAllowsDeadlinesTheirRunningTime(t *testing.T) {
	t.Parallel()
	side := func(score string, ttl int64, elapsed time.Duration) keyspace {
		e := entry{kind: "zset", ttl: ttl, fields: map[string]string{"a": score}}
		return keyspace{keys: map[string]entry{"k": e}, elapsed: elapsed}
	}
	tests := []struct {
		name           string
		python, golang keyspace
		want           int
	}{
		{"equal", side("now+500", -1, 0), side("now+500", -1, 0), 0},
		{"rounding", side("now+500", 60, 0), side("now+498", 62, 0), 0},
		{"too far", side("now+500", 60, 0), side("now+497", 63, 0), 2},
		{"a slow run", side("now+500", 60, 0), side("now+495", 55, 4*time.Second), 0},
		{"a fraction", side("now+500", -1, 0), side("now+500 and a fraction", -1, 0), 1},
		{"no ttl", side("now+500", 1, 0), side("now+500", -1, 0), 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if found, _ := diff(tt.python, tt.golang); len(found) != tt.want {
				t.Errorf("got %v, want %d differences", found, tt.want)
			}
		})
	}
}

func TestDeviationCoversOnlyWhatItSays(t *testing.T) {
	t.Parallel()
	d := &deviation{scenario: "sync*", key: "rq:worker:*", field: "version", golang: "go *", until: "2.6"}
	covered := difference{"rq:worker:w", "version", "2.6.1", "go 1"}
	tests := []struct {
		name, scenario, version string
		found                   difference
		want                    bool
	}{
		{"all as said", "sync failure", "2.6.1", covered, true},
		{"another scenario", "enqueue", "2.6.1", covered, false},
		{"another RQ", "sync", "2.10.0", covered, false},
		{"another field", "sync", "2.6.1", difference{"rq:worker:w", "pid", "1", "go 1"}, false},
		{"another value", "sync", "2.6.1", difference{"rq:worker:w", "version", "2.6.1", ""}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := d.covers(tt.scenario, tt.version, tt.found); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}
