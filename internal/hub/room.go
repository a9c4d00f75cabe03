package hub

import (
	"cmp"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tuttisync/tutti/internal/presence"
)

const (
	defaultTick  = 50 * time.Millisecond
	slowestTick  = time.Second
	tickWatchers = 200   // with more watchers ticks are longer (rule PRES-11)
	turnWatchers = share // so many of them are told at a time, by one task that writes

	defaultList  = 500
	defaultGrace = 5 * time.Second
	defaultLease = 30 * time.Second

	roomBytes    = 1 << 10 // what a room counts in which somebody is, beside its members
	maxIdleRooms = 1024    // that are kept for who was there
)

// Presence is what a namespace's configuration says of who is in its topics.
type Presence struct {
	None  bool          // there is none
	List  int           // how many members are listed; 0: 500, below 0: nobody is
	Grace time.Duration // how long a member stays that nobody holds any more; 0: 5 s
	Lease time.Duration // how long one stays that no connection holds; 0: 30 s
	Tick  time.Duration // watchers are told no more often; 0: 50 ms
}

func (p Presence) grace() time.Duration { return cmp.Or(p.Grace, defaultGrace) }
func (p Presence) lease() time.Duration { return cmp.Or(p.Lease, defaultLease) }

func (p Presence) mode() string {
	if p.List < 0 {
		return "count"
	}
	return ""
}

// rooms are those of all topics that somebody is in, or watches, or was in lately.
type rooms struct {
	epoch   string
	bytes   atomic.Int64 // of all members, and the rooms that they are in
	members atomic.Int64

	mu   sync.Mutex // guards the fields below; taken before a room's own
	all  map[string]*room
	used uint64  // how many were forgotten that somebody had been in
	idle []*room // that nobody is in or watches, oldest first; some are not idle any more
}

// room is who is in one topic, as this node knows it, and who watches.
type room struct {
	hub    *Hub
	topic  string
	epoch  string
	config Presence
	timer  timer // for the next member whose time is over

	mu       sync.Mutex // guards the fields below
	core     *presence.Room
	watchers int
	waiting  []*watch  // those that have been told all
	turns    []*watch  // those that the last flush is still to wake
	flushed  uint64    // the version of the last flush
	last     time.Time // when that was
	beating  bool      // the next one is to come
	due      int64     // when timer fires; 0: never
	bytes    int       // as counted in rooms.bytes
	members  int       // as counted in rooms.members
	occupied bool
	idle     bool   // stands in rooms.idle
	listed   []byte // who was there as of listedAt, for streams; nil: not made yet
	listedAt uint64 // version
}

// lockRoom returns a topic's room, locked; nil where there is none, unless it is to be
// made. Who has it says settle, and unlocks it.
func (h *Hub) lockRoom(topic string, config Presence, make bool) *room {
	s := &h.rooms
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.all[topic]
	if r == nil {
		if !make {
			return nil
		}
		r = &room{hub: h, topic: topic, config: config, epoch: s.epoch + "." + strconv.FormatUint(s.used, 36)}
		r.core = presence.New(presence.Config{
			Grace: config.grace().Milliseconds(), Lease: config.lease().Milliseconds(), List: max(cmp.Or(config.List, defaultList), 0),
		})
		r.timer.fire = r.tick
		s.all[topic] = r
	}
	r.mu.Lock()
	return r
}

// has says whether there is memory for so many bytes more.
func (s *rooms) has(bytes int, most int64) bool {
	return most <= 0 || s.bytes.Load()+int64(bytes) <= most
}

func (r *room) now() int64 { return r.hub.now().UnixMilli() }

// tick ends the members whose time is over.
func (r *room) tick(now time.Time) {
	r.mu.Lock()
	r.due = 0
	r.core.Tick(now.UnixMilli())
	r.settle()
}

// settle follows from what was done to the room: it is told, counted and timed, and
// unlocked.
func (r *room) settle() {
	h := r.hub
	bytes, members := r.core.Bytes(), r.core.Count()
	if members > 0 {
		bytes += roomBytes
	}
	h.rooms.bytes.Add(int64(bytes - r.bytes))
	h.rooms.members.Add(int64(members - r.members))
	r.bytes, r.members = bytes, members
	switch due, ok := r.core.Due(); {
	case !ok && r.due != 0:
		r.due = 0
		h.wheel.stop(&r.timer)
	case ok && due != r.due:
		r.due = due
		h.wheel.set(&r.timer, time.UnixMilli(due))
	}
	if occupied := r.core.Count() > 0; occupied != r.occupied {
		r.occupied = occupied
		h.occupancies.add(h, r.topic, occupied)
	}
	ready := r.beat()
	idle := !r.idle && r.watchers == 0 && r.core.Count() == 0
	r.mu.Unlock()
	h.writers.push(h, ready)
	if idle {
		h.rooms.rest(r)
	}
}

// rest lets a room go that nobody is in or watches, or keeps it for a while for who
// was there.
func (s *rooms) rest(r *room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.idle || !r.empty() {
		return
	}
	if len(r.core.Left()) == 0 {
		s.drop(r)
		return
	}
	r.idle = true
	s.idle = append(s.idle, r)
	for len(s.idle) > maxIdleRooms {
		oldest := s.idle[0]
		s.idle[0] = nil
		s.idle = s.idle[1:]
		if oldest != r {
			oldest.mu.Lock()
		}
		if oldest.idle = false; oldest.empty() {
			s.drop(oldest)
		}
		if oldest != r {
			oldest.mu.Unlock()
		}
	}
}

// empty says whether nobody is in the room or watches. r.mu is held.
func (r *room) empty() bool { return r.watchers == 0 && r.core.Count() == 0 }

// drop forgets a room. Both are locked.
func (s *rooms) drop(r *room) {
	if s.all[r.topic] == r {
		if r.core.Version() > 0 {
			s.used++ // its versions must not come again
		}
		delete(s.all, r.topic)
	}
}

// beat tells the watchers what there is to tell, now or when the tick is over. It
// returns the connections that writers must be found for. r.mu is held.
func (r *room) beat() []*Conn {
	if r.beating || r.core.Version() == r.flushed && !r.core.Waiting() {
		return nil
	}
	now := r.hub.now()
	if wait := r.last.Add(r.pause()).Sub(now); wait > 0 {
		r.beating = true
		r.hub.config.After(wait, r.later)
		return nil
	}
	return r.flush(now)
}

// later is a flush whose time has come.
func (r *room) later() {
	r.mu.Lock()
	r.beating = false
	ready := r.flush(r.hub.now())
	r.mu.Unlock()
	r.hub.writers.push(r.hub, ready)
}

// pause is how long a tick lasts.
func (r *room) pause() time.Duration {
	tick := cmp.Or(r.config.Tick, defaultTick)
	return max(tick, min(tick*time.Duration(r.watchers)/tickWatchers, slowestTick))
}

// flush makes what is new ready for the watchers that have been told all before.
// r.mu is held.
func (r *room) flush(now time.Time) []*Conn {
	signals := r.core.Flush()
	words := make(map[uint64]*word, 1) // by version
	woken := r.waiting
	r.waiting = nil
	for _, w := range woken {
		w.waiting = false
		if words[w.version] == nil {
			words[w.version] = r.word(w.version, signals)
		}
		w.next = words[w.version]
		w.version = r.core.Version()
	}
	r.flushed, r.last = r.core.Version(), now
	if len(r.turns) > 0 {
		r.turns = append(r.turns, woken...)
		return nil
	}
	r.turns = woken
	return r.turn()
}

// turn wakes the watchers of a flush: up to tickWatchers at once, more in turns,
// over half a tick. Told all at once, thousands would hold up what other topics have
// to say for as long as it takes to write to each. It returns the connections that
// writers must be found for. r.mu is held.
func (r *room) turn() []*Conn {
	n := len(r.turns)
	if r.watchers > tickWatchers {
		n = min(n, turnWatchers)
	}
	var ready []*Conn
	for _, w := range r.turns[:n] {
		if w.ended {
			continue
		}
		if c := w.reader.wakeWatch(w); c != nil {
			ready = append(ready, c)
		}
	}
	if r.turns = r.turns[n:]; len(r.turns) == 0 {
		r.turns = nil
		return ready
	}
	r.hub.config.After(r.pause()/2*turnWatchers/time.Duration(r.watchers), r.nextTurn)
	return ready
}

func (r *room) nextTurn() {
	r.mu.Lock()
	ready := r.turn()
	r.mu.Unlock()
	r.hub.writers.push(r.hub, ready)
}
