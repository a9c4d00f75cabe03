package doc

import "github.com/tuttisync/tutti/protocol"

// Draft is a tentative overlay on a state: what comes while an append is under
// way is judged on it, and it is kept or dropped with the append. One may be in
// use at a time; between Commit or Drop and the next Judge it is empty.
type Draft struct {
	state *State
	max   int // bytes of the document; 0: no bound
	cells map[string]tentative
	bytes int
	last  uint64 // offset of the newest entry judged

	undo []undone // of the operation being judged
}

type tentative struct {
	cell Cell
	size int
}

type undone struct {
	key   string
	was   tentative
	known bool // the overlay had it
}

// Draft returns an empty overlay. It refuses what makes the document longer
// than maxBytes (rule DOC-7); 0: nothing.
func (s *State) Draft(maxBytes int) *Draft {
	return &Draft{state: s, max: maxBytes, cells: make(map[string]tentative), bytes: s.bytes}
}

// Get returns the cell of a key as it will be, or nil.
func (d *Draft) Get(key string) Cell {
	if t, ok := d.cells[key]; ok {
		return t.cell
	}
	return d.state.Get(key)
}

// Set puts a cell in place. Operations call it.
func (d *Draft) Set(key string, cell Cell) {
	was, known := d.cells[key]
	if !known {
		was.size = d.state.sizes[key]
	}
	d.undo = append(d.undo, undone{key, was, known})
	size := d.state.cellSize(key, cell)
	d.bytes += size - was.size
	d.cells[key] = tentative{cell, size}
}

// Judge applies an entry to the overlay, or returns why it cannot be applied,
// and leaves the overlay as it was.
func (d *Draft) Judge(e *Entry, op Op) error {
	before := d.bytes
	d.undo = d.undo[:0]
	err := op.Apply(e, d)
	if err == nil && d.max > 0 && d.bytes > d.max && d.bytes > before {
		err = protocol.Errorf(protocol.LimitExceeded, "The document would have %d bytes; %d are allowed.", d.bytes, d.max).Of(protocol.DocumentBytesLimit)
	}
	if err != nil {
		for i := len(d.undo) - 1; i >= 0; i-- {
			u := d.undo[i]
			if u.known {
				d.cells[u.key] = u.was
			} else {
				delete(d.cells, u.key)
			}
		}
		d.bytes = before
		return err
	}
	d.last = e.Offset
	return nil
}

// Commit makes the overlay part of the state.
func (d *Draft) Commit() {
	for key, t := range d.cells {
		d.state.set(key, t.cell, t.size)
	}
	d.state.offset = max(d.state.offset, d.last)
	clear(d.cells)
	d.bytes = d.state.bytes
}

// Drop forgets the overlay.
func (d *Draft) Drop() {
	clear(d.cells)
	d.bytes, d.last = d.state.bytes, 0
}
