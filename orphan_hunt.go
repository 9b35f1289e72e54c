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

// An orphanHunt is one walk through a database. What looks like an orphan is a
// suspect first: RQ's clients write a scheduled job's entry before the job, its
// workers take an id of one of several queues before they note that anywhere, and
// its requeue takes a job out of the registry before it is in the queue. So all are
// looked at twice, with a pause in between that is far longer than these moments.
type orphanHunt struct {
	rdb      redis.UniversalClient
	kinds    map[OrphanKind]bool
	prune    bool
	progress func(done, total int)
	found    func(o Orphan, n int) error // n of them
	pause    func(context.Context) bool  // false if ctx has ended

	most     int // suspects at once
	suspects []suspect
}

// A suspect may be an orphan.
type suspect struct {
	Orphan
	like     string // what a job was like
	unlisted bool   // a job that was looked for in lists
	leftover string // what prune_keys.lua calls the key
}

const (
	// orphanPause is the time between the two looks.
	orphanPause = 3 * time.Second
	// mostSuspects is how many there are at once: some 20 MB.
	mostSuspects = 50_000
	// scanChunk is how many keys Redis looks at in a step of a scan.
	scanChunk = 1000
	// orphanChunk is how many a script looks at.
	orphanChunk = 100
)

func pauseForOrphans(ctx context.Context) bool { return sleep(ctx, orphanPause) }

// run goes through all keys.
func (h *orphanHunt) run(ctx context.Context) error {
	total, err := h.rdb.DBSize(ctx).Result()
	if err != nil {
		return err
	}
	for cursor, done := uint64(0), 0; ; {
		names, next, err := h.rdb.Scan(ctx, cursor, "rq:*", scanChunk).Result()
		if err == nil {
			err = h.keys(ctx, names)
		}
		if err == nil {
			err = h.charge(ctx, next == 0)
		}
		if err != nil {
			return err
		}
		if done += len(names); h.progress != nil {
			h.progress(done, max(done, int(total)))
		}
		if next == 0 {
			return nil
		}
		cursor = next
	}
}

// keys looks at some keys. Names may lie: a job's id can look like the key of
// something else, and what a key holds decides then.
func (h *orphanHunt) keys(ctx context.Context, names []string) error {
	var leftovers, jobs []suspect
	for _, name := range names {
		if s, ok := leftoverOf(name); ok && h.kinds[s.Kind] {
			leftovers = append(leftovers, s)
		}
		if id, ok := strings.CutPrefix(name, keys.JobPrefix); ok && h.kinds[OrphanJob] {
			jobs = append(jobs, suspect{Orphan: Orphan{Kind: OrphanJob, Key: name, ID: id}})
		}
		if !h.kinds[OrphanEntry] {
			continue
		}
		err := h.list(ctx, name)
		if err == nil {
			err = h.registry(ctx, name)
		}
		if err != nil && !isForeign(err) {
			return err
		}
	}
	left, err := h.look(ctx, leftovers, h.judgeKeys(false))
	if err != nil {
		return err
	}
	lost, err := h.look(ctx, jobs, h.judgeJobs(false))
	h.suspects = append(append(h.suspects, left...), lost...)
	return err
}

// leftoverOf returns what a key is if it belongs to a job.
func leftoverOf(key string) (suspect, bool) {
	of := func(leftover, id string) (suspect, bool) {
		return suspect{Orphan: Orphan{Kind: leftoverKinds[leftover], Key: key, ID: id}, leftover: leftover}, id != ""
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
		return suspect{}, false
	}
	if owner, ok := strings.CutSuffix(id, ":dependencies"); ok && strings.HasPrefix(owner, ":") {
		return of(scripts.DependenciesKey, owner[1:])
	}
	if owner, ok := strings.CutSuffix(id, ":dependents"); ok {
		return of(scripts.DependentsKey, owner)
	}
	return suspect{}, false
}

// registryPrefixes are the beginnings of the keys of registries.
var registryPrefixes = []string{
	keys.Started(""), keys.Finished(""), keys.Failed(""), keys.Deferred(""), keys.Scheduled(""), keys.Canceled(""), keys.Ready(""),
}

// registry looks at the entries of a registry, if the key is one.
func (h *orphanHunt) registry(ctx context.Context, key string) error {
	i := slices.IndexFunc(registryPrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	if i < 0 {
		return nil
	}
	queue := strings.TrimPrefix(key, registryPrefixes[i])
	r := &Registry{NewQueue(h.rdb, queue), new(registryKind), key}
	for page, err := range r.pages(ctx, orphanChunk) {
		if err != nil {
			return err
		}
		entries := make([]suspect, len(page))
		for i, e := range page {
			entries[i] = suspect{Orphan: Orphan{Kind: OrphanEntry, Key: key, ID: e.Member, Queue: queue}}
		}
		dead, err := h.look(ctx, entries, h.judgeEntries(key, false))
		if err != nil {
			return err
		}
		h.suspects = append(h.suspects, dead...)
		if err := h.charge(ctx, false); err != nil {
			return err
		}
	}
	return nil
}

// list looks at the ids of a queue or an intermediate queue, if the key is one.
// They are written in one step with their jobs, so that one look will do. It goes
// from the end on, where nobody takes ids from.
func (h *orphanHunt) list(ctx context.Context, key string) error {
	name, ok := keys.QueueName(key)
	if !ok || strings.HasPrefix(name, "_compact:") || strings.Contains(name, ":intermediate:first_seen:") {
		return nil
	}
	queue := strings.TrimSuffix(name, ":intermediate")
	if h.prune {
		n, err := NewQueue(h.rdb, name).Compact(ctx)
		if err != nil {
			return err
		}
		return h.found(Orphan{Kind: OrphanEntry, Key: key, Queue: queue}, n)
	}
	for behind := int64(0); ; behind += orphanChunk {
		ids, err := h.rdb.LRange(ctx, key, -behind-orphanChunk, -behind-1).Result()
		if err != nil || len(ids) == 0 {
			return err
		}
		gone, err := h.gone(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range gone {
			if err := h.found(Orphan{OrphanEntry, key, id, queue}, 1); err != nil {
				return err
			}
		}
	}
}

// gone returns those of some ids that have no job.
func (h *orphanHunt) gone(ctx context.Context, ids []string) (gone []string, err error) {
	exist := make([]*redis.IntCmd, len(ids))
	pipe := h.rdb.Pipeline()
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
