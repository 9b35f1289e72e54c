package scripts

import (
	_ "embed" // for the library
	"fmt"
	"slices"
	"strings"
)

// A status is what RQ's schema says of the jobs that have it.
type status struct {
	name string // as it is stored
	// registry is where such jobs are, without the name of the queue; "" is none.
	// Started ones are in rq:wip with their executions, rate_limited ones with their
	// rate limit.
	registry string
	// nowhere is a job that was never enqueued, runs is one that is in its queue or
	// was taken from there. All others are in a registry or a rate limit.
	nowhere, runs bool
	// dropped is a job whose id is dropped where it is found in a queue. RQ runs all
	// whose ids are there, whatever has become of them since.
	dropped bool
	// pending is a job that runs or will by itself: it is not requeued from elsewhere.
	pending bool
	// over is a job that cannot be canceled.
	over bool
	// met is whether it lets go those that wait for it: "always", or "failed" if a
	// failed dependency will do for them.
	met string
}

// statuses is the one table of them, from which the scripts read too. A job of any
// other status is of a newer RQ, and left alone: it is neither run nor enqueued,
// requeued or canceled, and nothing that waits for it is let go.
var statuses = []status{
	{name: "created", nowhere: true},
	{name: "queued", runs: true, pending: true},
	{name: "started", runs: true, pending: true},
	{name: "deferred", registry: "rq:deferred:", pending: true},
	{name: "ready_to_enqueue", registry: "rq:ready:", pending: true},
	{name: "scheduled", registry: "rq:scheduled:", pending: true},
	{name: "rate_limited", pending: true},
	{name: "finished", registry: "rq:finished:", met: "always"},
	{name: "failed", registry: "rq:failed:", met: "failed"},
	{name: "stopped", registry: "rq:failed:"},
	{name: "canceled", registry: "rq:canceled:", dropped: true, over: true},
}

// RegistryOf returns the key of the registry that holds the jobs of a queue with a
// status, and "" for a status without one.
func RegistryOf(name, queue string) string {
	for _, s := range statuses {
		if s.name == name && s.registry != "" {
			return s.registry + queue
		}
	}
	return ""
}

// statusTables are what scripts read: for each property a Lua table from the names of
// the statuses that have it.
var statusTables = map[string]func(status) string{
	"known":       func(status) string { return "true" },
	"registry_of": func(s status) string { return quoted(s.registry) },
	"met_of":      func(s status) string { return quoted(s.met) },
	"nowhere":     func(s status) string { return whether(s.nowhere) },
	"runs":        func(s status) string { return whether(s.runs) },
	"dropped":     func(s status) string { return whether(s.dropped) },
	"pending":     func(s status) string { return whether(s.pending) },
	"over":        func(s status) string { return whether(s.over) },
}

// statusTable writes some of statusTables for a script, which pays for each.
func statusTable(names ...string) string {
	var b strings.Builder
	for _, name := range names {
		fmt.Fprintf(&b, "local %s = {", name)
		for _, s := range statuses {
			if v := statusTables[name](s); v != "" {
				fmt.Fprintf(&b, "%s=%s,", s.name, v)
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "'" + text + "'"
}

func whether(b bool) string {
	if b {
		return "true"
	}
	return ""
}

//go:embed lib_status.lua
var libStatusLua string

var libStatus = statusTable("known") + libStatusLua

// IsOfNewerRQ reports whether only a newer RQ knows a status.
func IsOfNewerRQ(name string) bool {
	return name != "" && !slices.ContainsFunc(statuses, func(s status) bool { return s.name == name })
}
