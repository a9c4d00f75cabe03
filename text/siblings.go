package text

// Siblings are pieces that have the same origins: they were inserted at one place by
// authors who did not know of each other, and stand by ids, each with all that
// hangs on it. Whoever comes next would pass all that stand before it. So of those
// that had to pass many some are noted, and the next one begins behind the last of
// these that it follows. From there on the way is the same, as that one would have
// been passed last, and placed behind.

// origins are those of a piece.
type origins struct{ left, right id }

// manyPassed is how many pieces one has passed that is noted.
const manyPassed = 8

// sibling is the last one noted that a piece follows; none if there is none.
func (t *tracker) sibling(p *piece) id {
	if noted := t.siblings[origins{p.left, p.right}]; noted != nil {
		if x := noted.before(t.among(noted, p.id)); x != nil {
			return *x
		}
	}
	return none
}

// noteSibling notes a piece.
func (t *tracker) noteSibling(p *piece) {
	at := origins{p.left, p.right}
	if t.siblings == nil {
		t.siblings = make(map[origins]*blocks[id])
	}
	if t.siblings[at] == nil {
		t.siblings[at] = &blocks[id]{}
	}
	noted := t.siblings[at]
	noted.insert(t.among(noted, p.id), p.id)
}

// among is the place of a code point among those noted.
func (t *tracker) among(noted *blocks[id], x id) slot {
	return noted.first(func(other *id) bool { return t.ids(lv(x), lv(*other)) < 0 })
}
