package client_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/tuttisync/tutti"
	"github.com/tuttisync/tutti/client"
	"github.com/tuttisync/tutti/text"
)

// mostUntaken is how many edits a player makes before the server has taken them: a
// client sends no more than 64.
const mostUntaken = 32

func newBand(t *testing.T, srv *server, players int) *band {
	ctx, cancel := context.WithCancel(t.Context())
	b := &band{t: t}
	b.moved = sync.NewCond(&b.mu)
	var reading sync.WaitGroup
	reading.Go(func() {
		for e, err := range srv.tu.Read(ctx, traceTopic, tutti.Earliest()) {
			b.mu.Lock()
			if b.err = err; err == nil {
				b.log = append(b.log, e)
			}
			b.moved.Broadcast()
			b.mu.Unlock()
		}
	})
	b.stop = func() { cancel(); reading.Wait() }
	t.Cleanup(b.stop)
	for range players {
		p := &player{band: b, link: newPausable()}
		p.client = dial(t, srv.http.URL+"/live", client.Options{Roads: []string{"sse"}, HTTPClient: &http.Client{Transport: p.link}})
		p.client.OnEntry(func(e client.Entry) {
			b.mu.Lock()
			defer b.mu.Unlock()
			p.seen = e.Offset
			b.moved.Broadcast()
		})
		p.text = client.OpenText(p.client, traceTopic, client.DocumentOptions{})
		if err := p.text.Ready(within(t)); err != nil {
			t.Fatal(err)
		}
		b.players = append(b.players, p)
	}
	return b
}

// await waits until something holds, of what b.mu guards.
func (b *band) await(what string, holds func() bool) {
	b.t.Helper()
	late := time.AfterFunc(patience, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.err = context.DeadlineExceeded
		b.moved.Broadcast()
	})
	defer late.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for !holds() {
		if b.err != nil {
			b.t.Fatalf("%s: %v, at %d", what, b.err, len(b.log))
		}
		b.moved.Wait()
	}
}

// taken waits until the server has taken n entries.
func (b *band) taken(n int) {
	b.t.Helper()
	b.await("taking entries", func() bool { return len(b.log) >= n })
}

// play plays a score, and returns how many edits were made before a bar and taken
// behind it.
func (b *band) play(x *recorded, s score) (late int) {
	for i := 0; i < len(s.notes); {
		n := s.notes[i]
		p := b.players[n.client]
		if n.bar == 0 {
			if i > 0 && s.notes[i-1].client != n.client || i%mostUntaken == 0 {
				b.taken(i)
			}
			p.sees(n.base)
			p.edit(x.Txns[n.txn].Patches)
			i++
			continue
		}
		b.taken(i)
		p.link.hold(true)
		for ; i < len(s.notes) && s.notes[i].bar == n.bar && s.notes[i].client == n.client; i++ {
			p.sees(s.notes[i].base)
			p.edit(x.Txns[s.notes[i].txn].Patches)
			late++
		}
		p.sees(n.bar)
		p.link.hold(false)
		b.taken(i)
	}
	b.taken(len(s.notes))
	return late
}

// sees lets a player see so much of the log, and no more.
func (p *player) sees(offset int) {
	p.band.t.Helper()
	p.link.pass(uint64(offset))
	p.band.await("reading", func() bool { return p.seen >= uint64(offset) })
	p.client.Connect() // it does nothing; but with that, all is folded that came
}

// edit makes an edit that is an operation of its own.
func (p *player) edit(op text.Op) {
	m := p.text.Edit(op)
	p.client.Connect() // with that, it is sent
	select {
	case <-m.Done():
		if _, err := m.Result(); err != nil {
			p.band.t.Fatalf("%v of %d code points: %v", op, p.text.Len(), err)
		}
	default:
	}
	if m == p.last {
		p.band.t.Fatal("two transactions are one operation")
	}
	p.last = m
}

// end lets all see all.
func (b *band) end(want string) {
	for i, p := range b.players {
		p.sees(len(b.log))
		if p.text.Value() != want {
			b.t.Errorf("client %d shows another text", i)
		}
		if n := len(p.text.Pending("")); n > 0 {
			b.t.Errorf("of client %d are %d edits pending", i, n)
		}
	}
}

// audit sees that the log says of each entry what the score does: whose it is, and
// what its author had seen.
func (b *band) audit(s score) {
	names := make(map[int]string)
	for i, n := range s.notes {
		e := b.log[i]
		if names[n.client] == "" {
			names[n.client] = e.Client
		}
		if e.Client != names[n.client] || e.Base == nil || n.bar == 0 && *e.Base != uint64(n.base) {
			b.t.Fatalf("entry %d is of %s, made on %d; want client %d, on %d", i+1, e.Client, *e.Base, n.client, n.base)
		}
	}
}

func (b *band) leave() {
	for _, p := range b.players {
		p.client.Close()
	}
	b.stop()
}
