package pickle

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rqgo/rq/internal/py"
)

// fields returns the packed fields of a date or time: bytes, or the str of
// Python 2, which is text here as long as it is ASCII.
func fields(args py.Tuple, size int) (packed string, ok bool) {
	if len(args) < 1 || len(args) > 2 {
		return "", false
	}
	switch b := args[0].(type) {
	case []byte:
		return string(b), len(b) == size
	case string:
		if raw, ok := latin1(b[:min(len(b), 2*size)]); ok {
			return string(raw), len(raw) == size && len(b) <= 2*size
		}
	}
	return "", false
}

func buildDate(d *decoder, args py.Tuple) (any, bool, error) {
	b, ok := fields(args, dateLen)
	if !ok || len(args) != 1 {
		return nil, false, nil
	}
	v := py.Date{Year: int(b[0])<<8 | int(b[1]), Month: int(b[2]), Day: int(b[3])}
	if !validDate(v.Year, v.Month, v.Day) {
		return nil, false, d.errorf("date %d-%d-%d", v.Year, v.Month, v.Day)
	}
	return v, true, nil
}

func buildDateTime(d *decoder, args py.Tuple) (any, bool, error) {
	b, ok := fields(args, dateTimeLen)
	if !ok {
		return nil, false, nil
	}
	v, ok := unpackDateTime(b)
	if !ok {
		return nil, false, d.errorf("datetime with fields out of range: % x", b)
	}
	if len(args) == 1 || args[1] == nil {
		return v, true, nil
	}
	tz, ok := args[1].(*py.Object)
	if !ok {
		return nil, false, d.errorf("datetime with a %s for a time zone", kindOf(args[1]))
	}
	if loc := d.location(tz); loc != nil {
		return instant(v, loc), true, nil
	}
	v.TZ = tz
	return v, true, nil
}

// buildTimeOfDay keeps a ZoneInfo as it is: without a date it has no offset.
func buildTimeOfDay(d *decoder, args py.Tuple) (any, bool, error) {
	b, ok := fields(args, timeOfDayLen)
	if !ok {
		return nil, false, nil
	}
	v, ok := unpackTimeOfDay(b)
	if !ok {
		return nil, false, d.errorf("time with fields out of range: % x", b)
	}
	if len(args) == 1 || args[1] == nil {
		return v, true, nil
	}
	tz, ok := args[1].(*py.Object)
	if !ok {
		return nil, false, d.errorf("time with a %s for a time zone", kindOf(args[1]))
	}
	v.TZ = tz
	if loc := d.location(tz); loc != nil && tz.Callable == timezoneClass {
		v.TZ = loc
	}
	return v, true, nil
}

var (
	timezoneClass any = py.Global{Module: "datetime", Name: "timezone"}
	zoneInfoClass     = py.Global{Module: "zoneinfo", Name: "ZoneInfo"}
	// zoneInfoMaker is how protocols below 4 name ZoneInfo._unpickle.
	zoneInfoMaker any = py.Global{Module: "zoneinfo", Name: "ZoneInfo._unpickle"}
)

// location returns the zone of tz, or nil. One object gives one Location, so that times
// that share a tzinfo share the Location.
func (d *decoder) location(tz *py.Object) *time.Location {
	if loc, ok := d.zones[tz]; ok {
		return loc
	}
	var loc *time.Location
	switch {
	case tz.HasState:
	case tz.Callable == timezoneClass:
		loc = fixedZone(tz.Args)
	case isZoneInfo(tz):
		if key, ok := tz.Args[0].(string); ok {
			loc = d.zoneInfo(key)
		}
	}
	if d.zones == nil {
		d.zones = make(map[*py.Object]*time.Location)
	}
	d.zones[tz] = loc
	return loc
}

// fixedZone returns the zone of datetime.timezone(offset, name), if the offset
// is in whole seconds.
func fixedZone(args py.Tuple) *time.Location {
	if len(args) < 1 || len(args) > 2 {
		return nil
	}
	offset, ok := args[0].(time.Duration)
	if !ok || offset%time.Second != 0 || !validOffset(int(offset/time.Second)) {
		return nil
	}
	seconds := int(offset / time.Second)
	if len(args) == 2 {
		name, ok := args[1].(string)
		if !ok {
			return nil
		}
		return time.FixedZone(name, seconds)
	}
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone(offsetName(seconds), seconds)
}

// offsetName is what timezone.tzname returns for a zone without a name.
func offsetName(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	name := fmt.Sprintf("UTC%c%02d:%02d", sign, seconds/3600, seconds/60%60)
	if seconds%60 != 0 {
		name += fmt.Sprintf(":%02d", seconds%60)
	}
	return name
}

// isZoneInfo reports whether tz is ZoneInfo._unpickle(key, from_cache).
func isZoneInfo(tz *py.Object) bool {
	if len(tz.Args) != 2 {
		return false
	}
	if tz.Callable == zoneInfoMaker {
		return true
	}
	attr, ok := tz.Callable.(*py.Object)
	return ok && attr.Class() == "builtins.getattr" && len(attr.Args) == 2 &&
		attr.Args[0] == any(zoneInfoClass) && attr.Args[1] == any("_unpickle")
}

// zonesByName holds the zones that were loaded: time.LoadLocation reads a file
// each time.
var zonesByName sync.Map

// maxLoads is how many zones one pickle may have read from files.
const maxLoads = 600

func (d *decoder) zoneInfo(key string) *time.Location {
	if loc, ok := zonesByName.Load(key); ok {
		return loc.(*time.Location)
	}
	if d.loads++; d.loads > maxLoads || !zoneName(key) {
		return nil
	}
	loc, err := time.LoadLocation(key)
	if err != nil {
		return nil
	}
	zonesByName.Store(key, loc)
	return loc
}

// zoneName reports whether key can name a zone. LoadLocation accepts more: the empty
// name, Local, and paths such as Europe//Paris, whose endless variants zonesByName must
// not hold.
func zoneName(key string) bool {
	if key == "" || key == "Local" || strings.HasPrefix(key, "/") || strings.Contains(key, "//") {
		return false
	}
	for _, c := range []byte(key) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '/', c == '_', c == '+', c == '-':
		default:
			return false
		}
	}
	return true
}
