package doc

// overlay are cells in front of those of a state, as operations have set them.
type overlay struct {
	state *State
	cells map[string]Cell // nil: taken away
	undo  []undone        // of the operation that is being applied
}

type undone struct {
	key   string
	was   Cell
	known bool // the overlay had it
}

func newOverlay(s *State) overlay { return overlay{state: s, cells: make(map[string]Cell)} }

// Get returns the cell of a key as it will be, or nil.
func (o *overlay) Get(key string) Cell {
	if cell, ok := o.cells[key]; ok {
		return cell
	}
	return o.state.Get(key)
}

func (o *overlay) Set(key string, cell Cell) {
	was, known := o.cells[key]
	o.undo = append(o.undo, undone{key, was, known})
	o.cells[key] = cell
}

// empty forgets all cells. It leaves no long map behind, which would take its
// time to be emptied ever after.
func (o *overlay) empty() {
	const long = 128
	if len(o.cells) > long {
		o.cells = make(map[string]Cell)
	} else {
		clear(o.cells)
	}
}

// keep ends an operation that was applied.
func (o *overlay) keep() {
	clear(o.undo)
	o.undo = o.undo[:0]
}

// takeBack ends an operation that could not be applied: the overlay is as it
// was before.
func (o *overlay) takeBack() {
	for i := len(o.undo) - 1; i >= 0; i-- {
		u := o.undo[i]
		if u.known {
			o.cells[u.key] = u.was
		} else {
			delete(o.cells, u.key)
		}
	}
	o.keep()
}
