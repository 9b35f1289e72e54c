package rq

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// stuckHandlers are handlers that have not returned although their context has ended.
// Their jobs are settled. Up to the worker's concurrency they take no slot; each further
// one takes a slot, so that there are never more handlers than twice the concurrency.
type stuckHandlers struct {
	log   *slog.Logger
	slots *slots
	limit int

	mu   sync.Mutex
	next int
	jobs map[int]string
	none chan struct{} // closed when there are none
}

func newStuckHandlers(slots *slots, limit int, log *slog.Logger) *stuckHandlers {
	s := &stuckHandlers{log: log, slots: slots, limit: limit, jobs: map[int]string{}, none: make(chan struct{})}
	close(s.none)
	return s
}

// watch follows a handler until it returns.
func (s *stuckHandlers) watch(job string, done <-chan result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) == 0 {
		s.none = make(chan struct{})
	}
	n, since := s.next, time.Now()
	s.next++
	s.jobs[n] = job
	if len(s.jobs) > s.limit {
		s.slots.take()
	}
	go func() {
		select {
		case <-done:
		case <-time.After(cancelGrace):
			s.log.Warn("rq: a handler ignores the end of its context", "job", job, "handlers", s.count())
			<-done
			s.log.Info("rq: a handler has returned at last", "job", job, "late", time.Since(since).Round(time.Millisecond))
		}
		s.remove(n)
	}()
}

func (s *stuckHandlers) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.jobs)
}

func (s *stuckHandlers) remove(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) > s.limit {
		s.slots.give()
	}
	delete(s.jobs, n)
	if len(s.jobs) == 0 {
		close(s.none)
	}
}

// wait waits a moment for the handlers to return, no longer than ctx lets it, and
// returns a *StuckError for those that did not.
func (s *stuckHandlers) wait(ctx context.Context) error {
	s.mu.Lock()
	none := s.none
	s.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
	case <-time.After(cancelGrace):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []string
	for _, id := range s.jobs {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	return &StuckError{slices.Compact(ids)}
}
