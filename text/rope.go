package text

import (
	"strings"
	"unicode/utf8"
)

const (
	leafBytes = 1024 // of a leaf at most
	fanOut    = 32   // children of an inner node at most
)

// size is how long a text is, in each unit.
type size struct {
	runes int // Unicode code points
	units int // UTF-16 code units
	bytes int // of UTF-8
}

func (s *size) add(t size)      { s.runes += t.runes; s.units += t.units; s.bytes += t.bytes }
func (s *size) subtract(t size) { s.runes -= t.runes; s.units -= t.units; s.bytes -= t.bytes }

func sizeOf(s string) size {
	n := size{bytes: len(s)}
	for i := range len(s) {
		n.runes += first[s[i]]
		n.units += units[s[i]]
	}
	return n
}

// first is 1 for a byte that begins a code point, and units are the UTF-16 code
// units of the code point that it begins.
var first, units = func() (f, u [256]int) {
	for b := range 256 {
		if b&0xc0 != 0x80 {
			f[b], u[b] = 1, 1
		}
		if b >= 0xf0 {
			u[b] = 2
		}
	}
	return f, u
}()

// rope is a text in a B-tree of pieces: every index into it, and every change,
// takes time that grows with the logarithm of its length.
type rope struct {
	root node
	size size

	// The leaf that was changed last, and how many code points are before it.
	// What is typed next is most likely there too.
	last      *leaf
	lastRunes int
}

// node is an inner node or a leaf.
type node struct {
	inner *inner
	leaf  *leaf
}

type inner struct {
	parent   *inner
	slot     int // in parent
	children []node
	sizes    []size
}

type leaf struct {
	parent *inner
	slot   int
	text   []byte
	size   size
}

func (n node) size() size {
	if n.leaf != nil {
		return n.leaf.size
	}
	var sum size
	for _, s := range n.inner.sizes {
		sum.add(s)
	}
	return sum
}

func (n node) attach(parent *inner, slot int) {
	if n.leaf != nil {
		n.leaf.parent, n.leaf.slot = parent, slot
	} else {
		n.inner.parent, n.inner.slot = parent, slot
	}
}

func newRope(text string) *rope {
	r := &rope{root: node{leaf: &leaf{}}}
	if text != "" {
		r.build(text)
	}
	return r
}

// build makes the tree of a text at once, its leaves nearly full.
func (r *rope) build(text string) {
	var level []node
	for _, piece := range cut(text) {
		level = append(level, node{leaf: &leaf{text: append(make([]byte, 0, len(piece)), piece...), size: sizeOf(piece)}})
	}
	for len(level) > 1 {
		var above []node
		for len(level) > 0 {
			n := min(fanOut-4, len(level))
			in := &inner{children: append(make([]node, 0, fanOut), level[:n]...), sizes: make([]size, n, fanOut)}
			for i, child := range in.children {
				child.attach(in, i)
				in.sizes[i] = child.size()
			}
			above = append(above, node{inner: in})
			level = level[n:]
		}
		level = above
	}
	r.root, r.last = level[0], nil
	r.size = r.root.size()
}

// cut divides a text into pieces for leaves, between code points.
func cut(text string) []string {
	const most = leafBytes * 7 / 8
	var pieces []string
	for len(text) > most {
		n := most
		for first[text[n]] == 0 {
			n--
		}
		pieces, text = append(pieces, text[:n]), text[n:]
	}
	return append(pieces, text)
}

// find returns the leaf that has position at, counted in code points, in it or
// at its end, and how many are before the leaf. Between two leaves it is the
// first.
func (r *rope) find(at int) (*leaf, int) {
	if l := r.last; l != nil && at > r.lastRunes && at <= r.lastRunes+l.size.runes {
		return l, r.lastRunes
	}
	n, before := r.root, 0
	for n.inner != nil {
		i := 0
		for last := len(n.inner.sizes) - 1; i < last && before+n.inner.sizes[i].runes < at; i++ {
			before += n.inner.sizes[i].runes
		}
		n = n.inner.children[i]
	}
	r.last, r.lastRunes = n.leaf, before
	return n.leaf, before
}

// byteOf is the index of the byte where a leaf's code point begins.
func (l *leaf) byteOf(runes int) int {
	if l.size.runes == l.size.bytes {
		return runes
	}
	if runes == l.size.runes {
		return l.size.bytes
	}
	i := 0
	for ; ; i++ {
		if first[l.text[i]] == 1 {
			if runes == 0 {
				return i
			}
			runes--
		}
	}
}

// insert puts text, of this size, behind so many code points.
func (r *rope) insert(at int, text string, n size) {
	l, before := r.find(at)
	i := l.byteOf(at - before)
	r.size.add(n)
	if len(l.text)+len(text) <= leafBytes {
		l.put(i, text)
		l.size.add(n)
		l.grow(n)
		return
	}
	r.split(l, i, text)
}

func (l *leaf) put(i int, text string) {
	was := len(l.text)
	if need := was + len(text); need > cap(l.text) {
		l.text = append(make([]byte, 0, min(leafBytes, need+need/4+16)), l.text...)
	}
	l.text = l.text[:was+len(text)]
	copy(l.text[i+len(text):], l.text[i:was])
	copy(l.text[i:], text)
}

// grow tells the nodes above that the leaf has grown.
func (l *leaf) grow(n size) {
	slot := l.slot
	for in := l.parent; in != nil; slot, in = in.slot, in.parent {
		in.sizes[slot].add(n)
	}
}

func (l *leaf) shrink(n size) {
	slot := l.slot
	for in := l.parent; in != nil; slot, in = in.slot, in.parent {
		in.sizes[slot].subtract(n)
	}
}

// split puts text into a leaf that has no room for it.
func (r *rope) split(l *leaf, i int, text string) {
	r.last = nil
	l.shrink(l.size)
	var pieces []string
	if len(text) < leafBytes/2 {
		half := len(l.text) / 2
		for half > 0 && first[l.text[half]] == 0 {
			half--
		}
		if i <= half {
			pieces = []string{string(l.text[:i]) + text + string(l.text[i:half]), string(l.text[half:])}
		} else {
			pieces = []string{string(l.text[:half]), string(l.text[half:i]) + text + string(l.text[i:])}
		}
	} else {
		pieces = cut(string(l.text[:i]) + text + string(l.text[i:]))
	}
	l.text = append(make([]byte, 0, leafBytes), pieces[0]...)
	l.size = sizeOf(pieces[0])
	l.grow(l.size)
	for _, piece := range pieces[1:] {
		next := &leaf{text: append(make([]byte, 0, min(leafBytes, len(piece)*5/4+16)), piece...), size: sizeOf(piece)}
		r.addBehind(l.parent, l.slot, node{leaf: l}, node{leaf: next})
		next.grow(next.size)
		l = next
	}
}

// addBehind puts a node, whose size nobody above has counted yet, behind another.
func (r *rope) addBehind(parent *inner, slot int, before, added node) {
	if parent == nil {
		parent = &inner{children: make([]node, 0, fanOut), sizes: make([]size, 0, fanOut)}
		parent.children = append(parent.children, before)
		parent.sizes = append(parent.sizes, before.size())
		before.attach(parent, 0)
		r.root = node{inner: parent}
		slot = 0
	}
	if len(parent.children) == fanOut {
		half := fanOut / 2
		right := &inner{
			children: append(make([]node, 0, fanOut), parent.children[half:]...),
			sizes:    append(make([]size, 0, fanOut), parent.sizes[half:]...),
		}
		clear(parent.children[half:])
		parent.children, parent.sizes = parent.children[:half], parent.sizes[:half]
		moved := node{inner: right}.size()
		for i, child := range right.children {
			child.attach(right, i)
		}
		above := parent.slot
		for in := parent.parent; in != nil; above, in = in.slot, in.parent {
			in.sizes[above].subtract(moved)
		}
		r.addBehind(parent.parent, parent.slot, node{inner: parent}, node{inner: right})
		above = right.slot
		for in := right.parent; in != nil; above, in = in.slot, in.parent {
			in.sizes[above].add(moved)
		}
		if slot >= half {
			parent, slot = right, slot-half
		}
	}
	at := slot + 1
	parent.children = append(parent.children, node{})
	copy(parent.children[at+1:], parent.children[at:])
	parent.children[at] = added
	parent.sizes = append(parent.sizes, size{})
	copy(parent.sizes[at+1:], parent.sizes[at:])
	parent.sizes[at] = size{}
	for i := at; i < len(parent.children); i++ {
		parent.children[i].attach(parent, i)
	}
}

// remove takes n code points out, behind so many.
func (r *rope) remove(at, n int) {
	for n > 0 {
		l, before := r.find(at)
		if at == before+l.size.runes && l.size.runes > 0 || l.size.runes == 0 {
			l, before = r.next(l, before)
		}
		i := l.byteOf(at - before)
		m := min(n, before+l.size.runes-at)
		j := i + m
		if l.size.runes != l.size.bytes {
			j = l.byteOf(at - before + m)
		}
		gone := size{runes: m, units: m, bytes: j - i}
		if l.size.runes != l.size.bytes {
			gone = sizeOf(string(l.text[i:j]))
		}
		l.text = append(l.text[:i], l.text[j:]...)
		l.size.subtract(gone)
		l.shrink(gone)
		r.size.subtract(gone)
		n -= m
		if len(l.text) == 0 {
			r.drop(l)
		}
	}
}

// next returns the leaf behind one, and how many code points are before it.
func (r *rope) next(l *leaf, before int) (*leaf, int) {
	before += l.size.runes
	in, slot := l.parent, l.slot
	for slot+1 == len(in.children) {
		in, slot = in.parent, in.slot
	}
	n := in.children[slot+1]
	for n.inner != nil {
		n = n.inner.children[0]
	}
	r.last, r.lastRunes = n.leaf, before
	return n.leaf, before
}

// drop takes an empty leaf away, and the nodes above that are empty then.
func (r *rope) drop(l *leaf) {
	r.last = nil
	in, slot := l.parent, l.slot
	for in != nil && len(in.children) == 1 {
		in, slot = in.parent, in.slot
	}
	if in == nil {
		r.root = node{leaf: &leaf{text: l.text[:0]}}
		return
	}
	in.children = append(in.children[:slot], in.children[slot+1:]...)
	in.sizes = append(in.sizes[:slot], in.sizes[slot+1:]...)
	for i := slot; i < len(in.children); i++ {
		in.children[i].attach(in, i)
	}
	for r.root.inner != nil && len(r.root.inner.children) == 1 {
		r.root = r.root.inner.children[0]
		r.root.attach(nil, 0)
	}
}

// each calls fn with the text from one code point to another, piece by piece.
func (r *rope) each(from, to int, fn func(piece []byte)) {
	if from >= to {
		return
	}
	l, before := r.find(from)
	for {
		if end := before + l.size.runes; end > from {
			i, j := l.byteOf(from-before), len(l.text)
			if end > to {
				j = l.byteOf(to - before)
			}
			fn(l.text[i:j])
			if end >= to {
				return
			}
			from = end
		}
		l, before = r.next(l, before)
	}
}

func (r *rope) slice(from, to int) string {
	var b strings.Builder
	r.each(from, to, func(piece []byte) { b.Write(piece) })
	return b.String()
}

func (r *rope) String() string {
	var b strings.Builder
	b.Grow(r.size.bytes)
	r.each(0, r.size.runes, func(piece []byte) { b.Write(piece) })
	return b.String()
}

// unit is a unit in which positions in a text are counted.
type unit int

const (
	inRunes unit = iota
	inUnits
	inBytes
)

func (s size) in(u unit) int {
	switch u {
	case inUnits:
		return s.units
	case inBytes:
		return s.bytes
	default:
		return s.runes
	}
}

// convert turns a position from one unit into another. One that is in the midst
// of a code point counts as its beginning.
func (r *rope) convert(at int, from, to unit) int {
	n, before, result := r.root, 0, 0
	for n.inner != nil {
		i := 0
		for last := len(n.inner.sizes) - 1; i < last && before+n.inner.sizes[i].in(from) <= at; i++ {
			before += n.inner.sizes[i].in(from)
			result += n.inner.sizes[i].in(to)
		}
		n = n.inner.children[i]
	}
	var passed size
	for text := n.leaf.text; len(text) > 0; {
		_, w := utf8.DecodeRune(text)
		next := passed
		next.add(size{runes: 1, units: units[text[0]], bytes: w})
		if before+next.in(from) > at {
			break
		}
		passed, text = next, text[w:]
	}
	return result + passed.in(to)
}
