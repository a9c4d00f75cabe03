package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tuttisync/tutti/store"
)

// formatVersion is that of the directory's contents. A newer one is refused.
const formatVersion = 1

// Store is a store.Log in a directory.
type Store struct {
	config Config
	term   string
	db     *pebble.DB
	guard  *guard
	lock   io.Closer

	queue  chan *request // closed by Close
	tell   chan []*request
	calls  sync.WaitGroup // those within a method
	tasks  sync.WaitGroup // the committer and the teller
	once   sync.Once      // of Close
	closed error          // what Close returned

	failure  failure
	backlog  backlog
	sweeper  sweeper
	sweeping sync.WaitGroup // the sweeper

	// handing is held while the committer copies from requests, and when it or
	// those who wait decide what became of them. See request.
	handing sync.Mutex

	mu        sync.RWMutex // guards the fields below
	view      *view        // what is durable
	closing   bool
	followers [shards][]follower // replaced, never changed
	nextID    int

	telling [shards]sync.Mutex // held while a shard's followers are called

	heads map[string]head // of the newest batch; used by the committer
}

var _ store.Log = (*Store)(nil)

// Open opens the directory, or makes it. A directory that another process has
// open, or that a newer version wrote, is an error that says so.
func Open(config Config) (*Store, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	if err := makeDirectory(config.FS, config.Dir); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := lockDirectory(config.FS, config.Dir)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	s := &Store{
		config:  config,
		term:    store.NewTerm(),
		lock:    lock,
		queue:   make(chan *request, config.Queue),
		tell:    make(chan []*request, 1),
		failure: failure{failed: make(chan struct{})},
		backlog: newBacklog(),
		sweeper: newSweeper(),
		heads:   make(map[string]head),
	}
	s.guard = newGuard(config.FS, s.fail, s.failure.failed, s.backlog.change)
	if err := s.open(lock); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", config.Dir, err), lock.Close())
	}
	s.sweeping.Go(s.sweeper.run)
	s.tasks.Go(s.commit)
	s.tasks.Go(s.teller)
	return s, nil
}

func (s *Store) open(lock *pebble.Lock) error {
	cache := pebble.NewCache(s.config.Cache)
	defer cache.Unref()
	listener := s.listener()
	options := &pebble.Options{
		FS:                          s.guard,
		Lock:                        lock,
		Cache:                       cache,
		MemTableSize:                s.config.Memtable,
		MemTableStopWritesThreshold: neverStall,
		L0StopWritesThreshold:       neverStall,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      &logger{s},
		EventListener:               &listener,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
	}
	// No compactions triggered by reads: what closes an iterator would wait for
	// the manifest, as the sweeper does.
	options.Experimental.ReadSamplingMultiplier = -1
	db, err := pebble.Open(s.config.Dir, options)
	if err != nil && s.guard.frozen() {
		return s.failure.cause
	}
	if err != nil {
		return err
	}
	s.db = db
	err = checkFormat(db)
	s.guard.opened.Store(true) // a failure that was passed over before is seen now
	if err == nil && !s.guard.frozen() {
		s.view = s.newView()
		return nil
	}
	close(s.guard.closing)
	closed := s.closeDB()
	if s.guard.frozen() {
		return s.failure.cause // what else went wrong follows from it
	}
	return errors.Join(err, closed)
}

func checkFormat(db *pebble.DB) error {
	key := []byte{spaceFormat}
	value, closer, err := db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		if err := db.Set(key, binary.AppendUvarint(nil, formatVersion), pebble.Sync); err != nil {
			return fmt.Errorf("write format version: %w", err)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("read format version: %w", err)
	}
	version, n := binary.Uvarint(value)
	if err := closer.Close(); err != nil {
		return fmt.Errorf("read format version: %w", err)
	}
	if n <= 0 || version == 0 || version > formatVersion {
		return fmt.Errorf("it has format version %d; this program knows versions up to %d", version, formatVersion)
	}
	return nil
}

// Term implements store.Log.
func (s *Store) Term() string { return s.term }

// enter begins a call, or returns ErrClosed. Close waits until it has left.
func (s *Store) enter() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closing {
		return store.ErrClosed
	}
	s.calls.Add(1)
	return nil
}

func (s *Store) leave() { s.calls.Done() }

// Close implements store.Log. It waits for all calls that have begun. After a
// failure of the disk it returns nil: Append has told the failure.
func (s *Store) Close() error {
	s.once.Do(func() { s.closed = s.close() })
	return s.closed
}

func (s *Store) close() error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.calls.Wait()
	close(s.queue)
	close(s.guard.closing) // the committer may wait for one who waits for this
	s.tasks.Wait()
	s.view.release()
	close(s.sweeper.wake)
	s.sweeping.Wait()
	frozen := s.guard.frozen()
	err := s.closeDB()
	if frozen {
		err = nil
	}
	return errors.Join(err, s.lock.Close())
}

// closeDB closes the database. Pebble panics where it finds itself in a state
// that only a failed disk explains.
func (s *Store) closeDB() (err error) {
	if s.guard.frozen() {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("close database: %v", r)
			}
		}()
	}
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}

// Append implements store.Log.
func (s *Store) Append(ctx context.Context, topic string, b store.Batch) error {
	if err := b.Check(topic); err != nil {
		return err
	}
	return s.do(ctx, &request{topic: topic, batch: b, done: make(chan error, 1)})
}
