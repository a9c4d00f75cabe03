package presence

import (
	"cmp"
	"slices"

	"github.com/tuttisync/tutti/protocol"
)

const (
	maxSignals     = 1000     // between two flushes
	maxSignalBytes = 64 << 10 // of their names and data
	memberSignals  = 20       // of one member
	memberBytes    = 8 << 10
)

// calls are the signals that wait for the next flush.
type calls struct {
	all   []protocol.MemberSignal
	bytes int
	by    map[string]amount // of each client
}

// amount is how many signals there are, and their bytes.
type amount struct{ signals, bytes int }

// Members are the listed ones, in the order of entering.
func (r *Room) Members() []protocol.Member {
	all := make([]protocol.Member, 0, r.listed)
	for m := r.order.first; m != nil && m.listed; m = m.links[byOrder].next {
		all = append(all, m.told())
	}
	return all
}

// Page returns at most n members behind a client, in the order of entering, also
// of those that are not listed, and whether there are more. Without a client, or
// behind one that is not there, it begins with the first.
func (r *Room) Page(after string, n int) ([]protocol.Member, bool) {
	m := r.order.first
	if last := r.members[after]; last != nil {
		m = last.links[byOrder].next
	}
	var page []protocol.Member
	for ; m != nil && len(page) < n; m = m.links[byOrder].next {
		page = append(page, m.told())
	}
	return page, m != nil
}

// Knows says whether what has changed behind a version is known.
func (r *Room) Knows(version uint64) bool { return version <= r.version && version >= r.floor }

// Since returns what has changed behind a version; false if that is not known any
// more (rules PRES-9 and PRES-10). A version that is not yet is not known.
func (r *Room) Since(version uint64) (protocol.Presence, bool) {
	p := protocol.Presence{From: version, Version: r.version, Count: len(r.members), Users: r.Users()}
	if !r.Knows(version) {
		return p, false
	}
	r.lastDepartures(func(d departure) bool {
		if d.version > version {
			p.Leaves = append(p.Leaves, protocol.MemberLeave{Client: d.client, User: d.user, Time: d.time})
		}
		return d.version > version || d.version == 0
	})
	slices.Reverse(p.Leaves)
	var came []*member
	for m := r.changes.last; m != nil && m.changed > version; m = m.links[byChange].prev {
		if m.shown > version {
			came = append(came, m)
		} else {
			p.Updates = append(p.Updates, protocol.MemberUpdate{Client: m.client, State: m.lease.state})
		}
	}
	slices.Reverse(p.Updates)
	slices.SortFunc(came, func(a, b *member) int { return cmp.Compare(a.entered, b.entered) })
	for _, m := range came {
		if m.entered > version {
			p.Joins = append(p.Joins, m.told())
		} else {
			p.Shown = append(p.Shown, m.told())
		}
	}
	return p, true
}

// Call takes a signal of a member for the next flush: not_found if it has not
// entered, rate_limited if there are too many (rule PRES-14).
func (r *Room) Call(client, name string, data []byte) *protocol.Error {
	m := r.members[client]
	if m == nil {
		return Absent()
	}
	size := len(name) + len(data)
	own := r.signals.by[client]
	if own.signals++; own.signals > memberSignals || own.bytes+size > memberBytes {
		return protocol.Errorf(protocol.RateLimited, "The member calls out too many signals.")
	}
	if len(r.signals.all) >= maxSignals || r.signals.bytes+size > maxSignalBytes {
		return protocol.Errorf(protocol.RateLimited, "Too many signals are called out in the topic.")
	}
	if r.signals.by == nil {
		r.signals.by = make(map[string]amount)
	}
	own.bytes += size
	r.signals.by[client] = own
	r.signals.bytes += size
	r.signals.all = append(r.signals.all, protocol.MemberSignal{Client: client, User: m.lease.user, Name: name, Data: data})
	return nil
}

// Waiting says whether signals wait for the next flush.
func (r *Room) Waiting() bool { return len(r.signals.all) > 0 }

// Flush returns the signals that wait, and forgets them.
func (r *Room) Flush() []protocol.MemberSignal {
	all := r.signals.all
	r.signals = calls{}
	return all
}
