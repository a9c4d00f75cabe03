package registry_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
)

// foldCase is a case of conformance/doc; its README.md says what the members are.
type foldCase struct {
	Type  string         `json:"type"`
	Name  string         `json:"name"`
	Rules []string       `json:"rules"`
	Steps []foldStep     `json:"steps"`
	Value jsontext.Value `json:"value"`
}

type foldStep struct {
	Entry struct {
		Client string         `json:"client,omitzero"`
		Base   *uint64        `json:"base,omitzero"`
		Data   jsontext.Value `json:"data,omitzero"`
		Text   string         `json:"text,omitzero"`
	} `json:"entry"`
	Error protocol.Code        `json:"error,omitzero"`
	Cells *[][2]jsontext.Value `json:"cells,omitzero"`
}

func (s *foldStep) data() []byte {
	if s.Entry.Text != "" {
		return []byte(s.Entry.Text)
	}
	return s.Entry.Data
}

func (s *foldStep) entry(newest uint64) *doc.Entry {
	e := &doc.Entry{Offset: newest + 1, Client: s.Entry.Client, Base: newest}
	if s.Entry.Base != nil {
		e.Base = *s.Entry.Base
	}
	return e
}

// folds are all cases of conformance/doc.
func folds(t testing.TB) []foldCase {
	t.Helper()
	files, err := filepath.Glob("../../conformance/doc/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	var all []foldCase
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []foldCase
		if err := json.Unmarshal(data, &cases, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, cases...)
	}
	return all
}

// TestConformance folds the cases in both ways that there are, State.Fold and
// State.Draft.
func TestConformance(t *testing.T) {
	for _, c := range folds(t) {
		name := c.Type + "/" + strings.Join(c.Rules, "_") + "/" + c.Name
		t.Run(name+"/fold", func(t *testing.T) { c.fold(t) })
		for _, batch := range []int{1, 2, 5} {
			t.Run(name+"/draft", func(t *testing.T) { c.draft(t, batch) })
		}
	}
}

func (c *foldCase) fold(t *testing.T) {
	typ := registry.Lookup(c.Type)
	s := doc.New(typ)
	for i := range c.Steps {
		step := &c.Steps[i]
		before := string(s.AppendCells(nil))
		op, err := typ.Decode(step.data())
		if err == nil {
			e := step.entry(s.Offset())
			if err = s.Fold(e, op); err != nil {
				s.Skip(e.Offset - 1)
			}
		}
		step.check(t, i, err)
		if after := string(s.AppendCells(nil)); err != nil && after != before {
			t.Fatalf("step %d: rejected, and the cells are %s, were %s", i, after, before)
		}
		step.checkCells(t, i, s)
		checkSnapshot(t, s)
	}
	c.checkValue(t, s)
}

// draft judges every step on an overlay that is dropped, and again on one that
// is committed with some steps in it.
func (c *foldCase) draft(t *testing.T, batch int) {
	typ := registry.Lookup(c.Type)
	s := doc.New(typ)
	d := s.Draft(0)
	newest, begun := uint64(0), 0
	judge := func(step *foldStep) error {
		op, err := typ.Decode(step.data())
		if err != nil {
			return err
		}
		if err := d.Judge(step.entry(newest), op); err != nil {
			return err
		}
		newest++
		return nil
	}
	for i := range c.Steps {
		step := &c.Steps[i]
		err := judge(step)
		step.check(t, i, err)
		if i-begun+1 < batch && i+1 < len(c.Steps) {
			continue
		}
		before := string(s.AppendCells(nil))
		d.Drop()
		if after := string(s.AppendCells(nil)); after != before {
			t.Fatalf("step %d: dropped, and the cells are %s, were %s", i, after, before)
		}
		newest = s.Offset()
		for j := begun; j <= i; j++ {
			c.Steps[j].check(t, j, judge(&c.Steps[j]))
		}
		d.Commit()
		begun = i + 1
		if s.Offset() != newest {
			t.Fatalf("step %d: the offset is %d, want %d", i, s.Offset(), newest)
		}
		step.checkCells(t, i, s)
		checkSnapshot(t, s)
	}
	c.checkValue(t, s)
}

func (s *foldStep) check(t *testing.T, i int, err error) {
	t.Helper()
	if s.Error == "" && err != nil || s.Error != "" && !errors.Is(err, protocol.Errorf(s.Error, "")) {
		t.Fatalf("step %d, %s: %v, want %q", i, s.data(), err, cmp.Or(s.Error, "no error"))
	}
	var coded *protocol.Error
	if err != nil && (!errors.As(err, &coded) || coded.Retryable) {
		t.Fatalf("step %d: %v is not of the table, or retryable", i, err)
	}
}

func (s *foldStep) checkCells(t *testing.T, i int, state *doc.State) {
	t.Helper()
	if s.Cells == nil {
		return
	}
	want := slices.Clone(*s.Cells)
	slices.SortFunc(want, func(a, b [2]jsontext.Value) int { return strings.Compare(unquote(t, a[0]), unquote(t, b[0])) })
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if got := state.AppendCells(nil); canonical(t, got) != canonical(t, text) {
		t.Fatalf("step %d: the cells are %s\nwant %s", i, got, text)
	}
}

func (c *foldCase) checkValue(t *testing.T, s *doc.State) {
	t.Helper()
	if got := s.AppendValue(nil); canonical(t, got) != canonical(t, c.Value) {
		t.Fatalf("the value is %s\nwant %s", got, c.Value)
	}
}

// checkSnapshot sees that a snapshot is the same document, and of the length
// that was said.
func checkSnapshot(t *testing.T, s *doc.State) {
	t.Helper()
	cells := s.AppendCells(nil)
	back, err := doc.Load(s.Type(), s.Offset(), cells)
	if err != nil {
		t.Fatalf("%s cannot be read: %v", cells, err)
	}
	if again := back.AppendCells(nil); string(again) != string(cells) || back.Bytes() != s.Bytes() || back.Offset() != s.Offset() {
		t.Fatalf("%s, %d bytes, became %s, %d bytes", cells, s.Bytes(), again, back.Bytes())
	}
	if n := len(cells) - len("[]"); s.Bytes() != n && s.Bytes() != n+1 {
		t.Fatalf("Bytes is %d, the cells have %d: %s", s.Bytes(), n, cells)
	}
}

func unquote(t *testing.T, v jsontext.Value) string {
	t.Helper()
	s, err := jsontext.AppendUnquote(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(s)
}

func canonical(t *testing.T, data []byte) string {
	t.Helper()
	b, err := protocol.Canonical(data)
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return string(b)
}
