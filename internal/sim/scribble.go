package sim

import (
	"time"

	"github.com/tuttisync/tutti/client/core"
	"github.com/tuttisync/tutti/text"
)

// scribble is what the user does, now and then.
func (w *writer) scribble() {
	c := w.client
	world := c.world
	if world.healed {
		return
	}
	pause := world.between(0, 500*time.Millisecond)
	switch world.rng.IntN(24) {
	case 0:
		if world.chance(0.3) {
			c.leave(world.between(time.Second, 30*time.Second))
		}
	case 1:
		c.step(core.Wake{})
	case 2:
		for range 1 + world.rng.IntN(4) {
			w.revert((*text.Session).Undo)
		}
	case 3:
		for range 1 + world.rng.IntN(4) {
			w.revert((*text.Session).Redo)
		}
	case 4:
		if all := w.session.Pending(); len(all) > 0 {
			c.step(core.Abort{Key: w.keys[all[world.rng.IntN(len(all))].Key]})
		}
	case 5:
		pause = world.between(0, 5*time.Second)
	case 6:
		for range 10 {
			w.edit(w.draw(), false, false)
		}
	default:
		join, step := world.chance(0.3), world.chance(0.3)
		for range 1 + world.rng.IntN(3) {
			w.edit(w.draw(), join, step)
		}
	}
	world.after(pause, w.scribble)
}

// draw is an edit of what is shown, mostly near the last one.
func (w *writer) draw() (op text.Op) {
	world := w.client.world
	random, length := world.rng, len(w.shown)
	for range 1 + random.IntN(5)/4 {
		if world.chance(0.2) {
			w.cursor = random.IntN(length + 1)
		}
		s := text.Splice{At: min(w.cursor, length)}
		if world.chance(0.3) || length > 300 {
			s.Delete = min(length-s.At, 1+random.IntN(4)+length/100)
		}
		if s.Delete == 0 || world.chance(0.2) {
			s.Insert = world.meaning.fresh(1 + random.IntN(3))
		}
		if world.chance(0.03) {
			s.Insert += string(unwanted)
		}
		length += len([]rune(s.Insert)) - s.Delete
		w.cursor = s.At + len([]rune(s.Insert))
		op = append(op, s)
	}
	return op
}
