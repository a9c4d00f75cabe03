package hub

import (
	"encoding/json"

	"github.com/tuttisync/tutti/protocol"
)

// listing is who is in a topic, as streams are told it.
type listing struct {
	Topic   string            `json:"topic"`
	Version uint64            `json:"version"`
	Count   int               `json:"count"`
	Users   int               `json:"users"`
	Members []protocol.Member `json:"members"`
}

// watchRooms lets a stream be told who is in its topics, if it asks for that.
func (s *Stream) watchRooms() error {
	if s.config.Presence == "" {
		return nil
	}
	for i, t := range s.config.Topics {
		w, err := s.hub.watchRoom(t.Topic, s, opening{})
		if err != nil {
			return err
		}
		w.index = i
		s.watches, s.rooms = append(s.watches, w), append(s.rooms, w)
	}
	return nil
}

// announce returns what a watch has to say, if anything.
func (s *Stream) announce(w *watch) (Batch, bool) {
	next := w.collect()
	if next == nil {
		return Batch{}, false
	}
	s.wakeWatch(w) // it is collected until it waits
	s.spoke()
	return Batch{Index: w.index, Presence: s.told(w, next)}, true
}

// told is a word as the stream tells it.
func (s *Stream) told(w *watch, next *word) []byte {
	if s.config.Presence == PresenceDiff {
		return next.message
	}
	w.room.mu.Lock()
	defer w.room.mu.Unlock()
	return w.room.whole()
}

// whole is who is there, made once for all streams that tell it. r.mu is held.
func (r *room) whole() []byte {
	if r.listed == nil || r.listedAt != r.core.Version() {
		var err error
		r.listed, err = json.Marshal(listing{r.topic, r.core.Version(), r.core.Count(), r.core.Users(), r.core.Members()})
		if err != nil {
			panic("hub: marshal who is there: " + err.Error())
		}
		r.listedAt = r.core.Version()
	}
	return r.listed
}

// wakeWatch puts a watch among those with something to tell.
func (s *Stream) wakeWatch(w *watch) *Conn {
	s.mu.Lock()
	if !w.dirty {
		w.dirty = true
		s.rooms = append(s.rooms, w)
	}
	s.mu.Unlock()
	s.signal()
	return nil
}
