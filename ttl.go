package rq

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// Forever is RQ's -1: no timeout, or a result or job that does not expire.
const Forever = -1 * time.Second

// The durations of a job, and the meaning of special values in RQ:
//
//	              not given          0                      Forever        n
//	Timeout       the queue's, 180 s refused                no limit       the job may run n
//	ResultTTL     500 s              not kept, job deleted  kept for ever  result and job kept n
//	TTL           no limit           refused                refused        dropped unless started within n
//	FailureTTL    a year             job deleted on failure kept for ever  failed job kept n
//	Callback      60 s               60 s                   refused        the callback may run n
//
// All are stored in whole seconds. Fractions are cut off, as in RQ. A positive duration
// under a second is refused, because it would become 0. A job or result with a longer TTL
// than 285 years, such as Python's sys.maxsize, is kept for 285 years. A job that would
// be due after the year 9999 is due at its end.
const (
	// DefaultTimeout limits a job when neither it nor its queue has a timeout.
	DefaultTimeout = 180 * time.Second
	// DefaultResultTTL is how long the result of a job without a ResultTTL is kept.
	DefaultResultTTL = 500 * time.Second
	// DefaultFailureTTL is how long a failed job without a FailureTTL is kept.
	DefaultFailureTTL = 365 * 24 * time.Hour
	// DefaultCallbackTimeout limits a callback without a timeout.
	DefaultCallbackTimeout = 60 * time.Second
)

// ParseTimeout parses a duration in the form of RQ's keywords: a whole number of
// seconds ("180", "-1", "+5", "1_000"), or a number with a unit d, h, m or s in either
// case ("1h", "2D"). It returns ErrTimeoutFormat for anything else, and an
// *InvalidError for more than 292 years (rq/utils.py parse_timeout).
func ParseTimeout(s string) (time.Duration, error) {
	n, ok, overflow := pythonInt(s)
	unit := time.Second
	if !ok {
		runes := []rune(s)
		if len(runes) == 0 {
			return 0, fmt.Errorf("%w: %q", ErrTimeoutFormat, s)
		}
		if unit, ok = timeoutUnits[unicode.ToLower(runes[len(runes)-1])]; ok {
			n, ok, overflow = pythonInt(string(runes[:len(runes)-1]))
		}
		if !ok {
			return 0, fmt.Errorf("%w: %q", ErrTimeoutFormat, s)
		}
	}
	if limit := int64(math.MaxInt64 / unit); overflow || n > limit || n < -limit {
		return 0, &InvalidError{"timeout", s, "must be less than 292 years"}
	}
	return time.Duration(n) * unit, nil
}

var timeoutUnits = map[rune]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour,
}

// pythonInt reads s as Python's int(s) does: spaces around, a sign, single
// underscores between digits, and the digits of any script.
func pythonInt(s string) (n int64, ok, overflow bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	wasDigit := false
	for _, r := range s {
		if r == '_' && wasDigit {
			wasDigit = false
			continue
		}
		d, isDigit := digitValue(r)
		if !isDigit {
			return 0, false, false
		}
		wasDigit = true
		if overflow = overflow || n > (math.MaxInt64-d)/10; !overflow {
			n = n*10 + d
		}
	}
	if negative {
		n = -n
	}
	return n, wasDigit, overflow
}

// digitValue returns the value of a decimal digit of any script. Unicode has the digits
// of each script in a run from zero to nine.
func digitValue(r rune) (int64, bool) {
	if r < 0x80 {
		return int64(r - '0'), r >= '0' && r <= '9'
	}
	for _, run := range unicode.Nd.R16 {
		if r >= rune(run.Lo) && r <= rune(run.Hi) {
			return int64(r-rune(run.Lo)) % 10, true
		}
	}
	for _, run := range unicode.Nd.R32 {
		if r >= rune(run.Lo) && r <= rune(run.Hi) {
			return int64(r-rune(run.Lo)) % 10, true
		}
	}
	return 0, false
}

// wholeSeconds returns d as RQ stores it. name is the option's name, for the error.
func wholeSeconds(name string, d time.Duration) (int, error) {
	switch {
	case d == Forever:
		return -1, nil
	case d < 0:
		return 0, &InvalidError{name, d, "must not be negative; for no limit use rq.Forever"}
	case d > 0 && d < time.Second:
		return 0, &InvalidError{name, d, "must be a second or more: RQ counts in whole seconds"}
	}
	return int(d / time.Second), nil
}

// seconds returns a stored number of seconds as a duration, and false for none. A
// number too large for a Duration becomes the longest one.
func seconds(n *int) (time.Duration, bool) {
	switch {
	case n == nil:
		return 0, false
	case *n < 0:
		return Forever, true
	case int64(*n) > int64(math.MaxInt64/time.Second):
		return math.MaxInt64, true
	}
	return time.Duration(*n) * time.Second, true
}

// lastMoment is the end of the year 9999, the last time that Python can represent.
const lastMoment = 253_402_300_799

// after returns the time so many seconds after now, in Unix seconds, but no later than
// lastMoment: RQ accepts sys.maxsize.
func after(now time.Time, seconds int) int64 {
	return min(now.Unix()+min(int64(seconds), lastMoment), lastMoment)
}

// score returns the score of an entry that is kept for ttl seconds.
func score(now time.Time, ttl int, forever string) string {
	if ttl < 0 {
		return forever
	}
	return strconv.FormatInt(after(now, ttl), 10)
}

func inSeconds(d time.Duration) int { return int(d / time.Second) }

// expiry returns the score of a registry entry that is kept for ttl seconds.
func expiry(ttl int) float64 {
	if ttl < 0 {
		return math.Inf(1)
	}
	return float64(after(now(), ttl))
}

// timeOf returns the time that a score stands for. RQ writes -1 and +inf for never.
func timeOf(score float64) time.Time {
	if score < 0 || score > math.MaxInt32*1000 {
		return time.Time{}
	}
	whole, fraction := math.Modf(score)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

func intOf(n *int) (int, bool) {
	if n == nil {
		return 0, false
	}
	return *n, true
}

func durations(list []int) []time.Duration {
	var all []time.Duration
	for _, n := range list {
		d, _ := seconds(&n)
		all = append(all, d)
	}
	return all
}

func moment(t time.Time) scripts.Moment {
	return scripts.Moment{Unix: t.Unix(), Text: wire.FormatTime(t)}
}

// serverMoment is moment for scripts that use the server's time where workers compare
// times. Only the text, which is for people, comes from this machine's clock.
func serverMoment(t time.Time) scripts.Moment {
	return scripts.Moment{Unix: scripts.ServerTime, Text: wire.FormatTime(t)}
}

// clock is this machine's clock. A test runs a worker with a wrong one.
var clock = time.Now

// now returns the time in the precision that RQ stores.
func now() time.Time { return clock().UTC().Truncate(time.Microsecond) }

func intOr0(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}
