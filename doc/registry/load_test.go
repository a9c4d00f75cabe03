package registry_test

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/doc/registry"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ name, typ, cells string }{
		{"DOC-10_no_JSON", "counter", `[["",1]`},
		{"DOC-10_no_array", "counter", `{"":1}`},
		{"DOC-10_null", "counter", `[null]`},
		{"DOC-10_no_pair", "counter", `[["",1,2]]`},
		{"DOC-10_one", "counter", `[[""]]`},
		{"DOC-10_key", "counter", `[[1,1]]`},
		{"DOC-10_key_that_is_none", "counter", `[["a",1]]`},
		{"DOC-10_twice", "counter", `[["",1],["",2]]`},
		{"DOC-10_twice_otherwise_written", "records", `[["a",{"fields":{},"at":1}],["\u0061",{"fields":{},"at":1}]]`},
		{"DOC-10_inexact", "counter", `[["",9007199254740992]]`},
		{"DOC-10_fraction", "counter", `[["",0.5]]`},
		{"DOC-10_element_not_canonical", "set", `[["{\"b\":1, \"a\":2}",[[1]]]]`},
		{"DOC-10_element_no_JSON", "set", `[["a",[[1]]]]`},
		{"DOC-10_tags_descend", "set", `[["1",[[2],[1]]]]`},
		{"DOC-10_tag_twice", "set", `[["1",[[1],[1,"ann"]]]]`},
		{"DOC-10_no_tags", "set", `[["1",[]]]`},
		{"DOC-10_empty_key", "records", `[["",{"fields":{},"at":1}]]`},
		{"DOC-10_no_fields", "records", `[["a",{"at":1}]]`},
		{"DOC-10_no_offset", "records", `[["a",{"fields":{}}]]`},
		{"DOC-10_more", "records", `[["a",{"fields":{},"at":1,"x":1}]]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if s, err := doc.Load(registry.Lookup(c.typ), 1, []byte(c.cells)); !errors.Is(err, protocol.Errorf(protocol.BadMessage, "")) {
				t.Errorf("%v, %v; want bad_message", s, err)
			}
		})
	}
}

// TestBatch sees that a batch does what its operations do one after the other.
func TestBatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t, records.Type)
		together, apart := doc.New(records.Type), doc.New(records.Type)
		for _, l := range log {
			fold(t, together, l)
			fold(t, apart, l)
		}
		e := doc.Entry{Offset: together.Offset() + 1, Client: someClient.Draw(t, "client"), Base: uint64(rapid.IntRange(0, len(log)).Draw(t, "base"))}
		before := string(together.AppendCells(nil))
		var batch records.Batch
		var failed error
		for range rapid.IntRange(1, 6).Draw(t, "ops") {
			step := drawStep(t)
			batch.Ops = append(batch.Ops, step)
			if failed == nil {
				failed = apart.Fold(&e, decodeOp(t, step))
			}
		}
		err := together.Fold(&e, decodeOp(t, batch))
		switch {
		case failed == nil && err == nil:
			agree(t, "a batch", together, apart, string(apart.AppendCells(nil)))
		case failed == nil || err == nil || protocol.AsError(failed).Code != protocol.AsError(err).Code:
			t.Fatalf("RECORDS-1: together %v, one after the other %v", err, failed)
		case string(together.AppendCells(nil)) != before:
			t.Fatalf("RECORDS-1: a batch that failed left something: %v", err)
		}
	})
}

func decodeOp(t *rapid.T, op any) doc.Op {
	decoded, err := records.Type.Decode(encode(t, op))
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}
