package pickle

import (
	"time"

	"github.com/rqgo/rq/internal/py"
)

// The bytes that datetime objects pickle themselves to: fields from large to
// small, and the fold in the high bit of the month, or of the hour of a time.
const (
	dateTimeLen  = 10
	dateLen      = 4
	timeOfDayLen = 6
	foldBit      = 0x80
)

func packDateTime(d py.DateTime) []byte {
	return []byte{
		byte(d.Year >> 8), byte(d.Year), byte(d.Month) | byte(d.Fold)<<7, byte(d.Day),
		byte(d.Hour), byte(d.Minute), byte(d.Second),
		byte(d.Microsecond >> 16), byte(d.Microsecond >> 8), byte(d.Microsecond),
	}
}

func unpackDateTime(b string) (py.DateTime, bool) {
	if len(b) != dateTimeLen {
		return py.DateTime{}, false
	}
	d := py.DateTime{
		Year: int(b[0])<<8 | int(b[1]), Month: int(b[2] &^ foldBit), Day: int(b[3]),
		Hour: int(b[4]), Minute: int(b[5]), Second: int(b[6]),
		Microsecond: int(b[7])<<16 | int(b[8])<<8 | int(b[9]),
		Fold:        int(b[2] >> 7),
	}
	return d, validDateTime(d)
}

func packTimeOfDay(t py.TimeOfDay) []byte {
	return []byte{
		byte(t.Hour) | byte(t.Fold)<<7, byte(t.Minute), byte(t.Second),
		byte(t.Microsecond >> 16), byte(t.Microsecond >> 8), byte(t.Microsecond),
	}
}

func unpackTimeOfDay(b string) (py.TimeOfDay, bool) {
	if len(b) != timeOfDayLen {
		return py.TimeOfDay{}, false
	}
	t := py.TimeOfDay{
		Hour: int(b[0] &^ foldBit), Minute: int(b[1]), Second: int(b[2]),
		Microsecond: int(b[3])<<16 | int(b[4])<<8 | int(b[5]),
		Fold:        int(b[0] >> 7),
	}
	return t, validTimeOfDay(t)
}

func validDateTime(d py.DateTime) bool {
	return validDate(d.Year, d.Month, d.Day) &&
		validClock(d.Hour, d.Minute, d.Second, d.Microsecond, d.Fold)
}

func validTimeOfDay(t py.TimeOfDay) bool {
	return validClock(t.Hour, t.Minute, t.Second, t.Microsecond, t.Fold)
}

func validDate(year, month, day int) bool {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	return day <= 28 || time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Day() == day
}

func validClock(hour, minute, second, microsecond, fold int) bool {
	return 0 <= hour && hour < 24 && 0 <= minute && minute < 60 && 0 <= second && second < 60 &&
		0 <= microsecond && microsecond < 1e6 && (fold == 0 || fold == 1)
}

// instant returns the time that d shows in loc. When a clock goes back, it shows some
// times twice, and the fold says which is meant. When it goes forward, it skips some
// times: they get the offset from before, or with fold, from after.
func instant(d py.DateTime, loc *time.Location) time.Time {
	wall := time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, d.Microsecond*1000, time.UTC)
	if loc == time.UTC {
		return wall
	}
	before, after := offsetAt(wall.Add(-24*time.Hour), loc), offsetAt(wall.Add(24*time.Hour), loc)
	first, second := wall.Add(-before), wall.Add(-after)
	if before == after {
		return first.In(loc)
	}
	switch isFirst, isSecond := offsetAt(first, loc) == before, offsetAt(second, loc) == after; {
	case isFirst && !isSecond, isFirst == isSecond && d.Fold == 0:
		return first.In(loc)
	}
	return second.In(loc)
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
