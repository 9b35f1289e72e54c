package interop

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A normaliser replaces what differs from run to run by placeholders, and only
// where its form is exactly RQ's; anything else stays as it is and shows up in
// a diff.
//
// A time becomes <Tn> and a unix time <unix n>, where n is the step of the run
// that it falls into, from 1. So a time that should have been renewed by a step
// and was not still differs. Times outside the run stay as they are.
type normaliser struct {
	now   time.Time
	marks []time.Time // the start of each step
}

// skew is how far a clock may run ahead of the step that it is in: times are
// cut to microseconds and scores to seconds.
const skew = time.Millisecond

// near is how far a score may be from now to be taken for "in k seconds". RQ's
// longest default is one year. Farther scores compare exactly.
const near = 2 * 365 * 24 * time.Hour

var (
	timeText = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)
	unixText = regexp.MustCompile(`^\d{10}\.\d{1,7}$`)
	seconds  = regexp.MustCompile(`^\d+(\.\d+)?(e-\d\d)?$`)
	digits   = regexp.MustCompile(`^\d+$`)
	address  = regexp.MustCompile(`^127\.0\.0\.1:\d+$`)
	streamID = regexp.MustCompile(`^\d{13}-\d+$`)
)

// A fieldRule says what becomes of a field, by its key and name. A stream's
// field has its entry's number in front.
type fieldRule struct {
	key, field *regexp.Regexp
	as         func(n *normaliser, value string) string
}

var fieldRules = []fieldRule{
	{re(`rq:job:.+`), re(`data|exc_info`), (*normaliser).inflate},
	{re(`rq:job:.+`), re(`(created|enqueued|started|ended)_at|last_heartbeat`), (*normaliser).time},
	{re(`rq:results:.*`), re(`\d+ id`), shape(streamID, "<id>")},
	{re(`rq:results:.*`), re(`\d+ return_value`), (*normaliser).unbase64},
	{re(`rq:results:.*`), re(`\d+ exc_string`), (*normaliser).unbase64Inflate},
	{re(`rq:results:.*`), re(`\d+ execution_(started|ended)_at`), (*normaliser).unix},
	{re(`rq:execution:.*`), re(`created_at|last_heartbeat`), (*normaliser).unix},
	{re(`rq:worker:[^:]+`), re(`birth|death|last_heartbeat|shutdown_requested_date`), (*normaliser).time},
	{re(`rq:worker:[^:]+`), re(`pid`), shape(digits, "<pid>")},
	{re(`rq:worker:[^:]+`), re(`ip_address`), shape(address, "<address>")},
	{re(`rq:worker:[^:]+`), re(`total_working_time|current_job_working_time`), (*normaliser).workingTime},
	{re(`rq:scheduler:.*`), re(`created_at|last_heartbeat`), (*normaliser).time},
	{re(`rq:scheduler:.*`), re(`pid`), shape(digits, "<pid>")},
	{re(`rq:scheduler:.*`), re(`queues`), (*normaliser).sortCommas},
	{re(`rq:scheduler-lock:.*`), re(`value`), shape(digits, "<pid>")},
	{re(`rq:cron_scheduler:.*`), re(`created_at`), (*normaliser).time},
	{re(`rq:cron_scheduler:.*`), re(`pid`), shape(digits, "<pid>")},
	{re(`rq:queue:.*:first_seen:.*`), re(`value`), (*normaliser).unix},
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + s + `)$`) }

// shape replaces what matches form.
func shape(form *regexp.Regexp, placeholder string) func(*normaliser, string) string {
	return func(_ *normaliser, value string) string {
		if form.MatchString(value) {
			return placeholder
		}
		return value
	}
}

// normalise decodes values, then replaces random names everywhere, since a name
// may stand inside a value, then replaces values.
func (n *normaliser) normalise(raw map[string]entry) map[string]entry {
	rename := newRenamer(raw).Replace
	keys := make(map[string]entry, len(raw))
	for name, e := range raw {
		value := n.valuesOf(name, e.kind)
		fields := make(map[string]string, len(e.fields))
		for field, v := range e.fields {
			fields[rename(field)] = rename(value(field, v))
		}
		keys[rename(name)] = entry{e.kind, e.ttl, fields}
	}
	return keys
}

// valuesOf returns what normalises the fields of one key.
func (n *normaliser) valuesOf(key, kind string) func(field, value string) string {
	if kind == "zset" {
		return func(_, value string) string { return n.score(value) }
	}
	rules := slices.DeleteFunc(slices.Clone(fieldRules), func(r fieldRule) bool { return !r.key.MatchString(key) })
	return func(field, value string) string {
		for _, r := range rules {
			if r.field.MatchString(field) {
				return r.as(n, value)
			}
		}
		return value
	}
}

// step returns the number of the step that t falls into, or 0 if none.
func (n *normaliser) step(t time.Time) int {
	if t.After(n.now.Add(skew)) {
		return 0
	}
	for i, mark := range slices.Backward(n.marks) {
		if !t.Before(mark.Truncate(time.Microsecond)) {
			return i + 1
		}
	}
	return 0
}

func (n *normaliser) time(value string) string {
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil || !timeText.MatchString(value) || n.step(t) == 0 {
		return value
	}
	return fmt.Sprintf("<T%d>", n.step(t))
}

func (n *normaliser) unix(value string) string {
	s, err := strconv.ParseFloat(value, 64)
	if err != nil || !unixText.MatchString(value) {
		return value
	}
	step := n.step(time.UnixMicro(int64(math.Round(s * 1e6))))
	if step == 0 {
		return value
	}
	return fmt.Sprintf("<unix %d>", step)
}

// score writes a score near now as the distance to it, and says if it is not a
// whole number of seconds.
func (n *normaliser) score(value string) string {
	s, err := strconv.ParseFloat(value, 64)
	now := float64(n.now.UnixMicro()) / 1e6
	if err != nil || math.Abs(s-now) > near.Seconds() {
		return value
	}
	text := fmt.Sprintf("now%+d", int64(math.Round(s-now)))
	if strings.Contains(value, ".") {
		text += " and a fraction"
	}
	return text
}

func (n *normaliser) workingTime(value string) string {
	if value == "0" || !seconds.MatchString(value) {
		return value
	}
	return "<seconds>"
}

// sortCommas is for lists that Python writes in the order of a set: any.
func (n *normaliser) sortCommas(value string) string {
	items := strings.Split(value, ",")
	slices.Sort(items)
	return strings.Join(items, ",")
}

// inflate keeps the header, by which readers tell zlib, and drops the rest of
// the compressed form, which differs between implementations. Nothing may
// follow it.
func (n *normaliser) inflate(value string) string {
	in := strings.NewReader(value)
	r, err := zlib.NewReader(in)
	if err != nil {
		return value
	}
	var text bytes.Buffer
	if _, err := io.Copy(&text, r); err != nil || in.Len() > 0 {
		return value
	}
	return fmt.Sprintf("zlib %x: %s", value[:2], text.Bytes())
}

func (n *normaliser) unbase64(value string) string {
	decoded, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return value
	}
	return "base64: " + string(decoded)
}

func (n *normaliser) unbase64Inflate(value string) string {
	decoded, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		return value
	}
	return "base64: " + n.inflate(string(decoded))
}
