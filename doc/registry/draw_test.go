package registry_test

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/counter"
	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/records"
	"github.com/tuttisync/tutti/set"
)

// Generators of operations on few keys, so that they meet.

var (
	someKey    = rapid.SampledFrom([]string{"a", "b", "c", "__proto__"})
	someField  = rapid.SampledFrom([]string{"x", "y", "z"})
	someValue  = rapid.SampledFrom([]any{0, 1, 2, nil, "t", []int{1}})
	someClient = rapid.SampledFrom([]string{"", "ann", "bob", "cyd"})
)

var someType = rapid.SampledFrom([]string{"counter", "set", "records"})

func drawOp(t *rapid.T, typ, label string) jsontext.Value {
	var op any
	switch typ {
	case "counter":
		op = counter.Add{N: rapid.Int64Range(1, 9).Draw(t, label)}
	case "set":
		values := rapid.SliceOfN(someValue, 1, 3).Draw(t, label)
		if op = any(set.Add{Values: values}); rapid.Bool().Draw(t, "remove") {
			op = set.Remove{Values: values}
		}
	case "records":
		op = drawRecordsOp(t, label)
	}
	return encode(t, op)
}

func encode(t *rapid.T, op any) jsontext.Value {
	data, err := json.Marshal(op)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func drawRecordsOp(t *rapid.T, label string) any {
	if rapid.IntRange(0, 4).Draw(t, label) > 0 {
		return drawStep(t)
	}
	var batch records.Batch
	for range rapid.IntRange(1, 3).Draw(t, "ops") {
		batch.Ops = append(batch.Ops, drawStep(t))
	}
	return batch
}

func drawStep(t *rapid.T) records.Op {
	key := someKey.Draw(t, "key")
	unseen := rapid.SampledFrom([]records.Unseen{records.Overwrite, records.Overwrite, records.Reject}).Draw(t, "unseen")
	own := rapid.IntRange(0, 3).Draw(t, "own") == 0
	var conditions []records.Condition
	if rapid.IntRange(0, 3).Draw(t, "guarded") == 0 {
		conditions = append(conditions, drawCondition(t))
	}
	switch rapid.IntRange(0, 5).Draw(t, "step") {
	case 0:
		return records.Delete{Key: key, If: conditions, IfUnseen: unseen, Own: own}
	case 1, 2:
		return records.Set{Key: key, Value: drawFields(t, 0), If: conditions, IfUnseen: unseen, Own: own}
	case 3:
		return records.Patch{Key: key, Unset: []string{someField.Draw(t, "unset")}, If: conditions, IfUnseen: unseen, Own: own}
	default:
		return records.Patch{Key: key, Set: drawFields(t, 1), If: conditions, IfUnseen: unseen, Own: own}
	}
}

func drawFields(t *rapid.T, atLeast int) map[string]any {
	return rapid.MapOfN(someField, someValue, atLeast, 3).Draw(t, "fields")
}

func drawCondition(t *rapid.T) records.Condition {
	condition := rapid.SampledFrom([]records.Condition{
		records.Absent(), records.Present(), records.Equals(1), records.Equals(map[string]any{}), records.UnchangedSince(3),
	}).Draw(t, "condition")
	if rapid.Bool().Draw(t, "of a field") {
		return condition.On(someField.Draw(t, "field"))
	}
	return condition
}

// logged is an entry of a log that was drawn.
type logged struct {
	entry doc.Entry
	op    doc.Op
	data  jsontext.Value
}

// drawLog draws the accepted entries of a log.
func drawLog(t *rapid.T, typ doc.Type) []logged {
	s := doc.New(typ)
	d := s.Draft(0)
	var log []logged
	for i := range rapid.IntRange(0, 25).Draw(t, "entries") {
		data := drawOp(t, typ.Name(), fmt.Sprint("op ", i))
		op, err := typ.Decode(data)
		if err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		e := doc.Entry{
			Offset: uint64(len(log)) + 1, Client: someClient.Draw(t, "client"),
			Base: uint64(rapid.IntRange(0, len(log)).Draw(t, "base")),
		}
		if d.Judge(&e, op) == nil {
			d.Commit()
			log = append(log, logged{e, op, data})
		}
	}
	return log
}

func lookup(t *rapid.T) doc.Type { return registry.Lookup(someType.Draw(t, "type")) }
