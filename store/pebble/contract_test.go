package pebble

import (
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) { storetest.Run(t, storetest.Backend{New: newPlace}) }

func BenchmarkAppend(b *testing.B) {
	storetest.BenchmarkAppend(b, func(b *testing.B) store.Log {
		var commits, appends atomic.Int64
		s, err := Open(Config{Dir: b.TempDir(), OnCommit: func(c CommitInfo) {
			commits.Add(1)
			appends.Add(int64(c.Appends))
		}})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			b.ReportMetric(float64(commits.Load())/float64(appends.Load()), "fsyncs/append")
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		})
		return s
	})
}
