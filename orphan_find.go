package rq

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/keys"
	"github.com/rqgo/rq/internal/redisx"
	"github.com/rqgo/rq/internal/scripts"
)

// An orphanSearch is one walk through a database. It checks each orphan twice, because
// a job that is being moved looks like an orphan for a moment: RQ's clients write the
// entry of a scheduled job before the job, its workers take an id from one of several
// queues before they write it anywhere, and its requeue takes a job out of the registry
// before it pushes it. The pause between the two checks is far longer. Until the second
// check an orphan is a candidate.
type orphanSearch struct {
	rdb      redis.UniversalClient
	kinds    map[OrphanKind]bool
	prune    bool
	progress func(done, total int)
	found    func(o Orphan, n int) error // n of them
	pause    func(context.Context) bool  // false if ctx has ended

	limit      int // of candidates at once
	candidates []candidate
}

// A candidate looked like an orphan at the first check.
type candidate struct {
	Orphan
	like     string // the state of a job at the first check
	unlisted bool   // a job that was in no list
	leftover string // the name of the key's kind in prune_keys.lua
}

const (
	// orphanPause is the time between the two checks.
	orphanPause = 3 * time.Second
	// maxCandidates is how many candidates are kept at once, about 20 MB.
	maxCandidates = 50_000
	// scanChunk is how many keys Redis looks at in a step of a scan.
	scanChunk = 1000
	// orphanChunk is how many candidates one script checks.
	orphanChunk = 100
)

func pauseForOrphans(ctx context.Context) bool { return sleep(ctx, orphanPause) }

// run looks at all keys, chunk by chunk.
func (s *orphanSearch) run(ctx context.Context) error {
	total, err := s.rdb.DBSize(ctx).Result()
	if err != nil {
		return err
	}
	for cursor, done := uint64(0), 0; ; {
		names, next, err := s.rdb.Scan(ctx, cursor, "rq:*", scanChunk).Result()
		if err == nil {
			err = s.keys(ctx, names)
		}
		if err == nil {
			err = s.recheckSome(ctx, next == 0)
		}
		if err != nil {
			return err
		}
		if done += len(names); s.progress != nil {
			s.progress(done, max(done, int(total)))
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// keys checks some keys. A job's id can look like another kind of key, so a key's
// content decides, not its name.
func (s *orphanSearch) keys(ctx context.Context, names []string) error {
	var leftovers, jobs []candidate
	for _, name := range names {
		if c, ok := leftoverOf(name); ok && s.kinds[c.Kind] {
			leftovers = append(leftovers, c)
		}
		if id, ok := strings.CutPrefix(name, keys.JobPrefix); ok && s.kinds[OrphanJob] {
			jobs = append(jobs, candidate{Orphan: Orphan{Kind: OrphanJob, Key: name, ID: id}})
		}
		if !s.kinds[OrphanEntry] {
			continue
		}
		err := s.list(ctx, name)
		if err == nil {
			err = s.registry(ctx, name)
		}
		if err != nil && !isForeign(err) {
			return err
		}
	}
	left, err := s.filter(ctx, leftovers, s.checkKeys(false))
	if err != nil {
		return err
	}
	lost, err := s.filter(ctx, jobs, s.checkJobs(false))
	s.candidates = append(append(s.candidates, left...), lost...)
	return err
}

// leftoverOf returns the candidate for a key that belongs to a job.
func leftoverOf(key string) (candidate, bool) {
	of := func(leftover, id string) (candidate, bool) {
		return candidate{Orphan: Orphan{Kind: leftoverKinds[leftover], Key: key, ID: id}, leftover: leftover}, id != ""
	}
	if id, ok := strings.CutPrefix(key, keys.Results("")); ok {
		return of(scripts.ResultsKey, id)
	}
	if id, ok := strings.CutPrefix(key, keys.Executions("")); ok {
		return of(scripts.ExecutionsKey, id)
	}
	if pair, ok := strings.CutPrefix(key, "rq:execution:"); ok {
		return of(scripts.ExecutionKey, pair[:max(strings.LastIndexByte(pair, ':'), 0)])
	}
	id, ok := strings.CutPrefix(key, keys.JobPrefix)
	if !ok {
		return candidate{}, false
	}
	if owner, ok := strings.CutSuffix(id, ":dependencies"); ok && strings.HasPrefix(owner, ":") {
		return of(scripts.DependenciesKey, owner[1:])
	}
	if owner, ok := strings.CutSuffix(id, ":dependents"); ok {
		return of(scripts.DependentsKey, owner)
	}
	return candidate{}, false
}

// registryPrefixes are the prefixes of the keys of registries.
var registryPrefixes = []string{
	keys.Started(""), keys.Finished(""), keys.Failed(""), keys.Deferred(""), keys.Scheduled(""), keys.Canceled(""), keys.Ready(""),
}

// registry checks the entries of a registry, if the key is one.
func (s *orphanSearch) registry(ctx context.Context, key string) error {
	i := slices.IndexFunc(registryPrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	if i < 0 {
		return nil
	}
	queue := strings.TrimPrefix(key, registryPrefixes[i])
	r := &Registry{NewQueue(s.rdb, queue), new(registryKind), key}
	for page, err := range r.pages(ctx, orphanChunk) {
		if err != nil {
			return err
		}
		entries := make([]candidate, len(page))
		for i, e := range page {
			entries[i] = candidate{Orphan: Orphan{Kind: OrphanEntry, Key: key, ID: e.Member, Queue: queue}}
		}
		dead, err := s.filter(ctx, entries, s.checkEntries(key, false))
		if err != nil {
			return err
		}
		s.candidates = append(s.candidates, dead...)
		if err := s.recheckSome(ctx, false); err != nil {
			return err
		}
	}
	return nil
}

// list checks the ids of a queue or an intermediate queue, if the key is one. One check
// is enough, because ids are written in one step with their jobs. It starts at the end,
// because workers take ids from the front.
func (s *orphanSearch) list(ctx context.Context, key string) error {
	name, ok := keys.QueueName(key)
	if !ok || strings.HasPrefix(name, "_compact:") || strings.Contains(name, ":intermediate:first_seen:") {
		return nil
	}
	queue := strings.TrimSuffix(name, ":intermediate")
	if s.prune {
		n, err := NewQueue(s.rdb, name).Compact(ctx)
		if err != nil {
			return err
		}
		return s.found(Orphan{Kind: OrphanEntry, Key: key, Queue: queue}, n)
	}
	for behind := int64(0); ; behind += orphanChunk {
		ids, err := s.rdb.LRange(ctx, key, -behind-orphanChunk, -behind-1).Result()
		if err != nil || len(ids) == 0 {
			return err
		}
		gone, err := s.gone(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range gone {
			if err := s.found(Orphan{OrphanEntry, key, id, queue}, 1); err != nil {
				return err
			}
		}
	}
}

// gone returns the ids that have no job.
func (s *orphanSearch) gone(ctx context.Context, ids []string) (gone []string, err error) {
	exist := make([]*redis.IntCmd, len(ids))
	pipe := s.rdb.Pipeline()
	for i, id := range ids {
		exist[i] = pipe.Exists(ctx, keys.Job(id))
	}
	if err := redisx.Exec(ctx, pipe); err != nil {
		return nil, err
	}
	for i, id := range ids {
		if exist[i].Val() == 0 {
			gone = append(gone, id)
		}
	}
	return gone, nil
}
