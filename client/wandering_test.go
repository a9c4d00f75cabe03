package client_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/protocol"
)

// TestWandering lets two clients publish and read while, by chance, roads are
// closed and opened, connections cut and answers lost.
func TestWandering(t *testing.T) {
	seeds := 8
	if testing.Short() {
		seeds = 3
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("CONN-11_seed_%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { wander(t, rand.New(rand.NewPCG(uint64(seed), 1))) })
		})
	}
}

func wander(t *testing.T, chance *rand.Rand) {
	pick := func(from ...string) string { return from[chance.IntN(len(from))] }
	_, n := inMemory(t, tutti.Config{Dev: true, Ping: 5 * time.Second, Grace: 2 * time.Second})
	type side struct {
		client  *client.Client
		topic   string
		sent    []*client.Pending
		entries <-chan client.Entry
	}
	sides := []*side{{topic: "a"}, {topic: "b"}}
	for i, s := range sides {
		s.client = n.connect(t, client.Options{})
		s.entries = gather(t, s.client.Topic(sides[1-i].topic), protocol.FromEarliest())
	}
	for range 150 {
		time.Sleep(time.Duration(chance.IntN(4000)) * time.Millisecond)
		s := sides[chance.IntN(2)]
		switch chance.IntN(10) {
		case 0:
			n.set(pick("", refuse, portal, strip), "/v1/ws")
		case 1:
			n.set(pick("", buffer, refuse, lose), "/v1/sse")
		case 2:
			n.set(pick("", "", refuse, lose), "/v1/poll")
		case 3:
			n.set(pick("", "", lose, buffer), "/v1/commands")
		case 4:
			n.cut()
		case 5:
			s.client.NetworkChanged()
		case 6:
			s.client.Wake()
		default:
			for range chance.IntN(20) {
				s.sent = append(s.sent, s.client.Topic(s.topic).Enqueue(len(s.sent), client.PublishOptions{}))
			}
		}
	}
	n.set("", "/v1/ws", "/v1/sse", "/v1/poll", "/v1/commands")
	for i, s := range sides {
		for seq, p := range s.sent {
			if ack, err := p.Result(); err != nil || ack.Offset != 0 && ack.Offset != uint64(seq+1) {
				t.Fatalf("PUB-4: publish %d to %s: %+v, %v", seq, s.topic, ack, err)
			}
		}
		late := time.After(long)
		for offset := range s.sent {
			select {
			case e := <-sides[1-i].entries:
				if e.Offset != uint64(offset+1) || string(e.Data) != fmt.Sprint(offset) {
					t.Fatalf("SUB-2: entry %d of %s is %d %s", offset+1, s.topic, e.Offset, e.Data)
				}
			case <-late:
				t.Fatalf("SUB-2: entry %d of %s does not come; the reader is %+v", offset+1, s.topic, sides[1-i].client.Status())
			}
		}
		synctest.Wait()
		if len(sides[1-i].entries) > 0 {
			t.Fatalf("SUB-2: %s holds more than was sent: %+v", s.topic, <-sides[1-i].entries)
		}
	}
}
