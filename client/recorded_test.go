package client_test

import (
	"slices"
	"sort"

	"github.com/tuttisync/tutti/text"
)

// recorded is a history of what several wrote at once: transactions whose positions
// are of the text that their parents make.
type recorded struct {
	Kind       string        `json:"kind"`
	EndContent string        `json:"endContent"`
	NumAgents  int           `json:"numAgents"`
	Txns       []recordedTxn `json:"txns"`
}

type recordedTxn struct {
	Parents []int   `json:"parents"`
	Agent   int     `json:"agent"`
	Patches text.Op `json:"patches"`
}

// score is a log that a recorded history can have: every transaction is an entry of
// a client that has seen of it exactly what the transaction's parents hold.
type score struct {
	clients int
	notes   []note // in the order of the log
}

// note is one transaction in the log.
type note struct {
	txn    int
	client int
	base   int // so much of the log its author has seen, and what is its client's own
	// bar, if it is not 0, is an offset that the server demands of all later entries
	// (rule TEXT-8). The author has not seen it when it makes the edit, and does
	// before the edit is taken.
	bar int
}

// arranging is a score in the making. A past in a log is a beginning of it and the
// client's own entries. So a transaction may come next only if no other that is
// still to come has not seen it, but something else that is not there yet.
type arranging struct {
	score
	txns  []recordedTxn
	parts [][]int // of each client, its transactions in order
	seen  [][]int // by each transaction, of each client, how many it follows, and itself
	at    [][]int // of each client's, the offsets
	bar   barring
	wide  int // so many transactions have a past that no client can have
}

// barring follows where the server's bars are (rule TEXT-8).
type barring struct{ offset, events int }

// arrange finds a log for a history, or for as much of it as it can.
func arrange(txns []recordedTxn) score {
	a := &arranging{txns: txns}
	a.part()
	a.at = make([][]int, a.clients)
	total := 0
	for _, part := range a.parts {
		total += len(part)
	}
	for len(a.notes) < total {
		before := a.score
		if a.come(a.next()); a.wide > 0 {
			return before
		}
	}
	return a.score
}

// part gives each transaction to a client of its agent, all of whose others it
// follows.
func (a *arranging) part() {
	of := make(map[int][]int) // an agent's clients
	for i, x := range a.txns {
		var seen []int
		for _, p := range x.Parents {
			seen = joined(seen, a.seen[p])
		}
		a.seen = append(a.seen, seen)
		if events(x.Patches) == 0 {
			continue // it is no entry
		}
		own := slices.IndexFunc(of[x.Agent], func(c int) bool { return count(seen, c) == len(a.parts[c]) })
		if own < 0 {
			of[x.Agent], own = append(of[x.Agent], a.clients), len(of[x.Agent])
			a.parts = append(a.parts, nil)
			a.clients++
		}
		client := of[x.Agent][own]
		a.parts[client] = append(a.parts[client], i)
		a.seen[i] = joined(seen, append(make([]int, client), len(a.parts[client])))
	}
}

// next is the client whose transaction comes next: of those that spoil the past of
// the fewest the first that was recorded.
func (a *arranging) next() int {
	best, bestTxn, bestSpoilt := -1, 0, 0
	for client, part := range a.parts {
		if len(a.at[client]) == len(part) || !a.ready(client) {
			continue
		}
		trial := *a
		trial.at = slices.Clone(a.at) // what it appends is behind what a has
		trial.come(client)
		txn, spoilt := part[len(a.at[client])], trial.wide-a.wide
		if best < 0 || spoilt < bestSpoilt || spoilt == bestSpoilt && txn < bestTxn {
			best, bestTxn, bestSpoilt = client, txn, spoilt
		}
	}
	return best
}

// come puts a client's next transaction into the log, and what has to follow it.
func (a *arranging) come(client int) {
	raises := a.raises(client)
	if raises {
		a.wide += a.torn(client)
	}
	a.put(client, 0)
	if raises {
		a.bar = barring{offset: len(a.notes)}
		a.hurry(client)
	}
}

// ready says whether all is there that a client's next transaction follows.
func (a *arranging) ready(client int) bool {
	return a.holds(a.parts[client][len(a.at[client])], client)
}

// holds says whether all others' is there that a client's transaction follows.
func (a *arranging) holds(txn, client int) bool {
	for c := range a.clients {
		if c != client && count(a.seen[txn], c) > len(a.at[c]) {
			return false
		}
	}
	return true
}

// exact says whether every transaction can still have its past when a client's next
// one is put into the log.
func (a *arranging) exact(client int) bool {
	k := len(a.at[client])
	for c, part := range a.parts {
		if last := a.ignorant(c, client, k); c != client && last >= len(a.at[c]) && !a.holds(part[last], c) {
			return false
		}
	}
	return true
}

// ignorant is the last of a client's transactions that does not follow another
// client's k-th; -1 if there is none.
func (a *arranging) ignorant(client, of, k int) int {
	part := a.parts[client]
	return sort.Search(len(part), func(i int) bool { return count(a.seen[part[i]], of) > k }) - 1
}

// put puts a client's next transaction into the log.
func (a *arranging) put(client, bar int) {
	k := len(a.at[client])
	txn := a.parts[client][k]
	base := len(a.notes)
	if bar > 0 {
		base = bar - 1
	}
	for c, at := range a.at {
		if n := count(a.seen[txn], c); c != client && n < len(at) {
			base = min(base, at[n]-1)
		}
	}
	if !a.exact(client) {
		a.wide++
	}
	a.notes = append(a.notes, note{txn, client, base, bar})
	a.at[client] = append(a.at[client], len(a.notes))
	a.bar.events += events(a.txns[txn].Patches)
}

// raises says whether a client's next transaction would be a bar.
func (a *arranging) raises(client int) bool {
	txn := a.parts[client][len(a.at[client])]
	n, all := len(a.notes)+1-a.bar.offset, a.bar.events+events(a.txns[txn].Patches)
	if n >= 4096 || all >= 1<<20 {
		return true
	}
	return (n >= 512 || all >= 1<<16) && !slices.ContainsFunc(a.others(client), func(c int) bool {
		return count(a.seen[txn], c) < len(a.at[c])
	})
}

// torn are how many transactions a bar, a client's next transaction, would hold up
// that follow another that it would hold up: that is in the log behind the bar, so
// nobody can have seen it without the bar.
func (a *arranging) torn(of int) (n int) {
	for _, c := range a.others(of) {
		next := len(a.at[c])
		for _, txn := range a.parts[c][next:max(next, a.ignorant(c, of, len(a.at[of]))+1)] {
			if !a.holds(txn, c) {
				n++
			}
		}
	}
	return n
}

// hurry puts all behind a bar, a client's latest transaction, that do not follow it.
func (a *arranging) hurry(of int) {
	bar := len(a.notes)
	for _, c := range a.others(of) {
		for last := a.ignorant(c, of, len(a.at[of])-1); len(a.at[c]) <= last; {
			a.put(c, bar)
		}
	}
}

func (a *arranging) others(client int) (all []int) {
	for c := range a.clients {
		if c != client {
			all = append(all, c)
		}
	}
	return all
}

func events(op text.Op) (n int) {
	for _, s := range op {
		n += s.Delete + len([]rune(s.Insert))
	}
	return n
}

func count(seen []int, client int) int {
	if client < len(seen) {
		return seen[client]
	}
	return 0
}

func joined(a, b []int) []int {
	if len(a) < len(b) {
		a, b = b, a
	}
	all := slices.Clone(a)
	for i, n := range b {
		all[i] = max(all[i], n)
	}
	return all
}
