package crdt_test

import (
	"fmt"
	"log"
	"time"

	"github.com/tuttisync/tutti/crdt"
)

// Two devices count offline, and then hand each other their payloads.
func ExampleGCounter() {
	a, b := crdt.NewGCounter(), crdt.NewGCounter()
	for _, device := range []*crdt.GCounter{a, a, b} {
		if _, err := device.Increment(1); err != nil {
			log.Fatal(err)
		}
	}
	fromA, fromB := a.Payload(), b.Payload()
	if err := a.ApplyPayload(fromB); err != nil {
		log.Fatal(err)
	}
	if err := b.ApplyPayload(fromA); err != nil {
		log.Fatal(err)
	}
	fmt.Println(a.Value(), b.Value(), a.Equal(b))
	// Output: 3 3 true
}

// One removes what the other adds again at the same time: it stays.
func ExampleORSet() {
	a, b := crdt.NewORSet[string](), crdt.NewORSet[string]()
	added, err := a.Add("milk")
	if err != nil {
		log.Fatal(err)
	}
	if err := b.ApplyPayload(added); err != nil {
		log.Fatal(err)
	}

	if _, err := a.Remove("milk"); err != nil {
		log.Fatal(err)
	}
	if _, err := b.Add("milk"); err != nil {
		log.Fatal(err)
	}
	if err := a.Merge(b); err != nil {
		log.Fatal(err)
	}
	items, err := a.Value()
	fmt.Println(items, err)
	// Output: [milk] <nil>
}

func ExampleMVRegister_Conflict() {
	a, b := crdt.NewMVRegister[string](), crdt.NewMVRegister[string]()
	if _, err := a.Set("Monday"); err != nil {
		log.Fatal(err)
	}
	if _, err := b.Set("Tuesday"); err != nil {
		log.Fatal(err)
	}
	if err := a.Merge(b); err != nil {
		log.Fatal(err)
	}
	days, err := a.Values()
	fmt.Println(a.Conflict(), days, err)

	if _, err := a.Set("Wednesday"); err != nil {
		log.Fatal(err)
	}
	days, err = a.Values()
	fmt.Println(a.Conflict(), days, err)
	// Output:
	// true [Monday Tuesday] <nil>
	// false [Wednesday] <nil>
}

// A clock that is two minutes ahead cannot win over everybody else's.
func ExampleClock() {
	ahead := crdt.Clock{Now: func() time.Time { return time.Now().Add(2 * time.Minute) }}
	theirs := crdt.NewLWWMap[int](ahead)
	delta, err := theirs.Set("volume", 11)
	if err != nil {
		log.Fatal(err)
	}
	ours := crdt.NewLWWMap[int](crdt.Clock{})
	fmt.Println(crdt.CodeOf(ours.ApplyPayload(delta)), ours.Len())
	// Output: clock_skew 0
}
