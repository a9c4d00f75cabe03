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
}

// id names a code point: that which an event inserted, or, from underwater on,
// one that was there before, by its position.
type id = int32

const (
	underwater id = 1 << 30
	none       id = -1
)

// piece is a run of code points. The first follows left, and has the right parent
// right; each other one follows the one before it, and has none.
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

const (
	trayPieces = 32
	branches   = 16
)

// count is how many code points are there in each state, and how many of those
// from before there are at all.
type count struct{ prepared, effective, before int }

func (c *count) add(d count) {
	c.prepared += d.prepared
	c.effective += d.effective
	c.before += d.before
}

func (p *piece) count() count {
	c := count{prepared: int(p.prepared()), effective: int(p.effective())}
	if p.id >= underwater {
		c.before = int(p.n)
	}
	return c
}

type tray struct {
	pieces [trayPieces]piece
	n      int
	parent int32
	next   int32 // the tray behind it; -1: none
}

type branch struct {
	children [branches]int32
	counts   [branches]count
	n        int
	parent   int32
}

// newTracker returns a tracker for the events from one to another, at a version
// before them whose text has so many code points. ids compares two events by
// their agents and seqs.
func newTracker(events span, length int, ids func(a, b lv) int) *tracker {
	t := &tracker{base: events.start, where: make([]int32, events.end-events.start), ids: ids}
	t.leafs = append(t.leafs, tray{parent: -1, next: -1})
	if length > 0 {
		t.leafs[0].n = 1
		t.leafs[0].pieces[0] = piece{id: underwater, n: int32(length), left: none, right: none, state: 1}
	}
	return t
}

// length is how many code points there are in the prepare state.
func (t *tracker) length() (n int) {
	if t.deep == 0 {
		return t.total(t.root, 0).prepared
	}
	b := &t.nodes[t.root]
	for i := range b.n {
		n += b.counts[i].prepared
	}
	return n
}

// cursor is a place: in front of the code point at offset of a piece, or behind
// the piece's last.
type cursor struct {
	tray   int32
	i      int
	offset int32
}

func (t *tracker) piece(c cursor) *piece { return &t.leafs[c.tray].pieces[c.i] }

// at returns where, in the prepare state, so many code points are before: just
// behind the last of them.
func (t *tracker) behind(prepared int) cursor {
	if prepared == 0 {
		return cursor{t.firstTray(), 0, 0}
	}
	c, rest := t.seek(prepared - 1)
	c.offset = int32(rest) + 1
	return c
}

// seek returns the piece that has the code point at a position of the prepare
// state, and where in it.
func (t *tracker) seek(at int) (cursor, int) {
	n := t.root
	for range t.deep {
		b := &t.nodes[n]
		i := 0
		for ; i < b.n-1 && at >= b.counts[i].prepared; i++ {
			at -= b.counts[i].prepared
		}
		n = b.children[i]
	}
	l := &t.leafs[n]
	for i := range l.n {
		p := int(l.pieces[i].prepared())
		if at < p {
			return cursor{n, i, 0}, at
		}
		at -= p
	}
	panic("text: a position behind all")
}

func (t *tracker) firstTray() int32 {
	n := t.root
	for range t.deep {
		n = t.nodes[n].children[0]
	}
	return n
}

// find returns the place of a code point.
func (t *tracker) find(x id) cursor {
	n := t.root
	if x < underwater {
		n = t.where[int(x)-t.base]
	} else {
		at := int(x - underwater)
		for range t.deep {
			b := &t.nodes[n]
			i := 0
			for ; i < b.n-1 && at >= b.counts[i].before; i++ {
				at -= b.counts[i].before
			}
			n = b.children[i]
		}
	}
	l := &t.leafs[n]
	for i := range l.n {
		if p := &l.pieces[i]; x >= p.id && x < p.end() {
			return cursor{n, i, x - p.id}
		}
	}
	panic("text: a code point that is not there")
}

// settle moves a cursor that is behind a piece to the front of the next one; it
// returns false if there is none.
func (t *tracker) settle(c *cursor) bool {
	for {
		l := &t.leafs[c.tray]
		if c.i < l.n && c.offset < l.pieces[c.i].n {
			return true
		}
		c.i, c.offset = c.i+1, 0
		if c.i < l.n {
			return true
		}
		if l.next < 0 {
			if c.i, c.offset = max(0, l.n-1), 0; l.n > 0 {
				c.offset = l.pieces[c.i].n
			}
			return false
		}
		*c = cursor{tray: l.next}
	}
}

// effective is how many code points are before a place in the effect state.
func (t *tracker) effective(c cursor) int {
	l := &t.leafs[c.tray]
	sum := 0
	for i := range c.i {
		sum += int(l.pieces[i].effective())
	}
	if c.i < l.n && !l.pieces[c.i].gone {
		sum += int(c.offset)
	}
	child, n := c.tray, l.parent
	for n >= 0 {
		b := &t.nodes[n]
		for i := 0; b.children[i] != child; i++ {
			sum += b.counts[i].effective
		}
		child, n = n, b.parent
	}
	return sum
}

// compare returns the order of the places of two code points.
func (t *tracker) compare(a, b cursor) int {
	if a.tray == b.tray {
		if a.i != b.i {
			return a.i - b.i
		}
		return int(a.offset - b.offset)
	}
	x, y := a.tray, b.tray
	up, down := t.leafs[x].parent, t.leafs[y].parent
	for up != down {
		x, y = up, down
		up, down = t.nodes[up].parent, t.nodes[down].parent
	}
	for _, child := range t.nodes[up].children {
		if child == x {
			return -1
		}
		if child == y {
			return 1
		}
	}
	panic("text: a tray that is not there")
}

// changed tells the branches above a tray what of it has changed.
func (t *tracker) changed(leaf int32, by count) {
	child, n := leaf, t.leafs[leaf].parent
	for n >= 0 {
		b := &t.nodes[n]
		i := 0
		for b.children[i] != child {
			i++
		}
		b.counts[i].add(by)
		child, n = n, b.parent
	}
}

// replace puts pieces in place of those from i to j of a tray, and splits it if
// they have no room. It tells the branches by how much the tray that has them
// counts more.
func (t *tracker) replace(leaf int32, i, j int, by count, pieces ...piece) {
	l := &t.leafs[leaf]
	if l.n-(j-i)+len(pieces) > trayPieces {
		leaf, i, j = t.split(leaf, i, j)
		l = &t.leafs[leaf]
	}
	copy(l.pieces[i+len(pieces):], l.pieces[j:l.n])
	copy(l.pieces[i:], pieces)
	l.n += len(pieces) - (j - i)
	for k := range pieces {
		t.note(&pieces[k], leaf)
	}
	t.changed(leaf, by)
}

// note remembers in which tray a piece is.
func (t *tracker) note(p *piece, leaf int32) {
	if p.id >= underwater {
		return
	}
	from := int(p.id) - t.base
	for k := from; k < from+int(p.n); k++ {
		t.where[k] = leaf
	}
}

// split makes two trays of one, and returns where the pieces from i to j are
// then. They stay together.
func (t *tracker) split(leaf int32, i, j int) (int32, int, int) {
	at := trayPieces / 2
	if i < at && j > at {
		at = i
	}
	t.leafs = append(t.leafs, tray{})
	added := int32(len(t.leafs) - 1)
	l, m := &t.leafs[leaf], &t.leafs[added]
	m.n = copy(m.pieces[:], l.pieces[at:l.n])
	l.n = at
	m.next, l.next = l.next, added
	var moved count
	for k := range m.n {
		moved.add(m.pieces[k].count())
		t.note(&m.pieces[k], added)
	}
	t.addBehind(leaf, added, moved, t.leafs[leaf].parent, 0)
	if i >= at {
		return added, i - at, j - at
	}
	return leaf, i, j
}

// addBehind puts a child behind another, from which it took what moved counts.
// level is how many levels of branches are below.
func (t *tracker) addBehind(child, added int32, moved count, parent int32, level int) {
	if parent < 0 {
		all := t.total(child, level)
		all.add(moved)
		t.nodes = append(t.nodes, branch{n: 1, parent: -1})
		parent = int32(len(t.nodes) - 1)
		t.nodes[parent].children[0], t.nodes[parent].counts[0] = child, all
		t.adopt(parent, child, level)
		t.root = parent
		t.deep++
	}
	if t.nodes[parent].n == branches {
		t.nodes = append(t.nodes, branch{})
		other := int32(len(t.nodes) - 1)
		b, o := &t.nodes[parent], &t.nodes[other]
		half := branches / 2
		o.n = copy(o.children[:], b.children[half:])
		copy(o.counts[:], b.counts[half:])
		b.n = half
		var over count
		for k := range o.n {
			over.add(o.counts[k])
			t.adopt(other, o.children[k], level)
		}
		t.addBehind(parent, other, over, b.parent, level+1)
		if t.holds(other, child) {
			parent = other
		}
	}
	b := &t.nodes[parent]
	i := 0
	for b.children[i] != child {
		i++
	}
	b.counts[i].add(count{-moved.prepared, -moved.effective, -moved.before})
	copy(b.children[i+2:], b.children[i+1:b.n])
	copy(b.counts[i+2:], b.counts[i+1:b.n])
	b.children[i+1], b.counts[i+1] = added, moved
	b.n++
	t.adopt(parent, added, level)
}

func (t *tracker) holds(parent, child int32) bool {
	b := &t.nodes[parent]
	for i := range b.n {
		if b.children[i] == child {
			return true
		}
	}
	return false
}

func (t *tracker) adopt(parent, child int32, level int) {
	if level == 0 {
		t.leafs[child].parent = parent
	} else {
		t.nodes[child].parent = parent
	}
}

// total counts what a node holds.
func (t *tracker) total(n int32, level int) (sum count) {
	if level == 0 {
		l := &t.leafs[n]
		for i := range l.n {
			sum.add(l.pieces[i].count())
		}
		return sum
	}
	b := &t.nodes[n]
	for i := range b.n {
		sum.add(b.counts[i])
	}
	return sum
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
	c := t.behind(at)
	p := piece{id: id(first), n: int32(n), left: none, right: none, state: 1}
	if at > 0 {
		p.left = t.piece(c).id + c.offset - 1
	}
	next := c
	found := t.settle(&next)
	if found && t.piece(next).state == 0 {
		end := next
		for found = t.settle(&end); found && t.piece(end).state == 0; found = t.settle(&end) {
			end.offset = t.piece(end).n
		}
		if found && t.leftOf(end) == p.left {
			p.right = t.piece(end).id + end.offset
		}
		c = t.order(&p, c, next)
	} else if found && t.leftOf(next) == p.left {
		p.right = t.piece(next).id + next.offset
	}
	effective := t.effective(c)
	t.putIn(c, p)
	return effective
}

// order finds the place of a piece among those that were inserted at the same
// place and that its author did not know, in the order FugueMax (Weidner and
// Kleppmann, "The Art of the Fugue"): from is where they begin.
func (t *tracker) order(p *piece, c, from cursor) cursor {
	var mine, right cursor
	if p.left != none {
		mine = t.find(p.left)
	}
	if p.right != none {
		right = t.find(p.right)
	}
	place, scanning := c, false
	for at := from; t.settle(&at); {
		other := t.piece(at)
		if other.state != 0 {
			break
		}
		// Code points of a run but the first follow the one before: they are further to the right.
		if order := t.compareLeft(t.leftOf(at), mine, p.left); order < 0 {
			break
		} else if order == 0 {
			theirs := none
			if at.offset == 0 {
				theirs = other.right
			}
			order := t.compareRight(theirs, right, p.right)
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
	switch {
	case c.offset == 0:
		t.replace(c.tray, c.i, c.i, by, p)
	case c.offset == old.n:
		if old.end() == p.id && p.left == p.id-1 && p.right == none && old.state == 1 && !old.gone && old.id < underwater {
			old.n += p.n
			t.note(&p, c.tray)
			t.changed(c.tray, by)
			return
		}
		t.replace(c.tray, c.i+1, c.i+1, by, p)
	default:
		head, tail := old.cut(c.offset)
		t.replace(c.tray, c.i, c.i+1, by, head, p, tail)
	}
}

// cut divides a piece.
func (p piece) cut(at int32) (head, tail piece) {
	head, tail = p, p
	head.n = at
	tail.id, tail.n, tail.left, tail.right = p.id+at, p.n-at, p.id+at-1, none
	return head, tail
}

// change applies fn to n code points of a piece from offset on.
func (t *tracker) change(c cursor, n int32, fn func(*piece)) {
	part := *t.piece(c)
	var head, tail piece
	if c.offset > 0 {
		head, part = part.cut(c.offset)
	}
	if part.n > n {
		part, tail = part.cut(n)
	}
	before := part.count()
	fn(&part)
	after := part.count()
	by := count{after.prepared - before.prepared, after.effective - before.effective, 0}
	switch {
	case c.offset > 0 && tail.n > 0:
		t.replace(c.tray, c.i, c.i+1, by, head, part, tail)
	case c.offset > 0:
		t.replace(c.tray, c.i, c.i+1, by, head, part)
	case tail.n > 0:
		t.replace(c.tray, c.i, c.i+1, by, part, tail)
	default:
		*t.piece(c) = part
		t.changed(c.tray, by)
	}
}

// remove applies events that deleted n code points behind at others, in the
// order of the text or, backwards, against it. It tells where in the effect
// state some went that were still there.
func (t *tracker) remove(first lv, at, n int, backwards bool, tell func(at, n int)) {
	for done := 0; done < n; {
		c, offset := t.seek(at)
		c.offset = int32(offset)
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
		if !p.gone {
			tell(t.effective(c), int(m))
		}
		t.change(c, m, func(p *piece) { p.state, p.gone = p.state+1, true })
		done += int(m)
	}
}

// move takes events back from the prepare state, or puts them into it again:
// those of a run that inserted.
func (t *tracker) moveInserted(first lv, n int, to int32) {
	for x := id(first); n > 0; {
		c := t.find(x)
		m := min(int32(n), t.piece(c).n-c.offset)
		t.change(c, m, func(p *piece) { p.state = to })
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
			part := min(m, t.piece(c).n-c.offset)
			t.change(c, part, func(p *piece) { p.state += by })
			low += part
			m -= part
		}
	}
}
