package interop

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A born name is a random name, with what it names and when that was made.
type born struct {
	name, kind string
	at         float64
}

// uuid4 matches the names that Python makes up, with or without dashes, and
// cronName those of cron schedulers: host:pid:hex.
var (
	uuid4 = regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b` +
		`|\b[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\b`)
	cronName = regexp.MustCompile(`^[\w.-]+:\d+:[0-9a-f]{6}$`)
)

// random says whether the whole of name was made up.
func random(name string) bool {
	return uuid4.FindString(name) == name || cronName.MatchString(name)
}

// births says which field of which key tells when its random name was made.
var births = []struct {
	key   *regexp.Regexp
	kind  string
	field string
}{
	{regexp.MustCompile(`^rq:job:([^:]+)$`), "job", "created_at"},
	{regexp.MustCompile(`^rq:worker:([^:]+)$`), "worker", "birth"},
	{regexp.MustCompile(`^rq:execution:[^:]+:([^:]+)$`), "execution", "created_at"},
	{regexp.MustCompile(`^rq:scheduler:([^:]+)$`), "scheduler", "created_at"},
	{regexp.MustCompile(`^rq:cron_scheduler:(.+)$`), "cron", "created_at"},
}

// newRenamer returns what replaces random names by their kind and number, in
// the order in which the things were made. Names of unknown age come last, in
// the order of the places where they stand.
func newRenamer(raw map[string]entry) *strings.Replacer {
	all := append(knownBirths(raw), results(raw)...)
	slices.SortFunc(all, func(a, b born) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.at, b.at))
	})
	numbers := map[string]int{}
	var pairs []string
	seen := map[string]bool{}
	for _, b := range append(all, strays(raw)...) {
		if !seen[b.name] && random(b.name) {
			seen[b.name] = true
			numbers[b.kind]++
			pairs = append(pairs, b.name, fmt.Sprintf("<%s%d>", b.kind, numbers[b.kind]))
		}
	}
	return strings.NewReplacer(pairs...)
}

func knownBirths(raw map[string]entry) []born {
	var all []born
	for key, e := range raw {
		for _, rule := range births {
			if m := rule.key.FindStringSubmatch(key); m != nil && e.kind == "hash" {
				all = append(all, born{m[1], rule.kind, instant(e.fields[rule.field])})
			}
		}
	}
	return all
}

// results finds the executions whose hash is gone, by the results they left.
func results(raw map[string]entry) []born {
	var all []born
	for key, e := range raw {
		if !strings.HasPrefix(key, "rq:results:") {
			continue
		}
		for field, value := range e.fields {
			if i, ok := strings.CutSuffix(field, " execution_id"); ok {
				all = append(all, born{value, "execution", instant(e.fields[i+" execution_started_at"])})
			}
		}
	}
	return all
}

// strays finds the random names that stand anywhere else.
func strays(raw map[string]entry) []born {
	places := map[string][]string{} // the names in a place, by what else stands there
	add := func(place string) {
		if names := uuid4.FindAllString(place, -1); names != nil {
			masked := uuid4.ReplaceAllString(place, "?")
			places[masked] = append(places[masked], names...)
		}
	}
	for key, e := range raw {
		add(key)
		for field, value := range e.fields {
			if max(len(field), len(value)) >= 32 {
				add(key + " " + field + " " + value)
			}
		}
	}
	var all []born
	for _, place := range sortedKeys(places) {
		for _, name := range places[place] {
			all = append(all, born{name: name, kind: "name"})
		}
	}
	return all
}

// instant reads either of RQ's two forms of a time.
func instant(value string) float64 {
	if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
		return float64(t.UnixMicro()) / 1e6
	}
	s, _ := strconv.ParseFloat(value, 64)
	return s
}
