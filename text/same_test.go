package text

import (
	"math/rand/v2"
	"reflect"
	"testing"
)

// TestSession_a_snapshot_says_an_operation_with_fewer_splices than its author did:
// it is his all the same, and what he did to it since stays done.
func TestSession_a_snapshot_says_an_operation_with_fewer_splices(t *testing.T) {
	s := NewSession("ann")
	var keys []uint64
	for _, op := range []Op{{{At: 0, Insert: "abc"}, {At: 3, Insert: "def"}, {At: 2, Delete: 1}, {At: 1, Delete: 1}}, Delete(1, 2)} {
		key, err := s.Local(op, Join{})
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	f := NewFold("", 0, Limits{})
	if _, err := f.Fold(Entry{Offset: 1, Client: "ann", Op: s.Pending()[0].Op}); err != nil {
		t.Fatal(err)
	}
	step, err := s.Open(f.Snapshot(), func(key uint64) bool { return key == keys[0] }, true)
	if err != nil || len(step.Op) > 0 || s.String() != "af" {
		t.Errorf("the step %+v, %v leaves %q", step, err, s.String())
	}
	if want := []Pending{{Key: keys[1], Op: Delete(1, 2)}}; !reflect.DeepEqual(s.Pending(), want) {
		t.Errorf("pending is %+v, want %+v", s.Pending(), want)
	}
}

// TestOp_same holds operations against what a history says of their events.
func TestOp_same(t *testing.T) {
	text := "0123456789"
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 19))
		var op Op
		for length := len(text); len(op) < 12; {
			s := Splice{At: random.IntN(length + 1)}
			if random.IntN(4) == 0 {
				s.Insert = string(rune('a' + len(op)))
				length++
			} else if s.Delete = min(1+random.IntN(2), length-s.At); s.Delete == 0 {
				continue
			}
			length -= s.Delete
			op = append(op, s)
			if length == 0 {
				break
			}
		}
		h := history{before: len(text)}
		h.graph.add(0, nil)
		h.splices(op)
		for _, other := range []Op{h.op(span{0, h.end}), Op(nil).and(op), op.canonical()} {
			if !op.same(other) || !other.same(op) {
				t.Fatalf("seed %d: %v is not %v", seed, op, other)
			}
			want, _ := Apply(text, op)
			if got, err := Apply(text, other); got != want {
				t.Fatalf("seed %d: %v makes %q, %v, and %v %q", seed, op, want, err, other, got)
			}
		}
		if other := append(Op{{At: 0, Delete: 1}}, op[1:]...); op[0].Delete > 0 && other.same(op) {
			one, _ := Apply(text, op)
			if two, err := Apply(text, other); err != nil || one != two {
				t.Fatalf("seed %d: %v is not %v: %q, %q, %v", seed, op, other, one, two, err)
			}
		}
	}
}
