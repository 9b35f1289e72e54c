package rq

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"maps"
	"slices"
	"sync"
	"time"
)

// executions holds the executions of this worker until each is settled.
type executions struct {
	mu    sync.Mutex
	byID  map[string]*execution
	quiet time.Time     // when the last one has ended, or the worker could take the first
	ended chan struct{} // has an item after one has ended
}

func newExecutions() *executions {
	return &executions{byID: map[string]*execution{}, quiet: time.Now(), ended: make(chan struct{}, 1)}
}

func (x *executions) add(e *execution) {
	x.mu.Lock()
	x.byID[e.id] = e
	x.mu.Unlock()
}

func (x *executions) remove(e *execution) {
	x.mu.Lock()
	delete(x.byID, e.id)
	x.quiet = time.Now()
	x.mu.Unlock()
	signal(x.ended)
}

func (x *executions) count() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.byID)
}

// quietSince returns since when the worker could have run a job and had none.
func (x *executions) quietSince() time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.quiet
}

// rest has quietSince count from now, when the worker begins to take jobs.
func (x *executions) rest() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.quiet = time.Now()
}

// all returns the running executions, the oldest first.
func (x *executions) all() []*execution {
	x.mu.Lock()
	all := slices.Collect(maps.Values(x.byID))
	x.mu.Unlock()
	slices.SortFunc(all, func(a, b *execution) int {
		return cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
	})
	return all
}

// signal puts an item in the channel unless it already has one.
func signal[T any](c chan<- T) {
	var item T
	select {
	case c <- item:
	default:
	}
}

// executionIDs returns n ids as uuid4().hex makes them.
func executionIDs(n int) []string {
	random := make([]byte, 16*n)
	_, _ = rand.Read(random) // it never fails
	ids := make([]string, 0, n)
	for id := range slices.Chunk(random, 16) {
		id[6] = id[6]&0x0f | 0x40
		id[8] = id[8]&0x3f | 0x80
		ids = append(ids, hex.EncodeToString(id))
	}
	return ids
}
