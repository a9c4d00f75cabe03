package registry_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// replicaCase is a case of conformance/replica; its README.md says what the
// members are.
type replicaCase struct {
	Type  string        `json:"type"`
	Name  string        `json:"name"`
	Rules []string      `json:"rules"`
	Steps []replicaStep `json:"steps"`
}

type replicaStep struct {
	Identify     string               `json:"identify,omitzero"`
	Mutate       *replicaMutation     `json:"mutate,omitzero"`
	Sent         *replicaSent         `json:"sent,omitzero"`
	Acknowledged *replicaAcknowledged `json:"acknowledged,omitzero"`
	Drop         uint64               `json:"drop,omitzero"`
	Entries      []*protocol.Entry    `json:"entries,omitempty"`
	Snapshot     *protocol.Snapshot   `json:"snapshot,omitzero"`
	Recovered    *bool                `json:"recovered,omitzero"`

	Keys       []string            `json:"keys,omitempty"`
	Confirmed  [][2]jsontext.Value `json:"confirmed,omitempty"`
	Lost       []uint64            `json:"lost,omitempty"`
	Faults     int                 `json:"faults,omitzero"`
	Shown      jsontext.Value      `json:"shown,omitzero"`
	Document   jsontext.Value      `json:"document,omitzero"`
	Pending    *[]uint64           `json:"pending,omitzero"`
	Bases      map[string]uint64   `json:"bases,omitzero"`
	Folded     jsontext.Value      `json:"folded,omitzero"`
	Overridden jsontext.Value      `json:"overridden,omitzero"`
	Error      protocol.Code       `json:"error,omitzero"`
}

type replicaMutation struct {
	Key  uint64         `json:"key"`
	Data jsontext.Value `json:"data"`
}

type replicaSent struct {
	Key    uint64 `json:"key"`
	Client string `json:"client"`
	Seq    uint64 `json:"seq"`
}

type replicaAcknowledged struct {
	Key    uint64 `json:"key"`
	Offset uint64 `json:"offset,omitzero"`
	Term   string `json:"term,omitzero"`
}

func TestReplicaConformance(t *testing.T) {
	files, err := filepath.Glob("../../conformance/replica/*.json")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var cases []replicaCase
		if err := json.Unmarshal(data, &cases, json.RejectUnknownMembers(true)); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range cases {
			t.Run(c.Type+"/"+strings.Join(c.Rules, "_")+"/"+c.Name, c.run)
		}
	}
}

func (c *replicaCase) run(t *testing.T) {
	typ := registry.Lookup(c.Type)
	r := doc.NewReplica(typ)
	r.Watch = true
	for i := range c.Steps {
		step := &c.Steps[i]
		change, err := step.input(t, typ, r)
		if err != nil || step.Error != "" {
			if !errors.Is(err, protocol.Errorf(step.Error, "")) {
				t.Fatalf("step %d: %v, want %q", i, err, step.Error)
			}
		}
		step.check(t, i, typ, r, change)
	}
}

func (s *replicaStep) input(t *testing.T, typ doc.Type, r *doc.Replica) (doc.Change, error) {
	t.Helper()
	switch {
	case s.Identify != "":
		return r.Identify(s.Identify), nil
	case s.Mutate != nil:
		op, err := typ.Decode(s.Mutate.Data)
		if err != nil {
			return doc.Change{}, err
		}
		return r.Mutate(s.Mutate.Key, op), nil
	case s.Sent != nil:
		r.Sent(s.Sent.Key, s.Sent.Client, s.Sent.Seq)
		return doc.Change{}, nil
	case s.Acknowledged != nil:
		return r.Acknowledge(s.Acknowledged.Key, protocol.Position{Offset: s.Acknowledged.Offset, Term: s.Acknowledged.Term}), nil
	case s.Drop != 0:
		return r.Drop(s.Drop), nil
	case s.Snapshot != nil:
		return r.Snapshot(s.Snapshot, *s.Recovered)
	case s.Entries != nil:
		return r.Entries(s.Entries), nil
	}
	t.Fatal("a step without input")
	return doc.Change{}, nil
}

func (s *replicaStep) check(t *testing.T, i int, typ doc.Type, r *doc.Replica, change doc.Change) {
	t.Helper()
	slices.Sort(change.Keys)
	slices.Sort(s.Keys)
	if !slices.Equal(change.Keys, s.Keys) {
		t.Errorf("step %d: changed are %q, want %q", i, change.Keys, s.Keys)
	}
	confirmed := confirmedJSON(change.Confirmed)
	same(t, i, "confirmed", toJSON(t, confirmed), toJSON(t, append([][2]jsontext.Value{}, s.Confirmed...)))
	if !slices.Equal(change.Lost, s.Lost) {
		t.Errorf("step %d: lost are %v, want %v", i, change.Lost, s.Lost)
	}
	if len(change.Faults) != s.Faults {
		t.Errorf("step %d: faults %v, want %d", i, change.Faults, s.Faults)
	}
	if s.Shown != nil {
		same(t, i, "shown", r.AppendValue(nil), s.Shown)
	}
	if s.Document != nil {
		same(t, i, "document", typ.AppendValue(nil, r.AllConfirmed()), s.Document)
	}
	if s.Pending != nil && !slices.Equal(r.Pending(), *s.Pending) {
		t.Errorf("step %d: pending are %v, want %v", i, r.Pending(), *s.Pending)
	}
	for key, base := range s.Bases {
		k, err := strconv.ParseUint(key, 10, 64)
		if err != nil || r.Base(k) != base {
			t.Errorf("step %d: the base of %s is %d, want %d", i, key, r.Base(k), base)
		}
	}
	if s.Folded != nil {
		same(t, i, "folded", toJSON(t, foldedJSON(typ, change.Folded)), s.Folded)
	}
	if s.Overridden != nil {
		same(t, i, "overridden", toJSON(t, overriddenJSON(change.Folded)), s.Overridden)
	}
}

func same(t *testing.T, i int, what string, got, want []byte) {
	t.Helper()
	if canonical(t, got) != canonical(t, want) {
		t.Errorf("step %d: %s is %s\nwant %s", i, what, got, want)
	}
}

func confirmedJSON(confirmed []doc.Confirmation) [][2]jsontext.Value {
	all := [][2]jsontext.Value{}
	for _, c := range confirmed {
		offset := jsontext.Value("null")
		if c.Position.Offset > 0 {
			offset = jsontext.Value(strconv.FormatUint(c.Position.Offset, 10))
		}
		all = append(all, [2]jsontext.Value{jsontext.Value(strconv.FormatUint(c.Key, 10)), offset})
	}
	return all
}

// foldedJSON is what was folded as a case has it, cells by key.
func foldedJSON(typ doc.Type, folded []doc.Folded) []any {
	all := []any{}
	for _, f := range folded {
		cells := [][3]any{}
		for _, c := range f.Cells {
			cells = append(cells, [3]any{c.Key, cellJSON(typ, c.Before), cellJSON(typ, c.After)})
		}
		slices.SortFunc(cells, func(a, b [3]any) int { return strings.Compare(a[0].(string), b[0].(string)) })
		all = append(all, map[string]any{"offset": f.Entry.Offset, "cells": cells})
	}
	return all
}

func cellJSON(typ doc.Type, cell doc.Cell) jsontext.Value {
	if cell == nil {
		return jsontext.Value("null")
	}
	return typ.AppendCell(nil, cell)
}

func overriddenJSON(folded []doc.Folded) []any {
	all := []any{}
	for _, f := range folded {
		for _, c := range f.Cells {
			before, _ := c.Before.(*records.Record)
			after, _ := c.After.(*records.Record)
			for _, o := range records.Overridden(&f.Entry, c.Key, before, after) {
				all = append(all, map[string]any{
					"key": o.Key, "field": o.Field, "before": o.Before,
					"lost": jsontext.Value(o.Lost.Append(nil)), "won": jsontext.Value(o.Won.Append(nil)),
				})
			}
		}
	}
	return all
}

func toJSON(t *testing.T, v any) jsontext.Value {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
