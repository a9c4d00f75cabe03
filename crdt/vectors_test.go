package crdt

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// vectors is one file of conformance/crdt, as spec/crdt.md tells.
type vectors struct {
	Type  string       `json:"type"`
	Cases []vectorCase `json:"cases"`
}

type vectorCase struct {
	Name    string       `json:"name"`
	Rules   []string     `json:"rules"`
	MaxSkew int64        `json:"maxSkew"`
	Steps   []vectorStep `json:"steps"`
}

type vectorStep struct {
	On string `json:"on"`

	Do     string           `json:"do"`
	Args   []jsontext.Value `json:"args"`
	Apply  jsontext.Value   `json:"apply"`
	Text   *string          `json:"text"`
	Syntax bool             `json:"syntax"`
	Merge  string           `json:"merge"`
	Resume jsontext.Value   `json:"resume"`
	Renew  string           `json:"renew"`

	At       *int64         `json:"at"`
	Delta    jsontext.Value `json:"delta"`
	Error    Code           `json:"error"`
	Value    jsontext.Value `json:"value"`
	Unset    bool           `json:"unset"`
	Values   jsontext.Value `json:"values"`
	Conflict *bool          `json:"conflict"`
	Payload  jsontext.Value `json:"payload"`
	Equal    []string       `json:"equal"`
}

func TestVectors(t *testing.T) {
	files, err := filepath.Glob("../conformance/crdt/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	ran := make(map[string]bool)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vectors
		if err := json.Unmarshal(raw, &v, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		ran[v.Type] = true
		for _, c := range v.Cases {
			name := v.Type + "/" + strings.Join(c.Rules, ",") + "_" + strings.ReplaceAll(c.Name, " ", "_")
			t.Run(name, func(t *testing.T) { c.run(t, v.Type) })
		}
	}
	for name := range kinds {
		if !ran[name] {
			t.Errorf("there are no vectors of %s", name)
		}
	}
}

func (c vectorCase) run(t *testing.T, kind string) {
	replicas := make(map[string]subject)
	clocks := make(map[string]*int64)
	for i, step := range c.Steps {
		if clocks[step.On] == nil {
			now := new(int64)
			clocks[step.On] = now
			replicas[step.On] = kinds[kind](Clock{
				Now:     func() time.Time { return time.UnixMilli(*now) },
				MaxSkew: time.Duration(c.MaxSkew) * time.Millisecond,
			})
			replicas[step.On].renew(step.On)
		}
		if step.At != nil {
			*clocks[step.On] = *step.At
		}
		step.run(t, i, replicas)
	}
}

func (s vectorStep) run(t *testing.T, i int, replicas map[string]subject) {
	t.Helper()
	on := replicas[s.On]
	before := on.Payload()
	delta, err := s.act(on, replicas)
	switch {
	case CodeOf(err) != s.Error || s.Error == "" && err != nil:
		t.Fatalf("step %d: error %v, want %q", i, err, s.Error)
	case err != nil && string(before) != string(on.Payload()):
		t.Errorf("step %d: failed and changed %s to %s", i, before, on.Payload())
	}
	same := func(what string, got, want jsontext.Value) {
		t.Helper()
		if want == nil {
			return
		}
		if w := want.Clone(); w.Canonicalize() != nil || string(w) != string(got) {
			t.Errorf("step %d: %s\n got %s\nwant %s", i, what, got, w)
		}
	}
	same("delta", delta, s.Delta)
	same("payload", on.Payload(), s.Payload)
	if s.Value != nil {
		same("value", on.read("value"), s.Value)
	}
	if s.Values != nil {
		same("values", on.read("values"), s.Values)
	}
	if s.Unset {
		same("set", on.read("set"), jsontext.Value("false"))
	}
	if s.Conflict != nil {
		want, _ := json.Marshal(*s.Conflict)
		same("conflict", on.read("conflict"), want)
	}
	for _, name := range s.Equal {
		if !on.equal(replicas[name]) {
			t.Errorf("step %d: %s differs from %s:\n%s\n%s", i, s.On, name, on.Payload(), replicas[name].Payload())
		}
	}
}

func (s vectorStep) act(on subject, replicas map[string]subject) (jsontext.Value, error) {
	switch {
	case s.Do != "":
		return on.do(s.Do, s.Args)
	case s.Apply != nil:
		return nil, on.ApplyPayload(s.Apply)
	case s.Text != nil:
		return nil, on.ApplyPayload(jsontext.Value(*s.Text))
	case s.Merge != "":
		return nil, on.merge(replicas[s.Merge])
	case s.Resume != nil:
		return nil, on.Resume(s.Resume)
	case s.Renew != "":
		on.renew(s.Renew)
	}
	return nil, nil
}

// Every step of the vectors acts in at most one way, and only where it acts can
// it fail.
func TestVectors_are_well_formed(t *testing.T) {
	files, _ := filepath.Glob("../conformance/crdt/*.json")
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v vectors
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range v.Cases {
			if slices.Contains(names, c.Name) || len(c.Rules) == 0 {
				t.Errorf("%s: case %q has no rules or the name of another", file, c.Name)
			}
			names = append(names, c.Name)
			for i, s := range c.Steps {
				acts := 0
				for _, is := range []bool{s.Do != "", s.Apply != nil, s.Text != nil, s.Merge != "", s.Resume != nil, s.Renew != ""} {
					if is {
						acts++
					}
				}
				if acts > 1 || acts == 0 && s.Error != "" || s.On == "" {
					t.Errorf("%s: case %q, step %d", file, c.Name, i)
				}
			}
		}
	}
}
