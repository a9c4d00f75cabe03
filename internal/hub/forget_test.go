package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/store"
)

// Entries lose their keys while the topic learns them and after: from the floor
// on it still knows what a fold over the log finds, and below nothing that is
// not so.
func TestLatest_ADMIN_2_twin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := drawKeys(t)
		room := rapid.SampledFrom([]int{1 << 20, 3 * keyCost, keyCost}).Draw(t, "room")
		half := rapid.IntRange(0, len(keys)).Draw(t, "half")
		learned := rapid.IntRange(half, len(keys)).Draw(t, "learned")
		k := knowledge{latest: *newLatest(uint64(half+1), room)}
		older := newLatest(1, room)
		for i, key := range keys[:half] {
			older.add(uint64(i+1), key)
		}
		told := keys[:0:0]
		tell := func(i int) {
			told = append(told, keys[i])
			if i >= half {
				k.add(uint64(i+1), keys[i])
			}
			if rapid.IntRange(0, 3).Draw(t, "redact") == 0 {
				o := rapid.IntRange(0, i).Draw(t, "offset")
				k.redacted(keyed{uint64(o + 1), told[o]})
				told[o] = ""
			}
		}
		for i := range learned {
			tell(i)
		}
		k.learned(older, uint64(half))
		for i := learned; i < len(keys); i++ {
			tell(i)
		}
		if k.bytes > room || k.bytes < 0 || len(k.order) > 2*len(k.newest)+64 {
			t.Fatalf("it holds %d bytes, %d of %d", k.bytes, len(k.order), len(k.newest))
		}
		from := rapid.Uint64Range(k.floor, uint64(len(keys)+1)).Draw(t, "from")
		if got, want := k.from(make([]uint64, 0, 1000), from), fold(told, from); !slices.Equal(got, want) {
			t.Errorf("from %d: %d, want %d", from, got, want)
		}
		newest := fold(told, 1)
		for i, key := range told {
			if k.passed(uint64(i+1), key) && slices.Contains(newest, uint64(i+1)) {
				t.Errorf("%d is the newest of its key", i+1)
			}
		}
	})
}

// late is a log that, armed, keeps what it has read next until it is let.
type late struct {
	store.Log
	gate  chan struct{}
	armed atomic.Bool
}

func (l *late) Read(ctx context.Context, topic string, after uint64, limit, maxBytes int) ([]store.Entry, error) {
	entries, err := l.Log.Read(ctx, topic, after, limit, maxBytes)
	if l.armed.Swap(false) {
		<-l.gate
	}
	return entries, err
}

// When entries are redacted a reader still gets all that the twin finds in the
// log as it is then, and once the log was read again nothing else.
func TestDelivery_ADMIN_2_twin(t *testing.T) {
	changed := 0
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 12))
		n, pass := still(t, delivery(true), func(c *Config) { c.TopicRing = 2 << 10 })
		names := []string{"", "a", "b", "c", "d", "e"}
		var keys []string
		publish := func(count int) {
			for range count {
				keys = append(keys, names[rng.IntN(len(names))])
				n.tellKey("a", keys[len(keys)-1], fmt.Sprint(len(keys)))
			}
		}
		follow := func(from int) []uint64 {
			l := n.reader()
			l.say(fmt.Sprintf(`{"type":"subscribe","id":1,"topic":"a","from":{"offset":%d,"term":%q}}`, from, n.log.Term()))
			l.expect("subscribed")
			return l.follow(uint64(from), uint64(len(keys)))
		}
		publish(200 + rng.IntN(500))
		for range 5 {
			publish(rng.IntN(20))
			follow(0)
			before := fold(keys, 1)
			for range 1 + rng.IntN(3) {
				o := len(keys) - 1 - rng.IntN(min(len(keys), 30))
				n.redact("a", uint64(o+1))
				keys[o] = ""
			}
			want := fold(keys, 1)
			if len(want) > len(before) || !slices.Equal(want, before) {
				changed++
			}
			got := follow(0)
			for _, o := range want {
				if !slices.Contains(got, o) {
					t.Fatalf("seed %d: %d is missing in %d", seed, o, got)
				}
			}
			pass(sweepEvery)
			from := rng.IntN(100)
			if got, want := follow(from), fold(keys, uint64(from+1)); !slices.Equal(got, want) {
				t.Fatalf("seed %d: from %d came %d, want %d", seed, from, got, want)
			}
		}
	}
	if changed < 20 {
		t.Errorf("what is the newest changed %d times", changed)
	}
}

func TestRedact_catchup(t *testing.T) {
	t.Run("ADMIN-2/while_keys_are_learned", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			log := &late{gate: make(chan struct{})}
			n := newNode(t, delivery(true), func(c *Config) {
				log.Log = c.Durable
				c.Durable, c.Memory = log, log
			})
			for _, key := range []string{"k", "k", "x", "k"} {
				n.tellKey("a", key, `1`)
			}
			log.armed.Store(true)
			l := n.reader()
			l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
			l.expect("subscribed")
			synctest.Wait()
			if log.armed.Load() {
				t.Fatal("nobody reads the log")
			}
			n.redact("a", 4)
			close(log.gate)
			var got []uint64
			for after := uint64(0); after < 4; {
				m := l.next()
				if m.Type == "redacted" {
					continue
				}
				after = m.Offset
				got = append(got, after)
			}
			if !slices.Contains(got, 2) || !slices.Contains(got, 3) {
				t.Errorf("it got %d", got)
			}
		})
	})
	// What was read from the store waits for a reader who takes nothing; that it
	// was redacted meanwhile is told behind it.
	t.Run("ADMIN-2/after_a_page", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := newNode(t, func(c *Config) { c.TopicRing = 1 << 10 })
			text := fmt.Sprintf("%q", strings.Repeat("x", 10<<10))
			const entries = 30
			for range entries {
				n.tell("a", text)
			}
			l := n.reader()
			l.stall()
			l.say(`{"type":"subscribe","id":1,"topic":"a","from":"earliest"}`)
			synctest.Wait()
			l.conn.mu.Lock()
			waits := l.conn.catchup.waits()
			l.conn.mu.Unlock()
			if !waits {
				t.Fatal("no page waits")
			}
			for o := range uint64(entries) {
				n.redact("a", o+1)
			}
			l.release()
			l.expect("subscribed")
			var asWas, told []uint64
			for seen, notices := uint64(0), 0; seen < entries || notices < entries; {
				switch m := l.next(); m.Type {
				case "entry":
					seen = m.Offset
					if string(m.Data) != "null" {
						asWas = append(asWas, m.Offset)
						if slices.Contains(told, m.Offset) {
							t.Errorf("entry %d came as it was after its redaction", m.Offset)
						}
					}
				case "redacted":
					notices++
					told = append(told, m.Offset)
				default:
					t.Fatalf("got %+v", m)
				}
			}
			if len(asWas) == 0 || len(asWas) == entries {
				t.Errorf("%d entries came as they were", len(asWas))
			}
		})
	})
	t.Run("ADMIN-2/after_a_page_of_another_subscription", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			gate := make(chan struct{})
			n := newNode(t, slowly(gate))
			n.tellMany("old:a", 1, 3)
			n.tell("b", `1`)
			l := n.reader()
			l.say(`{"type":"subscribe","id":1,"topic":"b"}`)
			l.expect("subscribed")
			l.say(`{"type":"subscribe","id":2,"topic":"old:a","from":"earliest"}`)
			l.expect("subscribed")
			synctest.Wait()
			n.redact("b", 1)
			l.say(`{"type":"unsubscribe","id":3,"topic":"old:a"}`)
			l.expect("unsubscribed")
			l.quiet()
			close(gate)
			if m := l.expect("redacted"); m.Topic != "b" || m.Offset != 1 {
				t.Errorf("told %+v", m)
			}
			_, err := n.Publish(context.Background(), Publication{Trusted: true, Topic: "b", Data: []byte(`2`)})
			must(t, err)
			l.entries("b", 2, 2)
		})
	})
}
