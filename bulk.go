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

// Progress calls f from time to time while a call handles many jobs, with the number of
// jobs handled so far and the number at the start. f runs in the goroutine of the call.
func Progress(f func(done, total int)) ProgressOption { return progressOption{f} }

type progressOption struct{ f func(done, total int) }

func (o progressOption) apply(s *settings) { s.progress = o.f }
func (progressOption) forRequeueMany()     {}
func (progressOption) forBulk()            {}
func (progressOption) forProgress()        {}

// OnSkip calls f for each job that could not be handled, with the reason. A
// SkippedError holds only the first hundred. f runs in the goroutine of the call.
func OnSkip(f func(id string, err error)) BulkOption { return skipOption{f} }

type skipOption struct{ f func(id string, err error) }

func (o skipOption) apply(s *settings) { s.onSkip = o.f }
func (skipOption) forRequeueMany()     {}
func (skipOption) forBulk()            {}

// A bulk is one call that handles many jobs, in short steps and in constant memory.
type bulk struct {
	*settings
	verb          string
	done, handled int
	skipped       SkippedError
}

// newBulk returns the bulk of a call with these options.
func newBulk[O option](verb string, opts []O) (*bulk, error) {
	set, err := collect(opts)
	return &bulk{settings: set, verb: verb}, err
}

// run handles the chunks until ctx ends, and returns the number of jobs that succeeded.
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
			return b.done, wrapf(err, "%s jobs: %d done so far", b.verb, b.done)
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

// chunks yields the ids that the registry has now, or only those that have not expired.
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

// RequeueMany moves jobs of the registry back to their queues, each in one step, and
// returns the number of jobs moved. Jobs that cannot be requeued are skipped, and it
// returns a *SkippedError with them. After any other error, such as that of ctx, the
// remaining jobs are unchanged, and the call can be repeated.
func (r *Registry) RequeueMany(ctx context.Context, ids []string, opts ...RequeueManyOption) (int, error) {
	return r.requeue(ctx, len(ids), inChunks(ids), false, opts)
}

// RequeueAll is RequeueMany for all jobs that are in the registry now. A job that fails
// again meanwhile is not requeued a second time. Expired entries are left; RQ removes
// them first. An entry without a job is skipped and stays.
func (r *Registry) RequeueAll(ctx context.Context, opts ...RequeueManyOption) (int, error) {
	total, err := r.Count(ctx)
	if err != nil {
		return 0, err
	}
	// A job that fails again may be added behind the jobs that are not read yet. It is
	// recognised by its enqueued_at, which is the same for all jobs of this call.
	return r.requeue(ctx, total, r.chunks(ctx, r.expires), true, opts)
}

func (r *Registry) requeue(ctx context.Context, total int, chunks iter.Seq2[[]string, error], leaveOwn bool, opts []RequeueManyOption) (int, error) {
	b, err := newBulk("requeue", opts)
	switch {
	case err != nil:
		return 0, err
	case r.queue.err != nil:
		return 0, r.queue.err
	case r.running:
		return 0, r.impossible("requeue jobs")
	}
	at := moment(now())
	return b.run(ctx, total, chunks, func(ids []string) ([]int64, []error, error) {
		return scripts.RequeueJobs(ctx, noRetryClient{r.queue.rdb}, scripts.Requeue{
			Registry: r.key, IDs: ids, AtFront: b.atFront, Now: at, Empty: wire.Deflate(nil), LeaveOwn: leaveOwn,
		})
	})
}

// RemoveAll takes all jobs that are in the registry now out of it, as Remove does, and
// returns their number. It returns ErrInvalidJobOperation for Started, and the errors of
// RequeueMany.
func (r *Registry) RemoveAll(ctx context.Context, opts ...BulkOption) (int, error) {
	return r.removeAll(ctx, false, opts)
}

// DeleteAll deletes all jobs that are in the registry now, as Delete does, and returns
// their number. A job that has moved by its status loses its entry only, and is in the
// *SkippedError. It returns ErrInvalidJobOperation for Started, and the errors of
// RequeueMany.
func (r *Registry) DeleteAll(ctx context.Context, opts ...BulkOption) (int, error) {
	return r.removeAll(ctx, true, opts)
}

func (r *Registry) removeAll(ctx context.Context, deleteJobs bool, opts []BulkOption) (int, error) {
	b, err := newBulk("remove", opts)
	switch {
	case err != nil:
		return 0, err
	case r.running:
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
				codes[i] = scripts.Left // another client has removed it
			}
		}
		return codes, errs, err
	})
}

// DeleteJobs deletes jobs as Job.Delete does, and returns the number of jobs deleted.
// Jobs that do not exist are in the *SkippedError. After any other error the call can be
// repeated.
func DeleteJobs(ctx context.Context, rdb redis.UniversalClient, ids []string, opts ...BulkOption) (int, error) {
	b, err := newBulk("delete", opts)
	if err != nil {
		return 0, err
	}
	return b.run(ctx, len(ids), inChunks(ids), func(ids []string) ([]int64, []error, error) {
		return scripts.DeleteJobs(ctx, rdb, ids, true, moment(now()))
	})
}

// CancelJobs cancels jobs as Job.Cancel does without options, and returns the number of
// jobs canceled. Jobs that do not exist or are canceled already are in the *SkippedError.
// After any other error the call can be repeated.
func CancelJobs(ctx context.Context, rdb redis.UniversalClient, ids []string, opts ...BulkOption) (int, error) {
	b, err := newBulk("cancel", opts)
	if err != nil {
		return 0, err
	}
	return b.run(ctx, len(ids), inChunks(ids), func(ids []string) ([]int64, []error, error) {
		return scripts.CancelJobs(ctx, rdb, ids, moment(now()))
	})
}
