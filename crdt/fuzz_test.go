package crdt

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func FuzzGCounter(f *testing.F)    { fuzzPayload(f, "GCounter") }
func FuzzPNCounter(f *testing.F)   { fuzzPayload(f, "PNCounter") }
func FuzzLWWRegister(f *testing.F) { fuzzPayload(f, "LWWRegister") }
func FuzzMVRegister(f *testing.F)  { fuzzPayload(f, "MVRegister") }
func FuzzORSet(f *testing.F)       { fuzzPayload(f, "ORSet") }
func FuzzLWWMap(f *testing.F)      { fuzzPayload(f, "LWWMap") }

// fuzzPayload applies bytes of others to a replica that has a state. They are
// refused with a code and change nothing, or what they leave can be handed on,
// and to apply them again changes nothing.
func fuzzPayload(f *testing.F, kind string) {
	raw, err := os.ReadFile("../conformance/crdt/" + strings.ToLower(kind) + ".json")
	if err != nil {
		f.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(raw, &v); err != nil {
		f.Fatal(err)
	}
	for _, c := range v.Cases {
		for _, s := range c.Steps {
			for _, p := range [][]byte{s.Apply, s.Resume, s.Payload} {
				if p != nil {
					f.Add(p)
				}
			}
			if s.Text != nil {
				f.Add([]byte(*s.Text))
			}
		}
	}
	fresh := func(id string) subject {
		s := kinds[kind](Clock{Now: func() time.Time { return time.UnixMilli(1000) }})
		s.renew(id)
		return s
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		s := fresh("a")
		args := []jsontext.Value{jsontext.Value(`1`), jsontext.Value(`1`)}
		if kind == "LWWMap" {
			args[0] = jsontext.Value(`"x"`)
		}
		if _, err := s.do(operations[kind][0], args); err != nil {
			t.Fatal(err)
		}
		before := string(s.Payload())
		if err := s.ApplyPayload(p); err != nil {
			switch CodeOf(err) {
			case BadPayload, ReplicaReused, ClockSkew, OutOfRange:
			default:
				t.Fatalf("%s: %v", p, err)
			}
			if string(s.Payload()) != before {
				t.Fatalf("%s was refused and changed %s to %s", p, before, s.Payload())
			}
			return
		}
		after := s.Payload()
		canonical := after.Clone()
		if err := canonical.Canonicalize(); err != nil || string(canonical) != string(after) {
			t.Fatalf("%s is not canonical: %v", after, err)
		}
		if err := s.ApplyPayload(p); err != nil || string(s.Payload()) != string(after) {
			t.Fatalf("applied twice: %v\n%s\n%s", err, after, s.Payload())
		}
		other := fresh("b")
		if err := other.Resume(after); err != nil || !other.equal(s) || string(other.Payload()) != string(after) {
			t.Fatalf("handed on: %v\n%s\n%s", err, after, other.Payload())
		}
	})
}
