package interop

import (
	"slices"
	"strconv"
	"strings"
)

// A jobRun is one run of a job, as the job noted it.
type jobRun struct {
	start, end string // ids in a stream, by the server's clock; "" is none
	worker     string
}

// verify checks that what became of each job is written, once and in one place,
// and that nothing is left of what its workers did.
func (c *carnage) verify() {
	c.t.Helper()
	runs := c.runs()
	keys, err := readKeys(c.t.Context(), c.db)
	if err != nil {
		c.t.Fatal(err)
	}
	places := c.places(keys)
	seen := map[string]int{}
	for _, j := range c.jobs {
		hash := keys["rq:job:"+j.id].fields
		seen[hash["status"]]++
		c.verifyPlace(j, hash["status"], places[j.id])
		c.verifyRuns(j, hash["status"], runs[j.id], keys["rq:results:"+j.id])
		delete(places, j.id)
	}
	for id, where := range places {
		c.t.Errorf("%s is in %v, and nobody enqueued it", id, where)
	}
	c.verifyLeftovers(keys)
	all, python := 0, 0
	for _, of := range runs {
		all += len(of)
		for _, r := range of {
			if r.worker == "py" {
				python++
			}
		}
	}
	c.t.Logf("%d jobs: %v; %d runs, %d of them in Python; killed: %v", len(c.jobs), seen, all, python, c.victims)
}

// runs returns the runs of each job in order.
func (c *carnage) runs() map[string][]*jobRun {
	byID, of := map[string]*jobRun{}, map[string][]*jobRun{}
	notes, err := c.db.XRange(c.t.Context(), notes, "-", "+").Result()
	if err != nil {
		c.t.Fatal(err)
	}
	for _, note := range notes {
		id, _ := note.Values["run"].(string)
		job, _ := note.Values["job"].(string)
		worker, _ := note.Values["worker"].(string)
		switch note.Values["what"] {
		case "start":
			byID[id] = &jobRun{start: note.ID, worker: worker}
			of[job] = append(of[job], byID[id])
		case "end":
			byID[id].end = note.ID
		}
	}
	return of
}

// placeKinds are the keys that say where jobs are, before the names of queues.
var placeKinds = []string{"queue", "wip", "finished", "failed", "scheduled", "deferred", "canceled", "ready"}

// places returns where each job is.
func (c *carnage) places(keys map[string]entry) map[string][]string {
	places := map[string][]string{}
	for name, e := range keys {
		parts := strings.Split(name, ":")
		if len(parts) < 3 || !slices.Contains(placeKinds, parts[1]) || e.kind == "string" {
			continue
		}
		for field, value := range e.fields {
			id, _, _ := strings.Cut(field, ":")
			if e.kind == "list" {
				id = value
			}
			places[id] = append(places[id], name)
		}
	}
	return places
}

// verifyPlace checks that a job is where its status says, and nowhere else. RQ
// has a job that repeats among the finished ones already.
func (c *carnage) verifyPlace(j faultJob, status string, places []string) {
	want := []string{"rq:" + status + ":" + j.queue}
	if !slices.Contains([]string{"finished", "failed", "deferred"}, status) || (status == "deferred" && j.parent == "") {
		c.t.Errorf("%s is %q in the end", j.id, status)
	}
	if j.repeats > 0 {
		places = slices.DeleteFunc(places, func(p string) bool { return p == "rq:finished:"+j.queue && status != "finished" })
	}
	if !slices.Equal(places, want) {
		c.t.Errorf("%s is %s, and in %v", j.id, status, places)
	}
}

// verifyRuns checks the results of a job against its runs: none runs after the
// job has finished, or while it runs elsewhere.
func (c *carnage) verifyRuns(j faultJob, status string, runs []*jobRun, results entry) {
	successes, failures, last := 0, 0, ""
	for field, value := range results.fields {
		if n, ok := strings.CutSuffix(field, " type"); ok && value == "1" {
			successes++
			last = max(last, results.fields[n+" id"])
		} else if ok && value == "2" {
			failures++
		}
	}
	ended := 0
	for i, r := range runs {
		if r.end != "" {
			ended++
		}
		if j.repeats == 0 && last != "" && before(last, r.start) {
			c.t.Errorf("%s finished at %s, and started in %s at %s", j.id, last, r.worker, r.start)
		}
		for _, other := range runs[:i] {
			if other.end != "" && before(r.start, other.end) {
				c.t.Errorf("%s ran in %s and %s at once", j.id, other.worker, r.worker)
			}
		}
	}
	wantSuccesses, wantFailures := 0, 0
	switch status {
	case "finished":
		wantSuccesses = 1 + j.repeats
	case "failed":
		wantSuccesses, wantFailures = min(successes, j.repeats), 1
	}
	if successes != wantSuccesses || failures != wantFailures || ended < successes {
		c.t.Errorf("%s is %s with %d results, %d failures and %d runs that came to an end", j.id, status, successes, failures, ended)
	}
}

// before reports whether the time of an id in a stream is before that of another.
func before(a, b string) bool {
	return milliseconds(a) < milliseconds(b)
}

func milliseconds(id string) int64 {
	text, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseInt(text, 10, 64)
	return ms
}

// verifyLeftovers checks that no execution, worker or slot is left. Before RQ 2.0
// nobody knows of which execution an abandoned job was, and before 3.0 Python
// forgets the execution of a job that gets a dependent when it finishes
// (rq/worker.py Worker.cleanup_execution): those are left to expire.
func (c *carnage) verifyLeftovers(keys map[string]entry) {
	expires := func(e entry) bool { return e.ttl > 0 && e.ttl < 180 }
	for name, e := range keys {
		execution := strings.HasPrefix(name, "rq:execution") || strings.HasSuffix(name, ":executions")
		switch {
		case execution && between(c.version, "", "2") && expires(e):
		case execution, strings.HasPrefix(name, "rq:workers"), strings.HasPrefix(name, "rq:rl:") && e.kind == "zset":
			c.t.Errorf("%s is left over: %v, ttl %d", name, e.fields, e.ttl)
		}
	}
}
