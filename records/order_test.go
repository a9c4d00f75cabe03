package records_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"pgregory.net/rapid"

	"github.com/tuttisync/tutti/protocol"
	"github.com/tuttisync/tutti/records"
)

// index draws an index, mostly one near others.
var index = rapid.OneOf(
	rapid.StringMatching(`[0-9A-Za-z]{0,6}[1-9A-Za-z]`),
	rapid.StringMatching(`[0AZaz]{0,30}[1AZaz]`),
	rapid.StringMatching(`(a0|a1|Zz|b00|az|zz{25,30}|A0{24,30})[0z]{0,3}[1Vz]`),
)

func TestBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ends := []string{index.Draw(t, "one"), index.Draw(t, "other")}
		slices.Sort(ends)
		after, before := ends[0], ends[1]
		switch rapid.IntRange(0, 4).Draw(t, "open") {
		case 0:
			after = ""
		case 1:
			before = ""
		}
		if after == before {
			return
		}
		draw := rapid.OneOf(rapid.SampledFrom([]float64{0, 0.5, 1 - 1.0/(1<<53)}), rapid.Float64Range(0, 1-1.0/(1<<53))).Draw(t, "random")
		got, err := records.Between(after, before, func() float64 { return draw })
		if err != nil {
			t.Fatal(err)
		}
		if !records.IsIndex(got) || got <= after || before != "" && got >= before {
			t.Fatalf("RECORDS-11: Between(%q, %q) = %q", after, before, got)
		}
		if longest := max(len(after), len(before), 27) + 4; len(got) > longest {
			t.Fatalf("RECORDS-11: Between(%q, %q) = %q has %d digits", after, before, got, len(got))
		}
	})
}

func TestBetweenRefuses(t *testing.T) {
	for _, ends := range [][2]string{
		{"a1", "a1"}, {"b1", "a1"}, {"a0", "b1"}, {"a1", "b0"}, {"0", ""}, {"", "0"}, {"a 1", ""}, {"", "é"}, {"a-1", "a1"}, {"", "a\x00"},
	} {
		if got, err := records.Between(ends[0], ends[1], rand.Float64); !errors.Is(err, protocol.Errorf(protocol.BadOperation, "")) {
			t.Errorf("Between(%q, %q) = %q, %v; want bad_operation", ends[0], ends[1], got, err)
		}
	}
}

// TestBetweenLength bounds how long indexes become in the ways in which lists
// grow.
func TestBetweenLength(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)).Float64
	next := func(t *testing.T, after, before string) string {
		got, err := records.Between(after, before, random)
		if err != nil || got <= after || before != "" && got >= before {
			t.Fatalf("Between(%q, %q) = %q, %v", after, before, got, err)
		}
		return got
	}
	grow := func(n int, add func(last string) string) (longest int) {
		last := ""
		for range n {
			last = add(last)
			longest = max(longest, len(last))
		}
		return longest
	}
	t.Run("a million appended", func(t *testing.T) {
		if n := grow(1_000_000, func(last string) string { return next(t, last, "") }); n > 8 {
			t.Errorf("they have up to %d digits", n)
		}
	})
	t.Run("a million put in front", func(t *testing.T) {
		if n := grow(1_000_000, func(last string) string { return next(t, "", last) }); n > 8 {
			t.Errorf("they have up to %d digits", n)
		}
	})
	t.Run("a thousand in one place", func(t *testing.T) {
		first := next(t, "", "")
		if n := grow(1_000, func(last string) string { return next(t, first, last) }); n > 1_000/5 {
			t.Errorf("they have up to %d digits", n)
		}
	})
	t.Run("twenty thousand anywhere", func(t *testing.T) {
		all := []string{next(t, "", "")}
		longest := 0
		for range 20_000 {
			i := rand.IntN(len(all) + 1)
			var after, before string
			if i > 0 {
				after = all[i-1]
			}
			if i < len(all) {
				before = all[i]
			}
			all = slices.Insert(all, i, next(t, after, before))
			longest = max(longest, len(all[i]))
		}
		if longest > 20 {
			t.Errorf("they have up to %d digits", longest)
		}
	})
}

// TestBetweenChance sees that those who add in one place at once choose
// different ones.
func TestBetweenChance(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4)).Float64
	for _, ends := range [][2]string{{"", ""}, {"a0V", ""}, {"", "a0V"}, {"a0V", "a0W"}, {"a0V", "a0V1"}} {
		chosen := make(map[string]bool)
		for range 100 {
			got, err := records.Between(ends[0], ends[1], random)
			if err != nil {
				t.Fatal(err)
			}
			chosen[got] = true
		}
		if len(chosen) < 99 {
			t.Errorf("Between(%q, %q): of 100, %d differ", ends[0], ends[1], len(chosen))
		}
	}
}

// TestOrderConformance holds Between against conformance/order.json, which both
// languages run.
func TestOrderConformance(t *testing.T) {
	data, err := os.ReadFile("../conformance/order.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		After  string  `json:"after"`
		Before string  `json:"before"`
		Random float64 `json:"random"`
		Want   *string `json:"between"`
	}
	if err := json.Unmarshal(data, &cases, json.RejectUnknownMembers(true)); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("found %d cases", len(cases))
	}
	for _, c := range cases {
		asked := 0
		got, err := records.Between(c.After, c.Before, func() float64 { asked++; return c.Random })
		switch {
		case c.Want == nil:
			if !errors.Is(err, protocol.Errorf(protocol.BadOperation, "")) {
				t.Errorf("RECORDS-11: Between(%q, %q) = %q, %v; want bad_operation", c.After, c.Before, got, err)
			}
		case err != nil || got != *c.Want || asked != 1:
			t.Errorf("RECORDS-11: Between(%q, %q) with %v = %q, %v, asked %d times; want %q", c.After, c.Before, c.Random, got, err, asked, *c.Want)
		}
	}
}
