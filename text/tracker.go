package text

// tracker is the state of the concurrent part of a history while it is replayed
// (section 3 of the Eg-walker paper): the code points that its events inserted,
// and those that were there before, in the order of the text. Each has two
// states. The prepare state is that of the version at which the next event was
// made, which retreat and advance move; the effect state is that of all events
// applied so far. So a position that an author meant is found by the one, and
// where it now is by the other.
//
// Code points are held in runs, and runs in a B-tree that counts the code points
// of both states.
type tracker struct {
	nodes []branch
	leafs []tray
	root  int32
	deep  int // levels of branches above the leaves

	base  lv      // events from here on have a place below
	where []int32 // of an event that inserted: the tray; that deleted: the id that it deleted
	ids   func(a, b lv) int
	steps int // taken: pieces that were moved, or looked at for the place of another

	siblings map[origins]*blocks[id]
}

// id names a code point: that which an event inserted, or, from underwater on,
// one that was there before, by its position.
type id = int32

const (
	underwater id = 1 << 30
	none       id = -1
)

// piece is a run of code points, which have one right origin. The first has the
// left origin left, and each other one that before it.
type piece struct {
	id    id
	n     int32
	left  id
	right id
	state int32 // prepare: 0 not inserted, 1 there, from 2 on deleted once or more
	gone  bool  // effect: deleted
}

func (p *piece) prepared() int32 {
	if p.state == 1 {
		return p.n
	}
	return 0
}

func (p *piece) effective() int32 {
	if p.gone {
		return 0
	}
	return p.n
}

func (p *piece) end() id { return p.id + p.n }

func (p *piece) count() count {
	c := count{prepared: p.prepared(), effective: p.effective()}
	if p.state != 0 {
		c.known = p.n
	}
	if p.id >= underwater {
		c.before = p.n
	}
	return c
}

// newTracker returns a tracker for the events from one on, at a version before
// them whose text has so many code points. ids compares two events by their agents
// and seqs.
func newTracker(base lv, length int, ids func(a, b lv) int) *tracker {
	t := &tracker{base: base, ids: ids}
	t.leafs = append(t.leafs, tray{parent: -1, next: -1})
	if length > 0 {
		t.leafs[0].n = 1
		t.leafs[0].pieces[0] = piece{id: underwater, n: int32(length), left: none, right: none, state: 1}
	}
	return t
}

// grow makes room for events up to end, and returns the first of them.
func (t *tracker) grow(end lv) lv {
	start := t.base + len(t.where)
	t.where = append(t.where, make([]int32, end-start)...)
	return start
}

func (t *tracker) piece(c cursor) *piece { return &t.leafs[c.tray].pieces[c.i] }

// behind returns where, in the prepare state, so many code points are before: just
// behind the last of them; and how many are there in the effect state.
func (t *tracker) behind(prepared int) (c cursor, effective int) {
	if prepared == 0 {
		return cursor{t.firstTray(), 0, 0}, 0
	}
	c, effective = t.seek(prepared - 1)
	if !t.piece(c).gone {
		effective++
	}
	c.offset++
	return c, effective
}

// leftOf returns the id that the code point at a place follows.
func (t *tracker) leftOf(c cursor) id {
	p := t.piece(c)
	if c.offset == 0 {
		return p.left
	}
	return p.id + c.offset - 1
}

// insert applies events that inserted n code points behind at others, and
// returns where they are in the effect state.
func (t *tracker) insert(first lv, at, n int) int {
	c, effective := t.behind(at)
	p := piece{id: id(first), n: int32(n), left: none, right: none, state: 1}
	if at > 0 {
		p.left = t.piece(c).id + c.offset - 1
	}
	next := c
	found := t.settle(&next)
	if found && t.piece(next).state == 0 {
		if end := next; t.skip(&end) {
			p.right = t.piece(end).id + end.offset
		}
		c = t.order(&p, c, next)
		effective = t.effective(c)
	} else if found {
		p.right = t.piece(next).id + next.offset
	}
	t.putIn(c, p)
	return effective
}

// order finds the place of a piece among those that were inserted at the same
// place and that its author did not know, in the order FugueMax (Weidner and
// Kleppmann, "The Art of the Fugue"): c is behind its left origin, and from is where
// they begin.
func (t *tracker) order(p *piece, c, from cursor) cursor {
	var mine, right cursor
	if p.left != none {
		mine = t.find(p.left)
	}
	if p.right != none {
		right = t.find(p.right)
	}
	place, scanning := c, false
	if x := t.sibling(p); x != none {
		from = t.find(x)
		from.offset = t.piece(from).n
		place = from
	}
	passed := 0
	for at := from; t.settle(&at); passed++ {
		other := t.piece(at)
		if other.state != 0 {
			break
		}
		if order := t.compareLeft(t.leftOf(at), mine, p.left); order < 0 {
			break
		} else if order == 0 {
			order := t.compareRight(other.right, right, p.right)
			if order == 0 && t.ids(lv(p.id), lv(other.id+at.offset)) < 0 {
				break
			}
			scanning = order < 0
		}
		at.offset = other.n
		if !scanning {
			place = at
		}
	}
	if t.steps += passed; passed >= manyPassed {
		t.noteSibling(p)
	}
	return place
}

// compareLeft compares where x is with mine, the place of left. Before all is none.
func (t *tracker) compareLeft(x id, mine cursor, left id) int {
	switch {
	case x == left:
		return 0
	case x == none:
		return -1
	case left == none:
		return 1
	}
	return t.compare(t.find(x), mine)
}

// compareRight compares where x is with mine, the place of right. Behind all is none.
func (t *tracker) compareRight(x id, mine cursor, right id) int {
	switch {
	case x == right:
		return 0
	case x == none:
		return 1
	case right == none:
		return -1
	}
	return t.compare(t.find(x), mine)
}

// putIn puts a new piece at a place.
func (t *tracker) putIn(c cursor, p piece) {
	old, by := t.piece(c), p.count()
	leaf := c.tray
	switch {
	case c.offset == 0:
		leaf = t.replace(c.tray, c.i, c.i, by, p)
	case c.offset == old.n:
		if old.end() == p.id && p.left == p.id-1 && p.right == old.right && old.state == 1 && !old.gone && old.id < underwater {
			old.n += p.n
			t.changed(c.tray, by)
			break
		}
		leaf = t.replace(c.tray, c.i+1, c.i+1, by, p)
	default:
		head, tail := old.cut(c.offset)
		leaf = t.replace(c.tray, c.i, c.i+1, by, head, p, tail)
	}
	t.note(&p, leaf)
}

// cut divides a piece.
func (p piece) cut(at int32) (head, tail piece) {
	head, tail = p, p
	head.n = at
	tail.id, tail.n, tail.left = p.id+at, p.n-at, p.id+at-1
	return head, tail
}

// change gives n code points of a piece, from a cursor on, other states.
func (t *tracker) change(c cursor, n, state int32, gone bool) {
	whole := t.piece(c)
	part := *whole
	part.state, part.gone = state, gone
	if c.offset == 0 && n == whole.n {
		before := whole.count()
		*whole = part
		t.changed(c.tray, part.count().minus(before))
		return
	}
	var head, tail piece
	if c.offset > 0 {
		head, part = part.cut(c.offset)
		head.state, head.gone = whole.state, whole.gone
	}
	if part.n > n {
		part, tail = part.cut(n)
		tail.state, tail.gone = whole.state, whole.gone
	}
	was := part
	was.state, was.gone = whole.state, whole.gone
	by := part.count().minus(was.count())
	switch {
	case head.n == 0:
		t.replace(c.tray, c.i, c.i+1, by, part, tail)
	case tail.n == 0:
		t.replace(c.tray, c.i, c.i+1, by, head, part)
	default:
		t.replace(c.tray, c.i, c.i+1, by, head, part, tail)
	}
}

// remove applies events that deleted n code points behind at others, in the
// order of the text or, backwards, against it. It tells where in the effect
// state some went that were still there.
func (t *tracker) remove(first lv, at, n int, backwards bool, tell func(edit)) {
	for done := 0; done < n; {
		c, effective := t.seek(at)
		p := t.piece(c)
		m := min(int32(n-done), p.n-c.offset)
		x := p.id + c.offset
		for k := range m {
			event := first + done + int(k)
			if backwards {
				event = first + n - 1 - done - int(k)
			}
			t.where[event-t.base] = x + k
		}
		if !p.gone && tell != nil {
			tell(edit{at: effective, n: int(m)})
		}
		t.change(c, m, p.state+1, true)
		done += int(m)
	}
}

// moveInserted takes events back from the prepare state, or puts them into it again:
// those of a run that inserted.
func (t *tracker) moveInserted(first lv, n int, to int32) {
	for x := id(first); n > 0; {
		c := t.find(x)
		p := t.piece(c)
		m := min(int32(n), p.n-c.offset)
		t.change(c, m, to, p.gone)
		t.steps++
		x += m
		n -= int(m)
	}
}

// moveDeleted is the same for those of a run that deleted.
func (t *tracker) moveDeleted(first lv, n int, by int32) {
	targets := t.where[first-t.base:][:n]
	for len(targets) > 0 {
		low, k := targets[0], 1
		step := int32(0)
		if len(targets) > 1 && (targets[1] == low+1 || targets[1] == low-1) {
			step = targets[1] - low
		}
		for step != 0 && k < len(targets) && targets[k] == targets[k-1]+step {
			k++
		}
		if step < 0 {
			low = targets[k-1]
		}
		targets = targets[k:]
		for m := int32(k); m > 0; {
			c := t.find(low)
			p := t.piece(c)
			part := min(m, p.n-c.offset)
			t.change(c, part, p.state+by, p.gone)
			t.steps++
			low += part
			m -= part
		}
	}
}
