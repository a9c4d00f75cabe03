package memory_test

import (
	"math/rand/v2"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
	"github.com/tuttisync/tutti/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Backend{New: func(testing.TB) storetest.Place { return new(place) }})
}

func BenchmarkAppend(b *testing.B) {
	storetest.BenchmarkAppend(b, func(b *testing.B) store.Log {
		s := memory.New()
		b.Cleanup(func() { _ = s.Close() })
		return s
	})
}

// place keeps the contents of one run for the next.
type place struct {
	mu     sync.Mutex // guards the field below
	newest *memory.Store
}

func (p *place) Open() (store.Log, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest == nil {
		p.newest = memory.New()
	} else {
		p.newest = p.newest.Restart("")
	}
	return p.newest, nil
}

func (p *place) Crash(*rand.Rand) storetest.Place { return p.Copy() }

func (p *place) Copy() storetest.Place {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest == nil {
		return new(place)
	}
	return &place{newest: p.newest.Clone()}
}

func (p *place) Disk() storetest.Disk { return nil }

func TestRestart(t *testing.T) {
	first := memory.New()
	if err := first.Append(t.Context(), "a", store.Batch{Entries: [][]byte{[]byte("x")}}); err != nil {
		t.Fatal(err)
	}
	second := first.Restart("chosen-term")
	if second.Term() != "chosen-term" {
		t.Errorf("term %q", second.Term())
	}
	if head, err := second.Head(t.Context(), "a"); err != nil || head.Last != 1 || head.Term != first.Term() {
		t.Errorf("head %+v, %v", head, err)
	}
	if err := first.Append(t.Context(), "a", store.Batch{After: 1}); err == nil {
		t.Error("the killed store takes appends")
	}
}
