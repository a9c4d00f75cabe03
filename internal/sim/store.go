package sim

import (
	"context"

	"github.com/tuttisync/tutti/store"
	"github.com/tuttisync/tutti/store/memory"
)

// disk is a store whose appends fail and crash as the seed wants.
type disk struct {
	*memory.Store
	world  *World
	server *server

	failed bool // ErrUnknown was answered: no more writes until the restart
	// unsure is the append that ErrUnknown was answered to, if it was written:
	// nobody sees it before the restart.
	unsure func()
}

// crash unwinds a task of a server that was killed within it.
type crash struct{}

// Append implements store.Log.
func (d *disk) Append(ctx context.Context, topic string, b store.Batch) error {
	w := d.world
	switch {
	case d.failed:
		return store.ErrUnknown
	case w.fault(0.01):
		w.tell("store: full")
		return store.ErrFull
	case w.fault(0.003):
		written := w.chance(0.5)
		w.tell("store: outcome unknown, written %v", written)
		d.failed = true
		if written {
			b = b.Clone()
			d.unsure = func() { _ = d.Store.Append(context.Background(), topic, b) }
		}
		w.after(w.between(0, 5e9), w.restart)
		return store.ErrUnknown
	case w.fault(0.003):
		w.tell("store: killed before an append")
		panic(crash{})
	}
	err := d.Store.Append(ctx, topic, b)
	if err == nil && w.fault(0.003) {
		w.tell("store: killed after an append")
		panic(crash{})
	}
	return err
}

// settle writes what nobody had seen.
func (d *disk) settle() {
	if d.unsure != nil {
		d.unsure()
		d.unsure = nil
	}
}
