package text

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"unicode/utf8"
)

// What is saved is, in this order: its magic; the text (see appendPlain); what
// happened, packed; and a CRC-32 (IEEE) of all before it. Of what was inserted
// the packed history has only what was deleted since: the rest is in the text.

const saveMagic = "txs\x01"

// Save returns the text with its history, for Open.
func (r *Replica) Save() ([]byte, error) {
	b := appendPlain([]byte(saveMagic), r.String())
	if r.packed != nil {
		b = append(b, r.packed...)
	} else if h := &r.history; h.end > 0 {
		buried, err := r.buried()
		if err != nil {
			return nil, err
		}
		b = append(b, h.pack(buried)...)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b)), nil
}

// buried is what was inserted and is not in the text any more, in the order of
// its events.
func (r *Replica) buried() ([]rune, error) {
	w, err := r.replay()
	if err != nil {
		return nil, err
	}
	gone := make([]bool, r.history.end)
	w.tracker.each(func(p *piece) {
		for k := range p.n {
			gone[p.id+k] = p.gone
		}
	})
	var text []rune
	v := 0
	r.history.each(span{0, r.history.end}, func(i int, start lv, _, n int) {
		if r.history.ops[i].kind != inserted {
			return
		}
		v = start
		for _, c := range r.history.text(i, start-r.history.ops[i].start, n) {
			if gone[v] {
				text = append(text, c)
			}
			v++
		}
	})
	return text, nil
}

// Open returns the replica of an agent that goes on from what was saved:
// bad_update if that is damaged. Its text is there at once; its history is read
// when it is needed first. The agent may be the one that saved, if that goes on
// nowhere else.
func Open(agent string, saved []byte) (*Replica, error) {
	if err := checkAgent(agent); err != nil {
		return nil, err
	}
	body := len(saved) - crc32.Size
	if body < len(saveMagic) || string(saved[:3]) != saveMagic[:3] {
		return nil, fail(BadUpdate, "It is no saved text.")
	}
	if saved[3] != saveMagic[3] {
		return nil, fail(BadUpdate, "The text was saved by another version.")
	}
	if crc32.ChecksumIEEE(saved[:body]) != binary.LittleEndian.Uint32(saved[body:]) {
		return nil, fail(BadUpdate, "The saved text is damaged.")
	}
	in := &reader{data: saved[len(saveMagic):body]}
	text := in.plain()
	if in.bad || !utf8.ValidString(text) {
		return nil, fail(BadUpdate, "The saved text is damaged.")
	}
	r := New(agent)
	r.text = newRope(text)
	if len(in.data) > 0 {
		r.packed = slices.Clone(in.data)
	} else if text != "" {
		return nil, fail(BadUpdate, "The saved text has no history.")
	}
	return r, nil
}

// load reads the history of what was saved, if it was not yet.
func (r *Replica) load() error {
	if r.packed == nil {
		return nil
	}
	own := r.Agent()
	h, buried, err := unpack(r.packed)
	if err != nil {
		return err
	}
	// Of what follows each other no more can be deleted than was ever inserted.
	if n := h.insertions(); n != r.Len()+len(buried) || h.end > n*(len(h.graph.runs)+1) {
		return fail(BadUpdate, "The saved text and its history differ.")
	}
	w := newWalker(h, -1)
	if err := w.reach(h.end, nil); err != nil {
		return err
	}
	version := h.graph.advance(nil, span{0, h.end})
	w.visit(version)
	runes := make([]rune, h.end)
	text := []rune(r.String())
	dead := make([]bool, h.end)
	w.tracker.each(func(p *piece) {
		for k := range p.n {
			if p.gone {
				dead[p.id+k] = true
			} else if len(text) > 0 {
				runes[p.id+k], text = text[0], text[1:]
			} else {
				err = fail(BadUpdate, "The saved text and its history differ.")
			}
		}
	})
	for i := range h.ops {
		op := &h.ops[i]
		op.content = len(h.content)
		if op.kind != inserted {
			continue
		}
		for v := op.start; v < h.opsEnd(i); v++ {
			if dead[v] {
				if len(buried) == 0 {
					return fail(BadUpdate, "The saved history is not whole.")
				}
				runes[v], buried = buried[0], buried[1:]
			}
			h.content = utf8.AppendRune(h.content, runes[v])
		}
	}
	if err != nil || len(text)+len(buried) > 0 {
		return fail(BadUpdate, "The saved text and its history differ.")
	}
	r.history, r.version, r.packed = *h, version, nil
	w.history = &r.history
	w.tracker.ids = r.history.agents.compare
	r.whole = w
	r.agent = r.history.agents.named(own)
	return nil
}

// insertions is how many of the events inserted.
func (h *history) insertions() (n int) {
	for i := range h.ops {
		if h.ops[i].kind == inserted {
			n += h.opsEnd(i) - h.ops[i].start
		}
	}
	return n
}

// columns are the contexts of a packed history.
type columns struct {
	counts, lengths, agents, seqs, parents, distance *numbers

	kinds  [4][]chance        // by the kind before
	sizes  [3]*numbers        // by kind
	places [3][3]*numbers     // by the kind before, and kind
	text   [contexts][]chance // by the two letters before
	wide   *numbers
	name   []chance
}

func newColumns() *columns {
	c := &columns{
		counts: newNumbers(), lengths: newNumbers(), agents: newNumbers(), seqs: newNumbers(),
		parents: newNumbers(), distance: newNumbers(), wide: newNumbers(), name: newChances(256),
	}
	for i := range c.kinds {
		c.kinds[i] = newChances(4)
	}
	for i := range c.sizes {
		c.sizes[i] = newNumbers()
		for j := range c.places[i] {
			c.places[i][j] = newNumbers()
		}
	}
	return c
}

const contexts = 1 << 12

// letter codes a code point in the context of the two before it: those of ASCII
// by themselves, others as a number.
func (k coder) letter(c *columns, one, two, letter rune) rune {
	at := int(uint32(one*31+two*7919)*2654435761>>20) & (contexts - 1)
	if c.text[at] == nil {
		c.text[at] = newChances(256)
	}
	if v := k.tree(c.text[at], 8, int(min(letter, 0x80))); v < 0x80 {
		return rune(v)
	}
	return rune(k.number(c.wide, int(letter)))
}

// pack writes a history, and what is not in its text.
func (h *history) pack(buried []rune) []byte {
	k, c := coder{p: newPacker()}, newColumns()
	// Agents are numbered by their first events. Those without any are left out.
	numbered, names := make(map[int]int), []string(nil)
	for _, r := range h.agents.runs {
		if _, ok := numbered[r.agent]; !ok {
			numbered[r.agent] = len(names)
			names = append(names, h.agents.names[r.agent])
		}
	}
	k.number(c.counts, len(names))
	for _, name := range names {
		k.number(c.counts, len(name))
		for _, b := range []byte(name) {
			k.tree(c.name, 8, int(b))
		}
	}
	k.number(c.counts, h.end)
	next := make([]int, len(h.agents.names))
	for _, r := range h.agents.runs {
		k.number(c.agents, numbered[r.agent])
		k.signed(c.seqs, r.seq-next[r.agent])
		k.number(c.lengths, r.n)
		next[r.agent] = r.seq + r.n
	}
	k.number(c.counts, len(h.graph.runs))
	start := 0
	for _, r := range h.graph.runs {
		k.number(c.lengths, r.start-start)
		start = r.start
		k.number(c.parents, len(r.parents))
		for _, p := range r.parents {
			k.number(c.distance, r.start-p)
		}
	}
	before, at := inserted, 0
	for i := range h.ops {
		op := &h.ops[i]
		n := h.opsEnd(i) - op.start
		k.tree(c.kinds[before], 2, int(op.kind))
		k.number(c.sizes[op.kind], n)
		place := int(op.at)
		if op.kind == erased {
			place += n
		}
		k.signed(c.places[before][op.kind], place-at)
		at, before = int(op.at), op.kind
		if op.kind == inserted {
			at += n
		}
	}
	k.number(c.counts, len(buried))
	var one, two rune
	for _, letter := range buried {
		k.letter(c, one, two, letter)
		one, two = letter, one
	}
	return k.p.bytes()
}

// unpack reads what pack wrote; the history lacks its content.
func unpack(data []byte) (*history, []rune, error) {
	k, c, h := coder{u: newUnpacker(data)}, newColumns(), &history{}
	damaged := fail(BadUpdate, "The saved history is damaged.")
	// What is counted takes at least 8 bits of the likeliest, a hundredth of one
	// each: more than that is damage.
	most := 128*len(data) + 1024
	count := func() int {
		if n := k.number(c.counts, 0); n <= most && k.u.over <= 8 {
			return n
		}
		k.u.over = math.MaxInt32
		return 0
	}
	for range count() {
		name := make([]byte, count())
		for i := range name {
			name[i] = byte(k.tree(c.name, 8, 0))
		}
		known := len(h.agents.names)
		if checkAgent(string(name)) != nil || h.agents.named(string(name)) != known {
			return nil, nil, damaged
		}
	}
	h.end = k.number(c.counts, 0)
	if h.end > maxEvents {
		return nil, nil, damaged
	}
	next := make([]int, len(h.agents.names))
	for start := 0; start < h.end; {
		agent := k.number(c.agents, 0)
		if agent >= len(next) || k.u.over > 8 {
			return nil, nil, damaged
		}
		seq := next[agent] + k.signed(c.seqs, 0)
		n := k.number(c.lengths, 0)
		if _, free, known := h.agents.event(h.agents.names[agent], seq); known || seq < 0 || seq > maxEvents-n || n == 0 || n > free || n > h.end-start {
			return nil, nil, damaged
		}
		h.agents.add(start, agent, seq, n)
		next[agent] = seq + n
		start += n
	}
	start := 0
	for i := range count() {
		start += k.number(c.lengths, 0)
		r := run{start: start}
		for range k.number(c.parents, 0) {
			p := start - k.number(c.distance, 0)
			if p < 0 || p >= start || len(r.parents) > 0 && p <= r.parents[len(r.parents)-1] {
				return nil, nil, damaged
			}
			r.parents = append(r.parents, p)
		}
		if start >= h.end || i == 0 != (start == 0) || i > 0 && start <= h.graph.runs[i-1].start || k.u.over > 8 {
			return nil, nil, damaged
		}
		if len(r.parents) == 1 && r.parents[0] == start-1 || len(h.graph.dominators(r.parents)) != len(r.parents) {
			return nil, nil, damaged
		}
		h.graph.runs = append(h.graph.runs, r)
	}
	if h.end > 0 && len(h.graph.runs) == 0 {
		return nil, nil, damaged
	}
	before, at := inserted, 0
	for start := 0; start < h.end; {
		op := opRun{start: start, length: -1, kind: kind(k.tree(c.kinds[before], 2, 0))}
		if op.kind > erased {
			return nil, nil, damaged
		}
		n := k.number(c.sizes[op.kind], 0)
		at += k.signed(c.places[before][op.kind], 0)
		place := at
		if op.kind == erased {
			place -= n
		}
		if n == 0 || n > h.graph.stretch(start, h.end).end-start || place < 0 || place > MaxLength || k.u.over > 8 {
			return nil, nil, damaged
		}
		op.at = int32(place)
		at, before = place, op.kind
		if op.kind == inserted {
			at += n
		}
		h.ops = append(h.ops, op)
		start += n
	}
	var buried []rune
	var one, two rune
	for range count() {
		letter := k.letter(c, one, two, 0)
		if !utf8.ValidRune(letter) {
			return nil, nil, damaged
		}
		buried = append(buried, letter)
		one, two = letter, one
	}
	if k.u.over > 8 {
		return nil, nil, damaged
	}
	return h, buried, nil
}
