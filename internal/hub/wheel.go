package hub

import (
	"sync"
	"time"
)

const (
	wheelTick  = 250 * time.Millisecond
	wheelSlots = 512 // more than two minutes; what is later goes round again
)

// wheel keeps all the hub's deadlines: pings, expiries, heartbeats. It is
// accurate to a tick. A timer fires once, never early.
type wheel struct {
	mu    sync.Mutex // guards the fields below and all timers' links
	slots [wheelSlots]*timer
	start time.Time
	done  int64 // ticks that have been served
}

// timer stands in at most one slot.
type timer struct {
	fire       func(now time.Time) // called without a lock
	due        int64               // tick
	set        bool
	prev, next *timer
}

func (w *wheel) init(now time.Time) { w.start = now }

// set starts or moves a timer.
func (w *wheel) set(t *timer, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(t)
	after := at.Sub(w.start)
	due := int64(after / wheelTick)
	if after%wheelTick > 0 {
		due++
	}
	t.due = max(due, w.done+1)
	w.link(t)
}

func (w *wheel) stop(t *timer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unlink(t)
}

func (w *wheel) link(t *timer) {
	slot := &w.slots[t.due%wheelSlots]
	t.set, t.prev, t.next = true, nil, *slot
	if t.next != nil {
		t.next.prev = t
	}
	*slot = t
}

func (w *wheel) unlink(t *timer) {
	if !t.set {
		return
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		w.slots[t.due%wheelSlots] = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	}
	t.set, t.prev, t.next = false, nil, nil
}

// advance fires what is due at now.
func (w *wheel) advance(now time.Time) {
	w.mu.Lock()
	target := int64(now.Sub(w.start) / wheelTick)
	var due []*timer
	for last := min(target, w.done+wheelSlots); w.done < last; {
		w.done++
		for t := w.slots[w.done%wheelSlots]; t != nil; {
			next := t.next
			if t.due <= target {
				w.unlink(t)
				due = append(due, t)
			}
			t = next
		}
	}
	w.done = max(w.done, target)
	w.mu.Unlock()
	for _, t := range due {
		t.fire(now)
	}
}
