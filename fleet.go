package rq

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A FleetOption is made by Fleet. It is for NewQueue, AllQueues, CreateJob and
// FetchJob.
type FleetOption struct {
	oldest release
	err    error
}

// Fleet names the oldest version of Python RQ that shares the queues, such as "1.16" or
// "2.6.1". The default is the newest version that this package knows. A value that the
// oldest version cannot read is written in an older form, or refused with an
// *InvalidError. A version before 1.16 is refused too.
func Fleet(oldest string) FleetOption {
	r, err := parseRelease(oldest)
	return FleetOption{r, err}
}

func (o FleetOption) applyQueue(q *Queue) { q.fleet, q.err = o.oldest, errors.Join(q.err, o.err) }

func (o FleetOption) apply(s *settings) {
	s.fleet = o.oldest
	if o.err != nil {
		s.fail(o.err)
	}
}

func (FleetOption) forCreate() {}

func (o FleetOption) applyFetch(j *Job) error {
	j.fleet = o.oldest
	return o.err
}

// A release is a version of Python RQ. The zero release stands for the newest.
type release []int

var (
	oldestRelease = release{1, 16}

	executionsRelease       = release{2, 0}    // rq:wip has executions
	retriedRelease          = release{2, 1}    // can read that a job asked to be retried
	createdStatusRelease    = release{2, 4, 1} // can read the status created
	deferredSinceRelease    = release{2, 8}    // deferred jobs are scored by creation time
	maxRetriesRelease       = release{2, 8}    // can read that a job asked for too many retries
	rateLimitRelease        = release{3, 0}    // has rate limits
	workerExecutionsRelease = release{3, 0}    // has a worker's executions instead of its current job
)

func parseRelease(s string) (release, error) {
	var r release
	for _, part := range strings.Split(s, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 || len(r) == 3 {
			return nil, &InvalidError{"fleet", s, `must be a version of RQ such as "1.16" or "2.6.1"`}
		}
		r = append(r, n)
	}
	for len(r) < 3 {
		r = append(r, 0)
	}
	if r.before(oldestRelease) {
		return nil, &InvalidError{"fleet", s, fmt.Sprintf("must be %d.%d or later", oldestRelease[0], oldestRelease[1])}
	}
	return r, nil
}

// before reports whether r is an older release than other.
func (r release) before(other release) bool {
	return len(r) > 0 && slices.CompareFunc(r, other, cmp.Compare[int]) < 0
}

// deferredScore returns the score of a job in the deferred registry. RQ 2.0 to 2.7
// reads it as the time at which the job expires, and then fails the job, so it must be
// infinite for them (rq/registry.py DeferredJobRegistry.add).
func (r release) deferredScore(now int64) string {
	if r.before(deferredSinceRelease) {
		return "+inf"
	}
	return strconv.FormatInt(now, 10)
}

// createdStatus returns the status of a job that is saved and not enqueued. RQ 2.0 to
// 2.4.0 cannot read "created", and stores no status instead.
func (r release) createdStatus() string {
	if r.before(createdStatusRelease) {
		return ""
	}
	return string(StatusCreated)
}
