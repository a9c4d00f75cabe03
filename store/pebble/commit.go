package pebble

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

const (
	maxCommitBytes = 4 << 20 // of one commit; what is more waits for the next
	maxHeads       = 1 << 16 // topics whose heads the committer keeps
)

// head is where a topic stands, as the committer sees it.
type head struct {
	known bool   // the topic exists
	first uint64 // lowest offset that can be read
	last  uint64
	term  string // that wrote last

	snapshot *uint64 // offset of the snapshot; nil: not looked up yet
}

// commit is the committer. It ends when the queue is closed and empty, or when
// the disk failed.
func (s *Store) commit() {
	defer close(s.tell)
	for {
		requests := s.gather()
		if requests == nil {
			return
		}
		s.waitForRoom()
		if !s.write(requests) {
			return
		}
	}
}

// gather waits for a request and takes all that wait with it.
func (s *Store) gather() []*request {
	var requests []*request
	select {
	case r, ok := <-s.queue:
		if !ok {
			return nil
		}
		requests = append(make([]*request, 0, 1+len(s.queue)), r)
	case <-s.failure.failed:
		return nil
	}
	for bytes := requests[0].bytes(); bytes < maxCommitBytes; {
		select {
		case r, ok := <-s.queue:
			if !ok {
				return requests
			}
			requests = append(requests, r)
			bytes += r.bytes()
		default:
			return requests
		}
	}
	return requests
}

// isFull says whether there is too little room to write. Where nobody can tell,
// there is enough.
func (s *Store) isFull() bool {
	if s.guard.full.Load() {
		return true
	}
	usage, err := s.config.FS.GetDiskUsage(s.config.Dir)
	return err == nil && usage.AvailBytes < s.config.Reserve
}

// write makes one batch of the requests, syncs it, and hands them to the
// teller; false if the disk failed.
func (s *Store) write(requests []*request) bool {
	b := s.db.NewBatch()
	heads := make(map[string]head)
	taken, info, ok := s.addAll(b, heads, requests)
	if !ok {
		return false
	}
	if len(taken) == 0 {
		_ = b.Close() // never applied; there is nothing to go wrong
		return true
	}
	info.Bytes = b.Len()
	begin := time.Now()
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		s.fail(fmt.Errorf("commit: %w", err))
	}
	info.Took = time.Since(begin)
	if !s.markDurable(taken) {
		return false
	}
	_ = b.Close() // applied
	s.advance()
	for topic, h := range heads {
		s.remember(topic, h)
	}
	if s.config.OnCommit != nil {
		s.config.OnCommit(info)
	}
	s.tell <- taken
	return true
}

// addAll puts the requests into the batch and answers those that it refuses;
// false if the disk failed.
//
// A request that was refused because of another of the same batch is not
// answered yet but taken along: who hears of a conflict may rely on it, and a
// crash could still take the other back.
func (s *Store) addAll(b *pebble.Batch, heads map[string]head, requests []*request) (taken []*request, info CommitInfo, ok bool) {
	full := s.isFull()
	s.handing.Lock()
	defer s.handing.Unlock()
	if s.guard.frozen() {
		return nil, info, false
	}
	taken = requests[:0]
	for _, r := range requests {
		if full && !r.frees {
			r.done <- store.ErrFull
			continue
		}
		if err := s.add(b, heads, r); err != nil {
			if _, changed := heads[r.topic]; !changed {
				r.done <- err
				continue
			}
			r.refused = err
			taken = append(taken, r)
			continue
		}
		taken = append(taken, r)
		info.Entries += len(r.batch.Entries)
		if r.change == nil {
			info.Appends++
		}
	}
	return taken, info, true
}

// markDurable marks the requests of a synced commit; false if the disk failed.
func (s *Store) markDurable(requests []*request) bool {
	s.handing.Lock()
	defer s.handing.Unlock()
	if s.guard.frozen() {
		return false
	}
	for _, r := range requests {
		r.durable = true
	}
	return true
}

// add puts a request into the batch, if the topic's head is as it expects.
func (s *Store) add(b *pebble.Batch, heads map[string]head, r *request) error {
	h, ok := heads[r.topic]
	if !ok {
		var err error
		if h, err = s.head(r.topic); err != nil {
			return err
		}
	}
	var err error
	if r.change != nil {
		err = r.change(b, &h)
	} else {
		err = s.append(b, &h, r)
	}
	if err == nil {
		heads[r.topic] = h
	}
	return err
}

// append puts an append into the batch. Its own errors aside, a batch takes
// all that it is given.
func (s *Store) append(b *pebble.Batch, h *head, r *request) error {
	if h.last != r.batch.After {
		return store.ErrConflict
	}
	if !h.known {
		h.known = true
		_ = b.Set(topicKey(r.topic), nil, nil)
	}
	r.told = store.Appended{Topic: r.topic, First: h.last + 1, Entries: r.batch.Entries}
	if len(r.batch.Entries) > 0 {
		if h.term != s.term {
			h.term = s.term
			_ = b.Set(offsetKey(r.topic, kindTerm, h.last+1), []byte(s.term), nil)
		}
		key := offsetKey(r.topic, kindEntry, 0)
		for _, e := range r.batch.Entries {
			h.last++
			_ = b.Set(withOffset(key, h.last), e, nil)
		}
	}
	for _, row := range r.batch.Rows {
		if row.Value == nil {
			_ = b.Delete(rowKey(r.topic, row.Key), nil)
		} else {
			_ = b.Set(rowKey(r.topic, row.Key), row.Value, nil)
		}
	}
	return nil
}

// head returns a topic's head, from memory or the durable view: between
// commits they are the same.
func (s *Store) head(topic string) (head, error) {
	if h, ok := s.heads[topic]; ok {
		return h, nil
	}
	v := s.durable()
	defer v.release()
	h, err := v.head(topic)
	if err != nil {
		return head{}, fmt.Errorf("read head: %w", err)
	}
	return h, nil
}

func (s *Store) remember(topic string, h head) {
	if _, ok := s.heads[topic]; !ok && len(s.heads) >= maxHeads {
		for t := range s.heads {
			delete(s.heads, t)
			break
		}
	}
	s.heads[topic] = h
}

// teller tells followers, then those who wait, in the order of the commits.
func (s *Store) teller() {
	for requests := range s.tell {
		for _, r := range requests {
			if len(r.told.Entries) > 0 {
				s.follow(r.told)
			}
			r.done <- r.refused
		}
	}
}
