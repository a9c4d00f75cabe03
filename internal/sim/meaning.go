package sim

import "github.com/tuttisync/tutti/text"

// meaning is what the writers of a world meant: which code points they put into the
// text and which they took out of it, and in what order they saw them. No two
// insertions put the same code point, but where undo puts one back; so it can be
// told of the text in the end what became of each.
type meaning struct {
	intents []*intent
	screens [][]rune // what was shown after edits
	next    rune
	known   rune          // those before it are not accounted for
	moved   map[rune]bool // nor are these: see compare
}

// intent is what an operation was to do.
type intent struct {
	done          bool // the log holds it
	puts, deletes []rune
}

// The code points that are put into texts, in turns: the second is two units of
// UTF-16.
const (
	firstShort = 0x4E00
	firstLong  = 0x20000
)

// fresh returns code points that were in no text before.
func (m *meaning) fresh(n int) string {
	all := make([]rune, n)
	for i := range all {
		all[i] = firstShort + m.next/2
		if m.next%2 == 1 {
			all[i] = firstLong + m.next/2
		}
		m.next++
	}
	return string(all)
}

// counts says whether it is known what must become of a code point.
func (m *meaning) counts(c rune) bool {
	switch {
	case m.moved[c]:
		return false
	case c >= firstLong:
		return 2*(c-firstLong)+1 >= m.known
	}
	return c >= firstShort && 2*(c-firstShort) >= m.known
}

func (m *meaning) intend() *intent {
	i := &intent{}
	m.intents = append(m.intents, i)
	return i
}

// mean adds to an intent what an edit does to a text.
func (m *meaning) mean(i *intent, before []rune, op text.Op) {
	_, puts, deletes, _ := applied(before, op)
	i.puts, i.deletes = append(i.puts, puts...), append(i.deletes, deletes...)
}

// look notes what is shown.
func (m *meaning) look(shown []rune) { m.screens = append(m.screens, shown) }

// compare notes that what was meant of one text was put on another by no more than
// the difference between them (rule TEXT-19). Of code points that have changed
// places, as undo makes them, the difference deletes some and inserts them anew: a
// deletion of these is in vain, and what was put beside them stands elsewhere.
func (m *meaning) compare(before, after string) {
	was, is := extents(before), extents(after)
	var both []rune
	for c := range was {
		if _, ok := is[c]; ok {
			both = append(both, c)
		}
	}
	if m.moved == nil {
		m.moved = make(map[rune]bool)
	}
	for i, c := range both {
		for _, d := range both[:i] {
			stay := was[c].isBefore(was[d]) && is[c].isBefore(is[d]) || was[d].isBefore(was[c]) && is[d].isBefore(is[c])
			if !stay {
				m.moved[c], m.moved[d] = true, true
			}
		}
	}
}

// extent is the first and the last place of a code point in a text.
type extent struct{ first, last int }

func (e extent) isBefore(other extent) bool { return e.last < other.first }

func extents(text string) map[rune]extent {
	all := make(map[rune]extent)
	for i, c := range []rune(text) {
		e, ok := all[c]
		if !ok {
			e.first = i
		}
		e.last = i
		all[c] = e
	}
	return all
}

// forget lets go of all that was meant: the log has lost nobody knows what of it.
// What is still to come may be added to an intent of before.
func (m *meaning) forget() { m.known = m.next }

// audit holds a text against what was meant: each code point is there whose
// insertion is in the log and no deletion, no other is, and they stand as everybody
// saw them.
func (m *meaning) audit(end string, fault func(format string, args ...any)) {
	place := make(map[rune]int)
	for i, c := range []rune(end) {
		if _, twice := place[c]; twice {
			place[c] = -1
			continue
		}
		place[c] = i
	}
	puts, there, gone := make(map[rune]int), make(map[rune]bool), make(map[rune]bool)
	for _, i := range m.intents {
		for _, c := range i.puts {
			puts[c]++
			there[c] = i.done
		}
		for _, c := range i.deletes {
			gone[c] = gone[c] || i.done
		}
	}
	for c, n := range puts {
		_, is := place[c]
		if want := there[c] && !gone[c]; n == 1 && m.counts(c) && is != want {
			fault("%c is there: %v; inserted for good: %v, deleted for good: %v", c, is, there[c], gone[c])
		}
	}
	for _, screen := range m.screens {
		last := -1
		for _, c := range screen {
			i, is := place[c]
			if !is || puts[c] != 1 || !m.counts(c) {
				continue
			}
			if i < last {
				fault("somebody saw %q, and %c stands elsewhere in %q", string(screen), c, end)
				return
			}
			last = i
		}
	}
}

// applied is what an operation makes of a text, and the code points that it inserts
// and deletes. It reports false if it does not fit.
func applied(before []rune, op text.Op) (after, puts, deletes []rune, fits bool) {
	after = before
	for _, s := range op {
		if s.At < 0 || s.Delete < 0 || s.At+s.Delete > len(after) {
			return before, puts, deletes, false
		}
		in := []rune(s.Insert)
		puts, deletes = append(puts, in...), append(deletes, after[s.At:s.At+s.Delete]...)
		next := make([]rune, 0, len(after)-s.Delete+len(in))
		next = append(append(next, after[:s.At]...), in...)
		after = append(next, after[s.At+s.Delete:]...)
	}
	return after, puts, deletes, true
}
