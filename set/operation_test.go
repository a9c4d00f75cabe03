package set_test

import (
	"errors"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/set"
)

// TestMarshal sees that what Go programs write is what the log holds.
func TestMarshal(t *testing.T) {
	for _, c := range []struct {
		name string
		op   any
		want string
	}{
		{"SET-1_add", set.Add{Values: []any{"a", 1, nil, []int{}}}, `{"op":"add","values":["a",1,null,[]]}`},
		{"SET-1_remove", set.Remove{Values: []any{map[string]int{"x": 1}}}, `{"op":"remove","values":[{"x":1}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := json.Marshal(c.op)
			if err != nil || string(got) != c.want {
				t.Errorf("%s, %v\nwant %s", got, err, c.want)
			}
			if _, err := set.Type.Decode(got); err != nil {
				t.Errorf("%s is not taken: %v", got, err)
			}
		})
	}
}

// TestMaxValues sees that one operation names 1 to 1,000 values.
func TestMaxValues(t *testing.T) {
	for n, taken := range map[int]bool{0: false, 1: true, set.MaxValues: true, set.MaxValues + 1: false} {
		values := make([]any, n)
		for i := range values {
			values[i] = i
		}
		data, err := json.Marshal(set.Add{Values: values})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := set.Type.Decode(data); (err == nil) != taken || !taken && !errors.Is(err, protocol.Errorf(protocol.BadOperation, "")) {
			t.Errorf("SET-1: %d values: %v", n, err)
		}
	}
}

func TestAdd_SET_4_bounds_the_tags_of_an_element(t *testing.T) {
	var tags []doc.Stamp
	for i := range set.MaxTags - 1 {
		tags = append(tags, doc.Stamp{Offset: uint64(i) + 1})
	}
	cells := []byte(`[["1",[`)
	for i, tag := range tags {
		if i > 0 {
			cells = append(cells, ',')
		}
		cells = tag.Append(cells)
	}
	state, err := doc.Load(set.Type, set.MaxTags-1, append(cells, "]]]"...))
	if err != nil {
		t.Fatal(err)
	}
	op, err := set.Type.Decode([]byte(`{"op":"add","values":[1]}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, add := range []struct {
		base uint64
		code protocol.Code
	}{{0, ""}, {0, protocol.LimitExceeded}, {1, ""}, {1, protocol.LimitExceeded}} {
		err := state.Fold(&doc.Entry{Offset: state.Offset() + 1, Base: add.base}, op)
		if err != nil && protocol.AsError(err).Code != add.code || err == nil && add.code != "" {
			t.Errorf("an add of base %d: %v, want %q", add.base, err, add.code)
		}
	}
}
