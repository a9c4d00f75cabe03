package text

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"unicode/utf8"
)

// reader reads numbers and texts from bytes that may be damaged.
type reader struct {
	data []byte
	bad  bool
}

func (r *reader) number(most uint64) int {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v > most {
		r.bad = true
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) signed() int {
	v, n := binary.Varint(r.data)
	if n <= 0 || v > math.MaxInt32 || v < math.MinInt32 {
		r.bad = true
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return int(v)
}

func (r *reader) text(n int) string {
	if n > len(r.data) {
		r.bad = true
		r.data = nil
		return ""
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}

// skip passes over so many code points.
func (r *reader) skip(n int) {
	at := 0
	for ; n > 0; n-- {
		if at < len(r.data) && r.data[at] < utf8.RuneSelf {
			at++
			continue
		}
		c, w := utf8.DecodeRune(r.data[at:])
		if c == utf8.RuneError && w < 2 {
			r.bad, r.data = true, nil
			return
		}
		at += w
	}
	r.data = r.data[at:]
}

// decodeUpdate reads an update: bad_update if it is none. The changes have what
// they insert as it stands there.
func decodeUpdate(data []byte) ([]change, error) {
	body := len(data) - crc32.Size
	if body < len(updateMagic) || string(data[:3]) != updateMagic[:3] {
		return nil, fail(BadUpdate, "It is no update of a text.")
	}
	if data[3] != updateMagic[3] {
		return nil, fail(BadUpdate, "The update is of another version.")
	}
	if crc32.ChecksumIEEE(data[:body]) != binary.LittleEndian.Uint32(data[body:]) {
		return nil, damagedUpdate()
	}
	r := &reader{data: data[len(updateMagic):body]}
	d := decoder{reader: r}
	for range r.number(uint64(len(r.data))) {
		name := r.text(r.number(MaxAgentBytes))
		if r.bad {
			break
		}
		if err := checkAgent(name); err != nil {
			return nil, err
		}
		d.names = append(d.names, name)
	}
	d.next = make([]int, len(d.names))
	count := r.number(uint64(len(r.data)))
	d.changes = make([]change, 0, min(count, len(r.data)/leastChange))
	d.parents, d.ops = make([]cause, 0, cap(d.changes)), make([]opRun, 0, cap(d.changes))
	for range count {
		if err := d.change(); err != nil {
			return nil, err
		}
	}
	for i := range d.changes {
		d.content(&d.changes[i])
	}
	if r.bad || len(r.data) > 0 {
		return nil, damagedUpdate()
	}
	return d.changes, nil
}

func damagedUpdate() error { return fail(BadUpdate, "The update is damaged.") }

// leastChange is how many bytes a change takes at least.
const leastChange = 6

// decoder reads changes. What they have is held in one slice of each kind.
type decoder struct {
	*reader
	names   []string
	next    []int // of each name, the seq behind its last change
	changes []change
	parents []cause
	ops     []opRun
	events  int
}

// agent reads the number of a name.
func (d *decoder) agent() (int, string) {
	if i := d.number(math.MaxInt32); i < len(d.names) {
		return i, d.names[i]
	}
	d.bad = true
	return 0, ""
}

// change reads the next change, but for what it inserts.
func (d *decoder) change() error {
	agent, name := d.agent()
	if d.bad {
		return damagedUpdate()
	}
	c := change{agent: name, seq: d.next[agent] + d.signed()}
	first := len(d.parents)
	if k := d.number(uint64(len(d.data))); k > 0 {
		for range k - 1 {
			_, name := d.agent()
			d.parents = append(d.parents, cause{name, d.number(maxEvents)})
		}
	} else if last := len(d.changes) - 1; last >= 0 {
		before := &d.changes[last]
		d.parents = append(d.parents, cause{before.agent, before.seq + before.n - 1})
	} else {
		return damagedUpdate()
	}
	c.parents = d.parents[first:len(d.parents):len(d.parents)]
	first = len(d.ops)
	at := 0
	for range d.number(uint64(len(d.data))) {
		n := d.number(maxEvents << 2)
		op := opRun{start: c.n, kind: kind(n & 3)}
		n >>= 2
		at += d.signed()
		op.at = int32(at)
		if n == 0 || op.kind > erased || at < 0 || at > MaxLength || d.bad {
			return damagedUpdate()
		}
		if op.kind == inserted {
			at += n
		}
		c.n += n
		d.ops = append(d.ops, op)
		if d.events += n; d.events > maxUpdateEvents {
			return fail(LimitExceeded, "The update has too many events.")
		}
	}
	c.ops = d.ops[first:len(d.ops):len(d.ops)]
	if d.bad || c.n == 0 || c.seq < 0 || c.seq > maxEvents-c.n {
		return damagedUpdate()
	}
	d.next[agent] = c.seq + c.n
	d.changes = append(d.changes, c)
	return nil
}

// content reads what a change inserts.
func (d *decoder) content(c *change) {
	all := d.data
	for k := range c.ops {
		op := &c.ops[k]
		op.content = len(all) - len(d.data)
		if op.kind == inserted {
			d.skip(c.opsEnd(k) - op.start)
		}
	}
	c.content = all[:len(all)-len(d.data)]
}

// opsEnd is where one of its runs ends.
func (c *change) opsEnd(i int) lv {
	if i+1 < len(c.ops) {
		return c.ops[i+1].start
	}
	return c.n
}
