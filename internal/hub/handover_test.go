package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/tuttisync/tutti/protocol"
)

// Readers of both kinds join at random places, from random positions, while
// publishers run, over rings that are far too small as well as over ordinary
// ones. Some take nothing for a while. Each must see every entry above its
// start, in order, once.
func TestSubscribe_SUB_2_hand_over_under_load(t *testing.T) {
	entries, readers := 2000, 24
	if testing.Short() {
		entries, readers = 500, 8
	}
	for _, c := range []struct {
		name      string
		ring, all int64
	}{
		{"ordinary_rings", 1 << 20, 64 << 20},
		{"small_rings", 2048, 64 << 20},
		{"a_small_budget", 1 << 20, 3000},
		{"no_room_at_all", 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, func(config *Config) {
				config.TopicRing, config.RingBytes = int(c.ring), c.all
			})
			var wg sync.WaitGroup
			for p := range 3 {
				wg.Go(func() {
					for i := range entries / 3 {
						_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: "load", Data: fmt.Appendf(nil, "%d", p*entries+i)})
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			last := uint64(entries / 3 * 3)
			for r := range readers {
				rng := rand.New(rand.NewPCG(1, uint64(r)))
				wg.Go(func() { readAll(t, n, rng, last, r) })
			}
			wg.Wait()
		})
	}
}

// readAll joins at a random moment from a random place, and reads to the end.
func readAll(t *testing.T, n *node, rng *rand.Rand, last uint64, r int) {
	topic, err := n.topic(context.Background(), "load")
	if err != nil {
		t.Error(err)
		return
	}
	when := rng.Uint64N(last)
	s, err := n.Open(context.Background(), StreamConfig{Trusted: true, Topics: []protocol.Subscribe{{Topic: "load", From: protocol.FromEarliest()}}, Encoding: Stored})
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	var head protocol.Position
	for head.Offset < when { // this many entries are there
		b, err := s.Next(context.Background(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		head = b.Next
	}
	from := fmt.Sprintf(`{"last":%d}`, rng.Uint64N(head.Offset+1))
	switch rng.IntN(4) {
	case 0:
		from = `"earliest"`
	case 1:
		from = `"new"`
	case 2:
		topic.mu.Lock()
		p := topic.position(rng.Uint64N(head.Offset + 1))
		topic.mu.Unlock()
		from = fmt.Sprintf(`{"offset":%d,"term":%q}`, p.Offset, p.Term)
		if p.Offset == 0 {
			from = `{"offset":0}`
		}
	}
	if r%2 == 0 {
		readLine(t, n, rng, last, from)
	} else {
		readStream(t, n, rng, last, head.Offset)
	}
}

// readLine reads over a connection that stalls now and then, and subscribes
// anew once in the middle.
func readLine(t *testing.T, n *node, rng *rand.Rand, last uint64, from string) {
	l := n.open()
	l.say(`{"type":"hello"}`)
	l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"load","from":%s}`, from))
	next, asked, answered := uint64(0), 1, 0
	for next != last+1 || answered < asked {
		m := l.next()
		switch m.Type {
		case "subscribed":
			answered++
			if !m.Recovered {
				t.Errorf("from %s: not recovered", from)
				return
			}
			next = m.Offset + 1
		case "entry":
			if m.Offset != next {
				t.Errorf("from %s: entry %d in place of %d", from, m.Offset, next)
				return
			}
			next++
			switch rng.IntN(200) {
			case 0:
				l.stall()
			case 1:
				if asked == 1 {
					asked++
					l.say(`{"type":"subscribe","id":2,"topic":"load","from":{"last":50}}`)
				}
			}
		}
		l.mu.Lock()
		heard := len(l.said) > l.read
		l.mu.Unlock()
		if !heard {
			l.release()
		}
	}
	l.quiet()
	l.Close(0, "")
}

func readStream(t *testing.T, n *node, rng *rand.Rand, last, head uint64) {
	from := rng.Uint64N(head + 1)
	s, err := n.Open(context.Background(), StreamConfig{
		Trusted: true, Encoding: Events,
		Topics: []protocol.Subscribe{{Topic: "load", From: protocol.FromLast(from)}},
	})
	if err != nil {
		t.Error(err)
		return
	}
	defer s.Close()
	next := s.Starts()[0].Position.Offset + 1
	for next <= last {
		b, err := s.Next(context.Background(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		for _, frames := range b.Frames {
			for _, e := range lines(frames) {
				if e.Offset != next {
					t.Errorf("entry %d in place of %d", e.Offset, next)
					return
				}
				next++
			}
		}
		if b.Next.Offset != next-1 {
			t.Errorf("the batch ends at %v, its entries at %d", b.Next, next-1)
			return
		}
	}
}
