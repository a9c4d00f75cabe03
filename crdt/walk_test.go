package crdt

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var update = flag.Bool("update", false, "write conformance/crdt/walk_*.json anew")

const (
	walks     = 6
	walkSteps = 40
)

// Vectors that nobody would think of: replicas that do this and that by a seed.
// They are here so that the other languages run them.
func TestWalks(t *testing.T) {
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			file := "../conformance/crdt/walk_" + strings.ToLower(kind) + ".json"
			var b bytes.Buffer
			fmt.Fprintf(&b, "{\"type\": %q, \"cases\": [", kind)
			for seed := range uint64(walks) {
				if seed > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "\n{\"name\": \"walk %d\", \"rules\": [\"CRDT-1\", \"CRDT-4\"], \"steps\": [", seed+1)
				w := newWalk(t, kind, seed)
				w.run()
				b.WriteString(strings.Join(w.steps, ","))
				b.WriteString("\n]}")
			}
			b.WriteString("\n]}\n")
			if *update {
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if stored, err := os.ReadFile(file); err != nil || !bytes.Equal(stored, b.Bytes()) {
				t.Errorf("%s is not what the walks give (go test ./crdt -run Walks -update): %v", file, err)
			}
		})
	}
}

// walk is one case in the making.
type walk struct {
	t        *testing.T
	kind     string
	random   *rand.Rand
	replicas map[string]subject
	names    []string
	now      int64
	payloads []jsontext.Value // deltas and whole ones
	steps    []string         // written
}

func newWalk(t *testing.T, kind string, seed uint64) *walk {
	return &walk{
		t: t, kind: kind, random: rand.New(rand.NewPCG(seed, 0)), now: 1000,
		replicas: make(map[string]subject), names: []string{"a", "b", "C", "_"},
	}
}

func (w *walk) run() {
	for i := range walkSteps {
		w.step(i)
	}
	for range 2 {
		for _, name := range w.names {
			for _, other := range w.names {
				w.note(member{"on", name}, member{"merge", other})
				w.must(w.replica(name).merge(w.replica(other)))
			}
		}
	}
	for _, name := range w.names {
		w.note(append([]member{{"on", name}, {"equal", w.names}}, w.seen(name)...)...)
	}
}

func (w *walk) step(i int) {
	name := w.names[w.random.IntN(len(w.names))]
	on := w.replica(name)
	made := []member{{"on", name}}
	switch choice := w.random.IntN(10); {
	case choice < 6 || len(w.payloads) == 0:
		w.now += w.random.Int64N(3) - 1
		op, args := w.operation()
		delta, err := on.do(op, args)
		w.must(err)
		w.payloads = append(w.payloads, delta)
		made = append(made, member{"at", w.now}, member{"do", op}, member{"args", args}, member{"delta", delta})
	case choice < 9:
		p := w.payloads[w.random.IntN(len(w.payloads))]
		w.must(on.ApplyPayload(p))
		made = append(made, member{"apply", p})
	default:
		w.payloads = append(w.payloads, on.Payload())
	}
	if i%5 == 0 {
		made = append(made, w.seen(name)...)
	}
	w.note(made...)
}

func (w *walk) operation() (string, []raw) {
	ops := operations[w.kind]
	op := ops[w.random.IntN(len(ops))]
	values := []raw{raw(`9`), raw(`10`), raw(`"😀"`), raw(`"דּ"`), raw(`{"10":null,"9":{"__proto__":["]",-0.5]}}`)}
	value := values[w.random.IntN(len(values))]
	keys := []raw{raw(`"10"`), raw(`"9"`), raw(`"__proto__"`), raw(`"😀"`), raw(`"דּ"`)}
	key := keys[w.random.IntN(len(keys))]
	switch {
	case strings.HasSuffix(op, "crement"):
		return op, []raw{raw(strconv.Itoa(1 + w.random.IntN(9)))}
	case op == "delete":
		return op, []raw{key}
	case w.kind == "LWWMap":
		return op, []raw{key, value}
	}
	return op, []raw{value}
}

// replica returns the one of this name. All share one clock, which each learns
// of in its own steps; a stamp is never so far ahead that this matters.
func (w *walk) replica(name string) subject {
	if w.replicas[name] == nil {
		w.replicas[name] = kinds[w.kind](Clock{Now: func() time.Time { return time.UnixMilli(w.now) }})
		w.replicas[name].renew(name)
	}
	return w.replicas[name]
}

// seen is what the vectors expect of a replica.
func (w *walk) seen(name string) []member {
	s := w.replica(name)
	made := []member{{"payload", s.Payload()}}
	if (w.kind == "LWWRegister" || w.kind == "MVRegister") && string(s.read("set")) == "false" {
		return append(made, member{"unset", true})
	}
	if w.kind == "MVRegister" {
		made = append(made, member{"values", s.read("values")}, member{"conflict", s.read("conflict")})
	}
	return append(made, member{"value", s.read("value")})
}

// member is one of a step.
type member struct {
	name  string
	value any
}

func (w *walk) note(members ...member) {
	b := []byte("\n{")
	for i, m := range members {
		if i > 0 {
			b = append(b, ", "...)
		}
		value, err := json.Marshal(m.value)
		w.must(err)
		b = fmt.Appendf(b, "%q: %s", m.name, value)
	}
	w.steps = append(w.steps, string(append(b, '}')))
}

func (w *walk) must(err error) {
	if err != nil {
		w.t.Fatal(err)
	}
}

// The walks go everywhere: each operation, and a set whose dots came apart.
func TestWalks_reach(t *testing.T) {
	for kind, ops := range operations {
		text, err := os.ReadFile("../conformance/crdt/walk_" + strings.ToLower(kind) + ".json")
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range append(slices.Clone(ops), "apply", "merge", "payload") {
			if !bytes.Contains(text, []byte(`"`+word+`"`)) {
				t.Errorf("the walks of %s have no %s", kind, word)
			}
		}
		if kind == "ORSet" && !bytes.Contains(text, []byte(`"apart":`)) || kind == "MVRegister" && !bytes.Contains(text, []byte(`"conflict": true`)) {
			t.Errorf("the walks of %s are too tame", kind)
		}
	}
}
