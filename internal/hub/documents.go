package hub

import (
	"container/list"
	"sync"
	"time"
)

const (
	// emptyDocument is what a document costs beside its cells.
	emptyDocument = 512
	// restAfter is for how long at least a document is held that nobody uses.
	restAfter = 10 * time.Second
	// restPerByte is the same for each byte that must be read to hold it again, some
	// ten thousand times what that takes; and entryBytes what an entry takes as if it
	// were so many bytes more.
	restPerByte = 50 * time.Microsecond
	entryBytes  = 512
)

// documents are those whose state is held. Those that nobody uses for a while are
// let go, though they have readers, who need entries alone; they are read from
// the store when they are needed again. Together they take so many bytes; beyond
// that those that were used least recently are let go at once.
type documents struct {
	most int64

	mu    sync.Mutex // guards the fields below
	used  *list.List // the latest first
	held  map[*document]*holding
	bytes int64
}

type holding struct {
	place *list.Element // its value is the document
	bytes int
	used  time.Time
}

func (s *documents) init(most int64) {
	s.most, s.used, s.held = most, list.New(), make(map[*document]*holding)
}

// touch notes that a document, which takes so many bytes, was used.
func (s *documents) touch(d *document, bytes int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held[d]
	switch {
	case bytes == 0:
		s.remove(d)
		return
	case held == nil:
		held = &holding{place: s.used.PushFront(d)}
		s.held[d] = held
	default:
		s.used.MoveToFront(held.place)
	}
	held.used = now
	s.set(held, bytes)
	for e := s.used.Back(); e != nil && s.bytes > s.most; {
		old := e.Value.(*document)
		e = e.Prev()
		if old != d && old.letGo() {
			s.remove(old)
		}
	}
}

// charge notes what a document takes now.
func (s *documents) charge(d *document, bytes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if held := s.held[d]; held != nil {
		s.set(held, bytes)
	}
}

// rest lets a document go that was not used since a time, and says whether it is
// held.
func (s *documents) rest(d *document, since time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.held[d]
	if held != nil && held.used.Before(since) && d.letGo() {
		s.remove(d)
		return false
	}
	return held != nil
}

func (s *documents) set(held *holding, bytes int) {
	s.bytes += int64(bytes - held.bytes)
	held.bytes = bytes
}

// remove takes a document away. s.mu is held.
func (s *documents) remove(d *document) {
	if held := s.held[d]; held != nil {
		s.used.Remove(held.place)
		s.bytes -= int64(held.bytes)
		delete(s.held, d)
	}
}

// forget lets a document go whose topic is.
func (s *documents) forget(d *document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.letGo() {
		s.remove(d)
	}
}

// totals returns how many documents are held, and the bytes that they take.
func (s *documents) totals() (int, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.held), s.bytes
}
