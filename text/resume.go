package text

import "slices"

// Kept is what was kept of a session: the document that was opened, what came
// since, and what is pending.
type Kept struct {
	Client   string    // empty: it was never known
	Snapshot *Snapshot // as the session opened or made it; nil: it was never opened
	Entries  []Entry   // behind the snapshot, in order
	Pending  []Pending // as the session had it when the latest entry had come
}

// made is an own operation, pending or in the log.
type made struct {
	Pending
	offset uint64 // of its entry; 0: it is pending
}

// Resume returns the session as it was, but for what can be undone: that is what
// is pending alone. unfit are the keys of operations that do not fit what was
// kept, and are not in the session. The error is bad_update if the snapshot is
// none, bad_operation if the entries do not follow it.
//
// Operations were made while entries came, and so they are again: each when the
// session has come to its base.
func Resume(kept Kept) (s *Session, unfit []uint64, err error) {
	all := kept.made()
	opened, log, err := kept.from(all)
	if err != nil {
		return nil, nil, err
	}
	s = NewSession(kept.Client)
	if opened != nil {
		if _, err := s.Open(*opened, func(uint64) bool { return false }, true); err != nil {
			return nil, nil, err
		}
	}
	own := make(map[uint64]uint64) // keys, by the offsets of their entries
	next := func() {
		for ; len(all) > 0 && all[0].Base <= s.Offset(); all = all[1:] {
			fits := all[0].Base == s.Offset() && s.again(all[0].Pending)
			switch {
			case all[0].offset > 0 && fits:
				own[all[0].offset] = all[0].Key
			case all[0].offset == 0 && !fits:
				unfit = append(unfit, all[0].Key)
			}
		}
	}
	next()
	for _, e := range log {
		// An entry without effect is told as well; only one that is not the next stops it.
		if _, err := s.Receive(e, own[e.Offset]); err != nil && s.Offset() != e.Offset {
			return nil, nil, err
		}
		next()
	}
	for _, m := range all {
		if m.offset == 0 {
			unfit = append(unfit, m.Key)
		}
	}
	return s, unfit, nil
}

// again makes a pending operation again, and reports false if it does not fit.
func (s *Session) again(p Pending) bool {
	if _, err := s.Local(p.Op, Join{Key: p.Key}); err != nil {
		return false
	}
	if p.Acknowledged {
		s.Acknowledge(p.Key)
	}
	return true
}

// made is what is pending, behind the own entries that it was made on when the log
// had not got them yet.
func (k *Kept) made() (all []made) {
	if len(k.Pending) == 0 {
		return nil
	}
	base, key := k.Pending[0].Base, uint64(0)
	for _, p := range k.Pending {
		key = max(key, p.Key)
	}
	for _, e := range slices.Backward(k.log()) {
		if k.Client == "" || e.Client != k.Client {
			continue
		}
		if e.Offset <= base {
			break
		}
		key++ // of no pending one
		all = append(all, made{Pending{Key: key, Base: e.Base, Op: e.Op}, e.Offset})
		base = e.Base
	}
	slices.Reverse(all)
	for _, p := range k.Pending {
		all = append(all, made{Pending: p})
	}
	return all
}

// log are the entries of the snapshot, and those behind it.
func (k *Kept) log() []Entry {
	if k.Snapshot == nil {
		return k.Entries
	}
	return slices.Concat(k.Snapshot.Entries, k.Entries)
}

// from is what to open so that the first operation can be made, and the log behind
// it: the snapshot, or, if that is newer, the text at its bar. What was deleted
// since is not known, and nobody sees what stands in its place.
func (k *Kept) from(all []made) (opened *Snapshot, log []Entry, err error) {
	if k.Snapshot == nil || len(all) == 0 || all[0].Base >= k.Snapshot.Offset() || all[0].Base < k.Snapshot.Bar {
		return k.Snapshot, k.Entries, nil
	}
	f, err := Load(*k.Snapshot, Limits{})
	if err != nil {
		return nil, nil, err
	}
	w := newWalker(&f.sequence.history, -1)
	if err := w.reach(f.sequence.history.end, nil); err != nil {
		return nil, nil, err
	}
	w.visit(nil)
	text, err := Apply(k.Snapshot.Text, w.difference(nil))
	if err != nil {
		return nil, nil, err
	}
	return &Snapshot{Text: text, Bar: k.Snapshot.Bar, Length: k.Snapshot.Length}, k.log(), nil
}

// Snapshot returns what Open opens: the text and the log without what is pending.
// It reports false while something is pending that was made before the newest
// entry.
func (s *Session) Snapshot() (Snapshot, bool) {
	if slices.ContainsFunc(s.pending, func(p *pending) bool { return p.Base != s.Offset() }) {
		return Snapshot{}, false
	}
	shown := s.String()
	if len(s.pending) > 0 {
		l := s.lift(all)
		shown = l.base
		s.settle(s.sequence.again(), nil, l)
	}
	q := &s.sequence
	return Snapshot{Text: shown, Bar: q.bar.offset, Length: q.bar.length, Entries: q.between(q.bar.offset, q.offset())}, true
}
