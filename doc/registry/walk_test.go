package registry_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
)

var update = flag.Bool("update", false, "write the walks of conformance anew")

// some are the types of walks: mostly those of which there is more to know.
var some = rapid.SampledFrom([]string{"counter", "set", "set", "records", "records", "records"})

// folding draws cases of what may happen to a document, so that both languages
// fold the same logs that nobody has thought of.
var folding = rapid.Custom(func(t *rapid.T) foldCase {
	c := foldCase{Type: some.Draw(t, "type"), Rules: []string{"DOC-3"}}
	typ := registry.Lookup(c.Type)
	s := doc.New(typ)
	d := s.Draft(0)
	for range rapid.IntRange(10, 25).Draw(t, "steps") {
		var step foldStep
		step.Entry.Client = someClient.Draw(t, "client")
		if rapid.IntRange(0, 3).Draw(t, "base told") > 0 {
			base := uint64(rapid.IntRange(0, int(s.Offset())).Draw(t, "base"))
			step.Entry.Base = &base
		}
		step.Entry.Data = drawOp(t, c.Type, "op")
		op, err := typ.Decode(step.Entry.Data)
		if err == nil {
			err = d.Judge(step.entry(s.Offset()), op)
		}
		if err != nil {
			step.Error = protocol.AsError(err).Code
		}
		d.Commit()
		c.Steps = append(c.Steps, step)
	}
	var cells [][2]jsontext.Value
	if err := json.Unmarshal(s.AppendCells(nil), &cells); err != nil {
		t.Fatal(err)
	}
	c.Steps[len(c.Steps)-1].Cells = &cells
	c.Value = s.AppendValue(nil)
	return c
})

// replicating draws cases of what may happen to a replica.
var replicating = rapid.Custom(func(t *rapid.T) replicaCase {
	c := replicaCase{Type: some.Draw(t, "type"), Rules: []string{"DOC-15", "DOC-16"}}
	a := newTable(registry.Lookup(c.Type))
	c.Steps = []replicaStep{{Identify: "ann"}}
	for range 2 {
		a.walk(t, func(change doc.Change) {
			step := a.input
			if step.Mutate == nil && step.Sent == nil && step.Acknowledged == nil && step.Drop == 0 && len(step.Entries) == 0 && step.Snapshot == nil {
				return
			}
			pending := a.replica.Pending()
			step.Keys, step.Confirmed, step.Lost, step.Pending = change.Keys, confirmedJSON(change.Confirmed), change.Lost, &pending
			step.Shown = a.replica.AppendValue(nil)
			c.Steps = append(c.Steps, step)
		})
	}
	return c
})

// TestWalks writes the walks with -update, and sees that there are enough of
// them. That things go as they say is seen by the tests of all cases.
func TestWalks(t *testing.T) {
	if *update {
		var ofFolds []foldCase
		var ofReplicas []replicaCase
		for i := range 60 {
			ofFolds = append(ofFolds, folding.Example(i))
			ofFolds[i].Name = fmt.Sprintf("walk %d", i)
			ofReplicas = append(ofReplicas, replicating.Example(i))
			ofReplicas[i].Name = fmt.Sprintf("walk %d", i)
		}
		write(t, "../../conformance/doc/walks.json", ofFolds)
		write(t, "../../conformance/replica/walks.json", ofReplicas)
	}
	types, codes := make(map[string]int), make(map[protocol.Code]int)
	for _, c := range folds(t) {
		if strings.HasPrefix(c.Name, "walk ") {
			types[c.Type]++
			for _, step := range c.Steps {
				codes[step.Error]++
			}
		}
	}
	for _, typ := range []string{"counter", "set", "records"} {
		if types[typ] < 5 {
			t.Errorf("%d walks of the type %s", types[typ], typ)
		}
	}
	for _, code := range []protocol.Code{"", protocol.Missing, protocol.PreconditionFailed, protocol.OverwritesUnseen} {
		if codes[code] < 5 {
			t.Errorf("%d steps of walks end with %q", codes[code], code)
		}
	}
}

func write[C any](t *testing.T, file string, cases []C) {
	text := []byte("[")
	for i, c := range cases {
		line, err := json.Marshal(c, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, "\n  "...), line...)
	}
	if err := os.WriteFile(file, append(text, "\n]\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
}
