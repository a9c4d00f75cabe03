package client

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/records"
)

// maxSteps is how many mutations can be undone.
const maxSteps = 1000

// history is the mutations made through one handle that can be undone, and those
// undone that can be redone. Its steps are guarded by the replica's mu.
type history struct {
	document *Document
	undo     []*undoStep
	redo     []*undoStep
}

// undoStep is what takes one mutation back: operations on single records.
type undoStep struct{ ops []inverse }

type inverse struct {
	key  string
	set  bool // it sets a record that is not there; the others change one that is
	make records.Op
}

func (h *history) has(steps *[]*undoStep) bool {
	h.document.replica.mu.Lock()
	defer h.document.replica.mu.Unlock()
	return len(*steps) > 0
}

// made takes in a mutation of the application's. It is called under the
// replica's mu.
func (h *history) made(m *Mutation, differences []doc.Replacement) {
	h.redo = nil
	h.push(&h.undo, m, differences, nil)
	if len(h.undo) > maxSteps {
		h.undo = h.undo[1:]
	}
}

// push adds what takes a mutation back. One that fails is no step. One that is
// confirmed goes back to what it replaced in the log, not to what was shown when
// it was made. What was
// there before the document was opened is not known, so it cannot be brought
// back.
func (h *history) push(steps *[]*undoStep, m *Mutation, differences []doc.Replacement, failed func()) {
	var step *undoStep
	if h.document.replica.status == DocumentOpen {
		step = invert(differences)
	}
	if step != nil {
		*steps = append(*steps, step)
	}
	m.folded = func(cells []doc.Replacement) {
		if again := invert(cells); again == nil {
			without(steps, step)
		} else if step != nil {
			step.ops = again.ops
		}
	}
	m.undone = func() {
		without(steps, step)
		if failed != nil {
			failed()
		}
	}
}

// without takes a step away, if it is there.
func without(steps *[]*undoStep, step *undoStep) {
	if i := slices.Index(*steps, step); i >= 0 {
		*steps = slices.Delete(*steps, i, i+1)
	}
}

// revert takes back the latest step of which anything can be taken back. It
// returns nil if there is none.
func (h *history) revert(from, to *[]*undoStep) (*Mutation, []doc.Replacement) {
	step, ops, at := h.pop(from)
	if step == nil {
		return nil, nil
	}
	batch := records.Batch{Ops: ops}
	return h.document.mutate(batch, nil, func(m *Mutation, differences []doc.Replacement) {
		h.push(to, m, differences, func() {
			i := min(at, len(*from))
			*from = append((*from)[:i:i], append([]*undoStep{step}, (*from)[i:]...)...)
		})
	})
}

func (h *history) pop(from *[]*undoStep) (step *undoStep, ops []records.Op, at int) {
	r := h.document.replica
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(*from) > 0 {
		at = len(*from) - 1
		step = (*from)[at]
		*from = (*from)[:at]
		for _, op := range step.ops {
			if op.set == (h.document.cells.state.Get(op.key) == nil) {
				ops = append(ops, op.make)
			}
		}
		if len(ops) > 0 {
			return step, ops, at
		}
	}
	return nil, nil, 0
}

// invert returns what takes changes back, of each field only where it still
// holds one's own value (rule RECORDS-12); nil if there is nothing to.
func invert(differences []doc.Replacement) *undoStep {
	var ops []inverse
	for _, d := range differences {
		before, _ := d.Before.(*records.Record)
		after, _ := d.After.(*records.Record)
		switch {
		case before != nil && after != nil:
			if patch, ok := restore(d.Key, before, after); ok {
				ops = append(ops, inverse{key: d.Key, make: patch})
			}
		case before != nil:
			ops = append(ops, inverse{key: d.Key, set: true, make: records.Set{Key: d.Key, Value: fields(before), Own: true}})
		case after != nil:
			ops = append(ops, inverse{key: d.Key, make: records.Delete{Key: d.Key, Own: true}})
		}
	}
	if len(ops) == 0 {
		return nil
	}
	return &undoStep{ops}
}

// restore returns the patch that makes a record as it was before, and false if
// it is.
func restore(key string, before, after *records.Record) (records.Patch, bool) {
	set := make(map[string]jsontext.Value)
	for name, value := range before.Fields() {
		if !bytes.Equal(value, after.Field(name)) {
			set[name] = value
		}
	}
	patch := records.Patch{Key: key, Own: true}
	for name := range after.Fields() {
		if before.Field(name) == nil {
			patch.Unset = append(patch.Unset, name)
		}
	}
	if len(set) > 0 {
		patch.Set = set
	}
	return patch, len(set)+len(patch.Unset) > 0
}

func fields(r *records.Record) map[string]jsontext.Value {
	all := make(map[string]jsontext.Value)
	for name, value := range r.Fields() {
		all[name] = value
	}
	return all
}
