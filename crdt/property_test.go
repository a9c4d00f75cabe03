package crdt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"
)

// each runs a property for each type.
func each(t *testing.T, property func(t *rapid.T, kind string)) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { property(t, kind) })
		})
	}
}

// device is a replica with its twin.
type device struct {
	subject
	twin *history
	now  int64
}

// parcel is a payload that is under way, with what it holds.
type parcel struct {
	payload jsontext.Value
	holds   *history
}

func newDevice(kind, id string) *device {
	d := &device{twin: newHistory(), now: 1000}
	d.subject = kinds[kind](Clock{Now: func() time.Time { return time.UnixMilli(d.now) }})
	d.renew(id)
	return d
}

var (
	operations = map[string][]string{
		"GCounter": {"increment"}, "PNCounter": {"increment", "decrement"},
		"LWWRegister": {"set"}, "MVRegister": {"set"}, "ORSet": {"add", "remove"}, "LWWMap": {"set", "delete"},
	}
	someValue = rapid.SampledFrom([]raw{
		raw(`null`), raw(`0`), raw(`9`), raw(`10`), raw(`"x"`), raw(`"é😀"`), raw(`[1,"]"]`), raw(`{"a":{"b":[]}}`),
	})
	someKey = rapid.SampledFrom([]raw{raw(`""`), raw(`"k"`), raw(`"__proto__"`), raw(`"😀"`), raw(`"דּ"`)})
	someID  = rapid.SampledFrom([]string{"a", "b", "c", "Z", "_9"})
)

// operate makes one operation and returns its delta.
func (d *device) operate(t *rapid.T, kind string) parcel {
	d.now += rapid.Int64Range(-2, 2).Draw(t, "clock")
	op := rapid.SampledFrom(operations[kind]).Draw(t, "operation")
	var args []raw
	switch kind {
	case "GCounter", "PNCounter":
		args = []raw{raw(strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "n")))}
	case "LWWMap":
		args = append(args, someKey.Draw(t, "key"))
		if op == "set" {
			args = append(args, someValue.Draw(t, "value"))
		}
	default:
		args = append(args, someValue.Draw(t, "value"))
	}
	delta, err := d.do(op, args)
	if err != nil {
		t.Fatalf("%s %s: %v", op, args, err)
	}
	return parcel{delta, d.twin.do(kind, d.ReplicaID(), op, args, delta)}
}

func (d *device) take(t *rapid.T, p parcel) {
	if err := d.ApplyPayload(p.payload); err != nil {
		t.Fatalf("apply %s: %v", p.payload, err)
	}
	d.twin.join(p.holds)
}

func (d *device) check(t *rapid.T, kind string) {
	what := "value"
	if kind == "MVRegister" {
		what = "values"
	}
	want := d.twin.value(kind)
	if want == nil {
		if string(d.read("set")) != "false" {
			t.Fatalf("%s is set, and was never", d.ReplicaID())
		}
		return
	}
	if got := d.read(what); string(got) != string(want) {
		t.Fatalf("%s has %s, the twin %s", d.ReplicaID(), got, want)
	}
}

// sameState fails unless two replicas are equal, and their payloads but for the
// id.
func sameState(t *rapid.T, a, b subject) {
	id, other := a.ReplicaID(), b.ReplicaID()
	if !a.equal(b) || !b.equal(a) {
		t.Fatalf("not equal:\n%s\n%s", a.Payload(), b.Payload())
	}
	b.renew(id)
	defer b.renew(other)
	if string(a.Payload()) != string(b.Payload()) {
		t.Fatalf("equal, with different payloads:\n%s\n%s", a.Payload(), b.Payload())
	}
}

// Replicas that operate, and hear of each other by deltas and payloads, late,
// repeatedly and in any order, always have the value of their twin; in the end
// all are equal, and so is one that got nothing but the deltas.
func TestJoin_CRDT4_as_the_twin(t *testing.T) {
	each(t, func(t *rapid.T, kind string) {
		devices := []*device{newDevice(kind, "a"), newDevice(kind, "b"), newDevice(kind, "C")}
		var deltas, parcels []parcel
		some := func(label string) *device { return rapid.SampledFrom(devices).Draw(t, label) }
		t.Repeat(map[string]func(*rapid.T){
			"operate": func(t *rapid.T) {
				p := some("device").operate(t, kind)
				deltas, parcels = append(deltas, p), append(parcels, p)
			},
			"send all": func(t *rapid.T) {
				d := some("device")
				parcels = append(parcels, parcel{d.Payload(), d.twin.clone()})
			},
			"receive": func(t *rapid.T) {
				if len(parcels) > 0 {
					some("device").take(t, rapid.SampledFrom(parcels).Draw(t, "parcel"))
				}
			},
			"merge": func(t *rapid.T) {
				d, e := some("device"), some("other")
				if err := d.merge(e.subject); err != nil {
					t.Fatal(err)
				}
				d.twin.join(e.twin)
			},
			"restart": func(t *rapid.T) {
				d := some("device")
				kept, id := d.Payload(), d.ReplicaID()
				d.subject = kinds[kind](Clock{Now: func() time.Time { return time.UnixMilli(d.now) }})
				if err := d.Resume(kept); err != nil || d.ReplicaID() != id {
					t.Fatal(err)
				}
			},
			"renew": func(t *rapid.T) {
				if d := some("device"); len(d.ReplicaID()) < 8 {
					d.renew(d.ReplicaID() + "-")
				}
			},
			"": func(t *rapid.T) {
				for _, d := range devices {
					d.check(t, kind)
				}
			},
		})

		last := newDevice(kind, "last")
		again := append(deltas, deltas...)
		if len(again) > 0 {
			for _, p := range rapid.Permutation(again).Draw(t, "order") {
				last.take(t, p)
				last.check(t, kind)
			}
		}
		for _, d := range devices {
			for _, e := range devices {
				if err := d.merge(e.subject); err != nil {
					t.Fatal(err)
				}
			}
			for _, e := range devices {
				if err := d.merge(e.subject); err != nil {
					t.Fatal(err)
				}
			}
			sameState(t, last.subject, d.subject)
		}
	})
}

// The laws hold for all payloads that can be read, not only for those of
// replicas that behave.
func TestJoin_CRDT4_laws(t *testing.T) {
	each(t, func(t *rapid.T, kind string) {
		var states [3]raw
		for i := range states {
			states[i] = anyPayload(kind).Draw(t, "payload")
		}
		joined := func(order ...int) subject {
			s := newDevice(kind, "me").subject
			for _, i := range order {
				if err := s.ApplyPayload(states[i]); err != nil {
					t.Fatalf("%s: %v", states[i], err)
				}
			}
			return s
		}
		want := joined(0, 1, 2)
		for _, order := range [][]int{{0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}, {0, 1, 2, 0, 1, 2, 2}} {
			sameState(t, want, joined(order...))
		}
		inner, outer := joined(1, 2), joined(0)
		if err := outer.merge(inner); err != nil {
			t.Fatal(err)
		}
		sameState(t, want, outer)
		before := string(want.Payload())
		if err := want.merge(want); err != nil || string(want.Payload()) != before {
			t.Fatalf("merged with itself: %v\n%s\n%s", err, before, want.Payload())
		}
		fresh := newDevice(kind, "fresh").subject
		if err := fresh.ApplyPayload(want.Payload()); err != nil {
			t.Fatal(err)
		}
		sameState(t, want, fresh)
	})
}

// anyPayload draws payloads that can be read, of few ids, so that they meet.
func anyPayload(kind string) *rapid.Generator[raw] {
	return rapid.Custom(func(t *rapid.T) raw {
		members := map[string]any{"replicaId": someID.Draw(t, "replicaId")}
		switch kind {
		case "GCounter":
			members["counts"] = anyCounts(t)
		case "PNCounter":
			members["added"], members["removed"] = anyCounts(t), anyCounts(t)
		case "LWWRegister":
			if rapid.Bool().Draw(t, "set") {
				members["stamp"], members["value"] = anyStamp(t), someValue.Draw(t, "value")
			}
		case "MVRegister":
			seen := anyCounts(t)
			values := [][3]any{}
			for _, c := range seen {
				if rapid.Bool().Draw(t, "stands") {
					values = append(values, [3]any{c[0], c[1], someValue.Draw(t, "value")})
				}
			}
			members["seen"], members["values"] = seen, values
		case "ORSet":
			anySet(t, members)
		case "LWWMap":
			entries := [][]any{}
			for _, key := range rapid.SliceOfNDistinct(someKey, 0, 4, raw.String).Draw(t, "keys") {
				e := []any{key, anyStamp(t)}
				if rapid.Bool().Draw(t, "live") {
					e = append(e, someValue.Draw(t, "value"))
				}
				entries = append(entries, e)
			}
			members["entries"] = entries
		default:
			panic(fmt.Sprintf("no payloads of %s", kind))
		}
		return must(members, nil)
	})
}

func anyCounts(t *rapid.T) [][2]any {
	counts := [][2]any{}
	for _, id := range rapid.SliceOfNDistinct(someID, 0, 4, rapid.ID).Draw(t, "ids") {
		counts = append(counts, [2]any{id, rapid.Int64Range(1, 4).Draw(t, "n")})
	}
	return counts
}

func anyStamp(t *rapid.T) [3]any {
	return [3]any{rapid.IntRange(0, 2).Draw(t, "ms"), rapid.IntRange(0, 1).Draw(t, "count"), someID.Draw(t, "id")}
}

func anySet(t *rapid.T, members map[string]any) {
	seen, apart, dots := [][2]any{}, [][2]any{}, map[string][][2]any{}
	for _, id := range rapid.SliceOfNDistinct(someID, 0, 4, rapid.ID).Draw(t, "ids") {
		last := rapid.Int64Range(0, 3).Draw(t, "seen")
		ns := rapid.SliceOfNDistinct(rapid.Int64Range(last+1, 6), 0, 3, rapid.ID).Draw(t, "apart")
		if last > 0 {
			seen = append(seen, [2]any{id, last})
		}
		if len(ns) > 0 {
			apart = append(apart, [2]any{id, ns})
		}
		for n := range last {
			ns = append(ns, n+1)
		}
		for _, n := range ns {
			if rapid.Bool().Draw(t, "stands") {
				v := string(someValue.Draw(t, "value"))
				dots[v] = append(dots[v], [2]any{id, n})
			}
		}
	}
	elements := [][2]any{}
	for _, v := range slices.Sorted(maps.Keys(dots)) {
		elements = append(elements, [2]any{raw(v), dots[v]})
	}
	members["seen"], members["elements"] = seen, elements
	if len(apart) > 0 {
		members["apart"] = apart
	}
}
