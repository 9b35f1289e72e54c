package pyrepr

import (
	"time"

	"github.com/rqgo/rq/internal/py"
)

// instant prints an aware datetime. Its zone reads as the offset it had then,
// which is also how it is pickled.
func (p *printer) instant(t time.Time) {
	p.add("datetime.datetime(")
	p.numbers(t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute())
	p.seconds(t.Second(), t.Nanosecond()/1000)
	_, offset := t.Zone()
	p.add(", tzinfo=")
	p.zone(offset)
	p.add(")")
}

func (p *printer) datetime(d py.DateTime) {
	p.add("datetime.datetime(")
	p.numbers(d.Year, d.Month, d.Day, d.Hour, d.Minute)
	p.seconds(d.Second, d.Microsecond)
	p.fold(d.Fold)
	p.tzinfo(d.TZ)
	p.add(")")
}

// clock prints a time, which has tzinfo and fold the other way round.
func (p *printer) clock(t py.TimeOfDay) {
	p.add("datetime.time(")
	p.numbers(t.Hour, t.Minute)
	p.seconds(t.Second, t.Microsecond)
	p.tzinfo(t.TZ)
	p.fold(t.Fold)
	p.add(")")
}

func (p *printer) date(d py.Date) {
	p.add("datetime.date(")
	p.numbers(d.Year, d.Month, d.Day)
	p.add(")")
}

func (p *printer) numbers(numbers ...int) {
	for i, n := range numbers {
		if i > 0 {
			p.add(", ")
		}
		p.int(n)
	}
}

// seconds prints seconds and microseconds, and no zeros at the end.
func (p *printer) seconds(s, us int) {
	if s != 0 || us != 0 {
		p.add(", ")
		p.int(s)
	}
	if us != 0 {
		p.add(", ")
		p.int(us)
	}
}

func (p *printer) fold(fold int) {
	if fold != 0 {
		p.add(", fold=")
		p.int(fold)
	}
}

func (p *printer) tzinfo(tz any) {
	switch tz := tz.(type) {
	case nil:
		return
	case *time.Location:
		p.add(", tzinfo=")
		_, offset := time.Unix(0, 0).In(tz).Zone()
		p.zone(offset)
	default:
		p.add(", tzinfo=")
		p.value(tz)
	}
}

func (p *printer) zone(offset int) {
	if offset == 0 {
		p.add("datetime.timezone.utc")
		return
	}
	p.add("datetime.timezone(")
	p.delta(py.Delta(time.Duration(offset) * time.Second))
	p.add(")")
}

// delta prints a timedelta, leaving out what is zero.
func (p *printer) delta(d py.TimeDelta) {
	p.add("datetime.timedelta(")
	sep := ""
	for _, part := range [...]struct {
		name string
		n    int
	}{{"days=", d.Days}, {"seconds=", d.Seconds}, {"microseconds=", d.Microseconds}} {
		if part.n != 0 {
			p.add(sep)
			p.add(part.name)
			p.int(part.n)
			sep = ", "
		}
	}
	if sep == "" {
		p.add("0")
	}
	p.add(")")
}
