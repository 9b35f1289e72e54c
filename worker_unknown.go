package rq

import (
	"sync"
	"time"
)

// unknownFuncs is the policy for functions without a handler. Under
// UnknownPutBack a queue is closed for a while after one was found in it.
type unknownFuncs struct {
	policy   UnknownFuncPolicy
	handlers Handlers

	mu     sync.Mutex
	until  map[string]time.Time
	delays map[string]time.Duration
}

// The delays of UnknownPutBack double from the first to the last.
const (
	firstPutBack = 100 * time.Millisecond
	lastPutBack  = 10 * time.Second
)

func newUnknownFuncs(policy UnknownFuncPolicy, handlers Handlers) *unknownFuncs {
	return &unknownFuncs{policy: policy, handlers: handlers, until: map[string]time.Time{}, delays: map[string]time.Duration{}}
}

// putsBack reports whether a job of queue is to be put back because of its
// function, and closes the queue then.
func (u *unknownFuncs) putsBack(queue, function string) bool {
	if u.policy != UnknownPutBack {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, ok := u.handlers[function]; ok {
		delete(u.delays, queue)
		return false
	}
	delay := max(firstPutBack, min(2*u.delays[queue], lastPutBack))
	u.delays[queue], u.until[queue] = delay, time.Now().Add(delay)
	return true
}

// heldCheck is how long a worker leaves queues alone that hold nothing but jobs that
// only a newer RQ knows what to do with.
const heldCheck = time.Second

// rest closes queues for heldCheck.
func (u *unknownFuncs) rest(queues []string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, queue := range queues {
		u.until[queue] = time.Now().Add(heldCheck)
	}
}

// closed reports whether the queue is left alone now.
func (u *unknownFuncs) closed(queue string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return time.Now().Before(u.until[queue])
}

// next returns when the next queue opens, if one is closed.
func (u *unknownFuncs) next() (time.Duration, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	var first time.Duration
	for queue, until := range u.until {
		left := time.Until(until)
		if left <= 0 {
			delete(u.until, queue)
		} else if first == 0 || left < first {
			first = left
		}
	}
	return first, first > 0
}
