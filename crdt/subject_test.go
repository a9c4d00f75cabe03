package crdt

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

type raw = jsontext.Value

// subject is an instance of any of the types.
type subject interface {
	ReplicaID() string
	Payload() jsontext.Value
	ApplyPayload(p jsontext.Value) error
	Resume(p jsontext.Value) error
	Renew()

	renew(id string)
	do(op string, args []raw) (jsontext.Value, error)
	merge(other subject) error
	equal(other subject) bool
	// read returns the canonical JSON of value, values, conflict or set.
	read(what string) jsontext.Value
}

var kinds = map[string]func(Clock) subject{
	"GCounter":    func(Clock) subject { return gCounter{NewGCounter()} },
	"PNCounter":   func(Clock) subject { return pnCounter{NewPNCounter()} },
	"LWWRegister": func(c Clock) subject { return lwwRegister{NewLWWRegister[raw](c)} },
	"MVRegister":  func(Clock) subject { return mvRegister{NewMVRegister[raw]()} },
	"ORSet":       func(Clock) subject { return orSet{NewORSet[raw]()} },
	"LWWMap":      func(c Clock) subject { return lwwMap{NewLWWMap[raw](c)} },
}

type gCounter struct{ *GCounter }

func (c gCounter) merge(other subject) error { return c.Merge(other.(gCounter).GCounter) }
func (c gCounter) equal(other subject) bool  { return c.Equal(other.(gCounter).GCounter) }
func (c gCounter) read(string) raw           { return must(c.Value(), nil) }

func (c gCounter) do(op string, args []raw) (raw, error) {
	switch op {
	case "increment":
		return c.Increment(amount(args))
	}
	panic("no operation " + op)
}

type pnCounter struct{ *PNCounter }

func (c pnCounter) merge(other subject) error { return c.Merge(other.(pnCounter).PNCounter) }
func (c pnCounter) equal(other subject) bool  { return c.Equal(other.(pnCounter).PNCounter) }
func (c pnCounter) read(string) raw           { return must(c.Value(), nil) }

func (c pnCounter) do(op string, args []raw) (raw, error) {
	switch op {
	case "increment":
		return c.Increment(amount(args))
	case "decrement":
		return c.Decrement(amount(args))
	}
	panic("no operation " + op)
}

type lwwRegister struct{ *LWWRegister[raw] }

func (r lwwRegister) merge(other subject) error { return r.Merge(other.(lwwRegister).LWWRegister) }
func (r lwwRegister) equal(other subject) bool  { return r.Equal(other.(lwwRegister).LWWRegister) }

func (r lwwRegister) read(what string) raw {
	if what == "set" {
		return must(r.IsSet(), nil)
	}
	return must(r.Value())
}

func (r lwwRegister) do(op string, args []raw) (raw, error) {
	switch op {
	case "set":
		return r.Set(args[0])
	}
	panic("no operation " + op)
}

type mvRegister struct{ *MVRegister[raw] }

func (r mvRegister) merge(other subject) error { return r.Merge(other.(mvRegister).MVRegister) }
func (r mvRegister) equal(other subject) bool  { return r.Equal(other.(mvRegister).MVRegister) }

func (r mvRegister) read(what string) raw {
	switch what {
	case "set":
		return must(r.IsSet(), nil)
	case "conflict":
		return must(r.Conflict(), nil)
	case "values":
		return must(r.Values())
	}
	return must(r.Value())
}

func (r mvRegister) do(op string, args []raw) (raw, error) {
	switch op {
	case "set":
		return r.Set(args[0])
	}
	panic("no operation " + op)
}

type orSet struct{ *ORSet[raw] }

func (s orSet) merge(other subject) error { return s.Merge(other.(orSet).ORSet) }
func (s orSet) equal(other subject) bool  { return s.Equal(other.(orSet).ORSet) }

func (s orSet) read(string) raw {
	all, err := s.Value()
	for _, v := range all {
		if !s.Has(v) {
			panic(fmt.Sprintf("%s is an element, and the set has it not", v))
		}
	}
	if len(all) != s.Len() {
		panic(fmt.Sprintf("%d elements, and the length %d", len(all), s.Len()))
	}
	return must(all, err)
}

func (s orSet) do(op string, args []raw) (raw, error) {
	switch op {
	case "add":
		return s.Add(args[0])
	case "remove":
		return s.Remove(args[0])
	}
	panic("no operation " + op)
}

type lwwMap struct{ *LWWMap[raw] }

func (m lwwMap) merge(other subject) error { return m.Merge(other.(lwwMap).LWWMap) }
func (m lwwMap) equal(other subject) bool  { return m.Equal(other.(lwwMap).LWWMap) }

func (m lwwMap) read(string) raw {
	all, err := m.Value()
	if err != nil || len(all) != m.Len() {
		panic(fmt.Sprintf("%d keys, the length %d, %v", len(all), m.Len(), err))
	}
	pairs := [][2]any{}
	for key, v := range all {
		if got, err := m.Get(key); err != nil || string(got) != string(v) || !m.Has(key) {
			panic(fmt.Sprintf("key %q is %s, and got %s, %v", key, v, got, err))
		}
		pairs = append(pairs, [2]any{key, v})
	}
	slices.SortFunc(pairs, func(a, b [2]any) int { return compare(a[0].(string), b[0].(string)) })
	return must(pairs, nil)
}

func (m lwwMap) do(op string, args []raw) (raw, error) {
	var key string
	if err := json.Unmarshal(args[0], &key); err != nil {
		panic(err)
	}
	switch op {
	case "set":
		return m.Set(key, args[1])
	case "delete":
		return m.Delete(key)
	}
	panic("no operation " + op)
}

// amount is the n of an increment, 1 if there is none.
func amount(args []raw) int64 {
	if len(args) == 0 {
		return 1
	}
	var n int64
	if err := json.Unmarshal(args[0], &n); err != nil {
		panic(err)
	}
	return n
}

func must[T any](v T, err error) raw {
	if err != nil {
		panic(err)
	}
	text, err := encode(v)
	if err != nil {
		panic(err)
	}
	return raw(text)
}
