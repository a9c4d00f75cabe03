package pebble

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

const (
	maxCommitBytes = 4 << 20 // of one commit; what is more waits for the next
	maxHeads       = 1 << 16 // topics whose heads the committer keeps
	spaceCheck     = time.Second
)

// request waits for the committer: an append, or another change of a topic.
type request struct {
	topic  string
	batch  store.Batch
	change func(b *pebble.Batch, h *head) error // instead of batch
	done   chan error                           // holds one
	told   store.Appended
}

// head is where a topic stands, as the committer sees it.
type head struct {
	known bool   // the topic exists
	first uint64 // lowest offset that can be read
	last  uint64
	term  string // that wrote last
}

// commit is the committer.
func (s *Store) commit() {
	defer s.tasks.Done()
	defer close(s.tell)
	checked, full := time.Time{}, false
	for {
		requests := s.gather()
		if requests == nil {
			return
		}
		if now := time.Now(); full || now.Sub(checked) >= spaceCheck {
			checked, full = now, s.isFull()
		}
		s.write(requests, full)
		if s.hasFailed() {
			return
		}
	}
}

// gather waits for a request and takes all that wait with it; nil when the
// store closes and none is left.
func (s *Store) gather() []*request {
	var first *request
	select {
	case first = <-s.queue:
	default:
		select {
		case first = <-s.queue:
		case <-s.stop:
			select {
			case first = <-s.queue:
			default:
				return nil
			}
		case <-s.failed:
			return nil
		}
	}
	requests := []*request{first}
	bytes := first.bytes()
	for bytes < maxCommitBytes {
		select {
		case r := <-s.queue:
			requests = append(requests, r)
			bytes += r.bytes()
		default:
			return requests
		}
	}
	return requests
}

func (r *request) bytes() int {
	n := 0
	for _, e := range r.batch.Entries {
		n += len(e)
	}
	for _, row := range r.batch.Rows {
		n += len(row.Value)
	}
	return n
}

func (s *Store) isFull() bool {
	usage, err := s.config.FS.GetDiskUsage(s.config.Dir)
	return err == nil && usage.AvailBytes < s.config.Reserve
}

// write makes one batch of the requests, syncs it, and hands them to the
// teller.
func (s *Store) write(requests []*request, full bool) {
	b := s.db.NewBatch()
	heads := make(map[string]head)
	taken := requests[:0]
	info := CommitInfo{}
	for _, r := range requests {
		if full && r.change == nil {
			r.done <- store.ErrFull
			continue
		}
		if err := s.add(b, heads, r); err != nil {
			r.done <- err
			continue
		}
		taken = append(taken, r)
		info.Appends++
		info.Entries += len(r.batch.Entries)
	}
	if len(taken) == 0 {
		_ = b.Close() // never applied; there is nothing to go wrong
		return
	}
	info.Bytes = b.Len()
	begin := time.Now()
	if err := s.db.Apply(b, pebble.Sync); err != nil {
		(&logger{s}).Fatalf("commit: %v", err)
	}
	info.Took = time.Since(begin)
	_ = b.Close() // applied
	s.advance()
	for topic, h := range heads {
		s.remember(topic, h)
	}
	if s.config.OnCommit != nil {
		s.config.OnCommit(info)
	}
	select {
	case s.tell <- taken:
	case <-s.failed:
	}
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
	if r.change != nil {
		if err := r.change(b, &h); err != nil {
			return err
		}
		heads[r.topic] = h
		return nil
	}
	if h.last != r.batch.After {
		return store.ErrConflict
	}
	set := func(key, value []byte) { _ = b.Set(key, value, nil) } // a batch takes all
	if !h.known {
		set(topicKey(r.topic), nil)
		h.known = true
	}
	r.told = store.Appended{Topic: r.topic, First: h.last + 1}
	for _, e := range r.batch.Entries {
		h.last++
		set(offsetKey(r.topic, kindEntry, h.last), e)
		r.told.Entries = append(r.told.Entries, e)
	}
	if len(r.batch.Entries) > 0 && h.term != s.term {
		h.term = s.term
		set(offsetKey(r.topic, kindTerm, r.told.First), []byte(s.term))
	}
	for _, row := range r.batch.Rows {
		if row.Value == nil {
			_ = b.Delete(rowKey(r.topic, row.Key), nil)
		} else {
			set(rowKey(r.topic, row.Key), row.Value)
		}
	}
	heads[r.topic] = h
	return nil
}

// head returns a topic's head, from memory or the durable view: between
// commits they are the same.
func (s *Store) head(topic string) (head, error) {
	if h, ok := s.heads[topic]; ok {
		return h, nil
	}
	v, err := s.lookAlways()
	if err != nil {
		return head{}, err
	}
	defer v.release()
	h, err := v.head(topic)
	if err != nil {
		return head{}, fmt.Errorf("read head: %w", err)
	}
	return h, nil
}

func (s *Store) remember(topic string, h head) {
	if len(s.heads) >= maxHeads {
		for t := range s.heads {
			delete(s.heads, t)
			break
		}
	}
	s.heads[topic] = h
}

// teller tells followers, then those who wait, in the order of the commits.
func (s *Store) teller() {
	defer s.tasks.Done()
	for requests := range s.tell {
		for _, r := range requests {
			if len(r.told.Entries) > 0 {
				s.follow(r.told)
			}
			r.done <- nil
		}
	}
}

// Truncate implements store.Log.
func (s *Store) Truncate(ctx context.Context, topic string, before uint64) error {
	return s.do(ctx, &request{topic: topic, done: make(chan error, 1), change: func(b *pebble.Batch, h *head) error {
		if !h.known || before <= h.first {
			return nil
		}
		first := min(before, h.last+1)
		_ = b.DeleteRange(offsetKey(topic, kindEntry, h.first), offsetKey(topic, kindEntry, first), nil)
		h.first = first
		_ = b.Set(logKey(topic, kindMark), encodeMark(*h), nil)
		return s.dropTerms(b, topic, first)
	}})
}

// dropTerms deletes the terms that ended before first-1.
func (s *Store) dropTerms(b *pebble.Batch, topic string, first uint64) error {
	terms, err := s.Terms(context.Background(), topic)
	if err != nil {
		return err
	}
	for i, t := range terms {
		if i+1 < len(terms) && terms[i+1].Offset <= first-1 {
			_ = b.Delete(offsetKey(topic, kindTerm, t.Offset), nil)
		}
	}
	return nil
}

// PutSnapshot implements store.Log.
func (s *Store) PutSnapshot(ctx context.Context, topic string, snapshot store.Snapshot) error {
	return s.do(ctx, &request{topic: topic, done: make(chan error, 1), change: func(b *pebble.Batch, h *head) error {
		if !h.known || snapshot.Offset > h.last {
			return fmt.Errorf("put snapshot: offset %d is past the log's head", snapshot.Offset)
		}
		older, err := s.Snapshot(ctx, topic, 0)
		if err != nil {
			return err
		}
		if snapshot.Offset >= older.Offset {
			value := binary.BigEndian.AppendUint64(nil, snapshot.Offset)
			_ = b.Set(logKey(topic, kindSnapshot), append(value, snapshot.Data...), nil)
		}
		return nil
	}})
}
