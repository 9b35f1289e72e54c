package wire

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTimesAreThoseOfPython compares with the 5,005 random times of
// testdata/wire/times.txt, among them some of the years 1 and 9999.
func TestTimesAreThoseOfPython(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/wire/times.txt")
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		us, err := strconv.ParseInt(row[0], 10, 64)
		require.NoError(t, err)
		moment := time.UnixMicro(us)

		require.Equal(t, row[1], FormatUnix(moment))
		checkUnix(t, row[1], row[2])
		checkText(t, moment, row[3])
	}
}

// checkUnix compares with the microseconds that Python reads from a float.
func checkUnix(t *testing.T, text, want string) {
	t.Helper()
	got, err := ParseUnix(text)
	if want == "out of range" {
		require.Error(t, err, text)
		return
	}
	require.NoError(t, err)
	require.Equal(t, want, strconv.FormatInt(got.UnixMicro(), 10), text)
}

// checkText compares with Python's strftime, which does not pad years, so that
// its own strptime cannot read those before 1000.
func checkText(t *testing.T, moment time.Time, want string) {
	t.Helper()
	for strings.IndexByte(want, '-') < 4 {
		want = "0" + want
	}
	require.Equal(t, want, FormatTime(moment))
	got, err := ParseTime(want)
	require.NoError(t, err)
	require.True(t, moment.Equal(got), want)
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, micro := range map[string]int{
		// what RQ reads
		"2026-01-02T03:04:05Z": 0, "2026-01-02T03:04:05.1Z": 100000, "2026-01-02T03:04:05.000001Z": 1,
		"2026-01-02T03:04:05.120000Z": 120000, "2026-01-02T03:04:05.999999Z": 999999,
		// what RQ cannot read, and careless writers write
		"2026-01-02T03:04:05.123456789Z": 123456, "2026-01-02T03:04:05.1234567Z": 123456,
		"2026-01-02T03:04:05+00:00": 0, "2026-01-02T04:34:05.5+01:30": 500000, "2026-01-01T22:04:05-05:00": 0,
	} {
		got, err := ParseTime(text)
		require.NoError(t, err, text)
		assert.Equal(t, want.Add(time.Duration(micro)*time.Microsecond), got, text)
	}
	for _, text := range []string{
		"", "1767323045", "1767323045.5", "2026-01-02", "2026-01-02 03:04:05", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
		"2026-02-30T03:04:05Z", "2026-01-02T24:00:00Z", "2026-01-02T03:04:60Z", "2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05Z\n", " 2026-01-02T03:04:05Z", "12026-01-02T03:04:05Z", "now", "None",
	} {
		_, err := ParseTime(text)
		assert.Error(t, err, text)
	}
}

func TestFormatTime(t *testing.T) {
	t.Parallel()
	east := time.FixedZone("east", 5*3600)
	moment := time.Date(2026, 11, 23, 3, 4, 5, 1999, east)
	assert.Equal(t, "2026-11-22T22:04:05.000001Z", FormatTime(moment))
	assert.Equal(t, "1795385045.000001", FormatUnix(moment))
	assert.Empty(t, formatTimeOrEmpty(time.Time{}))
}

func TestParseUnix(t *testing.T) {
	t.Parallel()
	for text, us := range map[string]int64{
		"0": 0, "-0.0": 0, "1.5": 1500000, "1e3": 1000000000, "1795428955.92728": 1795428955927280, "-0.000001": -1,
		"0.0000005": 0, "0.0000015": 2, "8.5e-05": 85,
	} {
		got, err := ParseUnix(text)
		require.NoError(t, err, text)
		assert.Equal(t, us, got.UnixMicro(), text)
	}
	for _, text := range []string{
		"", "nan", "inf", "-inf", "1e300", "-1e300", "9e15", "253402300800", "-62135596801", "2026-01-02T03:04:05Z", "1,5", " 1",
	} {
		_, err := ParseUnix(text)
		assert.Error(t, err, text)
	}
}

func TestResultTime(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"1795428888239-0", "1795428888239-17", "1795428888239"} {
		got, err := ResultTime(id)
		require.NoError(t, err)
		assert.Equal(t, time.Date(2026, 11, 23, 10, 14, 48, 239e6, time.UTC), got)
	}
	for _, id := range []string{"", "-", "x-0", "1.5-0"} {
		_, err := ResultTime(id)
		assert.Error(t, err, id)
	}
}
