package doc

import (
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

// confirm takes an operation out that the confirmed document holds. It returns
// the keys where that shows.
func (r *Replica) confirm(p *pending, at protocol.Position) []string {
	r.change.Confirmed = append(r.change.Confirmed, Confirmation{p.key, at})
	return r.remove(p)
}

func (r *Replica) remove(p *pending) []string {
	delete(r.pending, p.key)
	delete(r.sent, p.sent)
	for _, key := range p.touches {
		rest := slices.DeleteFunc(r.onKey[key], func(q *pending) bool { return q == p })
		if len(rest) == 0 {
			delete(r.onKey, key)
		} else {
			r.onKey[key] = rest
		}
	}
	return p.touches
}

func (r *Replica) pendingKeys() []string {
	keys := make([]string, 0, len(r.onKey))
	for key := range r.onKey {
		keys = append(keys, key)
	}
	return keys
}

// foldAgain folds what is pending anew, as far as it is connected to the keys.
func (r *Replica) foldAgain(keys []string) {
	var again []*pending
	met := make(map[*pending]bool)
	seen := make(map[string]bool, len(keys))
	for open := slices.Clone(keys); len(open) > 0; {
		key := open[len(open)-1]
		open = open[:len(open)-1]
		if seen[key] {
			continue
		}
		seen[key] = true
		r.hide(key)
		for _, p := range r.onKey[key] {
			if !met[p] {
				met[p] = true
				again = append(again, p)
				open = append(open, p.touches...)
			}
		}
	}
	slices.SortFunc(again, made)
	for _, p := range again {
		r.show(p)
	}
}

// hide takes away what pending operations have made of a key.
func (r *Replica) hide(key string) {
	if _, ok := r.shown.cells[key]; ok {
		r.remember(key)
		delete(r.shown.cells, key)
	}
}

// show applies a pending operation to what is shown. One that cannot be applied
// has no effect (rule DOC-17).
func (r *Replica) show(p *pending) {
	for _, key := range p.touches {
		r.remember(key)
	}
	client := r.client
	if client == "" {
		client = self
	}
	if err := p.op.Apply(&Entry{Offset: Pending, Client: client, Base: p.base}, &r.shown); err != nil {
		r.shown.takeBack()
		return
	}
	r.shown.keep()
}

func (r *Replica) remember(key string) {
	if _, ok := r.before[key]; !ok {
		r.before[key] = r.Get(key)
	}
}

// end ends a step: what it touched and shows another thing now has changed.
func (r *Replica) end() Change {
	for key, before := range r.before {
		now := r.Get(key)
		if (before == nil) != (now == nil) || before != nil && !r.base.typ.Same(before, now) {
			r.change.Keys = append(r.change.Keys, key)
		}
	}
	clear(r.before)
	change := r.change
	r.change = Change{}
	return change
}
