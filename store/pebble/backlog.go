package pebble

import "github.com/cockroachdb/pebble/v2"

const (
	maxBacklog = 4  // memtables that may wait to be flushed
	maxLevel0  = 12 // tables that a read of level 0 may have to look into

	neverStall = 1 << 20 // a threshold that is out of reach
)

// backlog holds the committer back while pebble is behind with flushing and
// compacting.
//
// Pebble would do so itself, by letting the writer wait within. But a writer
// that waits there waits until there is room, and when the disk is full or
// failed there may never be: nobody could be told, and Close could not return.
// So pebble's own thresholds are out of reach, and the committer waits here,
// where it hears of those too. What it overshoots by is one commit.
type backlog struct {
	changed chan struct{} // holds one: look again
	behind  bool          // as of the latest look; used by the committer
}

func newBacklog() backlog { return backlog{changed: make(chan struct{}, 1)} }

func (l *backlog) change() {
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

// listener hears from pebble what may change the backlog. Pebble may call it
// with locks held.
func (s *Store) listener() pebble.EventListener {
	return pebble.EventListener{
		WALCreated:      func(pebble.WALCreateInfo) { s.backlog.change() }, // with each memtable
		FlushEnd:        func(pebble.FlushInfo) { s.backlog.change() },
		CompactionEnd:   func(pebble.CompactionInfo) { s.backlog.change() },
		BackgroundError: func(err error) { s.config.Logger.Warn("pebble", "error", err) },
	}
}

// waitForRoom waits until pebble keeps up. It gives up when the disk is full or
// failed.
func (s *Store) waitForRoom() {
	select {
	case <-s.backlog.changed:
		s.backlog.behind = s.isBehind()
	default:
	}
	for s.backlog.behind && !s.guard.full.Load() {
		select {
		case <-s.backlog.changed:
			s.backlog.behind = s.isBehind()
		case <-s.failure.failed:
			return
		}
	}
}

func (s *Store) isBehind() bool {
	m := s.db.Metrics()
	return m.MemTable.Size >= maxBacklog*s.config.Memtable || m.Levels[0].Sublevels >= maxLevel0
}
