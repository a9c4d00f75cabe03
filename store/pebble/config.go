package pebble

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Config is how a store is opened. Only Dir is needed.
type Config struct {
	Dir      string           // made if it is not there
	FS       vfs.FS           // nil: the disk
	Logger   *slog.Logger     // nil: none
	Cache    int64            // of blocks read, in bytes; 0: 16 MiB
	Memtable uint64           // bytes gathered in memory before a flush, in up to four tables; 0: 4 MiB
	Reserve  uint64           // free bytes below which appends end in ErrFull; 0: 64 MiB
	Queue    int              // appends that may wait for the committer; 0: 4096
	OnCommit func(CommitInfo) // nil: nobody is told; called by the committer, must be quick
}

// CommitInfo tells of one commit, which is one fsync.
type CommitInfo struct {
	Appends int
	Entries int
	Bytes   int           // as written
	Took    time.Duration // to write and sync
}

// withDefaults returns the configuration with its zero values replaced.
func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Dir == "":
		return c, errors.New("Dir is empty")
	case c.Cache < 0:
		return c, fmt.Errorf("Cache is %d, below 0", c.Cache)
	case c.Queue < 0:
		return c, fmt.Errorf("Queue is %d, below 0", c.Queue)
	case c.Memtable != 0 && (c.Memtable < minMemtable || c.Memtable > maxMemtable):
		return c, fmt.Errorf("Memtable is %d, not %d to %d", c.Memtable, minMemtable, maxMemtable)
	}
	if c.FS == nil {
		c.FS = vfs.Default
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Cache == 0 {
		c.Cache = 16 << 20
	}
	if c.Memtable == 0 {
		c.Memtable = 4 << 20
	}
	if c.Reserve == 0 {
		c.Reserve = 64 << 20
	}
	if c.Queue == 0 {
		c.Queue = 4096
	}
	return c, nil
}

const (
	minMemtable = 64 << 10
	maxMemtable = 1 << 30
)
