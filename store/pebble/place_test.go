package pebble

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/storetest"
)

// place is a directory in a file system in memory that can crash and fail.
type place struct {
	t    testing.TB
	fs   *vfs.MemFS
	disk *disk
}

func newPlace(t testing.TB) storetest.Place { return placeOf(t, vfs.NewCrashableMem()) }

func placeOf(t testing.TB, fs *vfs.MemFS) *place { return &place{t, fs, &disk{fs: fs}} }

// Open opens a store whose tables are small, so that they are flushed and logs
// are changed within a test.
func (p *place) Open() (store.Log, error) {
	return Open(Config{Dir: "data/store", FS: errorfs.Wrap(p.fs, p.disk), Memtable: minMemtable, OnCommit: func(c CommitInfo) {
		if c.Appends == 0 && c.Entries > 0 || c.Took < 0 {
			p.t.Errorf("commit %+v", c)
		}
	}})
}

func (p *place) Crash(rng *rand.Rand) storetest.Place {
	config := vfs.CrashCloneCfg{}
	if rng != nil {
		config = vfs.CrashCloneCfg{UnsyncedDataPercent: 1 + rng.IntN(99), RNG: rng}
	}
	return placeOf(p.t, p.fs.CrashClone(config))
}

func (p *place) Copy() storetest.Place {
	return placeOf(p.t, p.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(0, 0))}))
}

func (p *place) Disk() storetest.Disk { return p.disk }
