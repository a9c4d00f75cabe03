package pebble

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/tuttisync/tutti/store"
)

const shards = 4

// Shards implements store.Log.
func (s *Store) Shards() int { return shards }

// Follow implements store.Log.
func (s *Store) Follow(shard int, fn func(store.Appended)) (func(), error) {
	if shard < 0 || shard >= shards {
		return nil, fmt.Errorf("follow: there is no shard %d", shard)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	id := s.nextID
	s.nextID++
	s.followers[shard][id] = fn
	return func() {
		s.telling[shard].Lock()
		defer s.telling[shard].Unlock()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.followers[shard], id)
	}, nil
}

func (s *Store) follow(a store.Appended) {
	shard := xxhash.Sum64String(a.Topic) % shards
	s.telling[shard].Lock()
	defer s.telling[shard].Unlock()
	s.mu.RLock()
	followers := slices.Collect(maps.Values(s.followers[shard]))
	s.mu.RUnlock()
	for _, fn := range followers {
		fn(a)
	}
}
