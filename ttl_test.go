package rq

import (
	"encoding/json"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestParseTimeout compares with what real RQ made of the same texts.
func TestParseTimeout(t *testing.T) {
	t.Parallel()
	var cases []struct {
		Text    string
		Seconds *int64
	}
	data, err := os.ReadFile("testdata/ttl/timeouts.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &cases))
	require.Greater(t, len(cases), 50)

	for _, c := range cases {
		got, err := ParseTimeout(c.Text)
		if c.Seconds == nil {
			assert.ErrorIs(t, err, ErrTimeoutFormat, "%q", c.Text)
			continue
		}
		assert.NoError(t, err, "%q", c.Text)
		assert.Equal(t, time.Duration(*c.Seconds)*time.Second, got, "%q", c.Text)
	}
}

func TestParseTimeoutThatDoesNotFit(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"9223372037", "-9223372037", "106752d", "99999999999999999999", "-9223372036854775808", "9223372036854775807h"} {
		_, err := ParseTimeout(text)

		var invalid *InvalidError
		assert.ErrorAs(t, err, &invalid, "%s", text)
	}
}

func TestWholeSeconds(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   time.Duration
		want int
		ok   bool
	}{
		{0, 0, true},
		{time.Second, 1, true},
		{1999 * time.Millisecond, 1, true},
		{Forever, -1, true},
		{time.Hour, 3600, true},
		{time.Millisecond, 0, false},
		{-2 * time.Second, 0, false},
		{-time.Millisecond, 0, false},
	} {
		got, err := wholeSeconds("x", c.in)

		assert.Equal(t, c.ok, err == nil, c.in)
		assert.Equal(t, c.want, got, c.in)
	}
}

func TestSeconds(t *testing.T) {
	t.Parallel()
	number := func(n int) *int { return &n }
	for _, c := range []struct {
		in   *int
		want time.Duration
		ok   bool
	}{
		{nil, 0, false},
		{number(0), 0, true},
		{number(5), 5 * time.Second, true},
		{number(-1), Forever, true},
		{number(-5), Forever, true},
		{number(math.MaxInt), math.MaxInt64, true},
	} {
		got, ok := seconds(c.in)

		assert.Equal(t, c.ok, ok)
		assert.Equal(t, c.want, got)
	}
}

// FuzzParseTimeout looks for a panic, and for an answer that does not read back.
func FuzzParseTimeout(f *testing.F) {
	for _, s := range []string{"2", "1h", "-1", " +1_0 M", "٣d", "\xff", "_", "99999999999999999999s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseTimeout(s)
		if err != nil {
			return
		}
		if d%time.Second != 0 {
			t.Fatalf("%q is %s", s, d)
		}
		again, err := ParseTimeout(formatSeconds(d))
		if err != nil || again != d {
			t.Fatalf("%q is %s, which reads back as %s, %v", s, d, again, err)
		}
	})
}

func formatSeconds(d time.Duration) string {
	text, err := json.Marshal(int64(d / time.Second))
	if err != nil {
		panic(err)
	}
	return string(text)
}
