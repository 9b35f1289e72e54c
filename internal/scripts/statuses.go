package scripts

import (
	_ "embed" // for the library
	"fmt"
	"slices"
	"strings"
)

// A status describes the jobs that have it in RQ's schema.
type status struct {
	name string // as it is stored
	// registry is the registry of such jobs, without the name of the queue; "" is none.
	// Started jobs are in rq:wip with their executions, rate_limited jobs with their
	// rate limit.
	registry string
	// nowhere says that the job was never enqueued, runs that it is in its queue or was
	// taken from it. All others are in a registry or a rate limit.
	nowhere, runs bool
	// dropped says that the job's id is dropped when it is found in a queue. RQ runs
	// every job whose id is there, whatever its status.
	dropped bool
	// pending says that the job runs or will run by itself: it is not requeued from another
	// registry.
	pending bool
	// over says that the job cannot be canceled.
	over bool
	// met says whether the job is done for its dependents: "always", or "failed" for
	// those that allow a failed dependency.
	met string
}

// statuses is the one table of statuses, which the scripts use too. A job with any
// other status is from a newer RQ, and left alone: it is neither run nor enqueued,
// requeued or canceled, and its dependents are not enqueued.
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

// statusTables has for each property its Lua table, whose keys are the statuses that
// have it.
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

// statusTable writes the tables that a script uses. Each costs time at every run.
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

// IsUnknownStatus reports whether only a newer RQ knows a status.
func IsUnknownStatus(name string) bool {
	return name != "" && !slices.ContainsFunc(statuses, func(s status) bool { return s.name == name })
}
