package py

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"time"
)

// isoLayouts are the texts that datetime.isoformat and date.isoformat make.
// time.Parse takes a fraction of a second after each.
var isoLayouts = []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly}

func assignTime(dst reflect.Value, p *time.Time, src any) error {
	switch v := src.(type) {
	case DateTime:
		zone, ok := fixedOffset(v.TZ)
		if v.TZ == nil {
			zone, ok = time.UTC, true
		}
		if !ok {
			return cannotUse(src, dst, errors.New("its time zone is "+TypeName(v.TZ)+
				", whose offset is not in the pickle; send v.isoformat() from Python"))
		}
		*p = time.Date(v.Year, time.Month(v.Month), v.Day, v.Hour, v.Minute, v.Second, v.Microsecond*1000, zone)
		return nil
	case Date:
		*p = time.Date(v.Year, time.Month(v.Month), v.Day, 0, 0, 0, 0, time.UTC)
		return nil
	case string:
		for _, layout := range isoLayouts {
			if t, err := time.Parse(layout, v); err == nil {
				*p = t
				return nil
			}
		}
		return cannotUse(src, dst, errors.New("not an ISO 8601 time"))
	}
	return cannotUse(src, dst, nil)
}

func assignDate(dst reflect.Value, p *Date, src any) error {
	s, ok := src.(string)
	if !ok {
		return cannotUse(src, dst, nil)
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return cannotUse(src, dst, errors.New("not an ISO 8601 date"))
	}
	*p = Date{t.Year(), int(t.Month()), t.Day()}
	return nil
}

func assignDuration(dst reflect.Value, p *time.Duration, src any) error {
	switch v := src.(type) {
	case int64:
		if v > math.MaxInt64/int64(time.Second) || v < math.MinInt64/int64(time.Second) {
			return overflows(src, dst)
		}
		*p = time.Duration(v) * time.Second
		return nil
	case float64:
		ns := math.RoundToEven(v * 1e9)
		if !(math.Abs(ns) < 1<<63) {
			return overflows(src, dst)
		}
		*p = time.Duration(ns)
		return nil
	case TimeDelta:
		const maxDays = math.MaxInt64 / int64(24*time.Hour)
		days := int64(v.Days)
		us := (days*86400+int64(v.Seconds))*1e6 + int64(v.Microseconds)
		if days > maxDays || days < -maxDays || us > math.MaxInt64/1000 || us < math.MinInt64/1000 {
			return overflows(src, dst)
		}
		*p = time.Duration(us) * time.Microsecond
		return nil
	case *big.Int:
		return overflows(src, dst)
	}
	return cannotUse(src, dst, nil)
}

func assignTimeDelta(dst reflect.Value, p *TimeDelta, src any) error {
	var d time.Duration
	if v, ok := src.(time.Duration); ok {
		d = v
	} else if err := assignDuration(dst, &d, src); err != nil {
		return err
	}
	*p = Delta(d)
	return nil
}

// Delta returns the timedelta of d, rounded down to microseconds.
func Delta(d time.Duration) TimeDelta {
	us := floorDiv(int64(d), 1000)
	day := int64(24 * time.Hour / time.Microsecond)
	days := floorDiv(us, day)
	us -= days * day
	return TimeDelta{int(days), int(us / 1e6), int(us % 1e6)}
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
