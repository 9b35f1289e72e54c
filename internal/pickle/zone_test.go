package pickle_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/rqgo/rq/internal/pickle"
	"github.com/rqgo/rq/internal/py"
)

func zoneInfo(key any) *py.Object {
	unpickle := &py.Object{
		Callable: py.Global{Module: "builtins", Name: "getattr"},
		Args:     py.Tuple{py.Global{Module: "zoneinfo", Name: "ZoneInfo"}, "_unpickle"},
	}
	return &py.Object{Callable: unpickle, Args: py.Tuple{key, int64(1)}}
}

func timezone(args ...any) *py.Object {
	return &py.Object{Callable: py.Global{Module: "datetime", Name: "timezone"}, Args: args}
}

// noonIn pickles noon of 1 July 2026 in a time zone.
func noonIn(t *testing.T, zones ...any) []byte {
	t.Helper()
	times := py.Tuple{}
	for _, zone := range zones {
		times = append(times, &py.Object{
			Callable: py.Global{Module: "datetime", Name: "datetime"},
			Args:     py.Tuple{[]byte("\x07\xea\x07\x01\x0c\x00\x00\x00\x00\x00"), zone},
		})
	}
	data, err := pickle.Encode(times)
	require.NoError(t, err)
	return data
}

// TestZones has time zones that Go knows, and what looks like one.
func TestZones(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		zone *py.Object
		want string // as time.RFC3339, or empty when the tzinfo is kept
	}{
		{"UTC", timezone(time.Duration(0)), "2026-07-01T12:00:00Z"},
		{"named UTC", timezone(time.Duration(0), "Z"), "2026-07-01T12:00:00Z"},
		{"fixed", timezone(-150 * time.Minute), "2026-07-01T12:00:00-02:30"},
		{"zone", zoneInfo("Europe/Paris"), "2026-07-01T12:00:00+02:00"},
		{"zone of many parts", zoneInfo("America/Argentina/Buenos_Aires"), "2026-07-01T12:00:00-03:00"},
		{"zone with a sign", zoneInfo("Etc/GMT+5"), "2026-07-01T12:00:00-05:00"},
		{"offset of a day", timezone(24 * time.Hour), ""},
		{"offset of microseconds", timezone(time.Microsecond), ""},
		{"offset that is no timedelta", timezone(int64(1)), ""},
		{"name that is no str", timezone(time.Hour, int64(1)), ""},
		{"no offset", timezone(), ""},
		{"unknown zone", zoneInfo("Mars/Olympus"), ""},
		{"name that only Go knows", zoneInfo("Local"), ""},
		{"no name", zoneInfo(""), ""},
		{"number for a name", zoneInfo(int64(5)), ""},
		{"path", zoneInfo("../../etc/passwd"), ""},
		{"absolute path", zoneInfo("/usr/share/zoneinfo/Europe/Paris"), ""},
		{"zone by another spelling", zoneInfo("Europe//Paris"), ""},
		{"zone with a state", &py.Object{Callable: timezone().Callable, Args: py.Tuple{time.Hour}, State: int64(1), HasState: true}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			v, err := pickle.Decode(noonIn(t, tt.zone))

			require.NoError(t, err)
			switch got := v.(py.Tuple)[0].(type) {
			case time.Time:
				require.Equal(t, tt.want, got.Format(time.RFC3339))
			case py.DateTime:
				require.Empty(t, tt.want)
				require.IsType(t, &py.Object{}, got.TZ)
				require.Equal(t, 12, got.Hour)
			}
		})
	}
}

// TestZoneIsShared gives times of one tzinfo one Location, and others their own.
func TestZoneIsShared(t *testing.T) {
	t.Parallel()
	shared := timezone(time.Hour)

	v, err := pickle.Decode(noonIn(t, shared, shared, timezone(time.Hour)))

	require.NoError(t, err)
	times := v.(py.Tuple)
	require.Same(t, times[0].(time.Time).Location(), times[1].(time.Time).Location())
	require.NotSame(t, times[0].(time.Time).Location(), times[2].(time.Time).Location())
}

// TestManyZones stops looking for zones that are not there.
func TestManyZones(t *testing.T) {
	t.Parallel()
	var zones []any
	for i := range 2000 {
		zones = append(zones, zoneInfo("No/Where"+strings.Repeat("x", i)))
	}

	v, err := pickle.Decode(noonIn(t, zones...))

	require.NoError(t, err)
	require.Len(t, v, 2000)
}
