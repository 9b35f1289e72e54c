package rq

import (
	"context"
	"strings"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// A check reports which candidates are orphans, for at least the first of them. It may
// record their state in them.
type check func(ctx context.Context, chunk []candidate) ([]bool, error)

// filter returns the candidates that are orphans.
func (s *orphanSearch) filter(ctx context.Context, all []candidate, orphaned check) ([]candidate, error) {
	var orphans []candidate
	for len(all) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		chunk := all[:min(len(all), orphanChunk)]
		answers, err := orphaned(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for i, is := range answers {
			if is {
				orphans = append(orphans, chunk[i])
			}
		}
		all = all[len(answers):]
	}
	return orphans, nil
}

// checkEntries checks entries of one registry. With remove, orphans are removed in
// the same step.
func (s *orphanSearch) checkEntries(registry string, remove bool) check {
	started := strings.HasPrefix(registry, keys.Started(""))
	return func(ctx context.Context, chunk []candidate) ([]bool, error) {
		entries := make([]string, len(chunk))
		for i, c := range chunk {
			entries[i] = c.ID
		}
		return scripts.PruneEntries(ctx, s.rdb, registry, started, entries, now().Unix(), remove)
	}
}

// checkKeys checks keys that belong to jobs. With remove, orphans are deleted in the
// same step.
func (s *orphanSearch) checkKeys(remove bool) check {
	return func(ctx context.Context, chunk []candidate) ([]bool, error) {
		leftovers := make([]scripts.Leftover, len(chunk))
		for i, c := range chunk {
			leftovers[i] = scripts.Leftover{Key: c.Key, Kind: c.leftover, ID: c.ID}
		}
		return scripts.PruneKeys(ctx, s.rdb, leftovers, now().Unix(), remove)
	}
}

// checkJobs looks for jobs everywhere but in lists. With remove, jobs that it finds
// nowhere are looked for in the lists too, and deleted if they are in none.
func (s *orphanSearch) checkJobs(remove bool) check {
	return func(ctx context.Context, chunk []candidate) ([]bool, error) {
		jobs := make([]scripts.OrphanCandidate, len(chunk))
		for i, c := range chunk {
			jobs[i] = scripts.OrphanCandidate{ID: c.ID, State: c.like}
		}
		like, err := scripts.PruneJobs(ctx, s.rdb, jobs, moment(now()), remove)
		orphaned := make([]bool, len(like))
		for i, l := range like {
			if parts := strings.SplitN(l, "\n", 4); len(parts) == 4 {
				orphaned[i], chunk[i].like, chunk[i].Queue = true, l, parts[3]
			}
		}
		return orphaned, err
	}
}

// recheckSome keeps the number of candidates within the limit. Once there are many, or
// at the end, it drops the jobs that are in their queue. If many are left, it checks
// them a second time. Every queued job is a candidate until its queue has been read,
// and a pause for each batch of these would take hours.
func (s *orphanSearch) recheckSome(ctx context.Context, last bool) error {
	if !last && len(s.candidates) < s.limit {
		return nil
	}
	if err := s.dropQueued(ctx); err != nil {
		return err
	}
	if len(s.candidates) == 0 || (!last && len(s.candidates) < s.limit/2) {
		return nil
	}
	return s.recheck(ctx)
}

// dropQueued drops the jobs that are in the lists of their queue. Each job is looked
// for there once.
func (s *orphanSearch) dropQueued(ctx context.Context) error {
	var rest, jobs []candidate
	for _, c := range s.candidates {
		if c.Kind == OrphanJob && !c.unlisted {
			jobs = append(jobs, c)
		} else {
			rest = append(rest, c)
		}
	}
	jobs, err := s.notQueued(ctx, jobs)
	for i := range jobs {
		jobs[i].unlisted = true
	}
	rest = append(rest, jobs...)
	s.candidates = rest
	return err
}

// recheck checks all candidates a second time, after a pause. It reports the orphans,
// and removes them if that was asked for.
func (s *orphanSearch) recheck(ctx context.Context) (err error) {
	entries, leftovers, jobs := s.takeCandidates()
	if !s.pause(ctx) {
		return ctx.Err()
	}
	for registry, members := range entries {
		if err := s.report(ctx, members, s.checkEntries(registry, s.prune)); err != nil {
			return err
		}
	}
	if err := s.report(ctx, leftovers, s.checkKeys(s.prune)); err != nil {
		return err
	}
	if jobs, err = s.notCompacted(ctx, jobs); err == nil {
		jobs, err = s.notQueued(ctx, jobs)
	}
	if err != nil {
		return err
	}
	return s.report(ctx, jobs, s.checkJobs(s.prune))
}

// takeCandidates removes all candidates and returns them by the check that they need,
// entries by their registry.
func (s *orphanSearch) takeCandidates() (entries map[string][]candidate, leftovers, jobs []candidate) {
	entries = make(map[string][]candidate)
	for _, c := range s.candidates {
		switch c.Kind {
		case OrphanEntry:
			entries[c.Key] = append(entries[c.Key], c)
		case OrphanJob:
			jobs = append(jobs, c)
		default:
			leftovers = append(leftovers, c)
		}
	}
	s.candidates = nil
	return entries, leftovers, jobs
}

// report checks candidates and reports the orphans among them after each chunk.
func (s *orphanSearch) report(ctx context.Context, all []candidate, orphaned check) error {
	for len(all) > 0 {
		chunk := all[:min(len(all), orphanChunk)]
		orphans, err := s.filter(ctx, chunk, orphaned)
		for _, o := range orphans {
			if strings.HasPrefix(o.Key, keys.Started("")) {
				o.ID = jobIDOf(o.ID)
			}
			if err := s.found(o.Orphan, 1); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		all = all[len(chunk):]
	}
	return nil
}

// notQueued returns the jobs that are neither in their queue nor in its intermediate
// queue. It looks in this order because ids move from the first to the second.
func (s *orphanSearch) notQueued(ctx context.Context, jobs []candidate) ([]candidate, error) {
	byQueue := make(map[string]map[string]candidate)
	for _, j := range jobs {
		if byQueue[j.Queue] == nil {
			byQueue[j.Queue] = make(map[string]candidate)
		}
		byQueue[j.Queue][j.ID] = j
	}
	var rest []candidate
	for queue, candidates := range byQueue {
		for _, list := range []string{keys.Queue(queue), keys.Intermediate(queue)} {
			if err := s.dropListed(ctx, list, candidates); err != nil && !isForeign(err) {
				return nil, err
			}
		}
		for _, c := range candidates {
			rest = append(rest, c)
		}
	}
	return rest, nil
}

// notCompacted returns the jobs that are in no queue that RQ is compacting (rq/queue.py
// Queue.compact). RQ takes all ids out of the queue and puts them back one by one, so
// that meanwhile jobs are in no queue.
func (s *orphanSearch) notCompacted(ctx context.Context, jobs []candidate) ([]candidate, error) {
	candidates := make(map[string]candidate, len(jobs))
	for _, j := range jobs {
		candidates[j.ID] = j
	}
	for cursor := uint64(0); len(candidates) > 0; {
		lists, next, err := s.rdb.Scan(ctx, cursor, keys.Compact("*"), scanChunk).Result()
		if err != nil {
			return nil, err
		}
		for _, list := range lists {
			if err := s.dropListed(ctx, list, candidates); err != nil && !isForeign(err) {
				return nil, err
			}
		}
		if cursor = next; next == 0 {
			break
		}
	}
	rest := jobs[:0]
	for _, j := range jobs {
		if _, ok := candidates[j.ID]; ok {
			rest = append(rest, j)
		}
	}
	return rest, nil
}

// dropListed drops the candidates that are in the list.
func (s *orphanSearch) dropListed(ctx context.Context, list string, candidates map[string]candidate) error {
	for behind := int64(0); len(candidates) > 0; behind += memberChunk {
		ids, err := s.rdb.LRange(ctx, list, -behind-memberChunk, -behind-1).Result()
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			delete(candidates, id)
		}
	}
	return nil
}
