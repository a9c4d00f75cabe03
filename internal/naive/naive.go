package naive

import (
	"cmp"
	"slices"
)

// Text is a text with all events that made it.
type Text struct {
	Events []Event
	Items  []*Item // all code points that ever were, in their order
	now    set     // the events of the prepare state
}

// Event is one code point that was inserted or deleted. Its number is its place
// among the events.
type Event struct {
	Parents []int
	Agent   string
	Seq     int
	Insert  bool
	At      int  // code points before the place, in the text of its past
	Text    rune // what it inserted
	Item    *Item
	past    set
}

// Item is a code point that was ever inserted.
type Item struct {
	ID          int // the event that inserted it
	Left, Right int // its origins; -1: the beginning, and the end
	Gone        bool
	state       int // of the prepare state: 0 not inserted yet, 1 there, more: deleted so many times
}

// Add puts the next event into the history.
func (t *Text) Add(e Event) {
	e.past = t.past(e.Parents)
	t.Events = append(t.Events, e)
	t.apply(len(t.Events) - 1)
}

// past are some events with all that they follow.
func (t *Text) past(heads []int) (s set) {
	for _, v := range heads {
		s.addAll(t.Events[v].past)
		s.add(v)
	}
	return s
}

// Index is an item's place among all, by the event that inserted it; -1 if there
// is none.
func (t *Text) Index(id int) int {
	return slices.IndexFunc(t.Items, func(i *Item) bool { return i.ID == id })
}

// apply brings the prepare state to an event's past, and applies it.
func (t *Text) apply(v int) {
	e := &t.Events[v]
	t.now.without(e.past, func(w int) { t.Events[w].Item.state-- })
	e.past.without(t.now, func(w int) { t.Events[w].Item.state++ })
	t.now = slices.Clone(e.past)
	t.now.add(v)
	i := 0
	for at := e.At; at > 0 || !e.Insert && t.Items[i].state != 1; i++ {
		if t.Items[i].state == 1 {
			at--
		}
	}
	if !e.Insert {
		e.Item = t.Items[i]
		e.Item.state, e.Item.Gone = 2, true
		return
	}
	e.Item = &Item{ID: v, Left: -1, Right: -1, state: 1}
	if i > 0 {
		e.Item.Left = t.Items[i-1].ID
	}
	for _, next := range t.Items[i:] {
		if next.state > 0 {
			e.Item.Right = next.ID
			break
		}
	}
	t.Items = slices.Insert(t.Items, t.place(e.Item, i), e.Item)
}

// place is where an item goes among those at the same place that its author did
// not know, which begin at i.
func (t *Text) place(it *Item, i int) int {
	behind := func(id int) int {
		if id < 0 {
			return len(t.Items)
		}
		return t.Index(id)
	}
	left, right, scanning := i-1, behind(it.Right), false
	for j := i; j < len(t.Items) && t.Items[j].state == 0; j++ {
		other := t.Items[j]
		if l := t.Index(other.Left); l < left { // -1 is in front of all
			break
		} else if l == left {
			r := behind(other.Right)
			if r == right && t.Compare(it.ID, other.ID) < 0 {
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

// Compare orders two events by their agents' names, then by seq.
func (t *Text) Compare(a, b int) int {
	x, y := &t.Events[a], &t.Events[b]
	return cmp.Or(cmp.Compare(x.Agent, y.Agent), cmp.Compare(x.Seq, y.Seq))
}
