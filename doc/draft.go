package doc

import "github.com/tuttisync/tutti/protocol"

// Draft is a tentative overlay on a state: what comes while an append is under
// way is judged on it, and it is kept or dropped with the append. One may be in
// use at a time; between Commit or Drop and the next Judge it is empty.
type Draft struct {
	overlay
	max   int    // bytes of the document; 0: no bound
	grown int    // bytes that the overlay adds
	last  uint64 // offset of the newest entry judged
}

// Draft returns an empty overlay. It refuses what makes the document longer
// than maxBytes (rule DOC-7); 0: nothing.
func (s *State) Draft(maxBytes int) *Draft { return &Draft{overlay: newOverlay(s), max: maxBytes} }

// Set puts a cell in place. Operations call it.
func (d *Draft) Set(key string, cell Cell) {
	d.grown += d.state.grows(key, d.Get(key), cell)
	d.overlay.Set(key, cell)
}

// Judge applies an entry to the overlay, or returns why it cannot be applied,
// and leaves the overlay as it was.
func (d *Draft) Judge(e *Entry, op Op) error {
	before := d.grown
	err := op.Apply(e, d)
	if bytes := d.state.bytes + d.grown; err == nil && d.max > 0 && bytes > d.max && d.grown > before {
		err = protocol.Errorf(protocol.LimitExceeded, "The document would have %d bytes; %d are allowed.", bytes, d.max).Of(protocol.DocumentBytesLimit)
	}
	if err != nil {
		d.takeBack()
		d.grown = before
		return err
	}
	d.keep()
	d.last = e.Offset
	return nil
}

// Commit makes the overlay part of the state.
func (d *Draft) Commit() {
	for key, cell := range d.cells {
		d.state.set(key, cell)
	}
	d.state.bytes += d.grown
	d.state.offset = max(d.state.offset, d.last)
	d.Drop()
}

// Drop forgets the overlay.
func (d *Draft) Drop() {
	d.empty()
	d.grown, d.last = 0, 0
}
