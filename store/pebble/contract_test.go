package pebble

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"go.uber.org/goleak"

	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) { storetest.Run(t, storetest.Backend{New: newPlace}) }

// BenchmarkAppend shows how many appends share an fsync, on the disk as it is and
// on one in memory that takes 2 ms for each.
func BenchmarkAppend(b *testing.B) {
	for name, fs := range map[string]vfs.FS{
		"disk=own":     vfs.Default,
		"disk=2ms":     errorfs.Wrap(vfs.NewMem(), slow(2*time.Millisecond)),
		"disk=own+2ms": errorfs.Wrap(vfs.Default, slow(2*time.Millisecond)),
	} {
		b.Run(name, func(b *testing.B) {
			storetest.BenchmarkAppend(b, func(b *testing.B) store.Log { return openCounted(b, fs) })
		})
	}
}

// openCounted opens an empty store and reports how many appends shared a commit.
func openCounted(b *testing.B, fs vfs.FS) store.Log {
	var commits, appends atomic.Int64
	s, err := Open(Config{Dir: b.TempDir(), FS: fs, OnCommit: func(c CommitInfo) {
		commits.Add(1)
		appends.Add(int64(c.Appends))
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		b.ReportMetric(float64(appends.Load())/float64(commits.Load()), "appends/fsync")
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}
