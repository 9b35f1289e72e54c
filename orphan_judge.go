package rq

import (
	"context"
	"strings"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/scripts"
)

// A judge says of the first of some suspects, at least of one, which are orphans.
// It may note what they are like.
type judge func(ctx context.Context, chunk []suspect) ([]bool, error)

// look returns those of the suspects that are orphans.
func (h *orphanHunt) look(ctx context.Context, all []suspect, says judge) ([]suspect, error) {
	var orphans []suspect
	for len(all) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		chunk := all[:min(len(all), orphanChunk)]
		guilty, err := says(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for i, is := range guilty {
			if is {
				orphans = append(orphans, chunk[i])
			}
		}
		all = all[len(guilty):]
	}
	return orphans, nil
}

// judgeEntries looks at entries of one registry, and on request removes them.
func (h *orphanHunt) judgeEntries(registry string, remove bool) judge {
	started := strings.HasPrefix(registry, keys.Started(""))
	return func(ctx context.Context, chunk []suspect) ([]bool, error) {
		entries := make([]string, len(chunk))
		for i, s := range chunk {
			entries[i] = s.ID
		}
		return scripts.PruneEntries(ctx, h.rdb, registry, started, entries, now().Unix(), remove)
	}
}

// judgeKeys looks at keys that belong to jobs, and on request deletes them.
func (h *orphanHunt) judgeKeys(remove bool) judge {
	return func(ctx context.Context, chunk []suspect) ([]bool, error) {
		leftovers := make([]scripts.Leftover, len(chunk))
		for i, s := range chunk {
			leftovers[i] = scripts.Leftover{Key: s.Key, Kind: s.leftover, ID: s.ID}
		}
		return scripts.PruneKeys(ctx, h.rdb, leftovers, now().Unix(), remove)
	}
}

// judgeJobs looks at jobs in all but lists, and on request deletes them once it
// has looked there too.
func (h *orphanHunt) judgeJobs(remove bool) judge {
	return func(ctx context.Context, chunk []suspect) ([]bool, error) {
		jobs := make([]scripts.Lost, len(chunk))
		for i, s := range chunk {
			jobs[i] = scripts.Lost{ID: s.ID, Like: s.like}
		}
		like, err := scripts.PruneJobs(ctx, h.rdb, jobs, moment(now()), remove)
		guilty := make([]bool, len(like))
		for i, l := range like {
			if parts := strings.SplitN(l, "\n", 4); len(parts) == 4 {
				guilty[i], chunk[i].like, chunk[i].Queue = true, l, parts[3]
			}
		}
		return guilty, err
	}
}

// charge drops suspects that are none once there are many, or at the end, and has
// a second look at those that are left if these are many too. A queue's jobs all
// are suspects until it is known what is in the queue, so that a pause for each
// such number of them would take hours.
func (h *orphanHunt) charge(ctx context.Context, last bool) error {
	if !last && len(h.suspects) < h.most {
		return nil
	}
	if err := h.thin(ctx); err != nil {
		return err
	}
	if len(h.suspects) == 0 || (!last && len(h.suspects) < h.most/2) {
		return nil
	}
	return h.convict(ctx)
}

// thin drops the jobs that are in the lists of their queue, of those that were not
// looked for there.
func (h *orphanHunt) thin(ctx context.Context) error {
	var rest, jobs []suspect
	for _, s := range h.suspects {
		if s.Kind == OrphanJob && !s.unlisted {
			jobs = append(jobs, s)
		} else {
			rest = append(rest, s)
		}
	}
	jobs, err := h.unlisted(ctx, jobs)
	for i := range jobs {
		jobs[i].unlisted = true
	}
	rest = append(rest, jobs...)
	h.suspects = rest
	return err
}

// convict has a second look at the suspects after a pause, removes those that it
// is to remove, and tells of them.
func (h *orphanHunt) convict(ctx context.Context) (err error) {
	entries, leftovers, jobs := h.sorted()
	if !h.pause(ctx) {
		return ctx.Err()
	}
	for registry, members := range entries {
		if err := h.sentence(ctx, members, h.judgeEntries(registry, h.prune)); err != nil {
			return err
		}
	}
	if err := h.sentence(ctx, leftovers, h.judgeKeys(h.prune)); err != nil {
		return err
	}
	if jobs, err = h.uncompacted(ctx, jobs); err == nil {
		jobs, err = h.unlisted(ctx, jobs)
	}
	if err != nil {
		return err
	}
	return h.sentence(ctx, jobs, h.judgeJobs(h.prune))
}

// sorted returns the suspects by what judges them, entries by their registry, and
// forgets them.
func (h *orphanHunt) sorted() (entries map[string][]suspect, leftovers, jobs []suspect) {
	entries = make(map[string][]suspect)
	for _, s := range h.suspects {
		switch s.Kind {
		case OrphanEntry:
			entries[s.Key] = append(entries[s.Key], s)
		case OrphanJob:
			jobs = append(jobs, s)
		default:
			leftovers = append(leftovers, s)
		}
	}
	h.suspects = nil
	return entries, leftovers, jobs
}

// sentence tells of those suspects that are orphans, in each step.
func (h *orphanHunt) sentence(ctx context.Context, all []suspect, says judge) error {
	for len(all) > 0 {
		chunk := all[:min(len(all), orphanChunk)]
		orphans, err := h.look(ctx, chunk, says)
		for _, o := range orphans {
			if strings.HasPrefix(o.Key, keys.Started("")) {
				o.ID = jobIDOf(o.ID)
			}
			if err := h.found(o.Orphan, 1); err != nil {
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

// unlisted returns those of some jobs that are neither in their queue nor in its
// intermediate queue, which are where ids go to from it.
func (h *orphanHunt) unlisted(ctx context.Context, jobs []suspect) ([]suspect, error) {
	byQueue := make(map[string]map[string]suspect)
	for _, j := range jobs {
		if byQueue[j.Queue] == nil {
			byQueue[j.Queue] = make(map[string]suspect)
		}
		byQueue[j.Queue][j.ID] = j
	}
	var rest []suspect
	for queue, suspects := range byQueue {
		for _, list := range []string{keys.Queue(queue), keys.Intermediate(queue)} {
			if err := h.exonerate(ctx, list, suspects); err != nil && !isForeign(err) {
				return nil, err
			}
		}
		for _, s := range suspects {
			rest = append(rest, s)
		}
	}
	return rest, nil
}

// uncompacted returns those of some jobs that are in no queue that RQ compacts
// (rq/queue.py Queue.compact): it takes them out of it, and puts them back one by
// one, which takes as long as there are jobs.
func (h *orphanHunt) uncompacted(ctx context.Context, jobs []suspect) ([]suspect, error) {
	suspects := make(map[string]suspect, len(jobs))
	for _, j := range jobs {
		suspects[j.ID] = j
	}
	for cursor := uint64(0); len(suspects) > 0; {
		lists, next, err := h.rdb.Scan(ctx, cursor, keys.Compact("*"), scanChunk).Result()
		if err != nil {
			return nil, err
		}
		for _, list := range lists {
			if err := h.exonerate(ctx, list, suspects); err != nil && !isForeign(err) {
				return nil, err
			}
		}
		if cursor = next; next == 0 {
			break
		}
	}
	rest := jobs[:0]
	for _, j := range jobs {
		if _, ok := suspects[j.ID]; ok {
			rest = append(rest, j)
		}
	}
	return rest, nil
}

// exonerate drops the suspects that are in a list.
func (h *orphanHunt) exonerate(ctx context.Context, list string, suspects map[string]suspect) error {
	for behind := int64(0); len(suspects) > 0; behind += memberChunk {
		ids, err := h.rdb.LRange(ctx, list, -behind-memberChunk, -behind-1).Result()
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			delete(suspects, id)
		}
	}
	return nil
}
