package load_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/auth"
	"github.com/tuttisync/tutti/internal/load"
	"github.com/tuttisync/tutti/store/pebble"
)

// slow is a disk whose every sync takes so much longer.
type slow time.Duration

func (slow) String() string { return "slow disk" }

func (d slow) MaybeError(op errorfs.Op) error {
	switch op.Kind {
	case errorfs.OpFileSync, errorfs.OpFileSyncData, errorfs.OpFileSyncTo:
		time.Sleep(time.Duration(d))
	}
	return nil
}

// BenchmarkPublish publishes over WebSocket, each client to a topic of its own
// and its next entry when the last is acknowledged, to a server whose disk takes
// 2 ms for each fsync.
func BenchmarkPublish(b *testing.B) {
	for _, publishers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("publishers=%d", publishers), func(b *testing.B) {
			var fsyncs atomic.Int64
			sockets := dialSlow(b, publishers, func(pebble.CommitInfo) { fsyncs.Add(1) })
			data := load.Message(time.Now(), 100)
			errs := make(chan error, publishers)
			var left atomic.Int64
			left.Store(int64(b.N))
			fsyncs.Store(0)
			b.ResetTimer()
			var publishing sync.WaitGroup
			for i, s := range sockets {
				publishing.Go(func() {
					for left.Add(-1) >= 0 {
						if _, err := s.Publish(fmt.Sprintf("bench:%d", i), data); err != nil {
							errs <- err
							return
						}
					}
				})
			}
			publishing.Wait()
			b.StopTimer()
			select {
			case err := <-errs:
				b.Fatal(err)
			default:
			}
			b.ReportMetric(float64(b.N)/float64(fsyncs.Load()), "entries/fsync")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

func dialSlow(b *testing.B, n int, onCommit func(pebble.CommitInfo)) []*load.Socket {
	log, err := pebble.Open(pebble.Config{Dir: "data", FS: errorfs.Wrap(vfs.NewMem(), slow(2*time.Millisecond)), OnCommit: onCommit})
	if err != nil {
		b.Fatal(err)
	}
	srv, err := tutti.New(tutti.Config{
		Store:      log,
		Namespaces: map[string]tutti.Namespace{"bench": {Anonymous: []tutti.Verb{auth.Publish}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	server := httptest.NewServer(srv)
	b.Cleanup(func() {
		server.Close()
		if err := srv.Close(context.Background()); err != nil {
			b.Error(err)
		}
		if err := log.Close(); err != nil {
			b.Error(err)
		}
	})
	target := load.Target{URL: server.URL}
	sockets := make([]*load.Socket, n)
	for i := range sockets {
		client, err := load.NewClient()
		if err != nil {
			b.Fatal(err)
		}
		if sockets[i], err = target.Dial(b.Context(), client); err != nil {
			b.Fatal(err)
		}
		b.Cleanup(sockets[i].Close)
	}
	return sockets
}
