package rq

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// A mixedQueue is a queue with jobs for other workers. Each look reads its front, and a
// stretch of the rest from where the look before ended; a pass ends at the end of the
// queue. After the first pass each look also reads the end of the queue, where new jobs
// are added. So a look costs the same in a queue of any length, and finds a job anywhere.
type mixedQueue struct {
	known   []sighting    // what the last look has found, and no claim has returned
	fresh   time.Time     // until when that is believed
	next    time.Time     // of the looks
	pause   time.Duration // before it
	at      int64         // where the pass goes on
	goOn    time.Time     // when it may
	pace    time.Duration // between the looks of a pass that go on with it
	passes  int           // that are over
	hit     bool          // this pass has found a job for this worker
	whole   bool          // the last one has found none, and no look since
	swept   int           // foreign jobs of this pass
	foreign int           // and of the last one
}

const (
	// The pause between looks doubles from the first to the last while nothing is found.
	firstLook = 20 * time.Millisecond
	lastLook  = time.Second
	// lookEnd is how many ids at each end of a queue every look reads.
	lookEnd = 200
	// lookStretch is how many ids a look goes on with a pass, in steps. It begins so many
	// earlier than the one before has ended as others may have taken jobs meanwhile.
	lookStretch = 1000
	lookStep    = 500
	lookOverlap = 500
	// lookJobs is how many jobs a look reads, lookChunk of them at once.
	lookJobs  = 1000
	lookChunk = 100
	// knownFor is how long claims go on with what a look has found.
	knownFor = 100 * time.Millisecond
	// lookSpare is how many jobs are named in a claim beyond those that it may take: other
	// workers take some of them first.
	lookSpare = 10
)

// A sighting is where a job's id was seen in a queue.
type sighting struct {
	id string
	at int64
}

// look searches from the front to the end of a queue, until a stretch has jobs. It reports
// whether the queue is open, which means that no job at its front is foreign.
func (q *mixedQueue) look(ctx context.Context, s *search, burst bool) (found []sighting, open bool, err error) {
	front, err := s.stretch(ctx, 0, lookEnd, 0)
	switch {
	case err != nil:
		return nil, false, err
	case front.all() && front.foreign == 0:
		return front.found, true, nil
	case len(front.found) > 0 || !front.all():
		return front.found, false, nil
	case front.length < lookEnd:
		q.over(front.foreign)
		return nil, false, nil
	}
	q.at = max(q.at, lookEnd)
	if done := burst && q.whole; !done && (burst || !time.Now().Before(q.goOn)) {
		found, err = q.sweep(ctx, s, front.foreign)
	}
	if err == nil && len(found) == 0 && q.passes > 0 {
		found, err = s.end(ctx)
	}
	return found, false, err
}

// sweep goes on with the pass.
func (q *mixedQueue) sweep(ctx context.Context, s *search, front int) ([]sighting, error) {
	q.goOn = time.Now().Add(q.pace)
	for end := q.at + lookStretch; q.at < end; {
		first := max(lookEnd, q.at-lookOverlap)
		st, err := s.stretch(ctx, first, q.at+lookStep-first, q.at)
		if err != nil {
			return nil, err
		}
		q.at = max(q.at, first+int64(st.looked))
		q.swept += st.foreign
		switch {
		case len(st.found) > 0:
			q.hit, q.pace, q.goOn = true, 0, time.Time{}
			return st.found, nil
		case !st.all():
			return nil, nil
		case q.at < first+st.asked: // there are no more
			q.over(front + q.swept)
			return nil, nil
		}
	}
	return nil, nil
}

// over ends a pass that has seen so many foreign jobs.
func (q *mixedQueue) over(foreign int) {
	if !q.hit {
		q.pace = max(firstLook, min(2*q.pace, lastLook))
	}
	q.whole = !q.hit
	q.foreign, q.swept, q.at, q.hit = foreign, 0, 0, false
	q.passes++
}

// wait sets when the next look is due: at once after a look that has found something. A
// burst does not pause until a pass has found nothing.
func (q *mixedQueue) wait(found, burst bool) {
	switch {
	case found:
		q.pause, q.whole = 0, false
	case burst && q.whole:
		q.pause = time.Hour // it is over, unless a job that runs enqueues another
	case burst:
		q.pause = 0
	case q.passes == 0:
		q.pause = firstLook
	default:
		q.pause = max(firstLook, min(2*q.pause, lastLook))
	}
	q.next = time.Now().Add(q.pause)
}

// A search reads jobs of one queue for one look.
type search struct {
	f           *foreignJobs
	queue       string
	most        int // jobs that are looked for
	jobs, bytes int // that may still be read
}

// A stretch is what a search has found in a stretch of a queue.
type stretch struct {
	found   []sighting
	foreign int
	looked  int   // ids
	length  int   // ids that there are
	asked   int64 // ids that could have been
}

// all reports whether all of the stretch was looked at.
func (st *stretch) all() bool { return st.looked == st.length }

// stretch looks at up to n ids from the first on, until it has found enough. It counts the
// foreign ones from a place on.
func (s *search) stretch(ctx context.Context, first, n, from int64) (stretch, error) {
	ids, err := s.f.db.LRange(ctx, keys.Queue(s.queue), first, first+n-1).Result()
	if err != nil {
		return stretch{}, err
	}
	st, err := s.divide(ctx, ids, first, from)
	st.asked = n
	return st, err
}

// end looks at the last ids, whatever the pass has left to read.
func (s *search) end(ctx context.Context) ([]sighting, error) {
	s.jobs, s.bytes = lookEnd, mostBudget
	pipe := s.f.db.Pipeline()
	length, last := pipe.LLen(ctx, keys.Queue(s.queue)), pipe.LRange(ctx, keys.Queue(s.queue), -lookEnd, -1)
	if err := redisx.Exec(ctx, pipe); err != nil {
		return nil, err
	}
	ids := last.Val()
	st, err := s.divide(ctx, ids, length.Val()-int64(len(ids)), 0)
	return st.found, err
}

// divide separates jobs for this worker from foreign ones. At the front of the queue it
// continues until it has seen a foreign one, or all ids.
func (s *search) divide(ctx context.Context, ids []string, first, from int64) (stretch, error) {
	st, some := stretch{length: len(ids)}, first > 0
	for len(ids) > st.looked && (!some || len(st.found) < s.most) {
		group := ids[st.looked:min(st.looked+lookChunk, len(ids))]
		foreign, err := s.read(ctx, group)
		if err != nil {
			return stretch{}, err
		}
		for i, is := range foreign {
			at := first + int64(st.looked)
			st.looked++
			switch {
			case !is:
				st.found = append(st.found, sighting{group[i], at})
			case at >= from:
				st.foreign++
			}
			some = some || is
		}
		if len(foreign) < len(group) {
			break
		}
	}
	st.found = st.found[:min(len(st.found), s.most)]
	return st, nil
}

// read returns which jobs are foreign, up to the first one that exceeds what this look may
// read.
func (s *search) read(ctx context.Context, ids []string) ([]bool, error) {
	foreign, unread := s.f.recall(ids)
	if len(unread) == 0 {
		return foreign, nil
	}
	lengths := make([]*redis.Cmd, len(unread))
	pipe := s.f.db.Pipeline()
	for n, i := range unread {
		lengths[n] = pipe.Do(ctx, "hstrlen", keys.Job(ids[i]), "data")
	}
	if err := redisx.Exec(ctx, pipe); err != nil && !isForeign(err) {
		return nil, err
	}
	fields := make([]*redis.SliceCmd, len(unread))
	for n, i := range unread {
		length, _ := lengths[n].Int64()
		if length > leastBudget {
			continue // it is claimed first
		}
		if s.jobs--; s.jobs < 0 || s.bytes < int(length) {
			s.bytes, foreign, unread = 0, foreign[:i], unread[:n]
			break
		}
		s.bytes -= int(length)
		fields[n] = pipe.HMGet(ctx, keys.Job(ids[i]), lookFields...)
	}
	if err := redisx.Exec(ctx, pipe); err != nil && !isForeign(err) {
		return nil, err
	}
	for n, i := range unread {
		if fields[n] != nil {
			foreign[i] = s.f.judge(s.queue, ids[i], textsOf(lookFields, fields[n].Val()))
		}
	}
	return foreign, nil
}

// judge reports whether a job is foreign: its function has no handler, only a newer RQ
// knows its status, or the id only keeps the place of a job that was removed from a long
// queue.
func (f *foreignJobs) judge(queue, id string, hash map[string]string) bool {
	function := f.function(id, hash)
	m := memory{
		foreign: function != "" || scripts.IsUnknownStatus(hash["status"]) || (len(hash) == 0 && strings.HasPrefix(id, scripts.Gap)),
		until:   time.Now().Add(rememberFor),
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remember(id, m)
	if function != "" {
		f.log.note(queue, function)
	}
	return m.foreign
}

// lookFields are the fields that tell whether a job is foreign.
var lookFields = []string{"data", "status", "success_callback_name", "failure_callback_name", "stopped_callback_name"}
