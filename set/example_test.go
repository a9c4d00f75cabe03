package set_test

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tuttisync/tutti/doc"
	"github.com/tuttisync/tutti/set"
)

// Bob adds again what Ann removes at the same time: neither has seen the
// other's, and the add wins.
func Example() {
	tags := doc.New(set.Type)
	fold := func(client string, base uint64, operation any) {
		data, err := json.Marshal(operation)
		if err != nil {
			panic(err)
		}
		op, err := set.Type.Decode(data)
		if err != nil {
			panic(err)
		}
		if err := tags.Fold(&doc.Entry{Offset: tags.Offset() + 1, Client: client, Base: base}, op); err != nil {
			panic(err)
		}
	}
	fold("ann", 0, set.Add{Values: []any{"urgent", "home"}})
	fold("bob", 1, set.Add{Values: []any{"urgent"}})
	fold("ann", 1, set.Remove{Values: []any{"urgent", "home"}})
	fmt.Println(string(tags.AppendValue(nil)))
	// Output: ["urgent"]
}
