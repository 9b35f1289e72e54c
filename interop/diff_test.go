package interop

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// absent stands for what one side does not have.
const absent = "<absent>"

// A difference is one place where the two sides are not the same. Field is
// "(key)" where one side lacks the whole key, "(type)" or "(ttl)".
type difference struct {
	key, field, python, golang string
}

func (d difference) String() string {
	return fmt.Sprintf("%s %s:\n\tPython %q\n\tGo     %q", d.key, d.field, d.python, d.golang)
}

// diff compares two keyspaces key by key and field by field. It returns the
// differences and how many things it compared.
func diff(python, golang keyspace) (found []difference, compared int) {
	slack := deadlineSlack(python, golang)
	compare := func(key, field, p, g string) {
		compared++
		if p != g && !sameDeadline(p, g, slack) {
			found = append(found, difference{key, field, p, g})
		}
	}
	for _, key := range union(python.keys, golang.keys) {
		p, inPython := python.keys[key]
		g, inGo := golang.keys[key]
		if !inPython || !inGo {
			compare(key, "(key)", presence(p, inPython), presence(g, inGo))
			continue
		}
		compare(key, "(type)", p.kind, g.kind)
		compare(key, "(ttl)", ttlText(p.ttl), ttlText(g.ttl))
		for _, field := range union(p.fields, g.fields) {
			compare(key, field, valueOr(p.fields, field), valueOr(g.fields, field))
		}
	}
	return found, compared
}

// deadlineSlack is by how many seconds deadlines may differ: a rounding on each
// side, and however long the slower run took.
func deadlineSlack(a, b keyspace) int {
	return 2 + int(math.Ceil(max(a.elapsed, b.elapsed).Seconds()))
}

var deadline = regexp.MustCompile(`^now([+-]\d+)( and a fraction)?$`)

// sameDeadline says whether both are a time from now of the same form, no more
// than slack seconds apart.
func sameDeadline(a, b string, slack int) bool {
	x, y := deadline.FindStringSubmatch(a), deadline.FindStringSubmatch(b)
	if x == nil || y == nil || x[2] != y[2] {
		return false
	}
	k, _ := strconv.Atoi(x[1])
	l, _ := strconv.Atoi(y[1])
	return max(k-l, l-k) <= slack
}

func ttlText(ttl int64) string {
	if ttl < 0 {
		return "none"
	}
	return fmt.Sprintf("now+%d", ttl)
}

func presence(e entry, ok bool) string {
	if !ok {
		return absent
	}
	var text strings.Builder
	text.WriteString(e.kind)
	for _, field := range sortedKeys(e.fields) {
		fmt.Fprintf(&text, " %s=%s", field, e.fields[field])
	}
	return text.String()
}

func valueOr(fields map[string]string, field string) string {
	if v, ok := fields[field]; ok {
		return v
	}
	return absent
}

// union returns the keys of both maps in order.
func union[V any](a, b map[string]V) []string {
	all := make(map[string]V, len(a))
	for k, v := range a {
		all[k] = v
	}
	for k, v := range b {
		all[k] = v
	}
	return sortedKeys(all)
}

// glob says whether s matches pattern, in which * stands for anything. An
// empty pattern matches everything.
func glob(pattern, s string) bool {
	if pattern == "" {
		return true
	}
	form := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`)
	return regexp.MustCompile(`(?s)^` + form + `$`).MatchString(s)
}
