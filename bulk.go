package rq

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/rqgo/rq/internal/scripts"
	"github.com/rqgo/rq/internal/wire"
)

// Progress has f called now and then while many jobs are handled, with how many
// have had their turn, and how many there were at the start. It goes with the
// functions that say so.
func Progress(f func(done, total int)) Option {
	return optionFunc(func(s *settings) { s.progress = f })
}

// progressOf reads the options of what takes Progress only. Without it, what is
// returned does nothing.
func progressOf(opts []Option) (func(done, total int), error) {
	set, err := collectAny(opts)
	if err != nil {
		return nil, err
	}
	progress := set.progress
	if set.progress = nil; !set.only(settings{}) {
		return nil, &InvalidError{"option", "other than Progress", "is not possible here"}
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	return progress, nil
}

// OnSkip has f called with each job of many that could not be handled, and why. It
// goes with the functions that say so.
func OnSkip(f func(id string, err error)) Option {
	return optionFunc(func(s *settings) { s.onSkip = f })
}

// A bulk is one call that handles many jobs, in steps that are short for the
// server, with a memory that does not grow.
type bulk struct {
	*settings
	verb          string
	done, handled int
	skipped       SkippedError
}

// newBulk reads the options of such a call.
func newBulk(verb string, opts []Option) (*bulk, error) {
	set, err := collectAny(opts)
	if err != nil {
		return nil, err
	}
	b := &bulk{settings: set, verb: verb}
	said := *set
	said.progress, said.onSkip = nil, nil
	if !said.only(settings{atFront: set.atFront && verb == "requeue"}) {
		return nil, &InvalidError{"option", "other than Progress, OnSkip and, for a requeue, AtFront", "is not possible for many jobs"}
	}
	return b, nil
}

// run handles all chunks until ctx ends, and returns how many jobs it has done.
func (b *bulk) run(ctx context.Context, total int, chunks iter.Seq2[[]string, error], handle func([]string) ([]int64, []error, error)) (int, error) {
	for ids, err := range chunks {
		if err == nil {
			err = ctx.Err()
		}
		var codes []int64
		var errs []error
		if err == nil && len(ids) > 0 {
			codes, errs, err = handle(ids)
		}
		if err != nil {
			return b.done, wrapf(err, "%s jobs: %d are done", b.verb, b.done)
		}
		for i, id := range ids {
			if codes[i] != scripts.Left {
				b.note(id, refusal(b.verb, id, codes[i], errs[i]))
			}
		}
		if b.handled += len(ids); b.progress != nil {
			b.progress(b.handled, max(total, b.handled))
		}
	}
	if b.skipped.Count > 0 {
		return b.done, &b.skipped
	}
	return b.done, nil
}

func (b *bulk) note(id string, err error) {
	if err == nil {
		b.done++
		return
	}
	b.skipped.Count++
	if len(b.skipped.First) < firstSkipped {
		b.skipped.First = append(b.skipped.First, SkippedJob{id, err})
	}
	if b.onSkip != nil {
		b.onSkip(id, err)
	}
}

// inChunks yields ids in chunks.
func inChunks(ids []string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for chunk := range slices.Chunk(ids, bulkChunk) {
			if !yield(chunk, nil) {
				return
			}
		}
	}
}

// chunks yields the ids that the registry has now, or only those whose time has not
// passed.
func (r *Registry) chunks(ctx context.Context, unexpired bool) iter.Seq2[[]string, error] {
	over := float64(now().Unix())
	return func(yield func([]string, error) bool) {
		for page, err := range r.pages(ctx, bulkChunk) {
			ids := make([]string, 0, len(page))
			for _, e := range page {
				score, _ := strconv.ParseFloat(e.Score, 64)
				if !unexpired || score < 0 || score > over {
					ids = append(ids, e.Member)
				}
			}
			if !yield(ids, err) || err != nil {
				return
			}
		}
	}
}

// RequeueMany moves jobs of the registry back to their queues, each in one step,
// and returns how many. Those that cannot be requeued do not keep the others from
// it: they are in the *SkippedError. Options are AtFront, Progress and OnSkip.
// When Redis fails or ctx ends in between, the rest is as it was, and the call can
// be repeated.
func (r *Registry) RequeueMany(ctx context.Context, ids []string, opts ...Option) (int, error) {
	return r.requeue(ctx, len(ids), inChunks(ids), false, opts)
}

// RequeueAll is RequeueMany for all jobs that the registry has now. One that fails
// again meanwhile is left. Entries whose time has passed, which RQ removes first,
// are left too. Others whose job is gone are skipped, and stay.
func (r *Registry) RequeueAll(ctx context.Context, opts ...Option) (int, error) {
	total, err := r.Count(ctx)
	if err != nil {
		return 0, err
	}
	// A job that fails again may come behind those that are left to do. It is known
	// by its enqueued_at, which is the same for all jobs of this call.
	return r.requeue(ctx, total, r.chunks(ctx, r.expires()), true, opts)
}

func (r *Registry) requeue(ctx context.Context, total int, chunks iter.Seq2[[]string, error], leaveOwn bool, opts []Option) (int, error) {
	b, err := newBulk("requeue", opts)
	switch {
	case err != nil:
		return 0, err
	case r.queue.err != nil:
		return 0, r.queue.err
	case r.name == "started":
		return 0, r.impossible("requeue jobs")
	}
	at := moment(now())
	return b.run(ctx, total, chunks, func(ids []string) ([]int64, []error, error) {
		return scripts.RequeueJobs(ctx, noRetryClient{r.queue.rdb}, scripts.Requeue{
			Registry: r.key, IDs: ids, AtFront: b.atFront, Now: at, Empty: wire.Deflate(nil), LeaveOwn: leaveOwn,
		})
	})
}

// RemoveAll takes all jobs out of the registry that it has now, and returns how
// many. With deleteJobs it deletes them too; one whose status says that it is
// elsewhere by now, such as back in its queue, stays. Options are Progress and
// OnSkip. It returns ErrInvalidJobOperation for Started, whose entries are their
// workers'.
func (r *Registry) RemoveAll(ctx context.Context, deleteJobs bool, opts ...Option) (int, error) {
	b, err := newBulk("remove", opts)
	switch {
	case err != nil:
		return 0, err
	case r.name == "started":
		return 0, r.impossible("remove jobs")
	}
	total, err := r.size(ctx)
	if err != nil {
		return 0, err
	}
	return b.run(ctx, total, r.chunks(ctx, false), func(ids []string) ([]int64, []error, error) {
		codes, errs, err := scripts.RemoveJobs(ctx, r.queue.rdb, r.key, ids, deleteJobs, moment(now()))
		for i, code := range codes {
			if code == scripts.NoJob && errs[i] == nil {
				codes[i] = scripts.Left // somebody else has taken it out
			}
		}
		return codes, errs, err
	})
}

// DeleteJobs deletes jobs as Job.Delete does, and returns how many. Those that are
// gone already are in the *SkippedError. Options are Progress and OnSkip.
func DeleteJobs(ctx context.Context, rdb redis.UniversalClient, ids []string, opts ...Option) (int, error) {
	b, err := newBulk("delete", opts)
	if err != nil {
		return 0, err
	}
	return b.run(ctx, len(ids), inChunks(ids), func(ids []string) ([]int64, []error, error) {
		return scripts.DeleteJobs(ctx, rdb, ids, true, moment(now()))
	})
}

// CancelJobs cancels jobs as Job.Cancel does without options, and returns how many.
// Those that are gone, or canceled already, are in the *SkippedError. Options are
// Progress and OnSkip.
func CancelJobs(ctx context.Context, rdb redis.UniversalClient, ids []string, opts ...Option) (int, error) {
	b, err := newBulk("cancel", opts)
	if err != nil {
		return 0, err
	}
	return b.run(ctx, len(ids), inChunks(ids), func(ids []string) ([]int64, []error, error) {
		return scripts.CancelJobs(ctx, rdb, ids, moment(now()))
	})
}
