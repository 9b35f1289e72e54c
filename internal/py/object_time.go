package py

import (
	"math"
	"time"
)

// packedTime returns the datetime or date that an instance of a subclass is.
// Python packs the fields, from large to small, into bytes; the high bit of the
// month is the fold. A time zone comes after them.
func packedTime(args Tuple) (any, bool) {
	b, _ := args[0].([]byte)
	switch {
	case len(b) == 4 && len(args) == 1:
		d := Date{int(b[0])<<8 | int(b[1]), int(b[2]), int(b[3])}
		return d, isDay(d)
	case len(b) == 10 && len(args) <= 2:
		d := DateTime{
			Year: int(b[0])<<8 | int(b[1]), Month: int(b[2] & 0x7f), Day: int(b[3]),
			Hour: int(b[4]), Minute: int(b[5]), Second: int(b[6]),
			Microsecond: int(b[7])<<16 | int(b[8])<<8 | int(b[9]), Fold: int(b[2] >> 7),
		}
		if len(args) == 2 {
			d.TZ = args[1]
		}
		clock := d.Hour < 24 && d.Minute < 60 && d.Second < 60 && d.Microsecond < 1e6
		return d, clock && isDay(Date{d.Year, d.Month, d.Day})
	}
	return nil, false
}

// isDay reports whether d is in Python's calendar.
func isDay(d Date) bool {
	t := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	return 1 <= d.Year && d.Year <= 9999 && t.Month() == time.Month(d.Month) && t.Day() == d.Day
}

// fixedOffset returns the zone of a tzinfo whose pickle says its offset: those
// of datetime.timezone, of pytz and of dateutil that are no rule book. A time
// that pytz has localized names the offset that it was given.
func fixedOffset(tz any) (*time.Location, bool) {
	o, ok := tz.(*Object)
	if !ok || o.hasState() {
		return nil, false
	}
	switch {
	case len(o.Args) == 0:
		return time.UTC, o.Class() == "pytz._UTC" || o.Class() == "dateutil.tz.tz.tzutc"
	case o.Class() == "datetime.timezone":
		d, ok := o.Args[0].(time.Duration)
		return zoneAt("", d, ok)
	case o.Class() == "dateutil.tz.tz.tzoffset" && len(o.Args) == 2:
		d, ok := o.Args[1].(time.Duration)
		return zoneAt(o.Args[0], d, ok)
	case o.Class() == "pytz.FixedOffset":
		n, ok := o.Args[0].(int64)
		return zoneAt("", within(n, time.Minute), ok)
	case o.Class() == "pytz._p" && len(o.Args) == 4:
		n, ok := o.Args[1].(int64)
		return zoneAt(o.Args[3], within(n, time.Second), ok)
	}
	return nil, false
}

// within returns n units, or more than a day when n is too large for that.
func within(n int64, unit time.Duration) time.Duration {
	const day = 86400
	return time.Duration(max(-day, min(day, n))) * unit
}

// zoneAt returns the zone of an offset in whole seconds, less than a day.
func zoneAt(name any, offset time.Duration, ok bool) (*time.Location, bool) {
	const day = 24 * time.Hour
	if !ok || offset%time.Second != 0 || offset <= -day || offset >= day {
		return nil, false
	}
	text, _ := name.(string)
	if offset == 0 && (text == "" || text == "UTC") {
		return time.UTC, true
	}
	return time.FixedZone(text, int(offset/time.Second)), true
}

// pandasUnits are the units that pandas counts in, by their numbers there.
var pandasUnits = map[any]time.Duration{
	int64(7): time.Second, int64(8): time.Millisecond, int64(9): time.Microsecond, int64(10): time.Nanosecond,
}

// pandasTimestamp takes a count since 1970, in UTC whatever the zone, and what
// else pandas keeps. Without a zone it is a naive time, which is UTC to Go.
func pandasTimestamp(args Tuple) (any, bool) {
	if len(args) != 4 {
		return nil, false
	}
	return timeAfter(args[0], pandasUnits[args[3]])
}

func pandasTimedelta(args Tuple) (any, bool) {
	if len(args) != 2 {
		return nil, false
	}
	return durationOf(args[0], pandasUnits[args[1]])
}

// timeAfter returns the time that is n units after 1970 began in UTC, when it
// is in Python's calendar.
func timeAfter(n any, unit time.Duration) (any, bool) {
	count, ok := n.(int64)
	if !ok || unit == 0 {
		return nil, false
	}
	var t time.Time
	if unit < time.Second {
		perSecond := int64(time.Second / unit)
		seconds := floorDiv(count, perSecond)
		t = time.Unix(seconds, (count-seconds*perSecond)*int64(unit)).UTC()
	} else {
		const most = 1 << 39 // seconds, and more than 9999 years
		count = max(-most, min(most, count))
		t = time.Unix(count*int64(unit/time.Second), 0).UTC()
	}
	return t, 1 <= t.Year() && t.Year() <= 9999
}

// durationOf returns n units, when a Duration has room for them.
func durationOf(n any, unit time.Duration) (any, bool) {
	count, ok := n.(int64)
	if !ok || unit == 0 || count > math.MaxInt64/int64(unit) || count < math.MinInt64/int64(unit) {
		return nil, false
	}
	return time.Duration(count) * unit, true
}
