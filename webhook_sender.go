package rq

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

const (
	// webhookSenders is how many webhooks are sent at once.
	webhookSenders = 16
	// webhookQueue is the most jobs whose webhooks may wait to be sent, and
	// webhookBytes the most bytes that their bodies may have together.
	webhookQueue = 1000
	webhookBytes = 16 << 20
	// webhookGrace is how much longer the last webhooks may take when the worker's
	// shutdown timeout is over.
	webhookGrace = 500 * time.Millisecond
)

// A webhookSender sends webhooks in the background, a few at once, and those of one job
// in order. It drops none while the worker lives: when too many wait, send blocks. So a
// slow receiver slows down the jobs that have webhooks, and memory stays bounded.
type webhookSender struct {
	log *slog.Logger
	ctx context.Context // of the requests
	end context.CancelFunc

	mu      sync.Mutex
	waiting []jobWebhooks
	sending map[string]bool // the jobs whose webhooks are being sent
	senders int
	bytes   int
	freed   *sync.Cond // of mu: fewer are waiting, or the sender is closed
	closed  bool
}

// jobWebhooks are the webhooks of one job that are to be sent.
type jobWebhooks struct {
	job      string
	requests []webhookRequest
}

func (w jobWebhooks) size() (bytes int) {
	for _, r := range w.requests {
		bytes += len(r.body)
	}
	return bytes
}

func newWebhookSender(log *slog.Logger) *webhookSender {
	s := &webhookSender{log: log, sending: map[string]bool{}}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.freed = sync.NewCond(&s.mu)
	return s
}

// send queues the webhooks of a job for its status. It waits until there is room, or
// until the sender is closed or ctx ends. It then logs webhooks that it could not
// queue.
func (s *webhookSender) send(ctx context.Context, j *Job, status Status, exc string) {
	w := jobWebhooks{j.id, j.webhookRequests(s.log, status, exc)}
	if len(w.requests) == 0 {
		return
	}
	defer context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.freed.Broadcast()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.full(w) && !s.closed && ctx.Err() == nil {
		s.freed.Wait()
	}
	if s.closed || s.full(w) {
		s.notSent(w)
		return
	}
	s.waiting = append(s.waiting, w)
	s.bytes += w.size()
	if s.senders < webhookSenders {
		s.senders++
		go s.run()
	}
}

// full reports whether w has to wait. One that exceeds the limit by itself is let in
// when nothing else waits.
func (s *webhookSender) full(w jobWebhooks) bool {
	return len(s.waiting) >= webhookQueue || (s.bytes > 0 && s.bytes+w.size() > webhookBytes)
}

// run sends waiting webhooks until there are none.
func (s *webhookSender) run() {
	for last := ""; ; {
		w, ok := s.next(last)
		if !ok {
			return
		}
		last = w.job
		for i, r := range w.requests {
			err := r.send(s.ctx)
			if s.ctx.Err() != nil && err != nil {
				s.notSent(jobWebhooks{w.job, w.requests[i:]})
				break
			}
			if err != nil {
				s.log.Warn("rq: send webhook", "job", w.job, "error", err)
			}
		}
	}
}

// next takes the webhooks that have waited longest, and marks those of the job last as
// sent. A job that ran twice may wait twice: the second waits for the first. When there
// is nothing to send, the calling sender ends.
func (s *webhookSender) next(last string) (jobWebhooks, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.freed.Broadcast()
	delete(s.sending, last)
	i := slices.IndexFunc(s.waiting, func(w jobWebhooks) bool { return !s.sending[w.job] })
	if i < 0 {
		s.senders--
		return jobWebhooks{}, false
	}
	w := s.waiting[i]
	s.waiting = slices.Delete(s.waiting, i, i+1)
	s.sending[w.job] = true
	s.bytes -= w.size()
	return w, true
}

// close waits until all webhooks are sent, at most until webhookGrace after ctx ends.
// It logs the rest, and returns when no sender runs.
func (s *webhookSender) close(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		sleep(s.ctx, webhookGrace)
		s.cut()
	})()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.freed.Broadcast()
	for s.senders > 0 {
		s.freed.Wait()
	}
	s.end()
}

// cut cancels the running requests, and drops and logs those that wait.
func (s *webhookSender) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.waiting {
		s.notSent(w)
	}
	s.waiting, s.bytes = nil, 0
	s.end()
	s.freed.Broadcast()
}

func (s *webhookSender) notSent(w jobWebhooks) {
	for _, r := range w.requests {
		s.log.Error("rq: a webhook was not sent because the worker shut down", "job", w.job, "request", r.String())
	}
}
