package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/tuttisync/tutti/store"
)

// formatVersion is that of the directory's contents. A newer one is refused.
const formatVersion = 1

// Config is how a store is opened. Only Dir is needed.
type Config struct {
	Dir      string           // made if it is not there
	FS       vfs.FS           // nil: the disk
	Logger   *slog.Logger     // nil: none
	Cache    int64            // bytes; 0: 16 MiB
	Reserve  uint64           // free bytes below which appends end in ErrFull; 0: 64 MiB
	Queue    int              // appends that may wait for the committer; 0: 4096
	OnCommit func(CommitInfo) // nil: nobody is told; called by the committer, must be quick
}

// CommitInfo tells of one commit.
type CommitInfo struct {
	Appends int
	Entries int
	Bytes   int
	Took    time.Duration // to write and sync
}

// Store is a store.Log in a directory.
type Store struct {
	config Config
	term   string
	db     *pebble.DB
	lock   io.Closer

	queue   chan *request
	tell    chan []*request
	stop    chan struct{} // closed by Close
	failed  chan struct{} // closed when the disk failed
	fail    sync.Once
	tasks   sync.WaitGroup
	closing sync.Once

	mu        sync.RWMutex // guards the fields below
	view      *view        // what is durable
	closed    bool
	followers [shards]map[int]func(store.Appended)
	nextID    int

	telling [shards]sync.Mutex // held while a shard's followers are called

	heads map[string]head // of the newest batch; used by the committer
}

var _ store.Log = (*Store)(nil)

// Open opens the directory, or makes it. A directory that another process has
// open, or that a newer version wrote, is an error that says so.
func Open(config Config) (*Store, error) {
	if config.FS == nil {
		config.FS = vfs.Default
	}
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.Cache == 0 {
		config.Cache = 16 << 20
	}
	if config.Reserve == 0 {
		config.Reserve = 64 << 20
	}
	if config.Queue == 0 {
		config.Queue = 4096
	}
	if err := config.FS.MkdirAll(config.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := pebble.LockDirectory(config.Dir, config.FS)
	if err != nil {
		return nil, fmt.Errorf("open store: another process uses the directory %s: %w", config.Dir, err)
	}
	s := &Store{
		config: config,
		term:   store.NewTerm(),
		lock:   lock,
		queue:  make(chan *request, config.Queue),
		tell:   make(chan []*request, 1),
		stop:   make(chan struct{}),
		failed: make(chan struct{}),
		heads:  make(map[string]head),
	}
	for i := range s.followers {
		s.followers[i] = make(map[int]func(store.Appended))
	}
	if err := s.open(lock); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	s.tasks.Add(2)
	go s.commit()
	go s.teller()
	return s, nil
}

func (s *Store) open(lock *pebble.Lock) error {
	cache := pebble.NewCache(s.config.Cache)
	defer cache.Unref()
	db, err := pebble.Open(s.config.Dir, &pebble.Options{
		FS:                          s.config.FS,
		Lock:                        lock,
		Cache:                       cache,
		MemTableSize:                8 << 20,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      &logger{s},
		CompactionConcurrencyRange:  func() (int, int) { return 1, 1 },
		MemTableStopWritesThreshold: 4,
	})
	if err != nil {
		return fmt.Errorf("open store %s: %w", s.config.Dir, err)
	}
	if err := checkFormat(db, s.config.Dir); err != nil {
		return errors.Join(err, db.Close())
	}
	s.db = db
	s.view = newView(db)
	return nil
}

func checkFormat(db *pebble.DB, dir string) error {
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
		return fmt.Errorf("open store %s: it has format version %d; this program knows versions up to %d", dir, version, formatVersion)
	}
	return nil
}

// Term implements store.Log.
func (s *Store) Term() string { return s.term }

// Close implements store.Log.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
		close(s.stop)
		s.tasks.Wait()
		s.mu.Lock()
		s.view.release()
		s.view = nil
		s.mu.Unlock()
		if s.hasFailed() {
			// Pebble cannot be closed in order any more; its files are let go
			// when the process ends.
			err = s.lock.Close()
			return
		}
		err = errors.Join(s.db.Close(), s.lock.Close())
	})
	return err
}

func (s *Store) hasFailed() bool {
	select {
	case <-s.failed:
		return true
	default:
		return false
	}
}

// Append implements store.Log.
func (s *Store) Append(ctx context.Context, topic string, b store.Batch) error {
	if err := b.Check(topic); err != nil {
		return err
	}
	return s.do(ctx, &request{topic: topic, batch: b, done: make(chan error, 1)})
}

// do queues a request and waits for its outcome.
func (s *Store) do(ctx context.Context, r *request) error {
	s.mu.RLock()
	if s.closed {
		s.mu.RUnlock()
		return store.ErrClosed
	}
	s.tasks.Add(1) // Close waits for those who queue
	s.mu.RUnlock()
	defer s.tasks.Done()
	if s.hasFailed() {
		return store.ErrUnknown
	}
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.failed:
		return store.ErrUnknown
	}
	select {
	case err := <-r.done:
		return err
	case <-s.failed:
	}
	select {
	case err := <-r.done:
		return err
	default:
		return store.ErrUnknown
	}
}
