package storetest

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tuttisync/tutti/store"
)

// BenchmarkAppend measures appends of one entry of 200 bytes and one row, by 1,
// 8 and 64 writers at a time, each to a topic of its own. open returns an empty
// store and leaves its closing to b.Cleanup.
func BenchmarkAppend(b *testing.B, open func(b *testing.B) store.Log) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			log := open(b)
			entry, row := make([]byte, 200), make([]byte, 32)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			done := make(chan error, writers)
			for i := range writers {
				go func() {
					batch := store.Batch{Entries: [][]byte{entry}, Rows: []store.Row{{Key: "client", Value: row}}}
					topic := fmt.Sprintf("chat:%d", i)
					for left.Add(-1) >= 0 {
						if err := log.Append(b.Context(), topic, batch); err != nil {
							done <- err
							return
						}
						batch.After++
					}
					done <- nil
				}()
			}
			for range writers {
				if err := <-done; err != nil {
					b.Errorf("append: %v", err)
				}
			}
			b.StopTimer()
		})
	}
}
