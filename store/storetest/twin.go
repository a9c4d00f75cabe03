package storetest

import (
	"maps"
	"slices"
	"strings"

	"github.com/tuttisync/tutti/store"
)

// twin is the contract in its plainest form: maps and slices, one run after
// the other, nobody else about. What a backend does is compared with it.
type twin struct {
	topics map[string]*twinTopic
}

type twinTopic struct {
	entries  []string // of offset 1 on
	terms    []string // of each entry
	first    uint64
	rows     map[string]string
	snapshot store.Snapshot
}

func newTwin() *twin { return &twin{topics: make(map[string]*twinTopic)} }

// topic returns the topic; one that is not kept if it was never written to.
func (w *twin) topic(name string) *twinTopic {
	if t := w.topics[name]; t != nil {
		return t
	}
	return &twinTopic{first: 1, rows: make(map[string]string)}
}

func (t *twinTopic) last() uint64 { return uint64(len(t.entries)) }

func (t *twinTopic) term() string {
	if len(t.terms) == 0 {
		return ""
	}
	return t.terms[len(t.terms)-1]
}

// append says whether the batch was taken.
func (w *twin) append(name, term string, b store.Batch) bool {
	t := w.topic(name)
	if t.last() != b.After {
		return false
	}
	w.topics[name] = t
	for _, e := range b.Entries {
		t.entries = append(t.entries, string(e))
		t.terms = append(t.terms, term)
	}
	for _, r := range b.Rows {
		if r.Value == nil {
			delete(t.rows, r.Key)
		} else {
			t.rows[r.Key] = string(r.Value)
		}
	}
	return true
}

func (w *twin) truncate(name string, before uint64) {
	t := w.topic(name)
	t.first = max(t.first, min(before, t.last()+1))
}

// redact says whether the log has the entry.
func (w *twin) redact(name string, offset uint64, data []byte) bool {
	t := w.topic(name)
	if offset < t.first || offset > t.last() {
		return false
	}
	t.entries[offset-1] = string(data)
	return true
}

// putSnapshot says whether the snapshot is of a part of the log.
func (w *twin) putSnapshot(name string, s store.Snapshot) bool {
	t := w.topic(name)
	if s.Offset == 0 || s.Offset > t.last() {
		return false
	}
	if s.Offset >= t.snapshot.Offset {
		t.snapshot = s
	}
	return true
}

// read returns what Read does.
func (t *twinTopic) read(after uint64, limit, maxBytes int) (found []store.Entry) {
	bytes := 0
	for i, e := range t.entries {
		o := uint64(i) + 1
		if o <= after || o < t.first {
			continue
		}
		bytes += len(e)
		if len(found) == limit || len(found) > 0 && bytes > maxBytes {
			break
		}
		found = append(found, store.Entry{Offset: o, Data: []byte(e)})
	}
	return found
}

// starts returns the terms of all entries ever written.
func (t *twinTopic) starts() (starts []store.TermStart) {
	for i, term := range t.terms {
		if i == 0 || t.terms[i-1] != term {
			starts = append(starts, store.TermStart{Term: term, Offset: uint64(i) + 1})
		}
	}
	return starts
}

// needed returns how many of starts, from the end, may not be left out.
func (t *twinTopic) needed() int {
	n := 0
	for _, s := range t.starts() {
		if s.Offset > t.first-1 {
			n++
		}
	}
	return min(n+1+store.EndedTerms, len(t.starts()))
}

func (t *twinTopic) listRows(after string, limit int) (found []store.Row) {
	for _, key := range slices.Sorted(maps.Keys(t.rows)) {
		if key > after && len(found) < limit {
			found = append(found, store.Row{Key: key, Value: []byte(t.rows[key])})
		}
	}
	return found
}

func (w *twin) list(prefix, after string, limit int) (found []string) {
	for _, name := range slices.Sorted(maps.Keys(w.topics)) {
		if strings.HasPrefix(name, prefix) && name > after && len(found) < limit {
			found = append(found, name)
		}
	}
	return found
}
