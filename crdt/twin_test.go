package crdt

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
)

// history is the naive twin of every type: all facts that a replica knows, none
// ever dropped. Joining is the union. The value is found by looking at all.
type history struct {
	counted map[string][]int64 // counters: by "id up" or "id down", each step
	writes  map[write]bool     // registers and map by time
	adds    map[count]string   // by causality: what each dot wrote
	gone    map[count]bool     // and the dots that something took the place of
}

// write is one write of a key; value is empty if it was deleted.
type write struct {
	key   string
	stamp stamp
	value string
}

func newHistory() *history {
	return &history{make(map[string][]int64), make(map[write]bool), make(map[count]string), make(map[count]bool)}
}

func (h *history) join(other *history) {
	for side, steps := range other.counted {
		if len(steps) > len(h.counted[side]) {
			h.counted[side] = slices.Clone(steps)
		}
	}
	maps.Copy(h.writes, other.writes)
	maps.Copy(h.adds, other.adds)
	maps.Copy(h.gone, other.gone)
}

func (h *history) clone() *history {
	c := newHistory()
	c.join(h)
	return c
}

// do returns what an operation of the replica id makes known, given the delta
// that the replica returned.
func (h *history) do(kind, id, op string, args []raw, delta raw) *history {
	news := newHistory()
	switch kind {
	case "GCounter", "PNCounter":
		side := id + " " + op
		news.counted[side] = append(slices.Clone(h.counted[side]), amount(args))
	case "LWWRegister":
		var p struct{ Stamp [3]raw }
		mustUnmarshal(delta, &p)
		news.writes[write{"", readStamp(p.Stamp), string(args[0])}] = true
	case "LWWMap":
		var p struct{ Entries [][]raw }
		mustUnmarshal(delta, &p)
		for _, e := range p.Entries {
			var s [3]raw
			mustUnmarshal(e[1], &s)
			w := write{key: string(args[0]), stamp: readStamp(s)}
			if op == "set" {
				w.value = string(args[1])
			}
			news.writes[w] = true
		}
	case "MVRegister":
		for dot := range h.adds {
			if !h.gone[dot] {
				h.goneUpTo(news, dot)
			}
		}
		n := h.lastDot(id) + 1
		if n > 1 {
			h.goneUpTo(news, count{id, n - 1})
		}
		news.adds[count{id, n}] = string(args[0])
	case "ORSet":
		for dot, v := range h.adds {
			if v == string(args[0]) && !h.gone[dot] {
				news.gone[dot] = true
			}
		}
		if op == "add" {
			news.adds[count{id, h.lastDot(id) + 1}] = string(args[0])
		}
	}
	h.join(news)
	return news
}

// goneUpTo notes that a dot of a register and all before it of the same replica
// are replaced.
func (h *history) goneUpTo(news *history, dot count) {
	for n := dot.n; n > 0; n-- {
		news.gone[count{dot.id, n}] = true
	}
}

func (h *history) lastDot(id string) int64 {
	var last int64
	for dot := range h.adds {
		if dot.id == id {
			last = max(last, dot.n)
		}
	}
	return last
}

// value is in the form of the vectors; for an MVRegister it is values.
func (h *history) value(kind string) raw {
	switch kind {
	case "GCounter", "PNCounter":
		var sum int64
		for side, steps := range h.counted {
			for _, n := range steps {
				if side[len(side)-len("decrement"):] == "decrement" {
					n = -n
				}
				sum += n
			}
		}
		return must(sum, nil)
	case "LWWRegister":
		if w, ok := h.lastWrite(""); ok {
			return raw(w.value)
		}
		return nil
	case "LWWMap":
		keys := make(map[string]bool)
		for w := range h.writes {
			keys[w.key] = true
		}
		pairs := [][2]raw{}
		for key := range keys {
			if w, ok := h.lastWrite(key); ok && w.value != "" {
				pairs = append(pairs, [2]raw{raw(key), raw(w.value)})
			}
		}
		slices.SortFunc(pairs, func(a, b [2]raw) int { return compare(string(a[0]), string(b[0])) })
		return must(pairs, nil)
	}
	standing := make(map[string]bool)
	for dot, v := range h.adds {
		if !h.gone[dot] {
			standing[v] = true
		}
	}
	all := []raw{}
	for _, v := range slices.SortedFunc(maps.Keys(standing), compare) {
		all = append(all, raw(v))
	}
	return must(all, nil)
}

func (h *history) lastWrite(key string) (last write, ok bool) {
	for w := range h.writes {
		if w.key == key && (!ok || w.stamp.compare(last.stamp) > 0) {
			last, ok = w, true
		}
	}
	return last, ok
}

func readStamp(members [3]raw) stamp {
	var s stamp
	mustUnmarshal(members[0], &s.ms)
	mustUnmarshal(members[1], &s.count)
	mustUnmarshal(members[2], &s.id)
	return s
}

func mustUnmarshal(p raw, v any) {
	if err := json.Unmarshal(p, v, json.MatchCaseInsensitiveNames(true)); err != nil {
		panic(err)
	}
}
