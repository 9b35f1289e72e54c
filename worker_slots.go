package rq

import "sync"

// slots counts the free slots: how many more jobs may run.
type slots struct {
	mu    sync.Mutex
	free  int
	freed chan struct{} // has an item when free has grown
}

func newSlots(n int) *slots { return &slots{free: n, freed: make(chan struct{}, 1)} }

// now returns how many slots are free.
func (s *slots) now() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.free
}

func (s *slots) take() {
	s.mu.Lock()
	s.free--
	s.mu.Unlock()
}

func (s *slots) give() {
	s.mu.Lock()
	s.free++
	s.mu.Unlock()
	signal(s.freed)
}
