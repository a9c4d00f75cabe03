package crdt

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const many = 100_000

func clockAt(ms int64) Clock {
	return Clock{Now: func() time.Time { return time.UnixMilli(ms) }}
}

// filled returns a state of 100,000 elements, of which the second half overlaps
// with the first half of what the next one has.
func filled(kind string, from int) subject {
	s := kinds[kind](clockAt(1000))
	for i := range many {
		name := fmt.Sprintf("%06d", from+i)
		var err error
		switch kind {
		case "GCounter", "PNCounter", "MVRegister":
			s.renew("replica-" + name)
			_, err = s.do(operations[kind][0], []raw{raw(`1`)})
			if r, ok := s.(mvRegister); ok {
				r.last[r.id] = version{1, `"` + name + `"`}
			}
		case "ORSet":
			_, err = s.do("add", []raw{raw(`"element ` + name + `"`)})
		case "LWWMap":
			_, err = s.do("set", []raw{raw(`"key ` + name + `"`), raw(`1`)})
		}
		if err != nil {
			panic(err)
		}
	}
	return s
}

func BenchmarkMerge(b *testing.B) {
	for _, kind := range []string{"GCounter", "PNCounter", "ORSet", "LWWMap"} {
		one, two := filled(kind, 0), filled(kind, many/2)
		payload := one.Payload()
		fresh := func() subject {
			s := kinds[kind](clockAt(1000))
			if err := s.ApplyPayload(payload); err != nil {
				b.Fatal(err)
			}
			return s
		}
		b.Run(kind+"/new", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := fresh()
				b.StartTimer()
				if err := s.merge(two); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(kind+"/known", func(b *testing.B) {
			s := fresh()
			for b.Loop() {
				if err := s.merge(one); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPayload(b *testing.B) {
	for _, kind := range []string{"GCounter", "ORSet", "LWWMap"} {
		s := filled(kind, 0)
		payload := s.Payload()
		b.Run(kind+"/write", func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				s.Payload()
			}
		})
		b.Run(kind+"/apply", func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if err := kinds[kind](clockAt(1000)).ApplyPayload(payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Operations cost the same on a state of 100,000 elements as on a small one, and
// so does a delta that is applied.
func BenchmarkOperation(b *testing.B) {
	set, registry := filled("ORSet", 0).(orSet), filled("LWWMap", 0).(lwwMap)
	counter := filled("GCounter", 0).(gCounter)
	peer := kinds["ORSet"](Clock{})
	if err := peer.merge(set); err != nil {
		b.Fatal(err)
	}
	value := raw(`"one more"`)
	b.Run("ORSet/add and remove", func(b *testing.B) {
		for b.Loop() {
			if _, err := set.Add(value); err != nil {
				b.Fatal(err)
			}
			if _, err := set.Remove(value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ORSet/add, and apply the delta elsewhere", func(b *testing.B) {
		for b.Loop() {
			delta, err := set.Add(value)
			if err != nil {
				b.Fatal(err)
			}
			if err := peer.ApplyPayload(delta); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("LWWMap/set", func(b *testing.B) {
		registry.clock.now = time.Now
		for b.Loop() {
			if _, err := registry.Set("one more", value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("GCounter/increment", func(b *testing.B) {
		for b.Loop() {
			if _, err := counter.Increment(1); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// One element of very many dots, which all go at once.
func BenchmarkMerge_dots_of_one_element(b *testing.B) {
	full := []byte(`{"elements":[["x",[`)
	for n := range many {
		full = fmt.Appendf(appendComma(full), `["r",%d]`, n+1)
	}
	full = fmt.Appendf(full, `]]],"replicaId":"r","seen":[["r",%d]]}`, many)
	none := jsontext.Value(fmt.Sprintf(`{"elements":[],"replicaId":"r","seen":[["r",%d]]}`, many))
	for b.Loop() {
		b.StopTimer()
		s := NewORSet[string]()
		if err := s.ApplyPayload(full); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		if err := s.ApplyPayload(none); err != nil || s.Len() != 0 {
			b.Fatal(err)
		}
	}
}
