package crdt

import (
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// LWWMap is a map of which, for each key, the last write wins: a value or a
// deletion, by the stamps of a hybrid logical clock. It keeps a stamp for each
// deleted key for ever; use few keys that come and go, or an [ORSet]. Make one
// with [NewLWWMap].
type LWWMap[T any] struct {
	id      string
	clock   hybrid
	entries map[string]change
	live    int // entries with a value
}

// change is the last write of a key.
type change struct {
	stamp stamp
	value string // canonical JSON; empty if the key was deleted
}

// beats says whether c stands when both are joined (rule CRDT-14).
func (c change) beats(d change) bool {
	if order := c.stamp.compare(d.stamp); order != 0 {
		return order > 0
	}
	if c.value == "" || d.value == "" {
		return d.value != ""
	}
	return compare(c.value, d.value) > 0
}

type mapEntry struct {
	key string
	change
}

func (e mapEntry) byKey(f mapEntry) int { return compare(e.key, f.key) }

// NewLWWMap returns an empty map under a fresh replica id.
func NewLWWMap[T any](clock Clock) *LWWMap[T] {
	return &LWWMap[T]{id: newReplicaID(), clock: newHybrid(clock), entries: make(map[string]change)}
}

// ReplicaID returns the id that this instance writes under.
func (m *LWWMap[T]) ReplicaID() string { return m.id }

// Len returns the number of keys that have a value.
func (m *LWWMap[T]) Len() int { return m.live }

// Has says whether the key has a value.
func (m *LWWMap[T]) Has(key string) bool { return m.entries[key].value != "" }

// Get returns the value of a key, or the zero T if it has none. The error is
// bad_value if the value does not fit T.
func (m *LWWMap[T]) Get(key string) (T, error) {
	if !m.Has(key) {
		var zero T
		return zero, nil
	}
	return decode[T](m.entries[key].value)
}

// Value returns a new map of all keys that have a value. The error is bad_value
// if a value does not fit T.
func (m *LWWMap[T]) Value() (map[string]T, error) {
	all := make(map[string]T, m.live)
	for key, c := range m.entries {
		if c.value == "" {
			continue
		}
		v, err := decode[T](c.value)
		if err != nil {
			return nil, err
		}
		all[key] = v
	}
	return all, nil
}

// Set writes the value of a key and returns the delta. The error is bad_value or
// clock_skew.
func (m *LWWMap[T]) Set(key string, v T) (jsontext.Value, error) {
	if !utf8.ValidString(key) {
		return nil, errorf(BadValue, "The key is not UTF-8.")
	}
	value, err := encode(v)
	if err != nil {
		return nil, err
	}
	return m.write(key, value)
}

// Delete takes the value of a key away and returns the delta. The error is
// clock_skew. To delete a key that has no value changes nothing.
func (m *LWWMap[T]) Delete(key string) (jsontext.Value, error) {
	if !m.Has(key) {
		return writeLWWMap(m.id, nil), nil
	}
	return m.write(key, "")
}

func (m *LWWMap[T]) write(key, value string) (jsontext.Value, error) {
	s, err := m.clock.next(m.id)
	if err != nil {
		return nil, err
	}
	e := mapEntry{key, change{s, value}}
	m.put(e)
	return writeLWWMap(m.id, []mapEntry{e}), nil
}

// Merge joins the state of another instance, which it does not change. The
// error is replica_reused or clock_skew.
func (m *LWWMap[T]) Merge(other *LWWMap[T]) error { return m.join(other.all()) }

// Equal says whether both have the same entries, deleted ones too, of the same
// stamps.
func (m *LWWMap[T]) Equal(other *LWWMap[T]) bool { return maps.Equal(m.entries, other.entries) }

// Payload returns the whole state as canonical JSON.
func (m *LWWMap[T]) Payload() jsontext.Value {
	all := m.all()
	slices.SortFunc(all, mapEntry.byKey)
	return writeLWWMap(m.id, all)
}

// ApplyPayload joins a payload or a delta. The error is bad_payload,
// replica_reused or clock_skew.
func (m *LWWMap[T]) ApplyPayload(p jsontext.Value) error {
	_, in, err := readLWWMap(p)
	if err != nil {
		return err
	}
	return m.join(in)
}

// Resume joins a persisted state and goes on under the replica id in it. Use it
// only where a lock keeps that id from living twice, as package file does.
func (m *LWWMap[T]) Resume(p jsontext.Value) error {
	id, in, err := readLWWMap(p)
	if err != nil {
		return err
	}
	m.take(in)
	m.renew(id)
	return nil
}

// Renew goes on under a fresh replica id; what was written stays.
func (m *LWWMap[T]) Renew() { m.renew(newReplicaID()) }

func (m *LWWMap[T]) renew(id string) {
	m.id = id
	m.clock.goOn()
}

func (m *LWWMap[T]) join(in []mapEntry) error {
	for _, e := range in {
		if err := m.clock.checkReuse(m.id, e.stamp); err != nil {
			return err
		}
	}
	now := m.clock.local()
	for _, e := range in {
		if err := m.clock.checkSkew(e.stamp, now); err != nil {
			return err
		}
	}
	m.take(in)
	return nil
}

func (m *LWWMap[T]) take(in []mapEntry) {
	for _, e := range in {
		if old, ok := m.entries[e.key]; !ok || e.beats(old) {
			m.put(e)
			m.clock.join(e.stamp)
		}
	}
}

func (m *LWWMap[T]) put(e mapEntry) {
	if m.Has(e.key) {
		m.live--
	}
	if e.value != "" {
		m.live++
	}
	m.entries[e.key] = e.change
}

// all returns the entries in no order.
func (m *LWWMap[T]) all() []mapEntry {
	all := make([]mapEntry, 0, len(m.entries))
	for key, c := range m.entries {
		all = append(all, mapEntry{key, c})
	}
	return all
}

func readLWWMap(p jsontext.Value) (id string, entries []mapEntry, err error) {
	id, err = readPayload(p, func(r *reader) (members, []string) {
		return members{"entries": func() {
			r.array(func() { entries = append(entries, r.mapEntry()) })
			if i := sortDistinct(entries, mapEntry.byKey); i > 0 && r.err == nil {
				r.failf("key %q is there twice", entries[i].key)
			}
		}}, nil
	})
	return id, entries, err
}

// mapEntry reads [key, stamp, value], or [key, stamp] of a deleted key.
func (r *reader) mapEntry() mapEntry {
	var e mapEntry
	r.open('[')
	e.key = r.text()
	e.stamp = r.stamp()
	if r.more(']') {
		e.value = r.value()
		r.close(']')
	}
	return e
}

func writeLWWMap(id string, entries []mapEntry) jsontext.Value {
	b := append(begin(), `"entries":[`...)
	for _, e := range entries {
		b = appendKey(append(appendComma(b), '['), e.key)
		b = appendStamp(append(b, ','), e.stamp)
		if e.value != "" {
			b = append(append(b, ','), e.value...)
		}
		b = append(b, ']')
	}
	return append(appendReplicaID(append(b, "],"...), id), '}')
}
