package naive

// String is the text.
func (t *Text) String() string {
	return t.render(func(it *Item) bool { return !it.Gone })
}

// At is the text as of a version: of these events with all that they follow.
func (t *Text) At(version []int) string {
	past := t.past(version)
	return t.Of(past.has)
}

// Of is the text of some events, as if the others had had no effect, which leave it
// in its order: what they inserted was never there, and what they deleted was.
func (t *Text) Of(is func(event int) bool) string {
	gone := make(map[*Item]bool)
	for v, e := range t.Events {
		if !e.Insert && is(v) {
			gone[e.Item] = true
		}
	}
	return t.render(func(it *Item) bool { return is(it.ID) && !gone[it] })
}

func (t *Text) render(is func(*Item) bool) string {
	var text []rune
	for _, it := range t.Items {
		if is(it) {
			text = append(text, t.Events[it.ID].Text)
		}
	}
	return string(text)
}

// set is a set of events, a bit for each.
type set []uint64

func (s set) has(v int) bool { return v/64 < len(s) && s[v/64]&(1<<(v%64)) != 0 }

func (s *set) add(v int) {
	s.grow(v/64 + 1)
	(*s)[v/64] |= 1 << (v % 64)
}

func (s *set) addAll(other set) {
	s.grow(len(other))
	for i, bits := range other {
		(*s)[i] |= bits
	}
}

func (s *set) grow(n int) {
	if n > len(*s) {
		*s = append(*s, make(set, n-len(*s))...)
	}
}

// without calls fn with each event of the set that is not in another.
func (s set) without(other set, fn func(v int)) {
	for i, bits := range s {
		if i < len(other) {
			bits &^= other[i]
		}
		for v := i * 64; bits != 0; v, bits = v+1, bits>>1 {
			if bits&1 != 0 {
				fn(v)
			}
		}
	}
}

// Last is the newest event; -1: there is none.
func (t *Text) Last() int { return len(t.Events) - 1 }
