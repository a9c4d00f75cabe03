package hub

import (
	"bytes"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkStalled publishes to 1,000 readers, the next entry when all that can
// have the last, while some take nothing. It reports how long the slowest but one of a hundred
// deliveries to all took.
func BenchmarkStalled(b *testing.B) {
	for _, stalled := range []int{0, 1, 100} {
		b.Run(fmt.Sprint(stalled), func(b *testing.B) {
			const readers = 1000
			n := newNode(b)
			live := &crowd{all: make(chan struct{}, 1), size: int64(readers - stalled)}
			for i := range readers {
				var p Peer = &taker{live}
				if i < stalled {
					p = &idler{}
				}
				c := n.Accept(p, Opening{Encoding: Messages})
				defer c.Closed()
				c.Receive([]byte(`{"type":"hello","topics":[{"topic":"a"}]}`))
			}
			data := fmt.Appendf(nil, "%q", bytes.Repeat([]byte("x"), 100))
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := n.Publish(b.Context(), Publication{Trusted: true, Topic: "a", Data: data}); err != nil {
					b.Fatal(err)
				}
				<-live.all
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}

var entryType = []byte(`"type":"entry"`)

// crowd counts what its readers were told.
type crowd struct {
	size int64
	got  atomic.Int64
	all  chan struct{} // holds a token when each has the latest entry
}

// taker takes everything at once.
type taker struct{ crowd *crowd }

func (*taker) Frame(dst, message []byte) []byte { return append(append(dst, message...), '\n') }
func (*taker) Close(int, string)                {}
func (*taker) BytesIn() uint64                  { return 0 }

func (t *taker) Send(frames [][]byte, _ func(error)) (bool, error) {
	for _, f := range frames {
		if n := bytes.Count(f, entryType); n > 0 && t.crowd.got.Add(int64(n))%t.crowd.size == 0 {
			t.crowd.all <- struct{}{}
		}
	}
	return true, nil
}

// idler takes no entry.
type idler struct{}

func (*idler) Frame(dst, message []byte) []byte { return append(append(dst, message...), '\n') }
func (*idler) Close(int, string)                {}
func (*idler) BytesIn() uint64                  { return 0 }

func (*idler) Send(frames [][]byte, _ func(error)) (bool, error) {
	return !slices.ContainsFunc(frames, func(f []byte) bool { return bytes.Contains(f, entryType) }), nil
}
