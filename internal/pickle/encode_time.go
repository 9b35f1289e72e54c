package pickle

import (
	"fmt"
	"time"

	"github.com/rqgo/rq/internal/py"
)

// maxDays is the largest number of days in a timedelta, either way.
const maxDays = 999999999

const day = 24 * 60 * 60

// saveTime writes an aware datetime, cut to microseconds.
func (e *encoder) saveTime(t time.Time) error {
	year, month, dom := t.Date()
	d := py.DateTime{Year: year, Month: int(month), Day: dom, Microsecond: t.Nanosecond() / 1000}
	d.Hour, d.Minute, d.Second = t.Clock()
	_, offset := t.Zone()
	if !validDateTime(d) || !validOffset(offset) {
		return rangeError(t, t.String())
	}
	e.saveClass("datetime", "datetime")
	e.saveFreshBytes(packDateTime(d))
	e.saveZone(t.Location(), offset)
	e.call(opTuple2)
	return nil
}

func (e *encoder) saveDateTime(d py.DateTime) error {
	if !validDateTime(d) {
		return rangeError(d, fmt.Sprintf("%d-%d-%d %d:%d:%d.%06d fold %d",
			d.Year, d.Month, d.Day, d.Hour, d.Minute, d.Second, d.Microsecond, d.Fold))
	}
	e.saveClass("datetime", "datetime")
	return e.saveClock(packDateTime(d), d.TZ)
}

func (e *encoder) saveTimeOfDay(t py.TimeOfDay) error {
	if !validTimeOfDay(t) {
		return rangeError(t, fmt.Sprintf("%d:%d:%d.%06d fold %d", t.Hour, t.Minute, t.Second, t.Microsecond, t.Fold))
	}
	e.saveClass("datetime", "time")
	return e.saveClock(packTimeOfDay(t), t.TZ)
}

// saveClock ends a datetime or a time.
func (e *encoder) saveClock(packed []byte, tz any) error {
	e.saveFreshBytes(packed)
	switch tz := tz.(type) {
	case nil:
		e.call(opTuple1)
		return nil
	case *time.Location:
		_, offset := time.Unix(0, 0).In(tz).Zone()
		if !validOffset(offset) {
			return rangeError(tz, tz.String())
		}
		e.saveZone(tz, offset)
	default:
		if err := e.save(tz); err != nil {
			return py.Under(err, ".TZ")
		}
	}
	e.call(opTuple2)
	return nil
}

// saveZone writes datetime.timezone.utc, or a timezone of so many seconds.
func (e *encoder) saveZone(loc *time.Location, offset int) {
	e.boundary()
	r := ref{kind: refZone}
	if offset != 0 {
		r.ptr, r.n = loc, offset
	}
	if e.recall(r) {
		return
	}
	e.saveClass("datetime", "timezone")
	e.saveDelta(py.TimeDelta{Seconds: offset})
	e.op(opTuple1)
	e.memoize()
	e.op(opReduce)
	e.memoizeRef(r)
}

func validOffset(seconds int) bool { return -day < seconds && seconds < day }

func (e *encoder) saveDate(d py.Date) error {
	if !validDate(d.Year, d.Month, d.Day) {
		return rangeError(d, fmt.Sprint(d))
	}
	e.saveClass("datetime", "date")
	e.saveFreshBytes([]byte{byte(d.Year >> 8), byte(d.Year), byte(d.Month), byte(d.Day)})
	e.call(opTuple1)
	return nil
}

func (e *encoder) saveDuration(d time.Duration) {
	us := d.Microseconds()
	e.saveDelta(py.TimeDelta{Seconds: int(us / 1e6), Microseconds: int(us % 1e6)})
}

func (e *encoder) saveTimeDelta(d py.TimeDelta) error {
	if n := normalise(d); n.Days < -maxDays || n.Days > maxDays {
		return rangeError(d, fmt.Sprint(d))
	}
	e.saveDelta(d)
	return nil
}

func (e *encoder) saveDelta(d py.TimeDelta) {
	d = normalise(d)
	e.saveClass("datetime", "timedelta")
	e.saveInt(int64(d.Days))
	e.saveInt(int64(d.Seconds))
	e.saveInt(int64(d.Microseconds))
	e.call(opTuple3)
}

// normalise carries as timedelta does: only the days are negative.
func normalise(d py.TimeDelta) py.TimeDelta {
	carry, us := floorDiv(d.Microseconds, 1e6)
	seconds, carryDays := d.Seconds, 0
	carryDays, seconds = floorDiv(seconds, day)
	more, seconds := floorDiv(seconds+carry%day, day)
	return py.TimeDelta{Days: d.Days + carryDays + carry/day + more, Seconds: seconds, Microseconds: us}
}

// floorDiv is divmod for a positive b.
func floorDiv(a, b int) (quotient, remainder int) {
	quotient, remainder = a/b, a%b
	if remainder < 0 {
		return quotient - 1, remainder + b
	}
	return quotient, remainder
}
