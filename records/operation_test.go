package records_test

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// TestMarshal sees that what Go programs write is what the log holds.
func TestMarshal(t *testing.T) {
	type todo struct {
		Title string `json:"title"`
		Done  bool   `json:"done,omitzero"`
	}
	for _, c := range []struct {
		name string
		op   any
		want string
	}{
		{"RECORDS-2_set", records.Set{Key: "a", Value: todo{Title: "x", Done: true}}, `{"op":"set","key":"a","value":{"title":"x","done":true}}`},
		{"RECORDS-2_set_empty", records.Set{Key: "a", Value: struct{}{}}, `{"op":"set","key":"a","value":{}}`},
		{"RECORDS-3_patch", records.Patch{Key: "a", Set: map[string]any{"x": nil}, Unset: []string{"y"}}, `{"op":"patch","key":"a","set":{"x":null},"unset":["y"]}`},
		{"RECORDS-3_unset", records.Patch{Key: "a", Unset: []string{"y"}}, `{"op":"patch","key":"a","unset":["y"]}`},
		{"RECORDS-4_delete", records.Delete{Key: "a"}, `{"op":"delete","key":"a"}`},
		{
			"RECORDS-1_batch",
			records.Batch{Ops: []records.Op{records.Delete{Key: "a"}, records.Set{Key: "a", Value: todo{}}}},
			`{"op":"batch","ops":[{"op":"delete","key":"a"},{"op":"set","key":"a","value":{"title":""}}]}`,
		},
		{
			"RECORDS-6_conditions",
			records.Delete{Key: "a", If: []records.Condition{
				records.Present(), records.Absent().On("x"), records.Equals(nil).On(""), records.Equals(todo{}), records.UnchangedSince(0).On("y"),
			}},
			`{"op":"delete","key":"a","if":[{"is":"present"},{"field":"x","is":"absent"},{"field":"","equals":null},{"equals":{"title":""}},{"field":"y","unchangedSince":0}]}`,
		},
		{"RECORDS-7_unseen", records.Delete{Key: "a", IfUnseen: records.Reject}, `{"op":"delete","key":"a","ifUnseen":"reject"}`},
		{"RECORDS-8_own", records.Delete{Key: "a", Own: true}, `{"op":"delete","key":"a","own":true}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(c.op)
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v\nwant %s", got, err, c.want)
			}
			if _, err := records.Type.Decode(got); err != nil {
				t.Errorf("%s is not taken: %v", got, err)
			}
		})
	}
}

// TestMarshalRefuses sees that what is left out or cannot be JSON is an error,
// of the one who writes it or of the one who reads it.
func TestMarshalRefuses(t *testing.T) {
	for _, op := range []any{
		records.Set{Key: "a"},
		records.Set{Value: struct{}{}},
		records.Patch{Key: "a"},
		records.Batch{},
		records.Set{Key: "a", Value: 1},
		records.Set{Key: "a", Value: func() {}},
		records.Delete{Key: "a", If: []records.Condition{records.Equals(func() {})}},
	} {
		data, err := json.Marshal(op)
		if err != nil {
			continue
		}
		if _, err := records.Type.Decode(data); !errors.Is(err, protocol.Errorf(protocol.BadOperation, "")) {
			t.Errorf("%s: %v, want bad_operation", data, err)
		}
	}
}
