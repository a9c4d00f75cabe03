package records_test

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/records"
)

func Example() {
	task := records.Set{Key: "task 1", Value: map[string]any{"title": "write", "state": "open"}}
	take := records.Patch{
		Key: "task 1", Set: map[string]any{"state": "taken", "who": "ann"},
		If: []records.Condition{records.Equals("open").On("state")},
	}
	list := doc.New(records.Type)
	for _, operation := range []any{task, take, take} {
		data, err := json.Marshal(operation)
		if err != nil {
			panic(err)
		}
		op, err := records.Type.Decode(data)
		if err != nil {
			panic(err)
		}
		entry := doc.Entry{Offset: list.Offset() + 1, Client: "ann", Base: list.Offset()}
		if err := list.Fold(&entry, op); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(string(list.AppendValue(nil)))
	// Output:
	// precondition_failed: Condition 1 does not hold of the record "task 1".
	// {"task 1":{"state":"taken","title":"write","who":"ann"}}
}

func ExampleBetween() {
	chance := func() float64 { return 0.5 } // rand.Float64, where it matters
	first, _ := records.Between("", "", chance)
	last, _ := records.Between(first, "", chance)
	middle, _ := records.Between(first, last, chance)
	fmt.Println(first, middle, last, first < middle && middle < last)
	// Output: a0Uzz a0zzy a1Uzz true
}
