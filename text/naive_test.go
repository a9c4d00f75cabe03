package text

import (
	"cmp"
	"slices"
)

// naive is Eg-walker in the words of its paper, one code point at a time, over
// the whole history: slow, and plainly right.
type naive struct {
	events []event
	items  []item
	now    map[lv]bool // events of the prepare state
}

type event struct {
	parents []lv
	agent   string
	seq     int
	insert  bool
	at      int
	text    rune
	past    map[lv]bool
	target  int // the event that inserted what it deleted
}

type item struct {
	id, left, right lv
	state           int
	gone            bool
}

func (n *naive) add(e event) {
	e.past = make(map[lv]bool)
	for _, p := range e.parents {
		e.past[p] = true
		for v := range n.events[p].past {
			e.past[v] = true
		}
	}
	n.events = append(n.events, e)
	n.apply(len(n.events) - 1)
}

func (n *naive) index(id lv) int {
	return slices.IndexFunc(n.items, func(i item) bool { return i.id == id })
}

// touch adds to the state of what an event inserted or deleted.
func (n *naive) touch(v lv, by int) {
	if e := n.events[v]; e.insert {
		n.items[n.index(v)].state += by
	} else {
		n.items[n.index(e.target)].state += by
	}
}

func (n *naive) apply(v lv) {
	e := &n.events[v]
	for w := range n.now {
		if !e.past[w] {
			n.touch(w, -1)
		}
	}
	for w := range e.past {
		if !n.now[w] {
			n.touch(w, 1)
		}
	}
	n.now = make(map[lv]bool)
	for w := range e.past {
		n.now[w] = true
	}
	n.now[v] = true
	if !e.insert {
		i := 0
		for at := e.at; n.items[i].state != 1 || at > 0; i++ {
			if n.items[i].state == 1 {
				at--
			}
		}
		e.target = n.items[i].id
		n.items[i].state, n.items[i].gone = 2, true
		return
	}
	i := 0
	for at := e.at; at > 0; i++ {
		if n.items[i].state == 1 {
			at--
		}
	}
	it := item{id: v, left: -1, right: -1, state: 1}
	if i > 0 {
		it.left = n.items[i-1].id
	}
	for j := i; j < len(n.items); j++ {
		if n.items[j].state > 0 {
			it.right = n.items[j].id
			break
		}
	}
	n.items = slices.Insert(n.items, n.place(it, i), it)
}

// place is where an item goes among those at the same place that its author did
// not know, which begin at i.
func (n *naive) place(it item, i int) int {
	before := func(id lv) int { return n.index(id) } // -1 is in front of all
	behind := func(id lv) int {
		if id < 0 {
			return len(n.items)
		}
		return n.index(id)
	}
	left, right, scanning := i-1, behind(it.right), false
	for j := i; j < len(n.items) && n.items[j].state == 0; j++ {
		other := n.items[j]
		if l := before(other.left); l < left {
			break
		} else if l == left {
			r := behind(other.right)
			if r == right && n.compare(it.id, other.id) < 0 {
				break
			}
			scanning = r < right
		}
		if !scanning {
			i = j + 1
		}
	}
	return i
}

func (n *naive) compare(a, b lv) int {
	x, y := n.events[a], n.events[b]
	return cmp.Or(cmp.Compare(x.agent, y.agent), cmp.Compare(x.seq, y.seq))
}

func (n *naive) String() string {
	var text []rune
	for _, it := range n.items {
		if !it.gone {
			text = append(text, n.events[it.id].text)
		}
	}
	return string(text)
}

// at is the text as of a version.
func (n *naive) at(version []lv) string {
	past := make(map[lv]bool)
	for _, v := range version {
		past[v] = true
		for w := range n.events[v].past {
			past[w] = true
		}
	}
	gone := make(map[lv]bool)
	for v := range past {
		if e := n.events[v]; !e.insert {
			gone[e.target] = true
		}
	}
	var text []rune
	for _, it := range n.items {
		if past[it.id] && !gone[it.id] {
			text = append(text, n.events[it.id].text)
		}
	}
	return string(text)
}
