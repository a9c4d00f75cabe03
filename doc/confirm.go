package doc

import (
	"fmt"

	"github.com/tuttisync/tutti/protocol"
)

// Entries folds entries of the log, the next ones in order. All together are
// one change. What was folded already is passed over. An operation that the server
// took where another entry stands now was in a log that is lost (rule DOC-18).
func (r *Replica) Entries(entries []*protocol.Entry) Change {
	var touched []string
	for _, e := range entries {
		if e.Offset <= r.base.offset {
			continue
		}
		own := uint64(0)
		if p := r.sent[protocol.ClientSeq{Client: e.Client, Seq: e.Seq}]; p != nil {
			own = p.key
			touched = append(touched, r.confirm(p, e.Position())...)
		}
		if e.Redacted || e.Base == nil {
			r.base.Skip(e.Offset)
			continue
		}
		keys, err := r.fold(e, own)
		if err != nil {
			r.change.Faults = append(r.change.Faults, fmt.Errorf("fold the entry at offset %d: %w", e.Offset, err))
			r.base.Skip(e.Offset)
		}
		touched = append(touched, keys...)
	}
	for _, key := range r.Pending() {
		if p := r.pending[key]; p.acknowledged && p.position.Offset > 0 && p.position.Offset <= r.base.offset {
			r.change.Lost = append(r.change.Lost, key)
			touched = append(touched, r.remove(p)...)
		}
	}
	r.foldAgain(touched)
	return r.end()
}

func (r *Replica) fold(e *protocol.Entry, own uint64) (keys []string, err error) {
	op, err := r.base.typ.Decode(e.Data)
	if err != nil {
		return nil, err
	}
	entry := Entry{Offset: e.Offset, Client: e.Client, Base: *e.Base}
	keys = op.Keys()
	telling := r.Watch || own > 0
	var cells []Replacement
	for _, key := range keys {
		r.remember(key)
		if telling {
			cells = append(cells, Replacement{Key: key, Before: r.base.Get(key)})
		}
	}
	if err := r.base.Fold(&entry, op); err != nil {
		return nil, err
	}
	if telling {
		for i := range cells {
			cells[i].After = r.base.Get(cells[i].Key)
		}
		r.change.Folded = append(r.change.Folded, Folded{entry, cells, own})
	}
	return keys, nil
}

// Snapshot puts a snapshot in the place of the confirmed document. If it is not
// recovered, the log of what was confirmed is lost: so is what was acknowledged
// in it (rule DOC-18), and nothing is in the past of what is pending (rule
// DOC-19); nor of what was made above the snapshot. A snapshot that cannot be
// read is bad_message and changes nothing.
func (r *Replica) Snapshot(s *protocol.Snapshot, recovered bool) (Change, error) {
	base, err := Load(r.base.typ, s.Offset, s.Cells)
	if err != nil {
		return Change{}, fmt.Errorf("read the snapshot: %w", err)
	}
	for key := range r.base.cells {
		r.remember(key)
	}
	for key := range base.cells {
		r.remember(key)
	}
	r.base, r.shown.state = base, base
	seqs := make(map[string]uint64, len(s.Seqs))
	for _, c := range s.Seqs {
		seqs[c.Client] = c.Seq
	}
	for _, key := range r.Pending() {
		p := r.pending[key]
		newest := seqs[p.sent.Client]
		passed := p.acknowledged && p.position.Offset > 0 && p.position.Offset <= s.Offset
		switch {
		case p.sent.Seq > 0 && p.sent.Seq <= newest, recovered && passed && newest == 0:
			for _, k := range r.confirm(p, p.position) {
				r.hide(k)
			}
		case !recovered && p.acknowledged, passed:
			r.change.Lost = append(r.change.Lost, p.key)
			for _, k := range r.remove(p) {
				r.hide(k)
			}
		case !recovered || p.base > s.Offset:
			p.base = 0
		}
	}
	r.foldAgain(r.pendingKeys())
	return r.end(), nil
}
