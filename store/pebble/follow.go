package pebble

import (
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tuttisync/tutti/store"
)

const shards = 4

type follower struct {
	id int
	fn func(store.Appended)
}

// Shards implements store.Log.
func (s *Store) Shards() int { return shards }

// Follow implements store.Log.
func (s *Store) Follow(shard int, fn func(store.Appended)) (func(), error) {
	if shard < 0 || shard >= shards {
		return nil, fmt.Errorf("follow: there is no shard %d", shard)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, store.ErrClosed
	}
	id := s.nextID
	s.nextID++
	s.followers[shard] = append(slices.Clip(s.followers[shard]), follower{id, fn})
	return func() {
		s.telling[shard].Lock()
		defer s.telling[shard].Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.followers[shard] = slices.DeleteFunc(slices.Clone(s.followers[shard]), func(f follower) bool { return f.id == id })
	}, nil
}

func (s *Store) follow(a store.Appended) {
	shard := xxhash.Sum64String(a.Topic) % shards
	s.telling[shard].Lock()
	defer s.telling[shard].Unlock()
	s.mu.RLock()
	followers := s.followers[shard]
	s.mu.RUnlock()
	for _, f := range followers {
		f.fn(a)
	}
}
