package text

const (
	trayPieces = 32
	branches   = 16
)

// count is how many code points are there in each state, how many the version of
// the prepare state knows, deleted or not, and how many of those from before there
// are at all.
type count struct{ prepared, effective, known, before int32 }

func (c *count) add(d count) {
	c.prepared += d.prepared
	c.effective += d.effective
	c.known += d.known
	c.before += d.before
}

func (c count) minus(d count) count {
	return count{c.prepared - d.prepared, c.effective - d.effective, c.known - d.known, c.before - d.before}
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

// length is how many code points there are in the prepare state.
func (t *tracker) length() (n int) {
	if t.deep == 0 {
		return int(t.total(t.root, 0).prepared)
	}
	b := &t.nodes[t.root]
	for i := range b.n {
		n += int(b.counts[i].prepared)
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

// seek returns the place in front of the code point at a position of the prepare
// state, and how many are before it in the effect state.
func (t *tracker) seek(position int) (c cursor, effective int) {
	at, before, n := int32(position), int32(0), t.root
	for range t.deep {
		b := &t.nodes[n]
		i := 0
		for ; i < b.n-1 && at >= b.counts[i].prepared; i++ {
			at -= b.counts[i].prepared
			before += b.counts[i].effective
		}
		n = b.children[i]
	}
	l := &t.leafs[n]
	for i := range l.n {
		p := &l.pieces[i]
		if p.state == 1 {
			if at < p.n {
				if !p.gone {
					before += at
				}
				return cursor{n, i, at}, int(before)
			}
			at -= p.n
		}
		if !p.gone {
			before += p.n
		}
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
		at := x - underwater
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

// skip moves a cursor to the next code point that the prepare state knows; it
// returns false if there is none.
func (t *tracker) skip(c *cursor) bool {
	for l := &t.leafs[c.tray]; c.i < l.n; *c = (cursor{c.tray, c.i + 1, 0}) {
		if p := &l.pieces[c.i]; p.state != 0 && c.offset < p.n {
			return true
		}
	}
	child, n, up := c.tray, t.leafs[c.tray].parent, 0
	for ; n >= 0; up++ {
		b := &t.nodes[n]
		for i := b.slot(child) + 1; i < b.n; i++ {
			if b.counts[i].known > 0 {
				t.descend(c, b.children[i], up)
				return true
			}
		}
		child, n = n, b.parent
	}
	return false
}

// descend puts a cursor in front of the first code point of a node, so many levels
// above the trays, that the prepare state knows.
func (t *tracker) descend(c *cursor, n int32, up int) {
	for ; up > 0; up-- {
		b := &t.nodes[n]
		i := 0
		for b.counts[i].known == 0 {
			i++
		}
		n = b.children[i]
	}
	*c = cursor{tray: n}
	for t.piece(*c).state == 0 {
		c.i++
	}
}

// slot is the index of a child.
func (b *branch) slot(child int32) int {
	i := 0
	for b.children[i] != child {
		i++
	}
	return i
}

// effective is how many code points are before a place in the effect state.
func (t *tracker) effective(c cursor) int { return int(t.before(c).effective) }

// prepared is the same in the prepare state.
func (t *tracker) prepared(c cursor) int { return int(t.before(c).prepared) }

// before counts the code points before a place.
func (t *tracker) before(c cursor) (sum count) {
	l := &t.leafs[c.tray]
	for i := range c.i {
		sum.add(l.pieces[i].count())
	}
	if c.i < l.n {
		head := l.pieces[c.i]
		head.n = c.offset
		sum.add(head.count())
	}
	child, n := c.tray, l.parent
	for n >= 0 {
		b := &t.nodes[n]
		for i := 0; b.children[i] != child; i++ {
			sum.add(b.counts[i])
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
		b.counts[b.slot(child)].add(by)
		child, n = n, b.parent
	}
}

// replace puts pieces in place of those from i to j of a tray, and splits it if
// they have no room. It tells the branches by how much the tray that has them
// counts more, and returns that.
func (t *tracker) replace(leaf int32, i, j int, by count, pieces ...piece) int32 {
	l := &t.leafs[leaf]
	if l.n-(j-i)+len(pieces) > trayPieces {
		leaf, i, j = t.split(leaf, i, j)
		l = &t.leafs[leaf]
	}
	copy(l.pieces[i+len(pieces):], l.pieces[j:l.n])
	copy(l.pieces[i:], pieces)
	l.n += len(pieces) - (j - i)
	t.changed(leaf, by)
	return leaf
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
	i := b.slot(child)
	b.counts[i] = b.counts[i].minus(moved)
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

// each calls fn with all pieces, in the order of the text.
func (t *tracker) each(fn func(*piece)) {
	for n := t.firstTray(); n >= 0; n = t.leafs[n].next {
		for i := range t.leafs[n].n {
			fn(&t.leafs[n].pieces[i])
		}
	}
}
